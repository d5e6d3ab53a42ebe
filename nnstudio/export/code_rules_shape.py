"""Rules for functions that put the same numbers on other axes, or keep some of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from nnstudio.export.code_given import BATCH, Fit, Given, OtherwiseError, Rule, called, layer_of, refuse, said
from nnstudio.export.code_meaning import Meaning

_INDEX = "A drawing takes every sample alone; leave the batch whole, as in x[:, 0]."


def _place(axis: Any, rank: int) -> int:
    if isinstance(axis, bool) or not isinstance(axis, int):
        raise OtherwiseError
    return axis + rank if axis < 0 else axis


def _permute(call: Given) -> Fit | Meaning:
    rank = call.type("input").rank
    first, *order = (_place(axis, rank) for axis in call.several("dims"))
    if first != 0:
        refuse(BATCH)
    return layer_of("Permute", {"input": call.origin("input")}, order=tuple(order))


def _reshape(call: Given) -> Fit | Meaning:
    type = call.type("input")
    first, *rest = call.several("shape")
    count = type.numel_per_sample()
    if first is not None and first != -1:
        refuse("Begin the shape with -1 or x.size(0), which is the batch.")
    if None in rest or not all(isinstance(size, int) for size in rest):
        refuse(BATCH)
    if first == -1 and (-1 in rest or (count is not None and math.prod(rest) != count)):
        refuse("The samples would be mixed; begin the shape with x.size(0), or give each sample as many as it has.")
    return layer_of("Reshape", {"input": call.origin("input")}, shape=tuple(rest))


def _expand(call: Given) -> Fit | Meaning:
    type, sizes = call.type("input"), call.several("size")
    if len(sizes) != type.rank or sizes[0] not in (None, -1):
        refuse("Say a size for every axis, -1 for those that stay, as the batch does.")
    said = [(axis, size) for axis, size in enumerate(sizes) if axis and size not in (-1, None)]
    wanted = [each for each in said if each[1] != type.sizes[each[0]]] or [each for each in said if each[1] == 1][:1]
    return _one_by_one(
        call, "torch.broadcast_to", "Expand", "size", wanted, lambda axis, size: tuple(
            size if axis == place else -1 for place in range(type.rank)
        ),
    )  # fmt: skip


def _tile(call: Given) -> Fit | Meaning:
    type, times = call.type("input"), call.several("dims")
    if len(times) != type.rank or times[0] != 1:
        refuse("Say for every axis how often it is repeated, 1 for those that stay, as the batch does.")
    wanted = [(axis, count) for axis, count in enumerate(times) if count != 1] or [(type.rank - 1, 1)]
    return _one_by_one(
        call, "torch.tile", "Repeat", "times", wanted, lambda axis, count: tuple(
            count if axis == place else 1 for place in range(type.rank)
        ),
    )  # fmt: skip


def _flip(call: Given) -> Fit | Meaning:
    wanted = [(axis, 0) for axis in call.several("dims")]
    return _one_by_one(call, "torch.flip", "Flip", "", wanted, lambda axis, _: axis)


def _one_by_one(
    call: Given, function: str, layer: str, parameter: str, wanted: list[tuple[int, Any]], of_one: Any
) -> Fit | Meaning:
    """A layer that does one axis, or several of them one after the other."""
    origin = call.origin("input")
    if not wanted:
        return layer_of("Identity", {"input": origin})
    if len(wanted) == 1:
        [(axis, value)] = wanted
        return layer_of(layer, {"input": origin}, axis=axis, **({parameter: value} if parameter else {}))
    done: Meaning = ("from", origin)
    for axis, value in wanted:
        given = of_one(axis, value)
        done = called(function, done, said(given))
    return done


def _repeat_interleave(call: Given) -> Fit | Meaning:
    axis = call.value("dim")
    if axis is None:
        refuse(f"Say dim as well; {BATCH}")
    times = call.value("repeats")
    return layer_of("Repeat", {"input": call.origin("input")}, axis=axis, times=times, order="each")


def _split(call: Given) -> Fit | Meaning:
    axis, sizes = call.value("dim", 0), call.value("split_size_or_sections")
    if not isinstance(sizes, tuple):
        type = call.type("tensor")
        place = _place(axis, type.rank)
        if not 0 < place < type.rank:
            refuse(BATCH)
        whole = type.sizes[place]
        if not isinstance(whole, int) or not isinstance(sizes, int) or sizes < 1:
            refuse("Say the size of every part, such as torch.split(x, (8, 8), dim=1).")
        sizes = tuple(min(sizes, whole - begin) for begin in range(0, whole, sizes))
    return layer_of("Split", {"input": call.origin("tensor")}, sizes=sizes, axis=axis)


def _unbind(call: Given) -> Fit | Meaning:
    axis, type = call.value("dim", 0), call.type("input")
    place = _place(axis, type.rank)
    if not 0 < place < type.rank:
        refuse(BATCH)
    return layer_of("Unbind", {"input": call.origin("input")}, parts=type.sizes[place], axis=axis)


def _narrow(call: Given) -> Fit | Meaning:
    begin, length = call.value("start"), call.value("length")
    if not isinstance(begin, int) or not isinstance(length, int):
        raise OtherwiseError
    origin = call.origin("input")
    if begin < 0 and begin + length == 0:
        return layer_of("Slice", {"input": origin}, start=begin, axis=call.value("dim"))
    return layer_of("Slice", {"input": origin}, start=begin, end=begin + length, axis=call.value("dim"))


def _getitem(call: Given) -> Fit | Meaning:
    """``x[:, 0]`` a Select, ``x[:, 1:5]`` a Slice, ``x[:, None]`` an Unsqueeze; several of them one after the other."""
    rank, index = call.type("input").rank, call.arguments.get("index")
    parts: list[Any] = list(index[1:]) if index is not None and index[0] == "several" else [index]
    axes = [part for part in parts if part != ("value", "NoneType", None)]
    dots = [place for place, part in enumerate(parts) if part == ("value", "ellipsis", ...)]
    if len(dots) > 1 or len(axes) - len(dots) > rank:
        refuse("Give one index for each axis at most.")
    full: Any = ("slice", None, None, None)
    if parts[0][:2] == ("value", "int") and len(parts) == 1:
        return _last_state(call, parts[0][2])
    if dots:
        parts[dots[0] : dots[0] + 1] = [full] * (rank - len(axes) + 1)
    if parts[0] != full:
        refuse(_INDEX)
    wanted = [(place, part) for place, part in enumerate(parts) if part != full]
    if sum(part[0] in ("several", "list", "tuple") for _, part in wanted) > 1:
        refuse("Two lists of places pair up in torch, which no layer does; give one list, and slices or numbers.")
    if len(wanted) > 1:
        done: Meaning = ("from", call.origin("input"))
        new = [place for place, part in wanted if part == ("value", "NoneType", None)]
        for place, part in reversed([each for each in wanted if each[0] not in new]):
            done = called("operator.getitem", done, ("several", *[full] * (place - sum(n < place for n in new)), part))
        for place in new:
            gone = sum(axis < place and part[0] == "value" for axis, part in wanted if axis not in new)
            done = called("torch.unsqueeze", done, place - gone)
        return done
    fed = {"input": call.origin("input")}
    if not wanted:
        return layer_of("Identity", fed)
    [(place, part)] = wanted
    match part:
        case ("slice", *ends):
            start, end, step = (call.plain(each) if each is not None else None for each in ends)
            return layer_of("Slice", fed, start=start or 0, end=end, step=1 if step is None else step, axis=place)
        case ("value", "NoneType", _):
            return layer_of("Unsqueeze", fed, axis=place)
        case ("value", "int", index):
            return layer_of("Select", fed, index=index, axis=place)
    chosen = call.plain(part)
    if not isinstance(chosen, tuple):
        raise OtherwiseError
    return layer_of("IndexSelect", fed, indices=chosen, axis=place)


def _last_state(call: Given, place: int) -> Meaning:
    """``hidden[-1]`` of a recurrent layer, whose axis 0 is the layers and directions."""
    node, port = call.origin("input")
    last = call.types.get((node, "last"))
    layers = call.type("input").sizes[0]
    if port != "hidden" or last is None or place not in (-1, *([0] if layers == 1 else [])):
        refuse(_INDEX)
    if last.sizes[-1] != call.type("input").sizes[-1]:
        refuse("In both directions the last state has two parts; name the last output of the layer instead.")
    return ("from", (node, "last"))


#: The rules by what they are for.
RULES: Mapping[str, Rule] = {
    "torch.permute": _permute,
    "torch.reshape": _reshape,
    "torch.broadcast_to": _expand,
    "torch.tile": _tile,
    "torch.flip": _flip,
    "torch.repeat_interleave": _repeat_interleave,
    "torch.split": _split,
    "torch.unbind": _unbind,
    "torch.narrow": _narrow,
    "operator.getitem": _getitem,
}
