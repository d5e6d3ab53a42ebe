"""The canvas: a QGraphicsView over the Qt-free document. Items hold ids, never the model; everything is derived.

`view` is what a person works on, `scene` follows the document, `editing` changes it.
"""

from nnstudio.ui.canvas.view import CanvasView

__all__ = ["CanvasView"]
