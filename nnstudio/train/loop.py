"""Training as a generator of events (DESIGN 6)."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from nnstudio.train.batches import Data
from nnstudio.train.control import Control
from nnstudio.train.environment import choose_device, environment
from nnstudio.train.events import Event, RunFailed
from nnstudio.train.failures import failed, is_out_of_memory
from nnstudio.train.origin import Origin
from nnstudio.train.plan import Plan

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled


def run(
    compiled: Compiled,
    data: Data,
    plan: Plan,
    control: Control | None = None,
    *,
    checkpoints: Path | None = None,
    resume: bool = False,
    run_id: str = "",
    origin: Origin | None = None,
) -> Generator[Event, None, None]:
    """Train a compiled network; what happens comes out as events, the last one RunFinished or RunFailed.

    The weights of ``compiled`` change while this is iterated; at the end they are those to keep (see RunFinished), on
    the device of the run. An error in the network, the data or the machine is a RunFailed, not an exception. Closing
    the generator ends the run where it is. Must be iterated in one thread; ``control`` may be used from any.

    Args:
        checkpoints: a folder; a checkpoint is written there from time to time, when asked for and at the end.
        resume: go on from the last checkpoint there: the losses and weights that follow are those of a run that was
            never interrupted, bit for bit on the CPU.
        run_id: the name of the run in its events; where empty, the
            checkpoint's where the run goes on from one, else made up.
        origin: what its RunStarted says of the network and of the run that it was forked from.
    """
    from nnstudio.train.trainer import Trainer

    control = control or Control()
    failure: RunFailed | None = None
    trainer: Trainer | None = None
    exhausted = False
    try:
        device = choose_device(plan.device)
        with environment(plan, device):
            trainer = Trainer(compiled, data, plan, control, device, checkpoints, run_id, origin)
            yield from trainer.events(resume)
    except Exception as error:
        step, time = (trainer.state.progress.step, trainer.clock.now()) if trainer is not None else (0, 0.0)
        failure = failed(error, plan.batch_size, step, time)
        exhausted = is_out_of_memory(error)
    finally:
        if trainer is not None:
            trainer.state.tracks.leave()
    if failure is not None:  # outside of the except block: its traceback held the tensors
        if trainer is not None:
            with contextlib.suppress(RuntimeError):  # the device itself may be broken
                trainer.keeper.rescue()
        del trainer
        if exhausted:
            _free()
        yield failure


def _free() -> None:
    """Give the device's unused memory back."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
