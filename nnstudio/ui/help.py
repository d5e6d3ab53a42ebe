"""The help: the guide in resources/help, a page for each layer type, and what the program is."""

from __future__ import annotations

import functools
import platform
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QUrl, Signal
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPixmap, QTextCursor, QTextDocument
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QTextBrowser,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from nnstudio.layers import load
from nnstudio.layers.help_page import help_page
from nnstudio.project.gallery import ORDER, page
from nnstudio.resources import resource_path
from nnstudio.ui import fuzzy, theme
from nnstudio.ui.icons import icon
from nnstudio.ui.layer_help import write_page
from nnstudio.ui.layer_list import find_layers
from nnstudio.ui.parts import column, label, line, panel, row
from nnstudio.ui.settings import config_dir, log_dir

START = "getting-started"
#: Where an entry keeps the name of its layer type, or the title of its page.
_LAYER, _PAGE = int(Qt.ItemDataRole.UserRole), int(Qt.ItemDataRole.UserRole) + 1


def pages(folder: Path | None = None) -> list[tuple[str, str]]:
    """Title and Markdown of each page of the guide: how to start, then the others by file name."""
    found = []
    for path in sorted(
        (folder or resource_path("help")).glob("*.md"), key=lambda path: (path.stem != START, path.name)
    ):
        text = path.read_text("utf-8")
        first = text.lstrip().splitlines()[0] if text.strip() else path.stem
        found.append((first.lstrip("# ").strip(), text))
    return found


@functools.cache
def project_pages() -> list[tuple[str, str]]:
    """Title and page of each project of the gallery that has one, in the gallery's order."""
    found = [page(id) for id in ORDER]
    return [(text.partition("\n")[0].lstrip("# ").strip(), text) for text in found if text]


class _Search(QLineEdit):
    """A search field whose arrow keys go on to the list below it."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_PageDown):
            self.left.emit()
        else:
            super().keyPressEvent(event)


class HelpDialog(QDialog):
    """The guide and a page for each layer type, found by name and synonym. Not modal: it may stay beside the work.

    Args:
        layer: the layer type whose page is shown first; "" for how to start.
    """

    def __init__(self, parent: QWidget, layer: str = "") -> None:
        super().__init__(parent)
        self.setWindowTitle("Help")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(theme.scaled(1060), theme.scaled(700))
        self.search = _Search()
        self.search.setPlaceholderText("Find a page or layer")
        self.search.setAccessibleName("Find a page or layer")
        self.search.setClearButtonEnabled(True)
        self.tree = QTreeWidget()
        self.tree.setHeaderHidden(True)
        self.tree.setIndentation(0)
        self.tree.setRootIsDecorated(False)
        self.tree.setIconSize(QSize(theme.scaled(11), theme.scaled(11)))
        self.tree.setAccessibleName("Help pages")
        self.text = QTextBrowser()
        self.text.setOpenExternalLinks(True)
        self.text.setAccessibleName("Help page")
        side = panel(column(self.search, self.tree, spacing=8, margins=(12, 12, 0, 0)))
        side.setFixedWidth(theme.scaled(250))
        self.setLayout(row(side, line(vertical=True), self.text, spacing=0))
        self._gallery = dict(project_pages())
        self._pages = {**dict(pages()), **self._gallery}
        self.tree.currentItemChanged.connect(self._chosen)
        self.tree.itemClicked.connect(self._fold)
        self.tree.itemExpanded.connect(self._mark)
        self.tree.itemCollapsed.connect(self._mark)
        self.search.textChanged.connect(self._fill)
        self.search.left.connect(self._enter_list)
        theme.changed.connect(self._again)
        self._fill("")
        if layer:
            self.show_layer(layer)

    def show_layer(self, name: str) -> None:
        """Show the page of a layer type. KeyError where there is none of that name."""
        load()[name]
        self.search.clear()
        for item in self._items():
            if item.data(0, _LAYER) == name:
                self.tree.setCurrentItem(item)
                self.tree.scrollToItem(item, QTreeWidget.ScrollHint.PositionAtCenter)

    def show_page(self, title: str, section: str = "") -> None:
        """Show a page of the guide, from the heading of a section on. KeyError where there is none of that title."""
        self._pages[title]
        self.search.clear()
        for item in self._items():
            if item.data(0, _PAGE) == title:
                self.tree.setCurrentItem(item)
        block = self.text.document().begin()
        while section and block.isValid():
            if block.blockFormat().headingLevel() and block.text().strip() == section:
                place = self.text.document().documentLayout().blockBoundingRect(block).top()
                self.text.verticalScrollBar().setValue(max(0, round(place) - theme.scaled(8)))
                return
            block = block.next()

    def _items(self) -> Iterator[QTreeWidgetItem]:
        for at in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(at)
            yield from (group.child(place) for place in range(group.childCount()))

    def _fill(self, wanted: str) -> None:
        """Show what fits the words, and open the first of it."""
        self.tree.clear()
        titles = [title for title in self._pages if fuzzy.by_words(wanted, f"{title} {self._pages[title]}")]
        groups: dict[str, list[tuple[str, bool]]] = {
            "Guide": [(title, False) for title in titles if title not in self._gallery],
            "Gallery": [(title, False) for title in titles if title in self._gallery],
        }
        types = find_layers(wanted, load())
        if wanted.strip():
            groups = {"Layers": [(cls.type_name(), True) for cls in types], **groups}
        else:
            for cls in types:
                groups.setdefault(cls.family.title, []).append((cls.type_name(), True))
        for title, entries in groups.items():
            if entries:
                self._group(title, entries, opened=bool(wanted.strip()) or title == "Guide")
        first = next(self._items(), None)
        if first is not None:
            self.tree.setCurrentItem(first)

    def _group(self, title: str, entries: list[tuple[str, bool]], *, opened: bool) -> None:
        group = QTreeWidgetItem([title])
        group.setFlags(Qt.ItemFlag.ItemIsEnabled)
        group.setFont(0, theme.ui_font(11, 600))
        group.setForeground(0, QColor(theme.current().muted))
        group.setSizeHint(0, QSize(0, theme.scaled(27)))  # Qt measures rows before the style sheet's padding counts
        for name, is_layer in entries:
            item = QTreeWidgetItem([name])
            item.setData(0, _LAYER if is_layer else _PAGE, name)
            item.setSizeHint(0, QSize(0, theme.scaled(26)))
            item.setIcon(0, _square(theme.family_color(load()[name]).name()) if is_layer else icon("info", "muted"))
            group.addChild(item)
        self.tree.addTopLevelItem(group)
        group.setExpanded(opened)
        self._mark(group)

    def _fold(self, item: QTreeWidgetItem) -> None:
        if item.parent() is None:
            item.setExpanded(not item.isExpanded())

    def _mark(self, item: QTreeWidgetItem) -> None:
        if item.parent() is None:
            item.setIcon(0, icon("down" if item.isExpanded() else "chevron", "muted"))

    def _enter_list(self) -> None:
        self.tree.setFocus(Qt.FocusReason.OtherFocusReason)

    def _again(self) -> None:
        self._chosen(self.tree.currentItem())

    def _chosen(self, item: QTreeWidgetItem | None) -> None:
        if item is None:
            return
        layer, page = item.data(0, _LAYER), item.data(0, _PAGE)
        document = self.text.document()
        document.setDocumentMargin(theme.scaled(24))
        if layer:
            write_page(document, help_page(load()[layer]))
        elif page:
            document.setBaseUrl(QUrl.fromLocalFile(str(resource_path("help")) + "/"))
            document.setMarkdown(self._pages[page], QTextDocument.MarkdownFeature.MarkdownDialectGitHub)
            space_out(document)
        self.text.moveCursor(QTextCursor.MoveOperation.Start)
        self.text.verticalScrollBar().setValue(0)


@functools.cache
def _square(color: str) -> QIcon:
    """A rounded square in a family's colour, as in the palette."""
    side = 44
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    try:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(color))
        painter.drawRoundedRect(2, 2, side - 4, side - 4, 10, 10)
    finally:
        painter.end()
    return QIcon(pixmap)


