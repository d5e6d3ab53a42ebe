"""The welcome page: recent projects, the gallery, and the ways to begin."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from nnstudio.ui import theme, thumbnail
from nnstudio.ui.actions import ActionTable
from nnstudio.ui.background import Background, Job
from nnstudio.ui.fuzzy import by_words
from nnstudio.ui.parts import ElidedLabel, button, column, empty, label, line, row
from nnstudio.ui.settings import Settings

if TYPE_CHECKING:
    from nnstudio.project.gallery import Template
    from nnstudio.project.sheet import Sheet

CARD_WIDTH, PICTURE_HEIGHT = 248, 128
GAP, EDGE = 14, 5  # between cards; around what a card shows
CLASSICAL = "Classical networks"


class Pressable(QFrame):
    """A frame that can be clicked, and pressed with Enter or Space."""

    pressed = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(name)
        self.setProperty("role", "pressable")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.pressed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.pressed.emit()
        else:
            super().keyPressEvent(event)


class Picture(QWidget):
    """A network drawn small; an empty canvas until it is known."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(PICTURE_HEIGHT)
        self.sheet: Sheet | None = None

    def show_sheet(self, sheet: Sheet) -> None:
        """Draw this one."""
        self.sheet = sheet
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color(theme.current().canvas))
            painter.drawRoundedRect(self.rect(), 5, 5)
            if self.sheet is not None:
                inside = QRectF(self.rect()).adjusted(14, 14, -14, -14)
                thumbnail.paint(painter, inside, self.sheet.network, self.sheet.view)
        finally:
            painter.end()


class Card(Pressable):
    """One project of the gallery."""

    def __init__(self, template: Template) -> None:
        super().__init__(f"{template.title}: {template.summary}")
        self.template = template
        self.wanted = True
        self.picture = Picture()
        self.setFixedWidth(theme.scaled(CARD_WIDTH))
        summary = label(template.summary, "muted", wrap=True)
        summary.setAlignment(Qt.AlignmentFlag.AlignTop)
        title = ElidedLabel(template.title, "strong")
        words = column(title, summary, 1, spacing=3, margins=(3, 2, 6, 6))
        self.setLayout(column(self.picture, words, spacing=6, margins=(EDGE,) * 4))
        self.setObjectName(f"template_{template.id}")

    def fits(self, wanted: str) -> bool:
        """Whether it is about these words: in its title, its summary or its page."""
        template = self.template
        return by_words(wanted, " ".join((template.title, template.summary, template.page)))

    def enterEvent(self, event: QEnterEvent) -> None:
        self.setToolTip("Open a copy to look at, train and change")
        super().enterEvent(event)


