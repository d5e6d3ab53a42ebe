"""Events as stored: a JSON header and the raw bytes of the arrays. No pickle.

An array stands in the header as ``{"array": [dtype, shape]}``; the arrays' bytes follow each other in that order,
little-endian. The histograms of an Activations or a Weights event are two arrays for all layers.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nnstudio.train import events
from nnstudio.train.events import Activations, Event, Histogram, Inside, Insides, Weights

#: Event types by the name under which they are stored.
KINDS: Mapping[str, type[Event]] = {
    cls.__name__: cls for cls in vars(events).values() if isinstance(cls, type) and issubclass(cls, Event)
}
DTYPES = frozenset({"float32", "float64", "int64", "int32", "float16", "bool", "uint8"})
#: Of each kind, the fields that its header tells.
_TOLD = {
    kind: tuple(f.name for f in dataclasses.fields(kind) if f.name not in ("step", "time")) for kind in KINDS.values()
}
#: In the order in which they are stored: that of the class. New ones come last, and are left out of what older versions
#: stored.
_STATISTICS = tuple(f.name for f in dataclasses.fields(Histogram) if f.name != "counts")
_BAD = _STATISTICS.index("bad")


def encode(event: Event) -> tuple[str, str, bytes]:
    """An event's kind, header and bytes."""
    parts: list[bytes] = []
    values = {name: getattr(event, name) for name in _TOLD[type(event)]}
    if isinstance(event, Activations):
        values = _packed(event.layers)
        if event.ports:
            values["ports"] = _packed_twice(event.ports)
    elif isinstance(event, Weights):
        values = _packed_twice(event.layers)
    elif isinstance(event, Insides):
        values["nodes"] = {id: dataclasses.asdict(inside) for id, inside in event.nodes.items()}
    written = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, default=functools.partial(_plain, parts))
    return type(event).__name__, written.encode(values), b"".join(parts)


def decode(kind: str, step: int, time: float, header: str, data: bytes) -> Event:
    """The event that was stored. ValueError where this is none."""
    try:
        cls = KINDS[kind]
        place = 0

        def array(value: list[Any]) -> Any:
            nonlocal place
            dtype, shape = value
            if dtype not in DTYPES:
                raise ValueError(f"arrays of {dtype} are not stored")
            count = math.prod(shape)
            found = np.frombuffer(data, np.dtype(dtype).newbyteorder("<"), count, place).reshape(shape)
            place += found.nbytes
            return found

        values = _restored(json.loads(header), array)
        if cls is Activations:
            ports = values.pop("ports", None)
            values = {"layers": dict(_layers(**values)), "ports": _named(ports) if ports else {}}
        elif cls is Weights:
            values = {"layers": _named(values)}
        elif cls is Insides:
            values["nodes"] = {
                id: Inside(**{**inside, "labels": tuple(inside["labels"])}) for id, inside in values["nodes"].items()
            }
        known = {f.name: f for f in dataclasses.fields(cls)}
        values = {name: _fitting(cls, name, value) for name, value in values.items() if name in known}
        return cls(step=step, time=time, **values)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a stored event ({kind}): {error}") from error


def _packed(layers: Mapping[Any, Histogram]) -> dict[str, Any]:
    """Histograms as two arrays: all counts, and all statistics."""
    found = list(layers.values())
    counts = np.stack([layer.counts for layer in found]) if found else np.empty((0, 0), np.float32)
    statistics = [[getattr(layer, name) for name in _STATISTICS] for layer in found]
    return {
        "ids": list(layers),
        "counts": counts,
        "statistics": np.asarray(statistics, np.float64).reshape(-1, len(_STATISTICS)),
    }


def _packed_twice(layers: Mapping[str, Mapping[str, Histogram]]) -> dict[str, Any]:
    """As :func:`_packed`, of histograms by id and then by name."""
    flat = {(id, name): found for id, layer in layers.items() for name, found in layer.items()}
    return {**_packed(dict(enumerate(flat.values()))), "ids": list(flat)}


def _layers(ids: list[Any], counts: Any, statistics: Any) -> Iterator[tuple[Any, Histogram]]:
    for id, counted, row in zip(ids, counts, statistics.tolist(), strict=True):
        row[_BAD] = int(row[_BAD])
        values: list[Any] = [counted, *row]
        yield id, Histogram(*values)


def _named(packed: Mapping[str, Any]) -> dict[str, dict[str, Histogram]]:
    """What :func:`_packed_twice` packed."""
    layers: dict[str, dict[str, Histogram]] = {}
    for (id, name), found in _layers(**packed):
        layers.setdefault(id, {})[name] = found
    return layers


def _plain(parts: list[bytes], value: Any) -> Any:
    """What JSON has no word for in its words; the bytes of an array are put with the others, in the order of JSON."""
    if isinstance(value, np.ndarray):
        little = np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<"), copy=False)
        parts.append(little.tobytes())
        return {"array": [value.dtype.name, list(value.shape)]}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not stored")


def _restored(value: Any, array: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"array"}:
            return array(value["array"])
        return {key: _restored(item, array) for key, item in value.items()}
    return [_restored(item, array) for item in value] if isinstance(value, list) else value


def _fitting(cls: type[Event], name: str, value: Any) -> Any:
    """Lists become tuples where the event declares a tuple."""
    declared = _hints(cls)[name]
    wants_tuple = typing.get_origin(declared) is tuple
    return tuple(value) if wants_tuple and isinstance(value, list) else value


def _hints(cls: type[Event]) -> Mapping[str, Any]:
    if cls not in _HINTS:
        _HINTS[cls] = types.MappingProxyType(typing.get_type_hints(cls))
    return _HINTS[cls]


_HINTS: dict[type[Event], Mapping[str, Any]] = {}
