"""A part of a compiled network: what some of its losses need, over the same weights."""

from __future__ import annotations

import pytest
import torch

from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.graph.builder import NetworkBuilder, with_names_as_ids


@pytest.fixture
def compiled() -> Compiled:
    """Noise → make → judged by the weights that judge x, with a loss for each."""
    net = NetworkBuilder()
    x = net.add("Input", field="x", shape=(3,), name="x")
    made = net.add("Linear", net.add("Noise", shape=(2,), name="z"), out_features=3, name="make")
    judge = net.add("Linear", x, out_features=1, name="judge")
    again = net.add("Shared", made, of=judge.node, name="again")
    net.add("MSELoss", judge, net.add("Constant", judge, value=1.0, name="yes"), name="real")
    net.add("MSELoss", again, net.add("Constant", again, value=1.0, name="one"), name="fool")
    net.add("MAE", again, net.add("Constant", again, name="zero"), name="off")
    net.add("Output", made, name="out")
    return compile_network(with_names_as_ids(net.network), seed=0)


def test_a_part_runs_only_what_its_losses_depend_on(compiled: Compiled) -> None:
    part = compiled.part(["real"])
    assert part.nodes == {"x", "judge", "yes", "real"}
    assert "make" not in part.training.code
    assert part.metrics == ()
    _, seen = part.observed(*inputs(compiled))
    assert set(seen) == {"x", "judge", "yes", "real"}


def test_a_part_has_the_weights_and_the_inputs_of_the_whole(compiled: Compiled) -> None:
    part, batch = compiled.part(["fool"]), inputs(compiled)
    assert torch.equal(part.training(*batch)["fool"], compiled.training(*batch)["fool"])
    with torch.no_grad():
        compiled.modules["judge"].weight.add_(1.0)  # type: ignore[operator, union-attr]
    assert torch.equal(part.training(*batch)["fool"], compiled.training(*batch)["fool"])


def test_all_losses_are_the_whole(compiled: Compiled) -> None:
    part = compiled.part(compiled.losses)
    assert part.training is compiled.training
    assert part.metrics == compiled.metrics


def inputs(compiled: Compiled) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(5, 3 if spec.name == "x" else 2, generator=generator) for spec in compiled.inputs]
