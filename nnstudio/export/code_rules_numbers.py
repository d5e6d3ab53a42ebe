"""Rules for functions that work out other numbers: with a number, along axes, within a neighbourhood."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nnstudio.export.code_given import BATCH, Fit, Given, OtherwiseError, Rule, called, layer_of, refuse
from nnstudio.export.code_meaning import Meaning, Origin
from nnstudio.layers import Layer
from nnstudio.layers.arithmetic import SMALLEST, Power
from nnstudio.layers.functions import Positive

_EPSILON = 1.1920928955078125e-07  # the least difference of float32 from 1, which torch takes
_COMPARED = {"eq": "Equal", "ne": "NotEqual", "lt": "Less", "le": "LessEqual", "gt": "Greater", "ge": "GreaterEqual"}
_TURNED = {"eq": "eq", "ne": "ne", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
_CASTS = {
    "float": "float32", "double": "float64", "half": "float16", "bfloat16": "bfloat16", "long": "int64",
    "int": "int32", "bool": "bool",
}  # fmt: skip


def scaled(wanted: Meaning) -> Fit | None:
    """A Scale for what multiplies one tensor by a number and adds another: ``(x - 1) / 2``."""
    found = _linear(wanted)
    if found is None or wanted[0] != "call" or next(_numbers(wanted), None) is None:
        return None
    origin, factor, offset = found
    return layer_of("Scale", {"input": origin}, factor=factor, offset=offset)


def _numbers(of: Any) -> Any:
    if isinstance(of, tuple):
        if of[:1] == ("value",):
            yield of
        for each in of:
            yield from _numbers(each)


def _linear(of: Meaning) -> tuple[Origin, float, float] | None:
    """The origin that a meaning is of, by how much it is multiplied and what is added; None for another meaning."""
    match of:
        case ("from", origin):
            return origin, 1.0, 0.0
        case ("call", "operator.neg", each) if (inner := _linear(each)) is not None:
            return inner[0], -inner[1], -inner[2]
        case ("call", "operator.add" | "operator.sub" | "operator.mul" | "operator.truediv" as name, one, other):
            left, right = _number(one), _number(other)
            if right is not None and (inner := _linear(one)) is not None:
                origin, factor, offset = inner
                match name:
                    case "operator.add":
                        return origin, factor, offset + right
                    case "operator.sub":
                        return origin, factor, offset - right
                    case "operator.mul":
                        return origin, factor * right, offset * right
                return (origin, factor / right, offset / right) if right else None
            if left is not None and name != "operator.truediv" and (inner := _linear(other)) is not None:
                origin, factor, offset = inner
                match name:
                    case "operator.add":
                        return origin, factor, offset + left
                    case "operator.sub":
                        return origin, -factor, left - offset
                return origin, factor * left, offset * left
    return None


def _number(of: Meaning) -> float | None:
    if of[0] != "value" or of[1] not in ("int", "float"):
        return None
    try:
        return float(of[2])
    except OverflowError:  # a whole number of hundreds of digits
        return None


def _divide(call: Given) -> Fit | Meaning:
    """A number divided by a tensor."""
    number, below = call.value("input"), ("from", call.origin("other"))
    if not isinstance(number, int | float):
        raise OtherwiseError
    if number == 1:
        return layer_of("Reciprocal", {"input": below[1]})
    return called("operator.mul", called("torch.reciprocal", below), number)


def _power(call: Given) -> Fit | Meaning:
    if call.is_tensor("exponent"):
        refuse("No layer takes a tensor as exponent; give a number, as in x ** 2.")
    made = layer_of("Power", {"input": call.origin("input")}, exponent=call.value("exponent"))
    return replace(made, remark=floor_of(made.layer))


def floor_of(layer: Layer) -> str:
    """What is told of a layer that counts small numbers as a least one, where torch's function gives NaN, else ""."""
    least = layer.values().get("minimum") if isinstance(layer, Positive) else None
    if isinstance(layer, Power) and not layer.exponent.is_integer():
        least = SMALLEST
    if least is None:
        return ""
    return f"{layer.type_name()} counts numbers below {least:g} as {least:g}, where torch gives NaN or an infinity."


def _compared(name: str, call: Given) -> Fit | Meaning:
    if not call.is_tensor("input"):
        return called(f"torch.{_TURNED[name]}", call.arguments["other"], call.arguments["input"])
    if call.is_tensor("other"):
        return layer_of(_COMPARED[name], {"left": call.origin("input"), "right": call.origin("other")})
    value, type = call.value("other"), call.type("input")
    if name == "eq" and type.dtype.startswith("int") and isinstance(value, int):
        return layer_of("PaddingMask", {"input": call.origin("input")}, code=value)
    return layer_of(_COMPARED[name], {"left": call.origin("input")}, value=value)


def _clamp(call: Given) -> Fit | Meaning:
    fed, least, most = {"input": call.origin("input")}, call.value("min"), call.value("max")
    if least is None and most is None:
        refuse("Say min, max or both.")
    return layer_of("Clamp", fed, minimum=least, maximum=most)


