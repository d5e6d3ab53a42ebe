"""The strip over the canvas: a tab for each network that is open, the way into the open one, and how it is."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QTabBar, QToolButton, QWidget

from nnstudio.ui import theme
from nnstudio.ui.docks.findings import findings, summary
from nnstudio.ui.icons import icon
from nnstudio.ui.parts import ElidedLabel, empty, label, row
from nnstudio.ui.scope import WHOLE, Scope
from nnstudio.ui.session import Session
from nnstudio.ui.settings import Settings

#: Of so many projects the open tabs are remembered.
REMEMBERED = 30


class ScopeTabs(QTabBar):
    """The whole network, and every block that is open."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown: tuple[tuple[Scope, ...], Scope] | None = None
        self.setObjectName("scope_tabs")
        self.setAccessibleName("Open networks")
        self.setExpanding(False)
        self.setDrawBase(False)
        self.setElideMode(Qt.TextElideMode.ElideRight)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.currentChanged.connect(self._choose)
        session.scope_changed.connect(self.refresh)
        session.changed.connect(self.refresh)
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Show the tabs that are open now."""
        scopes = self._session.scopes
        if self._shown == (scopes.tabs, scopes.scope):
            return
        same = self._shown is not None and self._shown[0] == scopes.tabs
        self._shown = (scopes.tabs, scopes.scope)
        self.blockSignals(True)
        try:
            if not same:
                while self.count():
                    self.removeTab(0)
                for scope in scopes.tabs:
                    at = self.addTab(scope.block or "Network")
                    if scope.block:
                        self.setTabButton(at, QTabBar.ButtonPosition.RightSide, self._closer(scope))
            self.setCurrentIndex(scopes.tabs.index(scopes.scope) if scopes.scope in scopes.tabs else 0)
        finally:
            self.blockSignals(False)

    def _closer(self, scope: Scope) -> QToolButton:
        made = QToolButton()
        made.setIcon(icon("close", "muted"))
        made.setProperty("role", "close")
        made.setToolTip(f"Close {scope.block}")
        made.setAccessibleName(f"Close {scope.block}")
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # a tab is closed with the keyboard by its action
        made.clicked.connect(lambda: self._session.close_scope(scope))
        return made

    def _choose(self, place: int) -> None:
        tabs = self._session.scopes.tabs
        if 0 <= place < len(tabs):
            self._session.open_scope(tabs[place])


class Way(QWidget):
    """The way to the open network, each part of it a button: ``digits ▸ layer1 · Bottleneck``."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setObjectName("scope_way")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(2)
        self._shown: list[tuple[str, Scope]] = []
        for signal in (session.scope_changed, session.changed, session.project_changed):
            signal.connect(self.refresh)
        self.refresh()

    @property
    def text(self) -> str:
        """What is said, as one line."""
        return " ▸ ".join(name for name, _ in self._shown)

    def refresh(self, *_: object) -> None:
        """Show the way to what is open; nothing where that is the whole network."""
        session = self._session
        way = session.scopes.around(session.sheet)
        parts: list[tuple[str, Scope]] = []
        if way:
            parts = [(session.title, WHOLE)]
            parts += [(name if name == scope.block else f"{name} · {scope.block}", scope) for name, scope in way]
        if parts == self._shown:
            return
        self._shown = parts
        empty(self._row)
        for at, (name, scope) in enumerate(parts):
            if at:
                self._row.addWidget(label("▸", "faint"))
            last = at == len(parts) - 1
            self._row.addWidget(ElidedLabel(name, "muted") if last else self._step(name, scope))
        self.setVisible(bool(parts))

    def _step(self, name: str, scope: Scope) -> QToolButton:
        made = QToolButton()
        made.setText(name)
        made.setProperty("role", "way")
        made.setToolTip(f"Go out to {name}")
        made.setAccessibleName(f"Go out to {name}")
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.clicked.connect(lambda: self._session.open_scope(scope))
        return made


class CanvasHead(QFrame):
    """Tabs at the left, the way into a block behind them, and counts at the right."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setProperty("role", "panel")
        self.tabs = ScopeTabs(session)
        self.way = Way(session)
        self.status = ElidedLabel("", "muted")
        self.status.setObjectName("network_status")
        self.status.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.status.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setLayout(row(self.tabs, self.way, self.status, spacing=14, margins=(14, 0, 16, 0)))
        for signal in (
            session.resolved, session.changed, session.events_arrived, session.run_changed, session.scope_changed,
            session.doctoring.found,
        ):  # fmt: skip
            signal.connect(self.refresh)
        theme.changed.connect(self.refresh)
        self.refresh()

    def refresh(self, *_: object) -> None:
        """Count layers and parameters, and all that the panel of problems lists."""
        network, resolution = self._session.network, self._session.resolution
        count = len(network.nodes)
        parts = [f"{count:,} layer{'' if count == 1 else 's'}"] if count else []
        if count and resolution is None:
            parts.append("working out …")
        elif resolution is not None and count:
            parts.append(f"{resolution.parameters:,} parameter{'' if resolution.parameters == 1 else 's'}")
            parts.append(summary(findings(self._session)) or "no problems")
        self.status.setText(" · ".join(parts))
        self._drop_what_does_not_fit()

    def _drop_what_does_not_fit(self) -> None:
        """Say less, rather than cut a word: what is last, the problems, stays longest."""
        parts = self.status.text().split(" · ")
        metrics, room = self.status.fontMetrics(), self.status.width()
        while len(parts) > 1 and room > 0 and metrics.horizontalAdvance(" · ".join(parts)) > room:
            parts.pop(0)
        self.status.say_shortly(" · ".join(parts))

    def resizeEvent(self, event: QEvent) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._drop_what_does_not_fit()


class TabMemory:
    """Remembers which blocks are open in each project, and opens them again with it."""

    def __init__(self, session: Session, settings: Settings) -> None:
        self._session, self._settings = session, settings
        self._path: Path | None = None
        session.project_changed.connect(self._project_changed)
        session.scope_changed.connect(self._remember)
        self._project_changed()  # that of the command line is there before the workspace

    def _project_changed(self) -> None:
        path = self._session.path
        if path == self._path:
            return
        self._path = path
        if path is not None and len(self._session.scopes.tabs) == 1:
            self._restore(self._settings.get("scopes", {}).get(str(path), {}))

    def _restore(self, saved: object) -> None:
        tabs = saved.get("tabs", []) if isinstance(saved, dict) else []
        scopes = [Scope(*parts) for parts in tabs if _is_scope(parts)]
        opened = [scope for scope in scopes if scope.block in self._session.sheet.network.blocks]
        for scope in opened:
            self._session.open_scope(scope, tab=True)
        last = saved.get("open") if isinstance(saved, dict) else None
        if opened:
            wanted = Scope(*last) if _is_scope(last) else WHOLE
            self._session.open_scope(wanted if wanted in opened else WHOLE)

    def _remember(self) -> None:
        if self._path is None or self._path != self._session.path:
            return
        scopes = self._session.scopes
        known = {key: kept for key, kept in self._settings.get("scopes", {}).items() if key != str(self._path)}
        tabs = [[scope.block, scope.path] for scope in scopes.tabs if scope.block]
        if tabs:
            known[str(self._path)] = {"tabs": tabs, "open": [scopes.scope.block, scopes.scope.path]}
        self._settings.set(scopes=dict(list(known.items())[-REMEMBERED:]))


def _is_scope(parts: object) -> bool:
    return isinstance(parts, list) and len(parts) == 2 and all(isinstance(part, str) for part in parts)
