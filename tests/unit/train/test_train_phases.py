"""Phases take turns, each with its own losses, weights and optimizer; groups learn at rates of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from nnstudio.compile.lower import Compiled
from nnstudio.layers.params import ParameterError
from nnstudio.train.batches import Batches, Rows
from nnstudio.train.control import Control
from nnstudio.train.events import EpochEnded, Gradients, RunFailed, RunFinished, RunPaused, RunStarted, Steps
from nnstudio.train.history import History
from nnstudio.train.loop import run
from nnstudio.train.phases import Group, Phase
from nnstudio.train.plan import Plan

Make = Callable[..., Compiled]
LABEL = Phase(name="label", losses=("entropy",), trains=("hidden", "scores"), steps=2)
VALUE = Phase(name="value", losses=("error",), trains=("guess",), optimizer="SGD", learning_rate=0.01, momentum=0.0)


def told(events: Any) -> tuple[History, list[Any]]:
    history, every = History(), []
    for event in events:
        history.feed(event)
        every.append(event)
    assert isinstance(history.ended, RunFinished), history.ended
    return history, every


def test_it_does_what_a_loop_with_two_optimizers_does(blobs: Any, make_two_headed: Make) -> None:
    plan = Plan(epochs=3, batch_size=8, learning_rate=0.02, phases=(LABEL, VALUE))
    ours, theirs = make_two_headed(), make_two_headed()
    history, _ = told(run(ours, blobs, plan))
    hidden, scores, guess = (theirs.modules[name] for name in ("hidden", "scores", "guess"))
    label = torch.optim.Adam([*hidden.parameters(), *scores.parameters()], 0.02)
    value = torch.optim.SGD(guess.parameters(), 0.01)
    batches = Batches(Rows(theirs.inputs, blobs.arrays("train"), 50, torch.device("cpu")), 8, plan.seed)
    losses: list[float] = []
    for epoch in range(3):
        for batch in batches.epoch(epoch):
            loss, optimizer = ("error", value) if len(losses) % 3 == 2 else ("entropy", label)
            theirs.training.zero_grad()
            total = theirs.training(*batch)[loss]
            total.backward()
            optimizer.step()
            losses.append(float(total.detach()))
    np.testing.assert_allclose(history.losses, losses, rtol=1e-4)
    for name, weight in theirs.training.state_dict().items():
        torch.testing.assert_close(ours.training.state_dict()[name], weight, rtol=1e-4, atol=1e-6)


def test_what_a_phase_does_not_train_gets_no_gradient_meanwhile(blobs: Any, make_two_headed: Make) -> None:
    compiled = make_two_headed()
    calls = {"hidden": 0, "guess": 0}

    def counting(name: str) -> Callable[[torch.Tensor], None]:
        def count(_: torch.Tensor) -> None:
            calls[name] += 1

        return count

    for name in calls:
        compiled.modules[name].weight.register_hook(counting(name))  # type: ignore[operator, union-attr]
    told(run(compiled, blobs, Plan(epochs=3, batch_size=8, phases=(LABEL, VALUE))))
    assert calls == {"hidden": 14, "guess": 7}
    assert all(parameter.requires_grad for parameter in compiled.training.parameters())


def test_a_run_that_is_given_up_in_a_phase_leaves_all_weights_trainable(blobs: Any, make_two_headed: Make) -> None:
    compiled = make_two_headed()
    events = run(compiled, blobs, Plan(epochs=50, phases=(LABEL, VALUE)))
    while not isinstance(next(events), EpochEnded):
        pass
    assert not all(parameter.requires_grad for parameter in compiled.training.parameters())
    events.close()
    assert all(parameter.requires_grad for parameter in compiled.training.parameters())


def test_events_say_whose_step_it_was(blobs: Any, make_two_headed: Make) -> None:
    history, events = told(run(make_two_headed(), blobs, Plan(epochs=1, batch_size=8, phases=(LABEL, VALUE))))
    (started,) = (event for event in events if isinstance(event, RunStarted))
    assert started.phases == ("label", "label", "value")
    assert set(started.trained) == {"hidden", "scores", "guess"}
    entropy, error = history.parts["entropy"], history.parts["error"]
    assert [bool(known) for known in np.isfinite(entropy)] == [True, True, False] * 2 + [True]
    assert np.array_equal(np.isnan(entropy), np.isfinite(error))
    assert np.array_equal(np.where(np.isnan(entropy), error, entropy), history.losses)
    (epoch,) = history.epochs
    sizes = np.array([8] * 6 + [2])
    assert list(epoch.phases) == ["label", "value"]
    assert epoch.phases["value"] == pytest.approx(error[[2, 5]].mean())
    assert epoch.training["entropy"] == pytest.approx(
        np.average(entropy[[0, 1, 3, 4, 6]], weights=sizes[[0, 1, 3, 4, 6]])
    )
    assert epoch.training["loss"] == pytest.approx(epoch.training["entropy"] + epoch.training["error"])
    assert epoch.training["accuracy"] > 0


def test_each_look_sees_the_gradients_of_the_phase_that_trains(blobs: Any, make_two_headed: Make) -> None:
    control, history = Control(paused=True), History()
    for _ in range(9):
        control.step_once()
    seen = []
    for event in run(make_two_headed(), blobs, Plan(epochs=9, batch_size=8, phases=(LABEL, VALUE)), control):
        history.feed(event)
        if isinstance(event, Gradients):
            seen.append(frozenset(event.gradients))
        if isinstance(event, RunPaused) and history.step == 9:
            control.stop()
    assert set(seen) == {frozenset({"hidden", "scores"}), frozenset({"guess"})}
    assert set(history.gradients) == {"hidden", "scores", "guess"}
    assert all(size > 0 for size in history.gradients.values())
    assert {"entropy", "error"} <= set(history.activations)


def test_a_bad_gradient_in_the_second_phase_is_found(blobs: Any, make_two_headed: Make) -> None:
    compiled = make_two_headed()
    calls: list[int] = []

    def later_bad(gradient: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        return gradient * float("nan") if len(calls) >= 3 else gradient

    compiled.modules["guess"].weight.register_hook(later_bad)  # type: ignore[operator, union-attr]
    failure = list(run(compiled, blobs, Plan(epochs=20, batch_size=8, phases=(LABEL, VALUE))))[-1]
    assert isinstance(failure, RunFailed)
    assert failure.node == "guess"
    assert "gradient" in failure.message
    assert all(bool(value.isfinite().all()) for value in compiled.training.state_dict().values())


def test_groups_learn_at_rates_of_their_own(blobs: Any, make_two_headed: Make) -> None:
    def moved(*groups: Group) -> dict[str, torch.Tensor]:
        compiled = make_two_headed()
        before = {name: value.clone() for name, value in compiled.training.state_dict().items()}
        plan = Plan(epochs=1, batch_size=50, optimizer="SGD", momentum=0.0, learning_rate=0.1, groups=groups)
        told(run(compiled, blobs, plan))
        return {name: value - before[name] for name, value in compiled.training.state_dict().items()}

    plain = moved()
    grouped = moved(Group(nodes=("hidden",), learning_rate=0.5), Group(nodes=("guess",), learning_rate=0.0))
    torch.testing.assert_close(grouped["hidden.weight"], plain["hidden.weight"] / 2)
    torch.testing.assert_close(grouped["scores.weight"], plain["scores.weight"])
    assert not grouped["guess.weight"].any()
    decayed = moved(Group(nodes=("scores",), weight_decay=1.0))["scores.weight"] - plain["scores.weight"]
    torch.testing.assert_close(decayed, -0.1 * make_two_headed().training.state_dict()["scores.weight"])


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (Plan(phases=(Phase(name="a", losses=("gone",)),)), "“a” names the loss “gone”"),
        (Plan(phases=(Phase(name="a", trains=("gone",)),)), "“a” names the node “gone”"),
        (Plan(groups=(Group(nodes=("gone",)),)), "“gone”"),
        (Plan(phases=(Phase(name="a", losses=("error",), trains=("scores",)),)), "“a” has nothing to train"),
    ],
)
def test_a_plan_that_does_not_fit_the_network_is_one_sentence(
    plan: Plan, said: str, blobs: Any, make_two_headed: Make
) -> None:
    (failure,) = run(make_two_headed(), blobs, plan)
    assert isinstance(failure, RunFailed)
    assert said in failure.message
    assert failure.hint


def test_a_plan_is_saved_with_its_phases_and_without_it_is_as_it_was() -> None:
    plan = Plan(phases=(LABEL, VALUE), groups=(Group(nodes=("hidden",), learning_rate=0.1),))
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
    assert not {"phases", "groups"} & Plan().to_json().keys()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"phases": [{"name": "a"}, {"name": "a"}]}, "different names"),
        ({"phases": [{"losses": ["x"]}]}, "must each have a name"),
        ({"phases": [{"name": "a", "steps": 0}]}, "from 1"),
        ({"phases": [{"name": "a", "losses": "x"}]}, "a list of nodes' ids"),
        ({"phases": "a"}, "a list of phases"),
        ({"groups": [{"nodes": ["x"]}, {"nodes": ["x"]}]}, "must not share a node"),
    ],
)
def test_phases_that_cannot_be_are_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        Plan.from_json(values)


def test_with_several_phases_the_last_weights_are_kept(blobs: Any, make_two_headed: Make) -> None:
    """Their losses may work against one another: no sum of them says which epoch was best."""
    history, events = told(run(make_two_headed(), blobs, Plan(epochs=6, learning_rate=0.5, phases=(LABEL, VALUE))))
    assert isinstance(events[-1], RunFinished)
    assert events[-1].best_epoch == 6
    assert len(history.losses) == sum(len(event.losses) for event in events if isinstance(event, Steps))


def test_statistics_of_a_frozen_layer_stay_in_all_epochs(blobs: Any, make_two_headed: Make, bodies: Any) -> None:
    """Also after the validation at the end of the first, which puts all layers into evaluation mode and back."""
    compiled = make_two_headed(bodies["rich"], frozen=("norm",))
    before = {name: value.clone() for name, value in compiled.modules["norm"].state_dict().items()}
    told(run(compiled, blobs, Plan(epochs=3, keep_best=False)))
    for name, value in compiled.modules["norm"].state_dict().items():
        assert torch.equal(value, before[name]), name
