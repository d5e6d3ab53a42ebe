"""When each instrument looks, and what all of them cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from time import thread_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnstudio.compile.lower import Compiled
from nnstudio.train.control import Control
from nnstudio.train.events import Gradients
from nnstudio.train.looking import Looker
from nnstudio.train.loop import run
from nnstudio.train.pace import INSTRUMENTS, Pace
from nnstudio.train.plan import Plan
from nnstudio.train.stepping import Stepper

NAMES = tuple(instrument.name for instrument in INSTRUMENTS if instrument.name != "insides")


class Simulated(Pace):
    """A pace whose clock is the simulated time."""

    def __init__(self, budget: float) -> None:
        self.time = 0.0
        super().__init__(budget, lambda: self.time)


def simulated(
    pace: Simulated, step: float, costs: Mapping[str, float], seconds: float, warming: float = 1.0, telling: float = 0.0
) -> tuple[list[tuple[float, str]], float, float]:
    """A run whose steps and looks take so long; a first look takes ``warming`` times as long. After each step something
    is told. When each instrument looked, when the run ended, and the share of it that looks took."""
    now, looks, spent = 0.0, [], 0.0
    pace.began(0.0)
    while now < seconds:
        wanted = pace.due(now) if now >= pace.next else ()
        now += step
        pace.time = now
        seen = {name for _, name in looks}
        for name in wanted:
            cost = costs[name] * (1.0 if name in seen else warming)
            now, spent = now + cost, spent + cost
            pace.time = now
            pace.looked(name, cost, now)
            looks.append((now, name))
        if not wanted:
            pace.stepped(step, 1)
        if telling:
            now += telling
            pace.time = now
            pace.sent(telling)
    return looks, now, spent / now


@given(
    st.floats(0.005, 0.5), st.floats(1e-2, 2.0),
    st.lists(st.floats(1e-5, 0.3), min_size=len(NAMES), max_size=len(NAMES)), st.floats(1.0, 5.0),
)  # fmt: skip
@settings(max_examples=30)
def test_all_instruments_together_stay_within_the_budget(
    budget: float, step: float, costs: list[float], warming: float
) -> None:
    priced = dict(zip(NAMES, costs, strict=True))
    _, ended, share = simulated(Simulated(budget), step, priced, 60.0, warming)
    unforeseen = sum(priced.values()) * warming  # what first looks cost cannot be known before them
    assert share <= budget + unforeseen / ended


def test_gradients_come_with_the_first_step_however_slow_it_is() -> None:
    for step in (0.001, 0.1, 3.0):
        looks, _, _ = simulated(Simulated(0.03), step, dict.fromkeys(NAMES, 0.01), 10 * step)
        assert looks[0][1] == "gradients"
        assert looks[0][0] <= step + 0.01


def test_in_a_run_of_one_second_every_instrument_has_looked() -> None:
    looks, _, share = simulated(Simulated(0.03), 0.001, dict.fromkeys(NAMES, 0.0003), 1.0, warming=10.0)
    assert {name for _, name in looks} == set(NAMES)
    assert share <= 0.03


def test_what_is_cheap_is_seen_ten_times_a_second_and_what_is_rare_rarely() -> None:
    looks, _, share = simulated(Simulated(0.03), 0.001, dict.fromkeys(NAMES, 0.00005), 10.0)
    counted = Counter(name for _, name in looks)
    assert 90 <= counted["gradients"] <= 101
    assert 90 <= counted["activations"] <= 101
    assert 15 <= counted["weights"] <= 21
    assert 4 <= counted["timings"] <= 6
    assert 0 < share < 0.03


def test_an_instrument_that_costs_much_keeps_no_other_from_looking() -> None:
    costs = {**dict.fromkeys(NAMES, 0.0005), "activations": 0.2}
    looks, _, share = simulated(Simulated(0.03), 0.02, costs, 360.0)
    counted = Counter(name for _, name in looks)
    assert counted["gradients"] > 500
    assert counted["weights"] >= 8
    assert counted["activations"] >= 5
    assert share <= 0.03


def test_gradients_that_cost_much_keep_no_other_from_looking() -> None:
    costs = {**dict.fromkeys(NAMES, 0.015), "gradients": 0.008}
    looks, _, share = simulated(Simulated(0.03), 0.02, costs, 90.0)
    counted = Counter(name for _, name in looks)
    assert counted["activations"] >= 15
    assert counted["weights"] >= 5
    assert counted["gradients"] >= 35
    assert share <= 0.03


def test_however_much_is_told_every_instrument_looks_from_time_to_time() -> None:
    looks, _, share = simulated(Simulated(0.03), 0.001, dict.fromkeys(NAMES, 0.001), 30.0, telling=0.001)
    counted = Counter(name for _, name in looks)
    assert counted["gradients"] >= 15
    assert counted["activations"] >= 10
    assert min(counted[name] for name in NAMES) >= 2
    assert share <= 0.03


def test_what_a_person_begins_to_look_into_is_seen_at_the_next_step_whatever_was_spent() -> None:
    pace = Simulated(0.03)
    pace.began(0.0)
    pace.time = 1.0
    pace.looked("activations", 5.0, 1.0)
    assert pace.due(1.0) in ((), ("gradients",))
    pace.want("insides", True, 1.0)
    assert pace.next <= 1.0
    assert "insides" in pace.due(1.0)
    pace.looked("insides", 0.01, 1.0)
    assert "insides" not in pace.due(1.5)


def test_a_step_that_a_person_asks_for_is_seen_whatever_it_costs() -> None:
    pace = Simulated(0.03)
    pace.began(0.0)
    for at in range(20):
        pace.hurry()
        assert pace.next <= at
        wanted = pace.due(at)
        assert {"gradients", "activations", "weights"} <= set(wanted)
        for name in wanted:
            pace.looked(name, 5.0, at)


def test_what_the_first_looks_warm_up_takes_no_later_looks_away_and_is_told_all_the_same() -> None:
    cold, warm = Simulated(0.03), Simulated(0.03)
    costs = dict.fromkeys(NAMES, 0.0005)
    looks, _, _ = simulated(cold, 0.001, costs, 1.0, warming=30.0)
    usual, _, _ = simulated(warm, 0.001, costs, 1.0)
    assert len(looks) >= 0.8 * len(usual)
    assert cold.share > warm.share + 0.9 * 29 * 0.0005 * len(NAMES)


def test_who_begins_to_look_inside_is_answered_soon_and_who_ends_costs_nothing() -> None:
    pace = Simulated(0.03)
    looks, now, _ = simulated(pace, 0.001, dict.fromkeys(NAMES, 0.0003), 10.0)
    assert "insides" not in {name for _, name in looks}
    pace.want("insides", True, now)
    asked = now
    while "insides" not in (pace.due(now) if now >= pace.next else ()):
        now += 0.001
        pace.time = now
        assert now < asked + 0.5
    pace.want("insides", False, now)
    for _ in range(2000):
        now += 0.001
        pace.time = now
        assert "insides" not in pace.due(now)


def test_on_a_machine_that_is_busy_with_other_work_things_are_told_more_rarely() -> None:
    pace = Simulated(0.03)
    pace.began(0.0)
    pace.time = 1.0
    assert pace.apart(0.001, 0.01, now=1.0) == pytest.approx(0.1)
    assert pace.apart(0.001, 0.01, now=4.0) == pytest.approx(0.4)  # a quarter of the time was the run's


def test_what_a_look_takes_besides_its_instruments_is_counted_too(
    make_classifier: Callable[..., Compiled], blobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[float] = []
    enter, looked = Stepper.enter_looker, Pace.looked

    def dear(stepper: Stepper) -> Looker:
        until = thread_time() + 0.03
        while thread_time() < until:
            pass
        return enter(stepper)

    def remembered(pace: Pace, name: str, seconds: float, now: float) -> None:
        counted.append(seconds)
        looked(pace, name, seconds, now)

    monkeypatch.setattr(Stepper, "enter_looker", dear)
    monkeypatch.setattr(Pace, "looked", remembered)
    plan = Plan(epochs=40, batch_size=8, device="cpu", threads=1, watching=1.0)
    looks = sum(isinstance(event, Gradients) for event in run(make_classifier(), blobs, plan, Control()))
    assert looks > 1
    assert sum(counted) >= 0.03 * (looks - 1)  # of the first no more is known than what its instruments took
