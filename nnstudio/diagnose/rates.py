"""Rules about the learning rate: too high, too low."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from nnstudio.diagnose.case import LATELY, Case, middle, steps_of, thinned
from nnstudio.train.events import Diagnosis, Gradients, RunFailed

Array = NDArray[np.float64]

#: How much higher than the best part of the run, or than the start, the loss must be to count as risen.
RISEN = 3.0
#: As much, where the first steps leapt.
SHOT_UP = 1.5
#: As much, where another phase works against the loss.
BURST = 10.0
#: A step this large, relative to the weights, forgets what was learned.
LEAP = 0.1
#: A step this small, relative to the weights, gets nowhere; and the share of the loss that a run must have won by then.
CRAWL, LITTLE = 1e-4, 0.2
#: Steps before which nothing is said of a rate that is too low.
EARLY = 150
#: A healthy step, relative to the weights (Karpathy's rule of thumb: about a thousandth).
HEALTHY = 1e-3


def rate_too_high(case: Case) -> Iterator[Diagnosis]:
    """The loss (of a phase) has risen far above what it was, or leaps about where it started, with steps that are too
    large."""
    told = [(turn, found) for turn in case.turns if (found := _told(turn))]
    if not told:
        return
    turns, (turn, found) = [turn for turn, _ in told], told[0]
    rate = turn.plan.learning_rate
    ratios = steps_of(turn.norms[-LATELY:])
    steps = {case.name(id): middle(values) for id, values in ratios.items() if len(values)}
    yield case.diagnosis(
        "learning-rate-high", f"The learning rate of {rate:g}{_of(turns)} is too high: {found}",
        "lower the learning rate, or let it warm up",
        measure=f"training loss{_of([turn])}", series=thinned(turn.losses), rate=rate,
        log=True, steps=steps, **_phases(turns),
    )  # fmt: skip


def _of(turns: Sequence[Case]) -> str:
    """“ in the phase maker”, of the phases whose rate is that of the first; "" where the plan has none."""
    rate = turns[0].plan.learning_rate
    names = [f"“{turn.phase.name}”" for turn in turns if turn.phase is not None and turn.plan.learning_rate == rate]
    return f" in the phase{'s' if len(names) > 1 else ''} {' and '.join(names)}" if names else ""


def _phases(turns: Sequence[Case]) -> dict[str, list[str]]:
    """The phases that a finding is about, as evidence; nothing where the plan has none."""
    names = [turn.phase.name for turn in turns if turn.phase is not None]
    return {"phases": names} if names else {}


def _told(case: Case) -> str:
    """What tells that the rate is too high; "" where nothing does."""
    windows, start = case.windows, case.start
    ended = case.history.ended
    leaps = _typical_step(case.norms[-LATELY:])
    if isinstance(ended, RunFailed) and "finite number" in ended.message:
        last = float(case.losses[-1]) if len(case.losses) else start
        if leaps > LEAP or (last > RISEN * start and not case.contested):
            return "the loss grew until it was no longer a finite number"
        return ""
    if not len(windows):
        return ""
    if case.contested:  # such a loss may rise in health, but not so far while the weights are thrown about
        highest, leapt = float(windows.max()), max(leaps, _longest_step(case))
        if leapt > 2 * LEAP and highest > BURST * start:
            return f"a step changed the weights by {leapt:.0%}, and the loss shot up from {start:.3g} to {highest:.3g}"
        return ""
    return _risen(case, leaps)


def _risen(case: Case, leaps: float) -> str:
    """What tells of a loss that should fall and does not, because steps are too large."""
    windows, start = case.windows, case.start
    lowest, latest = float(windows[:-1].min()), float(windows[-1])
    if latest > RISEN * lowest and latest > 1.05 * max(windows[0], start) and latest - lowest > 0.05 * start:
        return f"the training loss rises: {latest:.3g} lately, after it had been {lowest:.3g}"
    highest, first = _highest(case), _longest_step(case)
    if latest > 0.8 * start and highest > (SHOT_UP if first > LEAP / 2 else RISEN) * start:
        return f"the training loss shot up to {highest:.3g} and is {latest:.3g} now; it began at {start:.3g}"
    resting = latest > 0.97 * windows[len(windows) // 2]
    if leaps > LEAP and latest > 0.9 * start and resting and len(case.losses) >= 100 and not case.collapsed:
        return f"each step changes the weights by {leaps:.0%}, and the loss does not fall ({latest:.3g})"
    return ""


def _highest(case: Case) -> float:
    """The highest loss of a step, or of a few where batches are small."""
    few = max(1, 16 // max(1, case.plan.batch_size))
    count = len(case.losses) // few
    return float(case.losses[: count * few].reshape(count, few).mean(axis=1).max()) if count else float("nan")


def _longest_step(case: Case) -> float:
    """The longest of the first steps that were looked at, relative to the weights: the median over nodes."""
    first = (
        middle(update / event.weights[id] for id, update in event.updates.items() if event.weights.get(id))
        for event in case.norms[:LATELY]
    )
    return max(first, default=0.0)


def _typical_step(events: Sequence[Gradients]) -> float:
    """The median over nodes of how far weights move in a step, relative to their length; 0 where it is not known."""
    ratios = steps_of(events)
    return middle(middle(values) for values in ratios.values())


def rate_too_low(case: Case) -> Iterator[Diagnosis]:
    """The loss (of a phase) falls steadily and far too slowly, with steps that are tiny beside the weights."""
    told = [(turn, crawl) for turn in case.turns if (crawl := _crawl(turn)) is not None]
    if not told:
        return
    turns, (turn, (typical, first, last)) = [turn for turn, _ in told], told[0]
    rate = turn.plan.learning_rate
    yield case.diagnosis(
        "learning-rate-low",
        f"The learning rate of {rate:g}{_of(turns)} is too low: a step changes the weights by {typical:.0e} of their "
        f"length, and the loss went from {first:.3g} to {last:.3g} in {_steps(turn):,} steps",
        f"raise the learning rate, to about {raised(rate, typical):g}",
        measure=f"training loss{_of([turn])}", series=thinned(turn.windows), rate=rate, typical=typical,
        **_phases(turns),
    )  # fmt: skip


def _crawl(case: Case) -> tuple[float, float, float] | None:
    """How far a step typically goes, and the loss at first and at last, where the loss hardly falls because of it."""
    windows = case.windows
    if len(windows) < 8 or len(case.losses) < EARLY or _still_rising(case):
        return None
    typical = middle(middle(values) for values in case.ratios.values())
    if not 1e-9 < typical < CRAWL or len(case.norms) < LATELY:
        return None
    first, last = float(windows[:2].mean()), float(windows[-2:].mean())
    won = (first - last) / first if first > 0 else 1.0
    if case.contested:  # it may stand still in health, but not at steps that get nowhere
        won = abs(won)
    done = max(case.history.progress, len(case.losses) / 20_000)
    return (typical, first, last) if done >= 0.2 and won <= LITTLE * min(1.0, done / 0.5) else None


def _steps(turn: Case) -> int:
    """How many steps were done, of the phase."""
    done = len(turn.history.losses)
    return done if turn.phase is None else done * turn.phase.steps // sum(phase.steps for phase in turn.plan.phases)


def raised(rate: float, typical: float) -> float:
    """A learning rate whose steps are of a healthy size where those of ``rate`` are ``typical``: a power of ten times
    the rate, at least 10 and at most 10,000 times."""
    power = round(float(np.log10(HEALTHY / max(typical, 1e-12))))
    return float(f"{rate * 10.0 ** min(4, max(1, power)):.3g}")


def _still_rising(case: Case) -> bool:
    """Whether the schedule has yet to bring the rate up."""
    rates = np.asarray(case.history.learning_rates, np.float64)
    rates = rates[np.isfinite(rates)]
    return (
        bool(len(rates))
        and case.plan.schedule in ("warm-up", "one-cycle")
        and rates.max() < 0.9 * case.plan.learning_rate
    )
