"""What every layer type is said to cost is what its real module costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from nnstudio.compile.reach import of_source
from nnstudio.compile.receptive import behind
from nnstudio.compile.shapes import Runner, runner
from nnstudio.compile.weighing import flat_types, weigh
from nnstudio.layers import Layer, TensorType, load

POINT = {"N": 3, "T": 7}
#: Layer types whose multiply–adds torch's counter does not see, and why.
NOT_COUNTED_BY_TORCH = {
    "Bilinear": "torch has no formula for its one operation, _trilinear",
    "LSTM": "on the CPU oneDNN does it in one operation, for which torch has no formula",
}
#: The CPU's own form of attention, for which torch has the formula but does not use it.
ATTENTION = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: lambda query, key, value, *_, **__: sdpa_flop_count(
        query, key, value
    )
}
KINDS = [cls for cls in load() if cls.role in ("layer", "loss")]
Working = Callable[..., tuple[Any, ...]]

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("cls", KINDS, ids=lambda cls: cls.type_name())
def test_costs_are_those_of_the_real_module(cls: type[Layer], working: Working) -> None:
    for case in working(cls, 2):
        built, inputs = case.evaluated.built, case.fitted
        flat = flat_types(inputs)
        found = weigh(case.layer, built, inputs, [True] * len(flat), False, POINT, case.evaluated.parameters)
        assert found.known, case
        values = case.values()
        made = runner(case.layer, built)
        with FlopCounterMode(display=False, custom_mapping=ATTENTION) as counter:
            result, noted = _kept(made, values)
        if cls.type_name() not in NOT_COUNTED_BY_TORCH:
            assert 2 * found.multiply_adds == counter.get_total_flops(), case
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
        assert said == pytest.approx(real, rel=0.1, abs=1024), case


def _kept(made: Runner, values: dict[str, Any]) -> tuple[Any, list[torch.Tensor]]:
    """What comes out, and the tensors that are kept for the backward pass."""
    noted: list[torch.Tensor] = []

    def note(kept: torch.Tensor) -> torch.Tensor:
        noted.append(kept)
        return kept

    with torch.autograd.graph.saved_tensors_hooks(note, lambda kept: kept):
        return made(values), noted


@pytest.mark.parametrize("cls", [cls for cls in KINDS if cls.role == "layer"], ids=lambda cls: cls.type_name())
def test_no_layer_sees_beyond_its_receptive_field(cls: type[Layer], working: Working) -> None:
    for case in working(cls, 3):
        built, fitted = case.evaluated.built, flat_types(case.fitted)
        out = next(iter(case.evaluated.outputs.values()))
        spans = behind(case.layer, built, [(of_source(type), type) for type in fitted], out)
        values = case.values()
        made = runner(case.layer, built)
        if made.module is not None:
            made.module.eval()
        result = made(values)
        result = result[0] if isinstance(result, tuple) else result
        flat = _wired(values)
        if not result.requires_grad or not result.numel() or not any(t.requires_grad for t in flat):
            continue  # nothing is seen backwards
        place = [size // 2 for size in result.shape]
        grads = torch.autograd.grad(result[tuple(place)], [t for t in flat if t.requires_grad], allow_unused=True)
        for tensor, gradient in zip([t for t in flat if t.requires_grad], grads, strict=True):
            type_ = fitted[next(at for at, each in enumerate(flat) if each is tensor)]
            if gradient is not None:
                _check_axes(type_, gradient, spans, place)


def _wired(values: dict[str, Any]) -> list[torch.Tensor]:
    flat = [each for value in values.values() for each in (value if isinstance(value, tuple) else [value])]
    return [each for each in flat if each is not None]


def _check_axes(type: TensorType, gradient: torch.Tensor, spans: Any, place: list[int]) -> None:
    for axis, each in enumerate(type.axes):
        span = spans.get((each.label, each.size))
        if axis == 0 or span is None or span.whole or span.unknown:
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
