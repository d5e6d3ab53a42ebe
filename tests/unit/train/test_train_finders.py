"""Before a run: which learning rate, how large a batch, and what it will take."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from nnstudio.compile.lower import Compiled
from nnstudio.train.environment import TrainingError
from nnstudio.train.events import EpochEnded, RunFinished
from nnstudio.train.forecast import forecast, memory_of
from nnstudio.train.loop import run
from nnstudio.train.plan import Plan
from nnstudio.train.rate_finder import RateTrial, find_learning_rate
from nnstudio.train.size_finder import find_batch_size

Make = Callable[..., Compiled]
PLAN = Plan(batch_size=10, epochs=4)


def all_state(compiled: Compiled) -> dict[str, Any]:
    return {name: tensor.clone() for name, tensor in compiled.training.state_dict().items()}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def last_of(compiled: Compiled, data: Any, plan: Plan = PLAN) -> RateTrial:
    *_, last = find_learning_rate(compiled, data, plan)
    return last


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_the_rate_found_learns_better_than_one_a_hundred_times_lower_or_higher(
    blobs: Any, make_classifier: Make, optimizer: str
) -> None:
    plan = PLAN.with_(optimizer=optimizer)
    found = last_of(make_classifier(), blobs, plan)
    assert found.done
    assert found.suggestion is not None

    def loss_after(rate: float) -> float:
        events = run(make_classifier(), blobs, plan.with_(learning_rate=rate, keep_best=False))
        losses = [event.validation["loss"] for event in events if isinstance(event, EpochEnded)]
        return losses[-1] if len(losses) == plan.epochs else math.inf

    best = loss_after(found.suggestion)
    assert best < loss_after(found.suggestion / 100)
    assert best < loss_after(found.suggestion * 100)


def test_looking_for_a_rate_leaves_everything_as_it_was(blobs: Any, make_classifier: Make, bodies: Any) -> None:
    compiled = make_classifier(bodies["rich"])  # batch statistics and dropout
    before, random = all_state(compiled), torch.get_rng_state()
    assert last_of(compiled, blobs).suggestion is not None
    assert same(before, all_state(compiled))
    assert torch.equal(random, torch.get_rng_state())
    assert all(parameter.grad is None for parameter in compiled.training.parameters())


def test_a_search_that_is_given_up_leaves_everything_as_it_was_too(blobs: Any, make_classifier: Make) -> None:
    compiled = make_classifier()
    before, trials = all_state(compiled), find_learning_rate(compiled, blobs, PLAN)
    for _ in range(30):
        next(trials)
    assert not same(before, all_state(compiled))
    trials.close()
    assert same(before, all_state(compiled))


def test_rates_rise_evenly_and_the_search_ends_where_the_loss_runs_away(blobs: Any, make_classifier: Make) -> None:
    *earlier, found = find_learning_rate(make_classifier(), blobs, PLAN.with_(optimizer="SGD"), highest=1e6)
    assert len(found.rates) < found.total
    assert np.allclose(np.diff(np.log(found.rates)), np.diff(np.log(found.rates))[0])
    assert [len(trial.rates) for trial in earlier] == list(range(1, len(found.rates) + 1))
    assert str(f"{found.suggestion:.2g}") in found.sentence


def test_where_nothing_can_be_learned_no_rate_is_suggested(blobs: Any, make_classifier: Make) -> None:
    blobs.splits["train"]["x"][:] = 0.0
    compiled = make_classifier()
    with torch.no_grad():
        for parameter in compiled.training.parameters():
            parameter.zero_()
    blobs.splits["train"]["label"][:] = np.arange(50) % 2
    found = last_of(compiled, blobs)
    assert found.suggestion is None
    assert "No rate" in found.sentence


def test_a_batch_is_no_larger_than_the_rows_and_each_size_is_timed(blobs: Any, make_classifier: Make) -> None:
    compiled = make_classifier()
    before = all_state(compiled)
    *_, found = find_batch_size(compiled, blobs, PLAN)
    assert found.sizes == (8, 16, 32, 50)
    assert found.largest == 50
    assert found.fastest in found.sizes
    assert min(found.samples_per_second) > 0
    assert list(found.memory) == sorted(found.memory)
    assert same(before, all_state(compiled))


def test_a_batch_that_does_not_fit_is_not_tried(
    blobs: Any, make_classifier: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = make_classifier()
    room = (memory_of(compiled, PLAN, 16) + memory_of(compiled, PLAN, 32)) // 2
    monkeypatch.setattr("nnstudio.train.size_finder.free_memory", lambda _: room / 0.8)
    *_, found = find_batch_size(compiled, blobs, PLAN)
    assert found.sizes == (8, 16)
    assert found.largest == 16


def test_memory_that_runs_out_ends_the_search(
    blobs: Any, make_classifier: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = forecast

    def small_machine(compiled: Any, data: Any, plan: Plan, stopping: Any) -> Any:
        if plan.batch_size > 16:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(compiled, data, plan, stopping)

    monkeypatch.setattr("nnstudio.train.size_finder.forecast", small_machine)
    *_, found = find_batch_size(make_classifier(), blobs, PLAN)
    assert found.largest == 16


def test_a_forecast_adds_up_the_plan_and_leaves_everything_as_it_was(
    make_blobs: Any, make_classifier: Make, bodies: Any
) -> None:
    compiled, blobs = make_classifier(bodies["rich"]), make_blobs(train=95)
    before, random = all_state(compiled), torch.get_rng_state()
    found = forecast(compiled, blobs, PLAN)
    assert found.seconds == pytest.approx(4 * (10 * found.step + found.evaluation))
    assert found.samples_per_second == pytest.approx(10 / found.step)
    assert found.memory > memory_of(compiled, PLAN, 10) > memory_of(compiled, PLAN, 2) > 0
    assert same(before, all_state(compiled))
    assert torch.equal(random, torch.get_rng_state())


def test_without_rows_there_is_no_forecast(make_blobs: Any, make_classifier: Make) -> None:
    with pytest.raises(TrainingError, match="no rows"):
        forecast(make_classifier(), make_blobs(train=0), PLAN)
    with pytest.raises(TrainingError, match="no rows"):
        list(find_learning_rate(make_classifier(), make_blobs(train=0), PLAN))


def test_a_run_tells_how_much_memory_it_took(blobs: Any, make_classifier: Make) -> None:
    ended = list(run(make_classifier(), blobs, PLAN))[-1]
    assert isinstance(ended, RunFinished)
    assert 0 <= ended.memory < 1 << 31
