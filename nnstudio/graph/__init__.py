"""The drawing as a value: networks, edits on them, the view, the document with undo, problems, arranging.

Imports networkx and `layers`; neither torch nor Qt.
"""

from nnstudio.graph.document import Change, Document
from nnstudio.graph.edits import Edit, EditError
from nnstudio.graph.network import Network, Node, Wire
from nnstudio.graph.problems import Fix, Problem
from nnstudio.graph.view import View

__all__ = ["Change", "Document", "Edit", "EditError", "Fix", "Network", "Node", "Problem", "View", "Wire"]
