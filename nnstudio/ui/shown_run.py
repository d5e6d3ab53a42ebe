"""A line over the panels that says that they show an old run, and leads back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFrame

from nnstudio.ui.parts import ElidedLabel, button, row

if TYPE_CHECKING:
    from nnstudio.ui.session import Session


class ShownRun(QFrame):
    """Hidden while the window's own run is shown."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._runs = session.runs
        self.text = ElidedLabel("", "muted")
        self.back = button("Back to the live run", lambda: self._runs.show(""), "link")
        self.setLayout(row(self.text, self.back, spacing=10, margins=(18, 3, 12, 3)))
        self.layout().setStretch(0, 1)  # type: ignore[call-overload]
        self.hide()
        self._runs.changed.connect(self._say)

    def _say(self) -> None:
        runs, record = self._runs, self._runs.shown_record
        if runs.shown:
            name = record.title if record is not None else runs.shown
            written = " as another process trains it" if record is not None and record.state == "running" else ""
            self.text.setText(f"All panels and the canvas show {name}{written}{self._before()}")
            self.back.setText("Back to the live run" if runs.live else "Show no run")
        self.setVisible(bool(runs.shown))

    def _before(self) -> str:
        """Whose the first steps are, where the run was forked from another."""
        history = self._runs.history
        since = history.own_since
        if not since:
            return ""
        run = history.run_at(since - 1)
        record = self._runs.record(run)
        return f"; until step {since:,} it is {record.title if record is not None else f'the run {run}'}"
