"""Training as the command line shows it: a bar with the time left where a person watches, else a line an epoch."""

from __future__ import annotations

import contextlib
import signal
import tempfile
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nnstudio.cli import private
from nnstudio.cli.output import CallError, Output, figure, figures, note
from nnstudio.project import places
from nnstudio.project.errors import ProjectError, not_written
from nnstudio.train.changing import told
from nnstudio.train.control import Control
from nnstudio.train.events import (
    Diagnosis,
    EpochEnded,
    Event,
    PlanChanged,
    PrivacySpent,
    RunFailed,
    RunFinished,
    RunStarted,
    Steps,
)

if TYPE_CHECKING:
    from nnstudio.project.project import Project
    from nnstudio.project.tensors import Weights

Show = Callable[[Event], None]


def show(project: Project, arguments: Namespace, out: Output) -> int:
    """Train a project, show how it goes, and save it. 130 where the person stopped it, 143 where the
    system did; what was learned is kept."""
    from nnstudio.project.project import failure

    if arguments.resume and arguments.keep:
        raise CallError("--resume goes on with the last run and --keep begins a new one; give one of the two")
    control, ended = Control(), None
    _check_writable(project)
    earlier = project.weights
    spent: PrivacySpent | None = None
    with private.asked(project, arguments), stoppable(control) as stopped:
        events = project.training(
            epochs=arguments.epochs, device=arguments.device, seed=arguments.seed, resume=arguments.resume,
            keep=arguments.keep, control=control,
        )  # fmt: skip
        told_before = project.dataset.warnings
        for text in told_before:
            note(text)
        with _bar() if out.live else _lines(out) as shown:
            for ended in events:
                shown(ended)
                if isinstance(ended, PrivacySpent):
                    if spent is None:
                        private.tell_plan(ended, out)
                    spent = ended
                if isinstance(ended, Diagnosis):
                    _tell(ended, out)
                if isinstance(ended, PlanChanged):
                    out.item(event="plan changed", step=ended.step, before=ended.before, after=ended.after)
                    note(f"from step {ended.step + 1:,} on: {told(ended.before, ended.after)}")
    for text in project.notes:
        note(text)
    if isinstance(ended, RunFailed):
        out.item(event="failed", message=ended.message, hint=ended.hint, step=ended.step)
        _keep(project, earlier)
        raise ProjectError(failure(ended))
    assert isinstance(ended, RunFinished)
    for text in project.dataset.warnings:
        if text not in told_before:  # what was found when the files were read
            note(text)
    _save(project)
    out.item(
        event="finished", reason=ended.reason, epochs=ended.epochs, best_epoch=ended.best_epoch,
        seconds=round(ended.seconds, 3), path=str(project.path), **private.item(spent),
    )  # fmt: skip
    how = {"completed": "Trained", "stopped": "Stopped after", "early stopping": "Stopped early after"}[ended.reason]
    plural = "" if ended.epochs == 1 else "s"
    out.line(f"{how} {ended.epochs} epoch{plural} in {ended.seconds:.1f} s. Saved in {project.path}.")
    private.tell_end(spent, out)
    return stopped.status


def _check_writable(project: Project) -> None:
    """ProjectError where the trained project could not be saved: better now than after hours."""
    assert project.path is not None
    try:
        with tempfile.TemporaryFile(dir=project.path.absolute().parent):
            pass
    except OSError as error:
        raise not_written(project.path, error) from error


def _save(project: Project) -> None:
    """Save what was trained; where that fails, say how to get at it."""
    try:
        project.save()
    except ProjectError as error:
        if not any((project.runs / places.CHECKPOINTS).glob("*")):
            raise
        again = f"nnstudio train {project.path} --resume"
        raise ProjectError(f"{str(error).rstrip('.')}; nothing is lost: afterwards, save it with “{again}”") from error


def _keep(project: Project, earlier: Weights | None) -> None:
    """After a failure: save the last good weights where the project had none, and say what it has now."""
    if project.weights is earlier:
        return
    if earlier is not None:
        note(f"{project.path} keeps the weights that it had before this run")
        return
    try:
        project.save()
    except ProjectError as error:
        note(str(error))
    else:
        note(f"the weights of the last good step are saved in {project.path}")


