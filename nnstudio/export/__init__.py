"""A trained network as a file that others read: ONNX, torch.export, safetensors, Python source; each with proof.

What is written is what the outputs need, and nothing else. Torch and the packages of a format are imported when an
export asks for them.
"""

from nnstudio.export.errors import ExportError
from nnstudio.export.exporting import export, require_exportable
from nnstudio.export.formats import FORMATS, Format, format_of
from nnstudio.export.proof import Proof
from nnstudio.export.python_source import source

__all__ = ["FORMATS", "ExportError", "Format", "Proof", "export", "format_of", "require_exportable", "source"]
