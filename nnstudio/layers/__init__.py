"""The catalogue of layer types: one class per type, a file per family. Imports neither torch nor Qt.

Everything else derives from these declarations: palette, form, validation, saving, shapes, module, code, help.
"""

from nnstudio.layers.base import AnyLayer, BuildError, Layer, ParameterError, Placeholder, Port, layer, param
from nnstudio.layers.call import Arg, Call, Draw, Function, Init
from nnstudio.layers.catalogue import CATALOGUE, layer_from_json, layer_to_json, load
from nnstudio.layers.params import Declared, Param
from nnstudio.layers.types import Axis, Symbol, TensorType

__all__ = [
    "CATALOGUE", "AnyLayer", "Arg", "Axis", "BuildError", "Call", "Declared", "Draw", "Function", "Init", "Layer",
    "Param", "ParameterError", "Placeholder", "Port", "Symbol", "TensorType", "layer", "layer_from_json",
    "layer_to_json", "load", "param",
]  # fmt: skip
