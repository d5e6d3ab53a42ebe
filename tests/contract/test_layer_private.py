"""Private training works out each sample's own gradient, all samples at once, for every layer type with weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nnstudio.layers import Layer, load

#: Families of which layers have weights; types that private training refuses; cases that are looked at of the others.
FAMILIES = {"Linear", "Convolution", "Normalisation", "Recurrent", "Attention", "Graphs"}
REFUSED, CASES = ("BatchNorm", "SyncBatchNorm"), 2


def _trained() -> list[type[Layer]]:
    every = [cls for cls in load() if cls.family.title in FAMILIES or cls.type_name() == "PReLU"]
    return [cls for cls in every if not cls.type_name().startswith(REFUSED)]


@pytest.mark.parametrize("cls", _trained(), ids=lambda cls: cls.type_name())
def test_gradients_of_samples_are_those_of_one_backward_pass_each(
    cls: type[Layer], working: Callable[..., tuple[Any, ...]]
) -> None:
    import torch

    from nnstudio.train import private

    for case in working(cls)[:CASES]:
        module = case.compiled.training.eval()
        parameters = {name: p for name, p in module.named_parameters() if p.requires_grad}
        if not parameters or case.layer.mixes():
            continue
        fed = case.fed(case.compiled.inputs)
        batch = tuple(fed[spec.name] for spec in case.compiled.inputs)
        if not _size(module(*(tensor[:1] for tensor in batch))).requires_grad:
            continue
        at_once, _, totals = private.together(module, _size, parameters, batch)
        apart, _, others = private.one_by_one(module, _size, parameters, batch)
        torch.testing.assert_close(totals, others, rtol=1e-4, atol=1e-5)
        for name, gradient in apart.items():
            scale = max(1.0, float(gradient.abs().max()))
            torch.testing.assert_close(
                at_once[name], gradient, rtol=1e-3, atol=1e-4 * scale, msg=f"{case.layer}: {name}"
            )


def _size(out: Any) -> Any:
    """A number that all that comes out has a part in."""
    import torch

    real = [value for value in out.values() if value.is_floating_point()]
    return sum((value.float().square().sum() for value in real), torch.zeros(()))
