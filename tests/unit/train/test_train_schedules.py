"""Learning-rate schedules."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnstudio.train.plan import SCHEDULES, Plan
from nnstudio.train.schedules import Plateau, changes, schedule

plans = st.builds(
    Plan,
    schedule=st.sampled_from(SCHEDULES),
    epochs=st.integers(1, 30),
    learning_rate=st.floats(1e-6, 10.0),
    step_epochs=st.integers(1, 10),
    factor=st.floats(0.01, 1.0),
    warmup_epochs=st.floats(0.0, 5.0),
    final_rate=st.floats(0.0, 1.0),
)


@given(plans, st.integers(1, 40))
def test_a_rate_is_never_negative_and_never_above_the_plans(plan: Plan, steps_per_epoch: int) -> None:
    rate = schedule(plan, steps_per_epoch)
    for step in range(plan.epochs * steps_per_epoch):
        assert 0.0 <= rate(step) <= plan.learning_rate * (1 + 1e-12)


@given(plans, st.integers(1, 40), st.integers(0, 1000))
def test_a_schedule_that_does_not_change_gives_one_rate(plan: Plan, steps_per_epoch: int, step: int) -> None:
    if not changes(plan):
        assert schedule(plan, steps_per_epoch)(step) == plan.learning_rate


@given(st.integers(1, 10), st.integers(1, 20), st.floats(0.1, 0.9))
def test_a_step_schedule_drops_after_every_so_many_epochs(epochs: int, steps: int, factor: float) -> None:
    rate = schedule(Plan(schedule="step", step_epochs=epochs, factor=factor, learning_rate=1.0), steps)
    drop = epochs * steps
    assert rate(drop - 1) == 1.0
    assert rate(drop) == pytest.approx(factor)
    assert rate(3 * drop) == pytest.approx(factor**3)


def test_a_cosine_falls_from_the_rate_to_its_final_share() -> None:
    rate = schedule(Plan(schedule="cosine", epochs=10, learning_rate=2.0, final_rate=0.1), 10)
    rates = [rate(step) for step in range(101)]
    assert rates[0] == 2.0
    assert rates[50] == pytest.approx(1.1)
    assert rates[100] == pytest.approx(0.2)
    assert rates == sorted(rates, reverse=True)


def test_a_warm_up_rises_in_equal_steps_and_stays() -> None:
    rate = schedule(Plan(schedule="warm-up", warmup_epochs=2, learning_rate=1.0), 5)
    assert [rate(step) for step in range(12)] == pytest.approx([*(i / 10 for i in range(1, 11)), 1.0, 1.0])


@pytest.mark.parametrize(("epochs", "steps"), [(1, 10), (3, 7), (20, 40)])
def test_one_cycle_is_torchs(epochs: int, steps: int) -> None:
    import torch

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    reference = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=epochs * steps)
    rate = schedule(Plan(schedule="one-cycle", epochs=epochs, learning_rate=0.1), steps)
    for step in range(epochs * steps):
        assert rate(step) == pytest.approx(reference.get_last_lr()[0], rel=1e-9)
        optimizer.step()
        if step + 1 < epochs * steps:
            reference.step()


def test_one_cycle_of_a_single_step_has_a_rate() -> None:
    assert math.isfinite(schedule(Plan(schedule="one-cycle", epochs=1), 1)(0))


def test_a_plateau_multiplies_after_the_epochs_that_it_waits() -> None:
    plan = Plan(schedule="reduce on plateau", plateau_epochs=2, factor=0.1)
    plateau, scales = Plateau(), []
    for loss in (1.0, 0.9, 0.95, 0.95, 0.95, 0.95, 0.5):
        plateau = plateau.after(loss, plan)
        scales.append(plateau.scale)
    assert scales == pytest.approx([1, 1, 1, 0.1, 0.1, 0.01, 0.01])


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=30))
def test_a_plateau_never_raises_the_rate(losses: list[float]) -> None:
    plateau, plan = Plateau(), Plan(schedule="reduce on plateau")
    for loss in losses:
        after = plateau.after(loss, plan)
        assert after.scale <= plateau.scale
        plateau = after


def test_other_schedules_ignore_the_plateau() -> None:
    assert Plateau(1.0, 5, 1.0).after(2.0, Plan()) == Plateau(1.0, 5, 1.0)
