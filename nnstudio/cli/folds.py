"""Cross-validation as the command line shows it: a line for each fold, then means and deviations."""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from nnstudio.cli import private
from nnstudio.cli.output import Output, figure, figures, note
from nnstudio.cli.training import duration, stoppable
from nnstudio.train import privacy
from nnstudio.train.control import Control
from nnstudio.train.events import Event, RunStarted, Steps

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset
    from nnstudio.project.crossing import Fold
    from nnstudio.project.project import Project

Show = Callable[[int, Event], None]


def show(project: Project, arguments: Namespace, out: Output) -> int:
    """Train once for each fold and tell the figures; the project stays as it is. 130 where the person stopped it."""
    control = Control()
    for text in getattr(project.dataset, "warnings", ()):
        note(text)

    def told(fold: Fold) -> None:
        out.item(event="fold", **fold.to_json())
        given = f"  |  {private.short(fold.spent)}" if fold.spent is not None else ""
        out.line(f"fold {fold.number}/{arguments.folds}  {figures(fold.figures)}  ({fold.rows:,} rows){given}")

    asked = private.asked(project, arguments, lambda: min(part.count("train") for part in _parts(project, arguments)))
    with asked, stoppable(control) as stopped, _bar(arguments.folds) if out.live else _nothing() as shown:
        found = project.cross_validate(
            arguments.folds, epochs=arguments.epochs, device=arguments.device, seed=arguments.seed, control=control,
            progress=shown, done=told,
        )  # fmt: skip
    out.item(event="cross-validation", **found.to_json())
    mean, deviation = found.mean, found.deviation
    done = len(found.folds)
    if done < arguments.folds:
        out.line(f"Stopped after {done} of {arguments.folds} folds.")
    if done:
        out.line("  |  ".join(f"{name} {figure(mean[name])} ± {figure(deviation[name])}" for name in mean))
    if found.spent is not None:
        out.line(f"Private: {privacy.told(*found.spent)} for any one row, by all these trainings together.")
    return stopped.status


def _parts(project: Project, arguments: Namespace) -> list[Dataset]:
    return list(project.dataset.folds(arguments.folds))


@contextlib.contextmanager
def _nothing() -> Iterator[Show]:
    yield lambda _number, _event: None


@contextlib.contextmanager
def _bar(folds: int) -> Iterator[Show]:
    """One line: how far all folds are together, and how long they will take."""
    from rich.progress import BarColumn, Progress, TextColumn

    bar = Progress(
        TextColumn("fold {task.fields[fold]}/{task.fields[folds]}"), BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"), TextColumn("{task.fields[left]}"), TextColumn("{task.fields[told]}"),
        transient=True,
    )  # fmt: skip
    task = bar.add_task("", total=float(folds), fold=1, folds=folds, left="", told="")
    steps = 1

    def shown(number: int, event: Event) -> None:
        nonlocal steps
        if isinstance(event, RunStarted):
            steps = max(1, event.epochs * event.steps_per_epoch)
            bar.update(task, completed=number - 1.0, fold=number)
        elif isinstance(event, Steps) and len(event.losses):
            share = min(1.0, event.step / steps)
            rest = event.seconds_left + (folds - number) * event.seconds_left / max(1e-9, 1.0 - share)
            left = f"{duration(rest)} left" if share < 1.0 else ""
            bar.update(
                task, completed=number - 1.0 + share, left=left, told=f"loss {figure(float(event.losses.mean()))}"
            )

    with bar:
        yield shown
