"""What stands left of the canvas, behind tabs: the layers to add, the outline of the network, the history."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QSizePolicy, QStackedWidget, QTabBar, QWidget

from nnstudio.ui import theme
from nnstudio.ui.docks.history import HistoryPanel
from nnstudio.ui.docks.outline import Outline
from nnstudio.ui.palette import PalettePanel
from nnstudio.ui.parts import column, line, row
from nnstudio.ui.session import Session

#: Titles of the tabs, by the name under which the chosen one is remembered.
TABS = (("layers", "Layers"), ("outline", "Outline"), ("history", "History"))


class Side(QFrame):
    """Three tabs. ``chosen(name)`` when another is shown."""

    chosen = Signal(str)

    def __init__(self, session: Session, palette: PalettePanel) -> None:
        super().__init__()
        self.setProperty("role", "panel")
        self.palette_panel = palette
        self.outline = Outline(session)
        self.history = HistoryPanel(session)
        self._pages: dict[str, QWidget] = {"layers": palette, "outline": self.outline, "history": self.history}
        self.tabs = QTabBar()
        self.tabs.setObjectName("side_tabs")
        self.tabs.setAccessibleName("Layers, outline and history")
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.tabs.setUsesScrollButtons(False)
        self.tabs.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._stack = QStackedWidget()
        for name, title in TABS:
            self.tabs.addTab(title)
            self._stack.addWidget(self._pages[name])
        self.setLayout(column(row(self.tabs, margins=(12, 0, 0, 0)), line(), self._stack, spacing=0))
        self.layout().setStretch(2, 1)  # type: ignore[call-overload]
        self._fit_text()
        theme.changed.connect(self._fit_text)
        self.tabs.currentChanged.connect(self._show)

    def _fit_text(self) -> None:
        self.setMinimumWidth(max(theme.scaled(150), self.tabs.sizeHint().width() + 16))

    @property
    def place(self) -> str:
        """The name of the tab that is chosen."""
        return TABS[self.tabs.currentIndex()][0]

    def show_tab(self, name: str) -> None:
        """Choose a tab by its name (of :data:`TABS`)."""
        places = {known: at for at, (known, _) in enumerate(TABS)}
        self.tabs.setCurrentIndex(places.get(name, 0))

    def go_to(self, name: str) -> None:
        """Choose a tab and put the focus into it."""
        self.show_tab(name)
        if name == "layers":
            self.palette_panel.focus_search()
        else:
            self._pages[name].setFocus()

    def _show(self, place: int) -> None:
        self._stack.setCurrentIndex(place)
        self.chosen.emit(TABS[place][0])