def _tell(found: Diagnosis, out: Output) -> None:
    """Something that is wrong with the training."""
    out.item(event="diagnosis", code=found.code, message=found.message, hint=found.hint, step=found.step)
    note("; ".join(filter(None, (found.message.rstrip(". "), found.hint))))


@dataclass
class Stopped:
    """What a run was asked to stop by: the number of the signal; 0: nothing."""

    by: int = 0

    @property
    def status(self) -> int:
        """The exit status that says so: 130 for Ctrl-C, 143 for SIGTERM; 0 where nothing stopped it."""
        return 128 + self.by if self.by else 0


@contextlib.contextmanager
def stoppable(control: Control) -> Iterator[Stopped]:
    """The first Ctrl-C, or SIGTERM (``kill``, a machine that shuts down, a queue whose time is up), ends the run after
    its step, so that it is saved; the second ends the program."""
    stopped = Stopped()

    def interrupt(number: int, _frame: Any) -> None:
        if stopped.by:
            raise KeyboardInterrupt
        stopped.by = number
        control.stop()

    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _lines(out: Output) -> Iterator[Show]:
    """A line, or an object, for each epoch."""
    epochs = 0
    spent: PrivacySpent | None = None

    def shown(event: Event) -> None:
        nonlocal epochs, spent
        if isinstance(event, PrivacySpent):
            spent = event
        elif isinstance(event, RunStarted):
            epochs = event.epochs
            out.item(
                event="started", run=event.run, device=event.device, epochs=event.epochs, parameters=event.parameters,
                samples=event.samples, steps_per_epoch=event.steps_per_epoch,
            )  # fmt: skip
            out.line(f"{event.parameters:,} parameters, {event.samples.get('train', 0):,} samples, {event.device}")
        elif isinstance(event, EpochEnded):
            out.item(
                event="epoch", epoch=event.epoch, training=event.training, validation=event.validation,
                learning_rate=event.learning_rate, seconds=round(event.seconds, 4), best=event.best,
                **({"phases": event.phases} if event.phases else {}), **private.item(spent),
            )  # fmt: skip
            validation = f"  |  validation {figures(event.validation)}" if event.validation else ""
            phases = f"  |  phases {figures(event.phases)}" if event.phases else ""
            given = f"  |  {private.short(spent)}" if spent is not None else ""
            out.line(f"epoch {event.epoch}/{epochs}  {figures(event.training)}{validation}{phases}{given}")

    yield shown


@contextlib.contextmanager
def _bar() -> Iterator[Show]:
    """One line that says how far it is, how it goes and how long it will take."""
    from rich.progress import BarColumn, Progress, TextColumn

    bar = Progress(
        TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"), BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"), TextColumn("{task.fields[left]}"), TextColumn("{task.fields[told]}"),
    )  # fmt: skip
    task = bar.add_task("", epoch=1, epochs=0, left="", told="")
    told = given = ""

    def shown(event: Event) -> None:
        nonlocal told, given
        if isinstance(event, PrivacySpent):
            given = f" · {private.short(event)}"
        elif isinstance(event, RunStarted):
            bar.update(
                task, total=event.epochs * event.steps_per_epoch, completed=event.step, epochs=event.epochs,
                told=f"{event.parameters:,} parameters on {event.device}",
            )  # fmt: skip
        elif isinstance(event, Steps) and len(event.losses):
            left = f"{duration(event.seconds_left)} left · {event.steps_per_second:,.0f} steps/s"
            loss = f"loss {figure(float(event.losses.mean()))}"
            bar.update(task, completed=event.step, epoch=event.epoch, left=left, told=f"{loss}{told}{given}")
        elif isinstance(event, EpochEnded):
            kind = "validation " if event.validation and not event.phases else ""
            told = f" · {kind}{figures(event.phases or event.validation or event.training)}"
            bar.update(task, completed=event.step, epoch=event.epoch)
        elif isinstance(event, RunFinished):
            bar.update(task, left=f"{duration(event.seconds)} in all")

    with bar:
        yield shown


def duration(seconds: float) -> str:
    """Hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
