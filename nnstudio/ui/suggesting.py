"""A network that is suggested for the data: drawn in the place of what is on the canvas, as one step of undo."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from nnstudio.ui.actions import Action

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset
    from nnstudio.project.suggesting import Suggestion
    from nnstudio.ui.background import Job
    from nnstudio.ui.session import Session
    from nnstudio.ui.window import MainWindow

log = logging.getLogger(__name__)
STEP = "Suggest a network"
#: How what is said of a suggestion ends: passed by when a run starts.
ONWARDS = "Start trains it; Undo takes it back."


def suggestion_for(dataset: Dataset, base: Path | None) -> Suggestion:
    """What suits the data; for a background thread. base: the project's folder. DataError where nothing does."""
    from nnstudio.data import open_data
    from nnstudio.project.suggesting import suggest

    return suggest(dataset, lambda reference: open_data(reference, base))


def draw(session: Session, found: Suggestion) -> None:
    """Put a suggestion on the canvas, with its plan and data, as one step, and say why it is so."""
    sheet = found.sheet
    session.data_loading.bring(found.dataset)
    session.document.do(STEP, network=sheet.network, view=lambda _: sheet.view, plan=sheet.plan, data=sheet.data)
    session.drawn.emit()
    told = ". ".join([*found.told, *_left_out(found.dataset)])
    session.notice.emit("info", f"{told}. {ONWARDS}")


def _left_out(dataset: Dataset) -> list[str]:
    """Which columns nothing reads, though nobody said so: a sentence, or none."""
    from nnstudio.data.columns import quoted

    reference = dataset.reference
    read = {name for step in reference.steps for name in step.reads}
    said = {name for name, choice in reference.fields.items() if choice.role != "auto"}
    left = [name for name, column in dataset.columns.items() if column.role == "ignored" and name not in read | said]
    how = "is" if len(left) == 1 else "are"
    return [f"{quoted(left)} {how} not read: give a kind such as number or category to use it"] if left else []


def suggest_network(session: Session) -> None:
    """Draw a network for the data of the session. Where there is none that suits, it is said why."""
    from nnstudio.data import DataError

    dataset = session.dataset
    if dataset is None:
        session.notice.emit("warning", "A network is suggested from the data; choose data first")
        return

    base = session.path.parent if session.path is not None else None

    def work(_: Job) -> Suggestion:
        return suggestion_for(dataset, base)

    def failed(error: BaseException) -> None:
        if not isinstance(error, DataError):
            log.error("no network could be suggested", exc_info=error)
        session.notice.emit("warning", str(error))

    session.background.run(work, lambda found: draw(session, found), failed, name="suggestion")


def suggesting_commands(window: MainWindow) -> Iterable[Action]:
    """Drawing a network for the data."""
    session = window.session

    def begin() -> None:
        if session.dataset is None:
            window.file_actions.choose_data()
        else:
            suggest_network(session)

    yield Action(
        "suggest", "Suggest a network", begin, ("Ctrl+Alt+D",), "", "Data",
        "Draw a first network with losses, metrics and plan that suits the data, in the place of what is drawn",
        enabled_when=lambda: window.in_workspace and session.run_state == "idle" and session.data_job is None,
        words="automatic propose wizard default baseline start",
    )  # fmt: skip