def _where(call: Given) -> Fit | Meaning:
    fed = {"condition": call.origin("condition")}
    if not call.is_tensor("input"):
        fed = {"input": call.origin("other"), "mask": call.origin("condition")}
        return layer_of("MaskedFill", fed, value=call.value("input"))
    fed["first"] = call.origin("input")
    if call.is_tensor("other"):
        return layer_of("Where", fed | {"second": call.origin("other")})
    return layer_of("Where", fed, value=call.value("other"))


def _lerp(call: Given) -> Fit | Meaning:
    fed = {"start": call.origin("input"), "end": call.origin("end")}
    if call.is_tensor("weight"):
        return layer_of("Lerp", fed | {"weight": call.origin("weight")})
    return layer_of("Lerp", fed, share=call.value("weight"))


def _extreme(kind: str, _: Given) -> Fit | Meaning:
    refuse(
        f"torch.{kind} along an axis gives two things; take one, as in x.{kind}(dim=1).values or x.arg{kind}(dim=1)."
    )


def _spread(layer: str, call: Given) -> Fit | Meaning:
    correction, unbiased = call.value("correction"), call.value("unbiased", True)
    if correction not in (None, 0, 1):
        refuse("correction can only be 0 or 1 in a drawing.")
    return layer_of(
        layer, {"input": call.origin("input")}, axes=call.several("dim"), keepdim=call.value("keepdim", False),
        unbiased=bool(unbiased if correction is None else correction),
    )  # fmt: skip


def _norm(power: str, call: Given) -> Fit | Meaning:
    tensor = "x" if power == "ord" else "input"
    measure = {2: "L2", 1: "L1", float("inf"): "largest", "fro": "L2"}.get(call.value(power, 2))
    if measure is None:
        refuse(f"{power} can only be 2, 1 or float('inf') in a drawing.")
    fed = {"input": call.origin(tensor)}
    axes, keepdim = call.several("dim"), call.value("keepdim", False)
    return layer_of("Norm", fed, axes=axes, keepdim=keepdim, measure=measure)


def _normalize(call: Given) -> Fit | Meaning:
    measure = {2: "L2", 1: "L1"}.get(call.value("p", 2))
    if measure is None:
        refuse("p can only be 2 or 1 in a drawing.")
    if call.value("eps", 1e-12) not in (1e-12, 1e-6):
        refuse("eps of normalize is 1e-06 in a drawing; leave it out.")
    return layer_of("Normalize", {"input": call.origin("input")}, axis=call.value("dim", 1), measure=measure)