def space_out(document: QTextDocument) -> None:
    """Give headings, paragraphs and list items room. Qt takes it from the font's size in points, which ours has not."""
    cursor, block = QTextCursor(document), document.begin()
    while block.isValid():
        shape, following = block.blockFormat(), block.next()
        within_code = shape.nonBreakableLines() and following.isValid() and following.blockFormat().nonBreakableLines()
        cursor.setPosition(block.position())
        if cursor.currentTable() is None:
            shape.setTopMargin(18 if shape.headingLevel() and block.position() else 0)
            shape.setBottomMargin(0 if within_code else 4 if block.textList() else 8)
            cursor.setBlockFormat(shape)
        block = following


def show_help(parent: QWidget, layer: str = "", page: str = "", section: str = "") -> HelpDialog:
    """Open the help, at the page of a layer type, or at a section of a page of the guide, where one is named."""
    dialog = HelpDialog(parent, layer)
    dialog.show()
    if page:
        dialog.show_page(page, section)
    return dialog


def versions() -> list[tuple[str, str]]:
    """What runs here: name and version of the program, Python, Qt, PyTorch."""
    found = []
    for title, package in (("NN Studio", "nnstudio"), ("PySide6", "PySide6-Essentials"), ("PyTorch", "torch")):
        try:
            found.append((title, metadata.version(package)))
        except metadata.PackageNotFoundError:
            found.append((title, "not installed"))
    return [*found, ("Python", platform.python_version()), ("System", platform.platform())]


class AboutDialog(QDialog):
    """Version, licence, and where settings and log lie."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("About NN Studio")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        facts = "\n".join(f"{name} {version}" for name, version in versions())
        places = f"Settings: {config_dir()}\nLog: {log_dir()}"
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        selectable = label(f"{facts}\n\n{places}", "muted", wrap=True)
        selectable.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setLayout(
            column(
                label("NN Studio", "display"),
                label("Draw a neural network, train it and see it learn.", "strong"),
                selectable, label("MIT licence", "muted"), buttons, spacing=12, margins=(28, 24, 28, 20),
            )
        )  # fmt: skip
        self.setMinimumWidth(440)


def show_about(parent: QWidget) -> None:
    """Open it."""
    AboutDialog(parent).open()
