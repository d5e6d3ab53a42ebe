"""Rules about what is learned: by heart, too little, nothing at all, or from labels that do not belong to the data."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nnstudio.diagnose.case import Case, thinned
from nnstudio.diagnose.facts import TargetFacts
from nnstudio.train.events import Diagnosis

Array = NDArray[np.float64]

#: Epochs since the best validation loss, how much higher it must be by now, and how much of what had been won must be
#: lost again, to count as overfitting; half as much where training rows cost less than this share of validation rows.
EPOCHS_SINCE_BEST, HIGHER, LOST, BY_HEART = 5, 1.1, 0.1, 0.1
#: How near to chance a loss is that has learned nothing, and steps and epochs before which nothing is said of it.
AT_CHANCE, CHANCE_STEPS, CHANCE_EPOCHS = 0.01, 60, 3
#: Of the way from chance to what a simple model reaches, how much the network must lack to count as underfitting.
LACKING = 0.35


def overfitting(case: Case) -> Iterator[Diagnosis]:
    """The validation loss (of a phase) has risen for some epochs while the training loss went on falling."""
    for turn in case.turns:
        best = _since(turn) if not turn.contested else None
        if best is None:
            continue
        (epochs, validation), (_, training) = turn.totals("validation"), turn.totals("training")
        which = f" of the phase “{turn.phase.name}”" if turn.phase is not None else ""
        yield case.diagnosis(
            "overfitting",
            f"The network learns the training data by heart: since epoch {epochs[best]} the validation loss{which} has "
            f"risen from {validation[best]:.3g} to {np.median(validation[-3:]):.3g} while the training loss fell",
            "switch early stopping on, add Dropout or weight decay, make the network smaller, or add data",
            measure=f"loss{which} by epoch", series=thinned(training), validation=thinned(validation),
            best_epoch=int(epochs[best]), **({"phases": [turn.phase.name]} if turn.phase is not None else {}),
        )  # fmt: skip
        return


def _since(case: Case) -> int | None:
    """The place of the best epoch, where the validation loss has risen since then for good."""
    validation, training = case.totals("validation")[1], case.totals("training")[1]
    if len(validation) <= EPOCHS_SINCE_BEST or len(training) != len(validation):
        return None
    best = int(np.nanargmin(validation)) if np.isfinite(validation).any() else len(validation) - 1
    waited = len(validation) - 1 - best
    recent = float(np.median(validation[-3:]))
    falling = training[-1] < training[best]
    first = case.start if len(case.losses) else float(validation[0])
    much = LOST / 2 if training[-1] < BY_HEART * recent else LOST
    lost = recent - validation[best] > much * (first - validation[best])
    risen = waited >= EPOCHS_SINCE_BEST and validation[best] > 0 and recent > HIGHER * validation[best]
    return best if risen and falling and lost else None


def at_chance(case: Case) -> Iterator[Diagnosis]:
    """The training loss stays where it is for an answer that knows nothing of the input."""
    for target, training, _ in _learned(case):
        if target.chance is None or target.chance <= 0 or not _enough(case, training):
            continue
        latest = training[-3:]
        if not (latest > (1 - AT_CHANCE) * target.chance).all() or not (training > 0.9 * target.chance).all():
            continue
        if latest[0] - latest[-1] > 0.003 * target.chance:
            continue  # it is falling
        far = float(latest.mean()) / target.chance
        yield case.diagnosis(
            "chance",
            f"The loss does not fall below chance: it is {latest.mean():.3g}; {target.chance:.3g} needs no input at all"
            if far < 1.2
            else f"The loss is {latest.mean():.3g}, which is worse than chance ({target.chance:.3g})",
            "look at whether the input arrives, start the weights another way, or raise the learning rate",
            measure="training loss by epoch", series=thinned(training), level=target.chance, level_name="chance",
            loss=target.node,
        )  # fmt: skip


def underfitting(case: Case) -> Iterator[Diagnosis]:
    """Training has come to rest well above what a simple model reaches on the same data."""
    for target, training, validation in _learned(case):
        chance, simple = target.chance, target.simple
        if chance is None or simple is None or not simple < 0.8 * chance or target.score is None:
            continue
        if len(training) < 8 or len(case.losses) < 200 or not _related(target):
            continue
        part = max(2, len(training) // 4)
        earlier, latest = float(training[-2 * part : -part].mean()), float(training[-part:].mean())
        resting = earlier - latest < 0.02 * chance * max(1.0, part / 5)
        seen = float(np.median(validation[-3:])) if len(validation) else latest
        lacking = (latest - simple) / (chance - simple)
        if resting and lacking > LACKING and seen < 1.3 * latest and latest < 0.97 * chance:
            yield case.diagnosis(
                "underfitting",
                f"The network learns too little: its training loss rests at {latest:.3g}, and asking the nearest rows "
                f"alone gives {simple:.3g}",
                "make the network wider or deeper, take Dropout or weight decay away, or train it at a higher rate",
                measure="training loss by epoch", series=thinned(training), validation=thinned(validation),
                level=simple, level_name="nearest rows", loss=target.node,
            )  # fmt: skip


def shuffled_labels(case: Case) -> Iterator[Diagnosis]:
    """Simple models find no relation between inputs and targets, and what the network learns does not carry over."""
    for target, training, validation in _learned(case):
        if target.score is None or target.by_chance is None or target.rows < 100 or _related(target) or _moved(target):
            continue
        chance = target.chance
        if chance is None or len(training) < CHANCE_EPOCHS or not _enough(case, training):
            continue
        judged = validation if len(validation) else training
        if judged.min() < 0.95 * chance:
            continue  # the network finds what simple models do not
        yield case.diagnosis(
            "labels-shuffled",
            f"“{target.field}” has nothing to do with the inputs: neither simple models nor the network do better than "
            "chance on rows that they have not seen",
            "check that inputs and labels stand in the same order in the file",
            measure="validation loss by epoch" if len(validation) else "training loss by epoch", series=thinned(judged),
            level=chance, level_name="chance", score=target.score, by_chance=target.by_chance, field=target.field,
        )  # fmt: skip


def shifted_labels(case: Case) -> Iterator[Diagnosis]:
    """Targets fit the inputs of the neighbouring row far better than their own."""
    for target in case.facts.targets if case.facts is not None else ():
        by = _moved(target)
        if not by:
            continue
        own, other = target.shifted["0"], target.shifted[str(by)]
        row = "before" if by < 0 else "after"
        yield case.diagnosis(
            "labels-shifted",
            f"“{target.field}” is off by one row: the inputs fit the target of the row {row} them "
            f"({_score(target, other)}) and not their own ({_score(target, own)})",
            "shift the column by one row in the file, and look for a row that is missing or doubled at its beginning",
            measure="how well the nearest rows answer", field=target.field, by=by,
            columns=target.columns,
            by_node={"row before": target.shifted["-1"], "own row": own, "row after": target.shifted["1"]},
        )  # fmt: skip


def _learned(case: Case) -> Iterator[tuple[TargetFacts, Array, Array]]:
    """Each loss of which the target is known, and which no phase works against, with its own loss by epoch, training
    and validation."""
    if case.facts is None:
        return
    fair = {id for turn in case.turns if not turn.contested for id in turn.objective}
    alone = len(case.history.started.losses) == 1 if case.history.started else True
    for target in case.facts.targets:
        if case.plan.phases and target.node not in fair:
            continue
        name = case.name(target.node)
        training = case.epochs(name, "training")
        if not len(training) and alone:
            name, training = "loss", case.epochs("loss", "training")
        if len(training) and np.isfinite(training).all():
            yield target, training, case.epochs(name, "validation")


def _enough(case: Case, training: Array) -> bool:
    return len(case.losses) >= CHANCE_STEPS and len(training) >= CHANCE_EPOCHS


def _related(target: TargetFacts) -> bool:
    """Whether simple models do better than chance."""
    return target.score is not None and target.by_chance is not None and target.score > target.by_chance + target.doubt


def _moved(target: TargetFacts) -> int:
    """By how many rows targets are shifted: −1 or 1; 0 where they are not."""
    if len(target.shifted) < 3 or target.by_chance is None:
        return 0
    own = target.shifted["0"]
    by = max((-1, 1), key=lambda each: target.shifted[str(each)])
    best, room = target.shifted[str(by)], 1.0 - target.by_chance
    return by if best > target.by_chance + 0.4 * room and best - own > 0.3 * room else 0


def _score(target: TargetFacts, score: float) -> str:
    return f"{score:.0%} right" if target.classes else f"R² {score:.2f}"
