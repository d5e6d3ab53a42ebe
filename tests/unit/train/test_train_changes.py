"""What changes in the middle of a run: values of its plan, and its network. Asked between two events of the generator,
so that the step is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.graph import edits
from nnstudio.graph.blocks import make_block, unpack_block
from nnstudio.train import changing, trainer
from nnstudio.train.control import Control
from nnstudio.train.environment import TrainingError
from nnstudio.train.events import (
    Diagnosis,
    EpochEnded,
    Event,
    NetworkChanged,
    PlanChanged,
    RunFinished,
    RunPaused,
    RunStarted,
    Steps,
)
from nnstudio.train.history import History
from nnstudio.train.loop import run
from nnstudio.train.phases import Phase
from nnstudio.train.plan import Plan

Make = Callable[..., Compiled]
PLAN = Plan(epochs=4, batch_size=8, learning_rate=0.01, keep_best=False)


@pytest.fixture(autouse=True)
def _told_of_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "SENDING", 0.0)
    monkeypatch.setattr(trainer, "SLOWEST", 0.0)


def trained(
    compiled: Compiled, data: Any, plan: Plan = PLAN, asks: Mapping[int, Callable[[Control], object]] | None = None
) -> list[Event]:
    """A whole run in which something is asked after some of its steps."""
    control, events = Control(), []
    waiting = dict(asks or {})
    for event in run(compiled, data, plan, control):
        events.append(event)
        if isinstance(event, Steps) and event.step in waiting:
            waiting.pop(event.step)(control)
    assert isinstance(events[-1], RunFinished), events[-1]
    return events


def of(kind: type, events: list[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def history_of(events: list[Event]) -> History:
    history = History()
    for event in events:
        history.feed(event)
    return history


def weights(compiled: Compiled) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in compiled.training.state_dict().items()}


def test_a_learning_rate_holds_from_the_next_step_on(blobs: Any, make_classifier: Make) -> None:
    events = trained(make_classifier(), blobs, asks={10: lambda c: c.change_plan({"learning_rate": 0.002})})
    (changed,) = of(PlanChanged, events)
    assert (changed.step, changed.before, changed.after) == (10, {"learning_rate": 0.01}, {"learning_rate": 0.002})
    rates = history_of(events).learning_rates
    assert np.allclose(rates[:10], 0.01)
    assert np.allclose(rates[10:], 0.002)


def test_what_is_changed_and_changed_back_before_a_step_changes_nothing(blobs: Any, make_classifier: Make) -> None:
    def there_and_back(control: Control) -> None:
        control.change_plan({"learning_rate": 0.5})
        control.change_plan({"learning_rate": 0.01})

    first, second = make_classifier(), make_classifier()
    trained(first, blobs)
    events = trained(second, blobs, asks={9: there_and_back})
    assert not of(PlanChanged, events)
    assert all(torch.equal(value, weights(second)[name]) for name, value in weights(first).items())


def test_a_plateau_does_not_hold_down_a_rate_that_is_set(blobs: Any, make_classifier: Make) -> None:
    plan = PLAN.with_(schedule="reduce on plateau", plateau_epochs=1, learning_rate=1.5, optimizer="SGD", epochs=8)
    events = trained(make_classifier(), blobs, plan, {50: lambda c: c.change_plan({"learning_rate": 0.02})})
    rates = history_of(events).learning_rates
    assert rates[49] < 1.5
    assert rates[50] == np.float32(0.02)


def test_a_batch_size_holds_from_the_next_epoch_on(blobs: Any, make_classifier: Make) -> None:
    events = trained(make_classifier(), blobs, asks={10: lambda c: c.change_plan({"batch_size": 25})})
    (changed,) = of(PlanChanged, events)
    assert (changed.step, changed.after) == (14, {"batch_size": 25})
    first, second = of(RunStarted, events)
    assert first.run == second.run
    assert (first.steps_per_epoch, second.steps_per_epoch, second.step) == (7, 2, 14)
    assert [epoch.step for epoch in of(EpochEnded, events)] == [7, 14, 16, 18]
    assert history_of(events).progress == 1.0


def test_a_cosine_ends_where_it_should_whatever_the_batch_size(blobs: Any, make_classifier: Make) -> None:
    plan = PLAN.with_(schedule="cosine")
    rates = history_of(
        trained(make_classifier(), blobs, plan, {10: lambda c: c.change_plan({"batch_size": 5})})
    ).learning_rates
    assert np.isclose(rates[14], 0.005)  # half of the epochs are done
    assert rates[-1] < 0.0001
    assert np.all(np.diff(rates) < 0)


def test_more_and_fewer_epochs(blobs: Any, make_classifier: Make) -> None:
    assert trained(make_classifier(), blobs, asks={10: lambda c: c.change_plan({"epochs": 6})})[-1].step == 42
    assert trained(make_classifier(), blobs, asks={10: lambda c: c.change_plan({"epochs": 1})})[-1].step == 14


@pytest.mark.parametrize("name", ["seed", "device", "deterministic", "threads"])
def test_what_a_run_keeps_is_refused_with_a_sentence(name: str) -> None:
    with pytest.raises(TrainingError, match=f"The {name} of a run stays as it was at its beginning") as refused:
        Control().change_plan({name: 1})
    assert "start another run" in refused.value.hint


def test_a_value_that_is_not_allowed_is_told_and_the_run_goes_on_as_it_was(blobs: Any, make_classifier: Make) -> None:
    events = trained(make_classifier(), blobs, asks={10: lambda c: c.change_plan({"learning_rate": -1.0})})
    (told,) = [event for event in of(Diagnosis, events) if event.code == "plan-not-changed"]
    assert "learning_rate" in told.message
    assert told.step == 10
    assert not of(PlanChanged, events)


def test_phases_that_train_nothing_are_told_and_the_run_goes_on_as_it_was(blobs: Any, make_two_headed: Make) -> None:
    plan = PLAN.with_(phases=(Phase(name="label", losses=("entropy",)), Phase(name="value", losses=("error",))))
    wrong = (Phase(name="label", losses=("entropy",)), Phase(name="value", losses=("error",), trains=("relu",)))
    first, second = make_two_headed(), make_two_headed()
    trained(first, blobs, plan)
    events = trained(second, blobs, plan, {10: lambda c: c.change_plan({"phases": wrong})})
    (told,) = [event for event in of(Diagnosis, events) if event.code == "plan-not-changed"]
    assert "“value” has nothing to train" in told.message
    assert told.step == 14  # phases take other turns with the next epoch
    assert all(torch.equal(value, weights(second)[name]) for name, value in weights(first).items())


def test_an_optimizer_of_the_same_kind_goes_on_from_what_was_remembered(blobs: Any, make_classifier: Make) -> None:
    """Without weight decay AdamW is Adam: the run is the same as without the change."""
    first, second = make_classifier(), make_classifier()
    trained(first, blobs)
    events = trained(second, blobs, asks={10: lambda c: c.change_plan({"optimizer": "AdamW"})})
    assert len(of(PlanChanged, events)) == 1
    for name, value in weights(first).items():
        torch.testing.assert_close(weights(second)[name], value, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"optimizer": "Adam"}, {"optimizer": "SGD"}),
        ({"optimizer": "SGD", "momentum": 0.9}, {"momentum": 0.0}),
        ({"optimizer": "RMSprop", "momentum": 0.0}, {"momentum": 0.9}),
        ({"optimizer": "RMSprop", "momentum": 0.9}, {"momentum": 0.0}),
        ({"optimizer": "Adagrad"}, {"optimizer": "Adam", "clip_norm": 1.0, "l1": 0.001}),
        ({"keep_best": True}, {"keep_best": False, "early_stopping": True, "patience": 1, "watching": 0.5}),
        ({"keep_best": False}, {"keep_best": True, "schedule": "one-cycle"}),
    ],
)
def test_every_change_leaves_a_run_that_trains(
    before: dict[str, Any], after: dict[str, Any], blobs: Any, make_classifier: Make
) -> None:
    compiled = make_classifier()
    events = trained(compiled, blobs, PLAN.with_(**before), {10: lambda c: c.change_plan(after)})
    assert set(of(PlanChanged, events)[0].after) == set(after)
    assert all(bool(value.isfinite().all()) for value in weights(compiled).values())


def test_changes_are_told_in_a_few_words() -> None:
    assert changing.told({"learning_rate": 0.001}, {"learning_rate": 0.0005}) == "learning rate 0.001 → 0.0005"
    assert changing.told({"optimizer": "Adam"}, {"optimizer": "SGD"}) == (
        "optimizer Adam → SGD, what it remembers of past gradients begins afresh"
    )
    assert changing.told({"optimizer": "Adam"}, {"optimizer": "AdamW"}) == "optimizer Adam → AdamW"


def test_one_epoch_at_a_time(blobs: Any, make_classifier: Make) -> None:
    control, stood = Control(paused=True), []
    for event in run(make_classifier(), blobs, PLAN.with_(epochs=3), control):
        if isinstance(event, RunPaused):
            stood.append(event.step)
            control.epoch_once()
    assert stood == [0, 7, 14]
    assert isinstance(event, RunFinished)


def test_one_epoch_in_the_middle_of_one_goes_to_its_end(blobs: Any, make_classifier: Make) -> None:
    control, stood = Control(), []
    for event in run(make_classifier(), blobs, PLAN, control):
        if isinstance(event, Steps) and event.step == 9:
            control.pause()
        if isinstance(event, RunPaused):
            stood.append(event.step)
            (control.resume if len(stood) > 1 else control.epoch_once)()
    assert stood == [9, 14]


def edited(compiled: Compiled) -> Callable[[Control], object]:
    return lambda control: control.change_network(lambda: compiled, "another")


def test_a_network_that_was_not_edited_goes_on_exactly(blobs: Any, make_classifier: Make, bodies: Any) -> None:
    """Weights, optimizer, place in the data and random state all go over: the run is the same to the bit."""
    plan = PLAN.with_(optimizer="Adam", schedule="cosine", weight_decay=0.01)
    first, second, third = (make_classifier(bodies["rich"], seed) for seed in (0, 0, 5))
    whole = history_of(trained(first, blobs, plan))
    events = trained(second, blobs, plan, {10: edited(third)})
    (changed,) = of(NetworkChanged, events)
    assert not changed.cut
    assert not changed.fresh
    assert set(changed.kept) == set(weights(third))
    started = of(RunStarted, events)
    assert [(each.run == started[0].run, each.step, each.network) for each in started] == [
        (True, 0, ""), (True, 10, "another"),
    ]  # fmt: skip
    assert np.array_equal(history_of(events).losses, whole.losses)
    assert all(torch.equal(value, weights(third)[name]) for name, value in weights(first).items())


def deep(net: Any, x: Any) -> Any:
    """Two branches that are joined, of which one is two layers long."""
    first = net.add("ReLU", net.add("Linear", x, out_features=4, name="hidden"), name="relu")
    second = net.add("Linear", first, out_features=4, name="more")
    return net.add("Concatenate", second, first, name="both")


@pytest.mark.parametrize("way", ["into", "out of"])
def test_a_run_goes_on_exactly_when_layers_go_into_a_repeated_block_or_out_of_it(
    way: str, blobs: Any, make_classifier: Make
) -> None:
    """Weights and what the optimizer remembers go with each copy."""
    plain = make_classifier(deep).resolution.network
    chosen = [plain.named(name).id for name in ("hidden", "relu", "more")]
    boxed = make_block([plain.named("more").id], "More", id="more")(make_block(chosen[:2], "First")(plain))
    boxed = edits.set_params("more", repeat=3)(boxed)
    opened = unpack_block("more")(boxed)
    start, end = (opened, make_block([opened.named("more").id], "Again")(opened)) if way == "into" else (boxed, opened)
    plan = PLAN.with_(optimizer="Adam", weight_decay=0.01)
    whole = history_of(trained(compile_network(start, blobs.types, 0), blobs, plan))
    events = trained(
        compile_network(start, blobs.types, 0), blobs, plan, {10: edited(compile_network(end, blobs.types, 5))}
    )
    (changed,) = of(NetworkChanged, events)
    assert not changed.cut
    assert not changed.fresh
    assert np.array_equal(history_of(events).losses, whole.losses)


def wider(net: Any, x: Any) -> Any:
    """As the plain body, with ten hidden units in place of eight, and a layer more."""
    hidden = net.add("ReLU", net.add("Linear", x, out_features=10, name="hidden"), name="relu")
    return net.add("Linear", hidden, out_features=10, name="more")


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "RMSprop", "Adagrad"])
def test_what_fits_of_an_edited_network_goes_on_and_the_rest_begins_afresh(
    optimizer: str, blobs: Any, make_classifier: Make
) -> None:
    after = make_classifier(wider)
    events = trained(
        make_classifier(), blobs, PLAN.with_(optimizer=optimizer, learning_rate=0.002), {10: edited(after)}
    )
    (changed,) = of(NetworkChanged, events)
    assert {"hidden.weight", "hidden.bias"} <= set(changed.cut)
    assert "scores.bias" in changed.kept
    assert set(changed.fresh) == {"more.weight", "more.bias"}
    assert events[-1].step == 28
    assert all(bool(value.isfinite().all()) for value in weights(after).values())
    assert history_of(events).epochs[-1].validation["loss"] < 1.0


def test_a_network_that_does_not_compile_is_told_and_the_run_stands_still(blobs: Any, make_classifier: Make) -> None:
    def broken() -> Compiled:
        raise TrainingError("This network has a hole", "mend it")

    first, second = make_classifier(), make_classifier()
    trained(first, blobs)
    control, events = Control(), []
    for event in run(second, blobs, PLAN, control):
        events.append(event)
        if isinstance(event, Steps) and event.step == 10:
            control.change_network(broken)
        if isinstance(event, RunPaused):
            control.resume()
    (told,) = [event for event in of(Diagnosis, events) if event.code == "network-not-changed"]
    assert told.message == "This network has a hole"
    assert [event.step for event in of(RunPaused, events)] == [10]
    assert all(torch.equal(value, weights(second)[name]) for name, value in weights(first).items())


def test_an_edited_network_and_plan_are_in_the_checkpoint(blobs: Any, make_classifier: Make, tmp_path: Path) -> None:
    """Killed after both: the rest is that of the run that was not killed."""

    def cut(at: int) -> tuple[Compiled, History]:
        control, history, after = Control(), History(), make_classifier(wider)
        for event in run(make_classifier(), blobs, PLAN, control, checkpoints=tmp_path / str(at)):
            history.feed(event)
            if isinstance(event, Steps) and event.step == 9:
                control.change_plan({"learning_rate": 0.005})
                control.change_network(lambda: after)
            if isinstance(event, Steps) and event.step == at:
                control.checkpoint()
            if type(event).__name__ == "CheckpointSaved" and event.step == at:
                break
        return after, history

    whole, told = cut(1000)
    cut(16)
    resumed, plan = make_classifier(wider, 7), PLAN.with_(learning_rate=0.005)
    rest = history_of(list(run(resumed, blobs, plan, checkpoints=tmp_path / "16", resume=True)))
    assert np.array_equal(rest.losses[16:], told.losses[16:])
    assert all(torch.equal(value, weights(resumed)[name]) for name, value in weights(whole).items())