def _pad(call: Given) -> Fit | Meaning:
    """By a number one axis after the other; mirrored and repeated with the layer for as many axes."""
    pad, mode, value = call.several("pad"), call.value("mode", "constant"), call.value("value")
    rank, fed = call.type("input").rank, {"input": call.origin("input")}
    if len(pad) % 2 or not all(isinstance(each, int) for each in pad):
        refuse("Say how much is put before and after every axis from the last on, such as (1, 1).")
    if mode != "constant":
        kind = {"reflect": "Reflection", "replicate": "Replication", "circular": "Circular"}.get(str(mode))
        if kind is None or not 3 <= len(pad) // 2 + 2 <= 5:
            refuse("mode can only be constant, reflect, replicate or circular in a drawing.")
        return layer_of(f"{kind}Pad{len(pad) // 2}d", fed, padding=pad)
    pairs = [(rank - 1 - place, pad[2 * place : 2 * place + 2]) for place in range(len(pad) // 2)]
    pairs = [each for each in pairs if each[1] != (0, 0)] or pairs[-1:]
    if any(axis < 1 for axis, _ in pairs):
        refuse(BATCH)
    if len(pairs) > 1:
        done: Meaning = ("from", fed["input"])
        for axis, pair in pairs:
            sizes = (*(0, 0) * (rank - 1 - axis), *pair)
            done = called("torch.pad", done, ("several", *(("value", "int", size) for size in sizes)), mode, value)
        return done
    [(axis, (before, after))] = pairs
    return layer_of("Pad", fed, before=before, after=after, value=value or 0.0, axis=axis)


def _interpolate(call: Given) -> Fit | Meaning:
    fed, mode, corners = {"input": call.origin("input")}, call.value("mode", "nearest"), call.value("align_corners")
    if call.value("antialias"):
        refuse("antialias can only be False in a drawing.")
    if call.value("size") is None:
        if call.value("recompute_scale_factor"):
            refuse("recompute_scale_factor can only be False in a drawing.")
        factor = call.value("scale_factor")
        return layer_of("Upsample", fed, scale_factor=factor, mode=mode, align_corners=bool(corners))
    if corners:
        refuse("align_corners can only be False where a size is given; with a scale_factor it can be True.")
    return layer_of("Interpolate", fed, size=call.value("size"), mode=mode)


def _normalised(layer: str, call: Given) -> Fit | Meaning:
    """Without weights: those are a module's."""
    if any(call.arguments.get(name) is not None for name in ("weight", "bias", "running_mean", "running_var")):
        refuse("Weights are a module's; write nn.LayerNorm and the like in __init__.")
    fed = {"input": call.origin("input")}
    eps = call.value("eps", _EPSILON if layer == "RMSNorm" else 1e-5)
    if layer == "InstanceNorm":
        rank = call.type("input").rank
        return layer_of(f"InstanceNorm{min(max(rank - 2, 1), 3)}d", fed, eps=eps)
    if layer == "GroupNorm":
        return layer_of(layer, fed, num_groups=call.value("num_groups"), affine=False, eps=eps)
    axes = call.several("normalized_shape")
    if tuple(call.type("input").sizes[-len(axes) :]) != axes:
        refuse(f"normalized_shape has to be the sizes of the last axes: {call.type('input').per_sample()} come in.")
    return layer_of(layer, fed, axes=len(axes), elementwise_affine=False, eps=eps)


def _one_hot(call: Given) -> Fit | Meaning:
    """torch gives whole numbers, the layer real ones."""
    type, count = call.type("input"), call.value("num_classes")
    if not type.dtype.startswith("int"):
        refuse("one_hot takes class codes, which are whole numbers; put x.long() before it.")
    if not isinstance(count, int) or count < 1:
        refuse("Say how many classes there are, as in F.one_hot(x, 10).")
    return called(
        "torch.Tensor.long",
        ("call", "torch.Tensor.float", called("torch.one_hot", ("from", call.origin("input")), count)),
    )


def _diagonal(call: Given) -> Fit | Meaning:
    rank = call.type("input").rank
    if [call.value("dim1", 0) % rank, call.value("dim2", 1) % rank] != [rank - 2, rank - 1]:
        refuse("Say dim1=-2, dim2=-1; a drawing takes the diagonal of the last two axes.")
    return layer_of("Diagonal", {"input": call.origin("input")}, offset=call.value("offset", 0))


def _cross(call: Given) -> Fit | Meaning:
    if call.value("dim", -1) not in (-1, call.type("input").rank - 1):
        refuse("dim can only be -1 in a drawing; put a Transpose before it.")
    return layer_of("CrossProduct", {"left": call.origin("input"), "right": call.origin("other")})


def _distances(call: Given) -> Fit | Meaning:
    measure = {2: "euclidean", 1: "manhattan"}.get(call.value("p", 2))
    if measure is None:
        refuse("p can only be 2 or 1 in a drawing.")
    return layer_of("DistanceMatrix", {"left": call.origin("x1"), "right": call.origin("x2")}, measure=measure)


def _constant(value: float | None, call: Given) -> Fit | Meaning:
    number = call.value("value") if value is None else value
    return layer_of("Constant", {"input": call.origin("input")}, value=number)


def _attention(call: Given) -> Fit | Meaning:
    if call.value("attn_mask") is not None:
        refuse("A mask is wired on the canvas, true where a key is left out, which torch's function has the other way.")
    fed = {name: call.origin(name) for name in ("query", "key", "value")}
    if call.value("dropout_p", 0.0):
        refuse("torch drops with dropout_p when predicting, too; leave it out, and set the dropout in the inspector.")
    causal, scale = call.value("is_causal", False), call.value("scale")
    return layer_of("ScaledDotProductAttention", fed, is_causal=causal, scale=scale)


def _cast(kind: str, call: Given) -> Fit | Meaning:
    return layer_of("Cast", {"input": call.origin("input")}, dtype=kind)


#: The rules by what they are for.
RULES: Mapping[str, Rule] = {
    "operator.truediv": _divide,
    "torch.pow": _power,
    **{f"torch.{name}": functools.partial(_compared, name) for name in _COMPARED},
    "torch.clamp": _clamp,
    "torch.where": _where,
    "torch.lerp": _lerp,
    "torch.max": functools.partial(_extreme, "max"),
    "torch.min": functools.partial(_extreme, "min"),
    "torch.var": functools.partial(_spread, "Variance"),
    "torch.std": functools.partial(_spread, "StandardDeviation"),
    "torch.norm": functools.partial(_norm, "p"),
    "torch.linalg.vector_norm": functools.partial(_norm, "ord"),
    "torch.normalize": _normalize,
    "torch.pad": _pad,
    "torch.interpolate": _interpolate,
    "torch.layer_norm": functools.partial(_normalised, "LayerNorm"),
    "torch.group_norm": functools.partial(_normalised, "GroupNorm"),
    "torch.rms_norm": functools.partial(_normalised, "RMSNorm"),
    "torch.instance_norm": functools.partial(_normalised, "InstanceNorm"),
    "torch.cross": _cross,
    "torch.cdist": _distances,
    "torch.one_hot": _one_hot,
    "torch.diagonal": _diagonal,
    "torch.full_like": functools.partial(_constant, None),
    "torch.ones_like": functools.partial(_constant, 1.0),
    "torch.zeros_like": functools.partial(_constant, 0.0),
    "torch.scaled_dot_product_attention": _attention,
    **{f"torch.Tensor.{name}": functools.partial(_cast, kind) for name, kind in _CASTS.items()},
}
