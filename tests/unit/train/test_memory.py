"""What a plan says of memory is what torch's optimizers keep."""

from __future__ import annotations

import pytest
import torch

from nnstudio.train.memory import optimizer_numbers
from nnstudio.train.optimizers import make_optimizer
from nnstudio.train.plan import OPTIMIZERS, Plan


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_the_optimizers_state_is_as_large_as_is_said(optimizer: str, momentum: float) -> None:
    plan = Plan(optimizer=optimizer, momentum=momentum)
    weight = torch.nn.Parameter(torch.ones(1000))
    made = make_optimizer(plan, [weight])
    weight.grad = torch.ones(1000)
    made.step()
    kept = sum(value.numel() for value in made.state[weight].values() if isinstance(value, torch.Tensor))
    assert kept - kept % 1000 == 1000 * optimizer_numbers(plan)
