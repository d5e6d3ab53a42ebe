"""Lockstep: several runs side by side, each as it would be alone."""

from __future__ import annotations

import numpy as np
import pytest

from nnstudio.train.control import Control
from nnstudio.train.events import EpochEnded, Event, PrivacySpent, RunFailed, RunFinished, RunStarted, Steps
from nnstudio.train.lockstep import Side, lockstep
from nnstudio.train.loop import run
from nnstudio.train.origin import Origin
from nnstudio.train.plan import Plan
from nnstudio.train.state import Moment
from nnstudio.train.trainer import Trainer
from tests.unit.train.conftest import Blobs, classifier, plain_body, rich_body

PLAN = Plan(epochs=3, batch_size=8, learning_rate=0.01, seed=5, keep_best=False)


def by_side(events: list[tuple[str, Event]]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for name, event in events:
        found.setdefault(name, []).append(event)
    return found


def losses(events: list[Event]) -> np.ndarray:
    return np.concatenate([event.losses for event in events if isinstance(event, Steps)])


@pytest.mark.parametrize("body", [plain_body, rich_body], ids=["plain", "dropout and batch norm"])
def test_each_side_is_the_run_that_it_would_be_alone(body) -> None:
    other = PLAN.with_(learning_rate=0.05)
    together = by_side(list(lockstep({"a": Side(classifier(body), PLAN), "b": Side(classifier(body), other)}, Blobs())))
    for name, plan in (("a", PLAN), ("b", other)):
        alone = list(run(classifier(body), Blobs(), plan))
        assert np.array_equal(losses(together[name]), losses(alone))
        figures = [[(e.epoch, e.training, e.validation) for e in told if isinstance(e, EpochEnded)]
                   for told in (together[name], alone)]  # fmt: skip
        assert figures[0] == figures[1]


def test_sides_with_other_batch_sizes_see_as_many_samples_in_the_same_time() -> None:
    small, large = PLAN.with_(batch_size=5), PLAN.with_(batch_size=25)
    seen = {"small": 0, "large": 0}
    sides = {"small": Side(classifier(), small), "large": Side(classifier(), large)}
    for name, event in lockstep(sides, Blobs()):
        if isinstance(event, EpochEnded):
            seen[name] += 1
            assert max(seen.values()) - min(seen.values()) <= 2  # a turn of four steps of 25 is two epochs
    assert seen == {"small": 3, "large": 3}


def moment_of(steps: int, body=rich_body, plan: Plan = PLAN) -> Moment:
    """A run's state after so many steps."""
    import torch

    from nnstudio.train.environment import environment

    control = Control()
    with environment(plan, torch.device("cpu")):
        trainer = Trainer(classifier(body), Blobs(), plan, control, torch.device("cpu"), None, "x")
        events = trainer.events()
        control.pause()
        for _ in range(steps):
            control.step_once()
        for event in events:
            if event.step >= steps and type(event).__name__ == "RunPaused":
                break
        trainer.losses.fetch()
        found = trainer.state.capture()
        events.close()
    return found


def test_a_fork_goes_on_as_the_run_itself_would() -> None:
    moment = moment_of(10)
    alone = losses(list(run(classifier(rich_body), Blobs(), PLAN)))
    sides = {"as it is": Side(classifier(rich_body), PLAN, moment=moment, origin=Origin(parent="run")),
             "slower": Side(classifier(rich_body), PLAN.with_(learning_rate=1e-4), moment=moment)}  # fmt: skip
    forked = by_side(list(lockstep(sides, Blobs(), steps=9)))
    begun = forked["as it is"][0]
    assert isinstance(begun, RunStarted)
    assert (begun.parent, begun.parent_step) == ("run", 10)
    assert np.array_equal(losses(forked["as it is"]), alone[10:19])
    assert losses(forked["slower"])[0] == alone[10]
    assert losses(forked["slower"])[5] != alone[15]


def test_a_fork_with_another_optimizer_keeps_the_weights() -> None:
    moment, plain = moment_of(10), PLAN.with_(optimizer="SGD", learning_rate=1e-9, momentum=0.0)
    alone = losses(list(run(classifier(rich_body), Blobs(), PLAN)))
    sides = {"other": Side(classifier(rich_body), plain, moment=moment, was=(classifier(rich_body), PLAN))}
    forked = by_side(list(lockstep(sides, Blobs(), steps=4)))
    assert losses(forked["other"])[0] == alone[10]


def test_a_fork_into_another_network_keeps_its_place_in_the_data() -> None:
    moment = moment_of(10)
    sides = {"other": Side(classifier(plain_body), PLAN, moment=moment, was=(classifier(rich_body), PLAN))}
    (begun, *_, ended) = (event for _, event in lockstep(sides, Blobs(), steps=4))
    assert isinstance(begun, RunStarted)
    assert begun.step == 10
    assert isinstance(ended, RunFinished)
    assert ended.step == 14


def test_a_side_whose_numbers_go_bad_says_so_and_leaves_the_others_alone() -> None:
    import torch

    compiled = classifier()
    with torch.no_grad():
        next(compiled.training.parameters()).fill_(torch.nan)
    sides = {"bad": Side(compiled, PLAN), "good": Side(classifier(), PLAN)}
    ends = {name: told[-1] for name, told in by_side(list(lockstep(sides, Blobs()))).items()}
    assert isinstance(ends["bad"], RunFailed)
    assert "finite number" in ends["bad"].message
    assert isinstance(ends["good"], RunFinished)


def test_it_stops_when_told() -> None:
    control = Control()
    ends = []
    for name, event in lockstep(
        {"a": Side(classifier(), PLAN), "b": Side(classifier(), PLAN)}, Blobs(), control=control
    ):
        if isinstance(event, EpochEnded):
            control.stop()
        if isinstance(event, RunFinished):
            ends.append((name, event.reason))
    assert sorted(ends) == [("a", "stopped"), ("b", "stopped")]


def test_private_sides_are_the_runs_that_they_would_be_alone_and_tell_what_they_give_away() -> None:
    private = PLAN.with_(private=True, repeatable=True, noise_multiplier=2.0)
    louder = private.with_(noise_multiplier=4.0)
    together = by_side(list(lockstep({"a": Side(classifier(), private), "b": Side(classifier(), louder)}, Blobs())))
    for name, plan in (("a", private), ("b", louder)):
        alone = list(run(classifier(), Blobs(), plan))
        assert np.array_equal(losses(together[name]), losses(alone))
        spent = [[(e.step, e.epsilon, e.planned) for e in told if isinstance(e, PrivacySpent)]
                 for told in (together[name], alone)]  # fmt: skip
        assert spent[0][-1] == spent[1][-1]
        assert [epsilon for _, epsilon, _ in spent[0]] == sorted(epsilon for _, epsilon, _ in spent[0])
    assert together["a"][-2].epsilon > together["b"][-2].epsilon > 0


def test_a_private_side_does_not_go_on_from_weights_that_were_not() -> None:
    private = PLAN.with_(private=True)
    side = Side(classifier(), private, moment=moment_of(5, plain_body), was=(classifier(), PLAN))
    (failed,) = [event for _, event in lockstep({"a": side}, Blobs(), steps=4) if isinstance(event, RunFailed)]
    assert "trained without privacy" in failed.message


def test_a_side_without_privacy_goes_on_from_private_weights() -> None:
    private = PLAN.with_(private=True)
    side = Side(classifier(), PLAN, moment=moment_of(5, plain_body, private), was=(classifier(), private))
    told = [event for _, event in lockstep({"a": side}, Blobs(), steps=4)]
    assert isinstance(told[-1], RunFinished)
    assert not [event for event in told if isinstance(event, PrivacySpent)]


def test_private_sides_that_go_on_from_one_checkpoint_do_not_share_their_noise() -> None:
    private = PLAN.with_(private=True)
    moment = moment_of(5, plain_body, private)
    sides = {name: Side(classifier(), private, moment=moment, origin=Origin(parent="run")) for name in "ab"}
    together = by_side(list(lockstep(sides, Blobs(), steps=8)))
    assert not np.array_equal(losses(together["a"]), losses(together["b"]))
    assert all(told[-2].epsilon > told[1].epsilon > 0 for told in together.values())
