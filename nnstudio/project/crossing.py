"""k-fold cross-validation: a network and plan are trained once for each fold, and judged by rows that were held back.

No weights are kept: it says how good networks are that this drawing and plan make of this data.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nnstudio.project.errors import ProjectError
from nnstudio.train.events import Event, PrivacySpent, RunFailed, RunFinished
from nnstudio.train.privacy import epsilon

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset
    from nnstudio.graph import Network
    from nnstudio.train.control import Control
    from nnstudio.train.plan import Plan

#: Folds at least and at most.
FEWEST, MOST = 2, 100


@dataclass(frozen=True)
class Fold:
    """What one fold gave. number: from 1. rows: it was judged by. figures: as of :meth:`Project.evaluate`. spent: what
    its training gave away, where that was private."""

    number: int
    rows: int
    epochs: int
    seconds: float
    figures: Mapping[str, float]
    spent: PrivacySpent | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON value."""
        private = {"epsilon": self.spent.epsilon, "delta": self.spent.delta} if self.spent is not None else {}
        return {
            "fold": self.number, "rows": self.rows, "epochs": self.epochs, "seconds": round(self.seconds, 3),
            "figures": dict(self.figures), **private,
        }  # fmt: skip


@dataclass(frozen=True)
class CrossValidation:
    """The folds that were done; fewer than ``asked`` where it was stopped."""

    folds: tuple[Fold, ...]
    asked: int

    @property
    def names(self) -> tuple[str, ...]:
        """Figures that every fold has."""
        first = self.folds[0].figures if self.folds else {}
        return tuple(name for name in first if all(name in fold.figures for fold in self.folds))

    @property
    def mean(self) -> dict[str, float]:
        """The mean of each figure over the folds."""
        return {name: sum(fold.figures[name] for fold in self.folds) / len(self.folds) for name in self.names}

    @property
    def deviation(self) -> dict[str, float]:
        """The standard deviation of each figure over the folds (of a sample; 0 for one fold)."""
        mean, more = self.mean, max(1, len(self.folds) - 1)
        return {
            name: math.sqrt(sum((fold.figures[name] - mean[name]) ** 2 for fold in self.folds) / more)
            for name in self.names
        }

    @property
    def spent(self) -> tuple[float, float] | None:
        """What all its trainings together give away of any one row, ε and δ: it took part in all but one of them, of
        which the loudest count. None where they were not private."""
        told = sorted((fold.spent for fold in self.folds if fold.spent is not None), key=lambda spent: spent.epsilon)
        if not told:
            return None
        trainings = told[1:] if len(told) == self.asked else told
        return epsilon([(each.rows / each.of, each.noise, each.step) for each in trainings], told[0].delta), told[
            0
        ].delta

    def to_json(self) -> dict[str, Any]:
        """A JSON value."""
        spent = self.spent
        private = {"epsilon": spent[0], "delta": spent[1]} if spent is not None else {}
        return {
            "folds": len(self.folds), "asked": self.asked, "mean": self.mean, "deviation": self.deviation, **private,
        }  # fmt: skip


def cross_validate(
    network: Network, plan: Plan, dataset: Dataset, folds: int, control: Control | None = None,
    progress: Callable[[int, Event], object] | None = None, done: Callable[[Fold], object] | None = None,
) -> CrossValidation:  # fmt: skip
    """Train ``folds`` times, each time on all but one fold of the training and validation rows, and judge by that one.

    progress: called with the fold's number and each event of its run; done: with what a fold gave. A control that stops
    a run ends it all; that fold does not count. ProjectError where folds are too few or many, or a run failed;
    DataError where there are too few rows.
    """
    from nnstudio.compile.lower import compile_network
    from nnstudio.train.evaluate import evaluate
    from nnstudio.train.loop import run

    if not FEWEST <= folds <= MOST:
        raise ProjectError(f"A cross-validation has {FEWEST} to {MOST} folds, not {folds}.")
    if not network.of_role("loss"):
        raise ProjectError("This network has no loss, so there is nothing to learn; add one and wire it.")
    found: list[Fold] = []
    for number, part in enumerate(dataset.folds(folds), 1):
        compiled = compile_network(network, part.types, plan.seed)
        ended: Event | None = None
        spent: PrivacySpent | None = None
        for ended in run(compiled, part, plan, control):
            if isinstance(ended, PrivacySpent):
                spent = ended
            if progress is not None:
                progress(number, ended)
        if isinstance(ended, RunFailed):
            raise ProjectError(f"Fold {number} failed: {ended.message.rstrip('. ')}; {ended.hint or 'see the log'}.")
        assert isinstance(ended, RunFinished)
        if ended.reason == "stopped":
            break
        figures = {name: float(value) for name, value in evaluate(compiled, part, "test").items()}
        found.append(Fold(number, part.count("test"), ended.epochs, ended.seconds, figures, spent))
        if done is not None:
            done(found[-1])
    return CrossValidation(tuple(found), folds)
