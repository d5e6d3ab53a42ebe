"""Short ways give the numbers of the long ones, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from nnstudio.compile.lower import Compiled
from nnstudio.train.kernels import backward_on, forward_of, update_of

OPTIMIZERS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "Adam": lambda groups: torch.optim.Adam(groups, lr=0.01, fused=True),
    "AdamW": lambda groups: torch.optim.AdamW(groups, lr=0.01, weight_decay=0.1, fused=True),
    "SGD": lambda groups: torch.optim.SGD(groups, lr=0.01, fused=True),
    "SGD with momentum": lambda groups: torch.optim.SGD(groups, lr=0.01, momentum=0.9, nesterov=True, fused=True),
    "RMSprop": lambda groups: torch.optim.RMSprop(groups, lr=0.01, foreach=True),
}


def made(kind: str) -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(1)
    module = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))
    first, last = list(module[0].parameters()), list(module[2].parameters())
    return module, OPTIMIZERS[kind]([{"params": first}, {"params": last, "lr": 0.003}])


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_updates_are_those_of_torchs_own_step(kind: str) -> None:
    (ours, own), (theirs, torchs) = made(kind), made(kind)
    update, inputs = update_of(own), torch.randn(12, 5, 4)
    for step, batch in enumerate(inputs):
        for module in (ours, theirs):
            module.zero_grad()
            module(batch).square().sum().backward()
            if step == 4:  # a step that has no gradient for one of the weights
                module[0].bias.grad = None
        if step == 7:  # the state is put back, as when a run is resumed
            own.load_state_dict(own.state_dict())
        if step == 9:
            for optimizer in (own, torchs):
                optimizer.param_groups[0]["lr"] = 0.02
        update()
        torchs.step()
        assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
    assert own.state_dict()["state"].keys() == torchs.state_dict()["state"].keys()


def test_backward_gives_the_same_gradients_and_takes_any_total() -> None:
    module, backward = torch.nn.Linear(3, 1), backward_on(torch.device("cpu"))
    batch = torch.randn(6, 3)
    for total in (lambda: module(batch).mean(), lambda: module(batch).double().sum(), lambda: module(batch[:1])[0]):
        module.zero_grad()
        total().backward()
        expected = module.weight.grad.clone()
        module.zero_grad()
        backward(total())
        assert torch.equal(module.weight.grad, expected)


def test_the_straight_forward_is_the_modules_own(
    make_two_headed: Callable[..., Compiled], bodies: dict[str, Any]
) -> None:
    compiled = make_two_headed(bodies["rich"])
    compiled.train()
    batch = (torch.randn(6, 4), torch.tensor([0, 1, 0, 1, 1, 0]), torch.randn(6, 1))
    straight = forward_of(compiled.training)
    results, statistics = [], []
    for forward in (compiled.training, straight):
        compiled.modules["norm"].reset_running_stats()
        torch.manual_seed(2)
        results.append(forward(*batch))
        statistics.append(compiled.modules["norm"].running_mean.clone())
    assert results[0].keys() == results[1].keys()
    assert all(torch.equal(results[0][name], results[1][name]) for name in results[0])
    assert torch.equal(*statistics)


def test_a_module_with_a_hook_is_still_called_with_it(make_two_headed: Callable[..., Compiled]) -> None:
    compiled, seen = make_two_headed(), []
    handle = compiled.modules["relu"].register_forward_hook(lambda *_: seen.append(1))
    forward_of(compiled.training)(torch.randn(2, 4), torch.tensor([0, 1]), torch.randn(2, 1))
    assert seen == [1]
    handle.remove()