class Shelf(QWidget):
    """The cards of one topic under its name, in as many columns as fit."""

    def __init__(self, topic: str, cards: Sequence[Card]) -> None:
        super().__init__()
        self.cards = list(cards)
        self.title = label(topic, "heading")
        self.title.setContentsMargins(EDGE, 0, 0, 0)
        self._grid = QGridLayout()
        self._grid.setSpacing(GAP)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.setLayout(column(self.title, self._grid, spacing=8, margins=(0, 0, 0, 14)))

    def arrange(self, columns: int) -> None:
        """Put the cards that are wanted into so many columns; without any, the shelf is not seen either."""
        for place, card in enumerate(sorted(self.cards, key=lambda card: not card.wanted)):
            self._grid.addWidget(card, place // columns, place % columns)
            card.setVisible(card.wanted)
        self.setVisible(any(card.wanted for card in self.cards))


class Recent(Pressable):
    """One project that was open lately."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"Open {path.name}")
        self.path = path
        folder = ElidedLabel(_shortened(path.parent), "faint")
        self.setLayout(column(ElidedLabel(path.stem, "strong"), folder, spacing=1, margins=(10, 6, 10, 6)))
        self.setToolTip(str(path))


class Welcome(QFrame):
    """``template_chosen(Template)`` and ``path_chosen(Path)`` tell what is to be opened."""

    template_chosen = Signal(object)
    path_chosen = Signal(object)

    def __init__(self, actions: ActionTable, settings: Settings) -> None:
        super().__init__()
        self.setObjectName("welcome")
        self._settings = settings
        self._background = Background(self)
        self._columns = 0
        self.cards: list[Card] = []
        new = button("New network", lambda: actions.trigger("new"), "primary", "plus")
        open_ = button("Open …", lambda: actions.trigger("open"), "", "open")
        new.setObjectName("welcome_new")
        data = button("Begin with my data …", lambda: actions.trigger("choose_data"), "", "data")
        data.setObjectName("welcome_data")
        data.setToolTip("Choose a table, a folder of pictures or a text; a network that suits it is suggested")
        self._recent = QVBoxLayout()
        self._recent.setSpacing(2)
        left = column(
            label("NN Studio", "display"),
            label("Draw a neural network, train it\nand see it learn.", "muted"),
            row(new, open_, 1, spacing=8, margins=(0, 14, 0, 0)),
            row(data, 1, margins=(0, 2, 0, 14)),
            spacing=6, margins=(40, 44, 24, 24),
        )  # fmt: skip
        left.addLayout(self._recent)
        left.addStretch(1)
        left.addWidget(label("Drop a project or a data file anywhere to open it.", "faint"))
        self._side = side = QWidget()
        side.setLayout(left)
        self._lay_gallery()
        self.setLayout(row(side, line(vertical=True), self._scroll, spacing=0))
        self._fit_text()
        theme.changed.connect(self._fit_text)
        theme.changed.connect(self.update)
        self.refresh()

    def _lay_gallery(self) -> None:
        self._grid_home = QWidget()
        self._grid_home.setProperty("role", "scrolled")
        self.shelves: list[Shelf] = []
        self._shelves = QVBoxLayout()
        self._shelves.setSpacing(0)
        self._note = label("", "problem", wrap=True)
        self._note.hide()
        self._nothing = label("No project is about that; try another word, such as picture, text or table.", "muted")
        self._nothing.hide()
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a project")
        self.search.setAccessibleName("Find a project of the gallery")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self._grid_home.setLayout(
            column(
                row(label("Gallery", "title"), 1, self.search, spacing=12, margins=(EDGE, 0, 0, 0)),
                self._note,
                self._nothing,
                self._shelves,
                1,
                spacing=14,
                margins=(23, 50, 28, 28),
            )
        )
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it follows the focus of the cards
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidget(self._grid_home)

    def refresh(self) -> None:
        """Look again which projects were open lately."""
        empty(self._recent)
        known = [path for path in self._settings.recent if path.exists()][:6]
        if known:
            self._recent.addWidget(label("Recent", "heading"))
        for path in known:
            entry = Recent(path)
            entry.pressed.connect(lambda path=path: self.path_chosen.emit(path))
            self._recent.addWidget(entry)

    def show_gallery(self, templates: Sequence[Template]) -> None:
        """Show the gallery's projects and the classical networks; their pictures follow from a background thread."""
        self.cards = [Card(template) for template in templates]
        topics: dict[str, list[Card]] = {}
        for card in self.cards:
            topic = card.template.topic or (CLASSICAL if card.template.kind == "classical" else "More")
            topics.setdefault(topic, []).append(card)
        empty(self._shelves)
        self.shelves = [Shelf(topic, cards) for topic, cards in topics.items()]
        for shelf in self.shelves:
            self._shelves.addWidget(shelf)
        for card in self.cards:
            card.pressed.connect(lambda template=card.template: self.template_chosen.emit(template))
        self._columns = 0
        self._arrange()
        paths = [template.path for template in templates]

        def work(_: Job) -> list[Sheet | str]:
            from nnstudio.project.files import ProjectError
            from nnstudio.project.gallery import drawn

            read: list[Sheet | str] = []
            for path in paths:
                try:
                    read.append(drawn(path))
                except ProjectError as error:
                    read.append(str(error))
            return read

        self._background.run(work, self._show_pictures, self._fail, name="gallery")

    def _show_pictures(self, read: list[Sheet | str]) -> None:
        for card, sheet in zip(self.cards, read, strict=True):
            if isinstance(sheet, str):
                self._fail(ValueError(sheet))
            else:
                card.picture.show_sheet(sheet)

    def _fail(self, error: BaseException) -> None:
        self._note.setText(f"The gallery is not complete: {error}")
        self._note.show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        QTimer.singleShot(0, self, self._arrange)

    def _fit_text(self) -> None:
        self._side.setFixedWidth(theme.scaled(330))
        self.search.setFixedWidth(theme.scaled(220))
        for card in self.cards:
            card.setFixedWidth(theme.scaled(CARD_WIDTH))
        self._arrange()

    def _filter(self, wanted: str) -> None:
        """Show only what is about these words."""
        for card in self.cards:
            card.wanted = not wanted.strip() or card.fits(wanted)
        self._nothing.setVisible(bool(self.cards) and not any(card.wanted for card in self.cards))
        self._columns = 0
        self._arrange()

    def _arrange(self) -> None:
        columns = max(1, (self._scroll.viewport().width() - 51 + GAP) // (theme.scaled(CARD_WIDTH) + GAP))
        if columns == self._columns:
            return
        self._columns = columns
        for shelf in self.shelves:
            shelf.arrange(columns)

    def shut_down(self) -> None:
        """Wait for the pictures that are being read."""
        self._background.shut_down()


def _shortened(folder: Path) -> str:
    """A folder as people write it: below home with ``~``."""
    home = Path.home()
    return f"~/{folder.relative_to(home).as_posix()}" if folder.is_relative_to(home) else str(folder)
