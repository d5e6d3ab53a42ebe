"""Weights as safetensors, read by ourselves: the header is checked before anything is taken from the buffer."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nnstudio.project import strict_json

if TYPE_CHECKING:
    import numpy as np

#: Weights by state-dict key, ``"<node name>.<torch's name>"``.
Weights = dict[str, "np.ndarray[Any, Any]"]

_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip
_HEADER_LIMIT = 64 * 2**20
_TENSOR_LIMIT = 100_000
_RANK_LIMIT = 16


def written(weights: Mapping[str, np.ndarray[Any, Any]], said: Mapping[str, str] | None = None) -> bytes:
    """The weights as a safetensors file, the same bytes each time. said: texts for its header (:func:`said_in`)."""
    import numpy as np
    from safetensors.numpy import save

    tensors = {name: np.ascontiguousarray(weights[name]).reshape(weights[name].shape) for name in sorted(weights)}
    return save(tensors, dict(said) if said else None)


def parse(data: bytearray) -> Weights:
    """The tensors, as views of ``data``. ValueError, saying what is wrong, where it is no sound safetensors file.

    Source: the format's description, https://huggingface.co/docs/safetensors.
    """
    import numpy as np

    header, length = _header(data)
    header.pop("__metadata__", None)
    start, size = 8 + length, len(data) - 8 - length
    placed = sorted((_placed(name, entry) for name, entry in header.items()), key=lambda tensor: tensor[2:4])
    found, at = {}, 0
    for name, dtype, begin, end, shape in placed:
        if begin != at or end > size:
            raise ValueError(f"the tensor {name!r} does not stand where it should")
        at = end
        array = np.frombuffer(data, dtype, math.prod(shape), start + begin).reshape(shape)
        found[name] = array if array.flags.aligned else array.copy()
    if at != size:
        raise ValueError(f"{size - at} bytes at its end belong to no tensor")
    return {name: found[name] for name in sorted(found)}


def said_in(data: bytearray) -> Mapping[str, str]:
    """The texts of the header, by name. ValueError as for :func:`parse`."""
    said = _header(data)[0].get("__metadata__", {})
    if not isinstance(said, dict) or not all(isinstance(text, str) for text in said.values()):
        raise ValueError("what its header says beside the tensors is no text")
    return said


def _header(data: bytearray) -> tuple[dict[str, Any], int]:
    """The header and its length."""
    if len(data) < 8:
        raise ValueError("it ends before its header")
    (length,) = struct.unpack_from("<Q", data)
    if length > min(_HEADER_LIMIT, len(data) - 8):
        raise ValueError(f"its header claims {length} bytes, which it cannot have")
    header = strict_json.parse(bytes(data[8 : 8 + length]))
    if not isinstance(header, dict) or len(header) > _TENSOR_LIMIT:
        raise ValueError("its header is not a table of tensors")
    return header, length


def _placed(name: str, entry: Any) -> tuple[str, str, int, int, tuple[int, ...]]:
    """Name, NumPy dtype, first byte, end and shape of a tensor that the header names."""
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"the tensor {name!r} is not described by dtype, shape and data_offsets")
    dtype = _DTYPES.get(entry["dtype"]) if isinstance(entry["dtype"], str) else None
    if dtype is None:
        raise ValueError(f"the tensor {name!r} has the dtype {entry['dtype']!r}, which this program does not read")
    shape, offsets = entry["shape"], entry["data_offsets"]
    for numbers in (shape, offsets):
        if not isinstance(numbers, list) or not all(type(n) is int and 0 <= n < 2**62 for n in numbers):
            raise ValueError(f"the tensor {name!r} has a size or place that is not a whole number")
    if len(shape) > _RANK_LIMIT or len(offsets) != 2:
        raise ValueError(f"the tensor {name!r} has {len(shape)} axes and {len(offsets)} offsets")
    begin, end = offsets
    width = int(dtype[-1]) if dtype[-1].isdigit() else 1
    if end - begin != math.prod(shape) * width:
        raise ValueError(f"the tensor {name!r} has {end - begin} bytes where its shape {shape} needs others")
    return name, dtype, begin, end, tuple(shape)
