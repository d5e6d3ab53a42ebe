"""What is said of a run: why none can begin, and how one ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnstudio.diagnose.failing import failure as diagnosed
from nnstudio.project.project import failure
from nnstudio.train.events import RunFailed, RunFinished
from nnstudio.train.planning import plan_problems

if TYPE_CHECKING:
    from nnstudio.train.history import History
    from nnstudio.ui.session import Session


def hindrance(session: Session, state: str) -> str:
    """Why training cannot start now, as a sentence with the remedy; "" where it can. state: of the run."""
    if state not in ("idle", "paused"):
        return "A run is under way; stop it before starting another"
    if session.torch_error:
        return session.torch_error
    if session.dataset is None:
        return session.data_error or "Training needs data; choose some under Data › Choose data"
    if not session.sheet.network.of_role("loss"):
        return "Training needs something to minimise; add a loss and wire the prediction and the target to it"
    resolution = session.whole
    ends = [node.id for role in ("loss", "metric", "output") for node in session.sheet.network.of_role(role)]
    blocking = resolution.blocking(ends) if resolution is not None else ()
    if blocking:
        first, more = blocking[0], len(blocking) - 1
        others = f" (and {more} more under Problems)" if more else ""
        return f"The network has a problem: {first.message}{others}"
    wrong = plan_problems(session.plan, session.sheet.network)
    if wrong:
        where = ": the inspector does it, with nothing selected" if wrong[0].fix else " in the inspector"
        return f"{wrong[0].message}; {wrong[0].hint}{where}"
    return ""


def farewell(ended: RunFinished) -> str:
    """How a run ended."""
    done = f"{ended.epochs} epoch{'' if ended.epochs == 1 else 's'}"
    match ended.reason:
        case "stopped":
            return f"Stopped after {done}"
        case "early stopping":
            return f"Stopped early after {done}: the validation loss no longer falls; best was epoch {ended.best_epoch}"
        case _:
            return f"Trained for {done} in {ended.seconds:.1f} s"


def ends_with(history: History, sentence: str) -> bool:
    """Whether a sentence is that of a run that ended because its numbers went bad."""
    ended = history.ended
    return isinstance(ended, RunFailed) and diagnosed(history) is not None and sentence == failure(ended)


def ends_well(history: History, sentence: str) -> bool:
    """Whether a sentence is that of a run that ended with weights to be judged."""
    ended = history.ended
    return isinstance(ended, RunFinished) and sentence == farewell(ended)
