"""What every layer type is said to cost is what its real module costs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from nnstudio.compile.patterns import Bindings, match
from nnstudio.compile.reach import of_source
from nnstudio.compile.receptive import behind
from nnstudio.compile.shapes import runner
from nnstudio.compile.weighing import flat_types, weigh
from nnstudio.layers import Call, Function, TensorType, load

POINT = {"N": 3, "T": 7}
#: Layer types whose multiply–adds torch's counter does not see, and why.
NOT_COUNTED_BY_TORCH = {
    "Bilinear": "torch has no formula for its one operation, _trilinear",
    "LSTM": "on the CPU oneDNN does it in one operation, for which torch has no formula",
}
#: Layer types that are not run by `resolve`, or stand for others.
KINDS = [cls for cls in load() if cls.role in ("layer", "loss") and cls.inputs]


@pytest.mark.parametrize("cls", KINDS, ids=lambda cls: cls.__name__)
def test_costs_are_those_of_the_real_module(cls, drawn, tensors) -> None:
    @settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        case = data.draw(drawn(cls))
        evaluated = case.evaluated()
        assert isinstance(evaluated.built, Call | Function)
        inputs = _fitted(case)
        flat = flat_types(inputs)
        found = weigh(case.layer, evaluated.built, inputs, [True] * len(flat), False, POINT, evaluated.parameters)
        values = _values(case, tensors, gradients=True)
        made = runner(case.layer, evaluated.built)
        noted: list[torch.Tensor] = []
        try:
            with FlopCounterMode(display=False) as counter, torch.autograd.graph.saved_tensors_hooks(
                lambda kept: (noted.append(kept), kept)[1], lambda kept: kept
            ):  # fmt: skip
                result = made(values)
        except Exception:
            return  # zeros are no good input for it; the battery of behaviour knows
        if not found.known:
            return
        if cls.__name__ not in NOT_COUNTED_BY_TORCH:
            assert 2 * found.multiply_adds == counter.get_total_flops()
        own = (
            {p.untyped_storage()._cdata for p in (*made.module.parameters(), *made.module.buffers())}
            if made.module
            else set()
        )
        sizes = {t.untyped_storage()._cdata: t.untyped_storage().nbytes() for t in noted}
        real = sum(size for memory, size in sizes.items() if memory not in own)
        ends = _wired(values)
        outs = result if isinstance(result, tuple) else (result,)
        said = found.kept_inside + sum(ends[place].untyped_storage().nbytes() for place in found.kept_inputs)
        said += sum(outs[place].untyped_storage().nbytes() for place in found.kept_outputs)
        assert said == pytest.approx(real, rel=0.1, abs=1024)

    check()


def _fitted(case: Any) -> dict[str, Any]:
    bindings, fitted = Bindings(), {}
    for name, port in case.layer.inputs.items():
        given = case.types[name]
        if isinstance(given, tuple):
            fitted[name] = tuple(match(name, port, each, bindings) for each in given)
        else:
            fitted[name] = None if given is None else match(name, port, given, bindings)
    return fitted


def _values(case: Any, tensors: Any, gradients: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, types in case.types.items():
        each = types if isinstance(types, tuple) else [types] if types is not None else []
        made = list(tensors({f"{name}{place}": type for place, type in enumerate(each)}).values())
        for tensor in made:
            tensor.requires_grad_(gradients and tensor.is_floating_point())
        values[name] = tuple(made) if isinstance(types, tuple) else made[0] if made else None
    return values


@pytest.mark.parametrize("cls", [cls for cls in KINDS if cls.role == "layer"], ids=lambda cls: cls.__name__)
def test_no_layer_sees_beyond_its_receptive_field(cls, drawn, tensors) -> None:
    @settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        case = data.draw(drawn(cls))
        evaluated = case.evaluated()
        fitted = flat_types(_fitted(case))
        if not evaluated.outputs or not fitted:
            return
        out = next(iter(evaluated.outputs.values()))
        spans = behind(case.layer, evaluated.built, [(of_source(type), type) for type in fitted], out)
        values = _values(case, tensors, gradients=True)
        made = runner(case.layer, evaluated.built)
        if made.module is not None:
            made.module.eval()
        try:
            result = made(values)
        except Exception:
            return
        result = result[0] if isinstance(result, tuple) else result
        if not result.requires_grad or not result.numel() or not any(t.is_floating_point() for t in _wired(values)):
            return
        place = [size // 2 for size in result.shape]
        flat = _wired(values)
        grads = torch.autograd.grad(result[tuple(place)], [t for t in flat if t.requires_grad], allow_unused=True)
        for tensor, gradient in zip([t for t in flat if t.requires_grad], grads, strict=True):
            type = fitted[next(at for at, each in enumerate(flat) if each is tensor)]
            if gradient is not None:
                _check_axes(type, gradient, spans, place)

    check()


def _wired(values: dict[str, Any]) -> list[torch.Tensor]:
    flat = [each for value in values.values() for each in (value if isinstance(value, tuple) else [value])]
    return [each for each in flat if each is not None]


def _check_axes(type: TensorType, gradient: torch.Tensor, spans: Any, place: list[int]) -> None:
    for axis, each in enumerate(type.axes):
        span = spans.get((each.label, each.size))
        if axis == 0 or span is None or span.whole:
            continue
        others = [other for other in range(gradient.dim()) if other != axis]
        seen = (
            gradient.abs().sum(others).nonzero().flatten().tolist() if others else gradient.nonzero().flatten().tolist()
        )
        if span.axis is None:
            assert len(seen) <= span.places
            continue
        low = span.start + place[span.axis] * span.jump
        assert all(low <= at <= low + span.size - 1 for at in seen), (span, seen)
