"""Training as a generator of events (DESIGN 6)."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnstudio.train import checkpoints as disk
from nnstudio.train.batches import Data
from nnstudio.train.changing import FIXED, titled
from nnstudio.train.control import Control
from nnstudio.train.environment import TrainingError, choose_device, environment
from nnstudio.train.events import Event, RunFailed
from nnstudio.train.failures import failed, is_out_of_memory
from nnstudio.train.origin import Origin
from nnstudio.train.plan import Plan
from nnstudio.train.run_folder import RunFolder, latest, preparation_of

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled
    from nnstudio.data.fitted import Fitted
    from nnstudio.train.state import Moment


def run(
    compiled: Compiled,
    data: Data,
    plan: Plan,
    control: Control | None = None,
    *,
    checkpoints: Path | None = None,
    resume: bool | Path = False,
    fork: bool = False,
    run_id: str = "",
    origin: Origin | None = None,
) -> Generator[Event, None, None]:
    """Train a compiled network; what happens comes out as events, the last one RunFinished or RunFailed.

    The weights of ``compiled`` change while this is iterated; at the end they are those to keep (see RunFinished), on
    the device of the run. An error in the network, the data or the machine is a RunFailed, not an exception. Closing
    the generator ends the run where it is. Must be iterated in one thread; ``control`` may be used from any.

    Args:
        checkpoints: the folder of all runs' checkpoints; one is written there, in the run's own folder, from time to
            time, for the best epoch, when asked for and at the end. A run that another process trains is a failure.
        resume: go on from the last checkpoint there, or from this one: the losses and weights that follow are those of
            a run that was never interrupted, bit for bit on the CPU. What the plan has other than the checkpoint is
            changed there, as by `Control.change_plan`; seed and determinism must be the same.
        fork: go on from it as a run of its own, whose parent is the checkpoint's.
        run_id: the name of the run in its events; where empty, the
            checkpoint's where the run goes on from one, else made up.
        origin: what its RunStarted says of the network and of the run that it was forked from.
    """
    from nnstudio.train.trainer import Trainer

    control = control or Control()
    failure: RunFailed | None = None
    trainer: Trainer | None = None
    folder: RunFolder | None = None
    exhausted = ended = False
    try:
        device = choose_device(plan.device)
        with environment(plan, device):
            start = _Start(plan, run_id or uuid.uuid4().hex[:12], origin or Origin())
            if resume:
                start = _found(start, checkpoints, resume, fork=fork, named=bool(run_id))
                data = prepared_as(data, start.fitted)
            folder = RunFolder(checkpoints, start.run) if checkpoints is not None else None
            trainer = Trainer(compiled, data, start.plan, control, device, folder, start.run, start.origin)
            trainer.keeper.given = start.given or trainer.keeper.given
            if folder is not None and (fitted := getattr(data, "fitted", None)) is not None:
                folder.keep(fitted)
            yield from trainer.events(start.moment, start.later, plan)
            ended = True
    except Exception as error:
        step, time = (trainer.state.progress.step, trainer.clock.now()) if trainer is not None else (0, 0.0)
        failure = failed(error, plan.batch_size, step, time)
        exhausted, ended = is_out_of_memory(error), True
    finally:
        if trainer is not None:
            trainer.state.tracks.leave()
        if folder is not None:
            folder.close(ended=ended)
    if failure is not None:  # outside of the except block: its traceback held the tensors
        if trainer is not None:
            with contextlib.suppress(RuntimeError):  # the device itself may be broken
                trainer.keeper.rescue()
        del trainer
        if exhausted:
            _free()
        yield failure


@dataclass(frozen=True, slots=True)
class _Start:
    """How a run begins: by this plan, under this name, and where it goes on, at this moment."""

    plan: Plan
    run: str
    origin: Origin
    moment: Moment | None = None
    later: Plan | None = None
    given: Mapping[str, Any] | None = None
    fitted: Fitted | None = None


def prepared_as(data: Data, fitted: Fitted | None) -> Data:
    """The data as it was prepared for a run that goes on, whatever became of its file since."""
    prepare = getattr(data, "prepared_as", None)
    made: Data = prepare(fitted) if prepare is not None and fitted is not None else data
    return made


def _last(folder: Path) -> Path:
    """The checkpoint to go on from: the last that can be read."""
    last = latest(folder)
    if last is not None:
        return last.path
    broken = next(folder.rglob("*.safetensors"), None) if folder.is_dir() else None
    if broken is not None:
        raise TrainingError(f"The checkpoint {broken} cannot be read", "train from the beginning")
    raise TrainingError(f"There is no checkpoint to go on from in {folder}", "train from the beginning first")


def _found(start: _Start, folder: Path | None, resume: bool | Path, *, fork: bool, named: bool) -> _Start:
    """Begin at a checkpoint. TrainingError where there is none, or it cannot be gone on from."""
    path = resume if isinstance(resume, Path) else None
    if path is None:
        if folder is None:
            raise TrainingError("No folder of checkpoints was given to go on from", "name the project's folder")
        path = _last(folder)
    moment, about = disk.load(path)
    plan = Plan.from_json(about.plan).with_(device=start.plan.device, threads=start.plan.threads)
    later = Plan.from_json(about.later).with_(device=plan.device, threads=plan.threads) if about.later else None
    for name in FIXED:
        was, now = getattr(plan, name), getattr(start.plan, name)
        if was != now:
            raise TrainingError(
                f"The checkpoint was made with {titled(name)} {was}, the plan now says {now}",
                "set it back to go on from there, or train from the beginning",
            )
    if fork and not plan.repeatable:  # its noise must not be its parent's
        from nnstudio.train.private import without_secret

        moment = without_secret(moment)
    origin = start.origin
    if fork:
        origin = replace(origin, parent=about.run, parent_step=about.step)
    elif not origin.parent:
        origin = replace(origin, parent=about.parent, parent_step=about.parent_step)
    run = start.run if fork or named else about.run
    return _Start(plan, run, origin, moment, later, about.given, preparation_of(path.parent))


def _free() -> None:
    """Give the device's unused memory back."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
