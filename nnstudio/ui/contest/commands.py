"""How a contest begins: from the table of actions, and from a cure that is to be tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from nnstudio.graph.edits import EditError
from nnstudio.layers import ParameterError
from nnstudio.project.places import CHECKPOINTS, runs_folder
from nnstudio.ui.actions import Action
from nnstudio.ui.parts import capital

if TYPE_CHECKING:
    from nnstudio.diagnose.cures import Cure
    from nnstudio.ui.contest.versions import Start
    from nnstudio.ui.contest.window import ContestWindow
    from nnstudio.ui.session import Session
    from nnstudio.ui.window import MainWindow

#: A cure is tried for so many epochs, but for at least and at most so many steps.
EPOCHS, LEAST, MOST = 2, 60, 400


def contest_commands(window: MainWindow) -> Iterable[Action]:
    """Comparing two versions of the run."""
    session = window.session

    def ready() -> bool:
        return window.in_workspace and session.run_state == "idle" and bool(session.sheet.network.of_role("loss"))

    yield Action(
        "lockstep", "Compare in lockstep …", lambda: compare(session, window), (), "", "Training",
        "Train the network beside another, or under another plan, on the same batches", enabled_when=ready,
        words="a/b test versus difference versions experiment",
    )  # fmt: skip


def compare(session: Session, parent: QWidget) -> None:
    """Ask for a rival, and let it run beside the present version."""
    from nnstudio.ui.contest.choosing import RivalDialog

    reason = session.training.hindrance()
    if reason:
        session.notice.emit("warning", reason)
        return
    dialog = RivalDialog(session, parent)

    def begin() -> None:
        from nnstudio.ui.contest.window import ContestWindow

        _, rival = versions = dialog.versions
        made = ContestWindow(session, versions, dialog.start, dialog.steps, {rival.title: "Take the rival"}, parent)
        made.decided.connect(
            lambda _: session.document.do(
                "Take the rival of a contest", network=rival.network, view=lambda _: rival.view, plan=rival.plan
            )
        )
        made.show()

    dialog.accepted.connect(begin)
    dialog.open()


def try_cure(session: Session, cure: Cure, apply: Callable[[], object], parent: QWidget) -> ContestWindow | None:
    """Fork the last run, with and without a cure, on the same batches; ``apply`` does the cure where it is taken over.

    Where it cannot be tried now it is said why, and None comes back.
    """
    from nnstudio.ui.contest.versions import Version
    from nnstudio.ui.contest.window import ContestWindow

    reason = session.training.hindrance() or _under_way(session)
    sheet = session.sheet
    try:
        healed = Version("with the cure", cure.network_after(sheet.network), cure.plan_after(sheet.plan), sheet.view)
    except (EditError, ParameterError) as error:
        reason = reason or f"This cure no longer fits the network: {error}"
    if reason:
        session.notice.emit("warning", capital(reason))
        return None
    assert session.dataset is not None  # else there was a hindrance
    as_is = Version("as it is", sheet.network, sheet.plan, sheet.view)
    steps = EPOCHS * -(-session.dataset.count("train") // sheet.plan.batch_size)
    made = ContestWindow(
        session, (as_is, healed), forked(session), min(MOST, max(LEAST, steps)), {healed.title: "Apply the cure"},
        parent, title=f"Trying: {cure.title}",
    )  # fmt: skip
    made.decided.connect(lambda _: apply())
    made.show()
    return made


def forked(session: Session) -> Start:
    """The last checkpoint of the run that is shown; where there is none, the trained weights; else the beginning.

    The beginning also where the run has come to the end of its plan: its learning rate has died away by then, so that
    with and without a cure the same would come of it.
    """
    from nnstudio.train.events import RunFinished
    from nnstudio.ui.contest.versions import Start

    training = session.training
    started, ended = training.history.started, training.history.ended
    if isinstance(ended, RunFinished) and ended.reason == "completed":
        return Start()
    if started is not None and training.network is not None:
        from nnstudio.project.drawings import drawing
        from nnstudio.train.run_folder import latest

        saved = latest(runs_folder(session.path) / CHECKPOINTS, started.run)
        if saved is not None and saved.about.network in ("", drawing(training.network).hash):
            return Start(network=training.network, checkpoint=saved.path, parent=started.run)
    if training.weights is None or training.trained_in is None:
        return Start()
    return Start(training.weights, training.trained_in, parent=started.run if started is not None else "")


def _under_way(session: Session) -> str:
    return (
        "" if session.run_state == "idle" else "A run is under way; stop it, then try the cure on what it has learned"
    )
