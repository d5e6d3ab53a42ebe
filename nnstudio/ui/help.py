"""The help pages of resources/help, and what the program is."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import QTextCursor, QTextDocument
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QListWidget, QListWidgetItem, QTextBrowser, QWidget

from nnstudio.layers import load
from nnstudio.resources import resource_path
from nnstudio.ui.parts import column, label, line, row
from nnstudio.ui.settings import config_dir, log_dir

START = "getting-started"


def pages(folder: Path | None = None) -> list[tuple[str, str]]:
    """Title and Markdown of each help page: how to start, the others by file name, and last all layers."""
    found = []
    for path in sorted(
        (folder or resource_path("help")).glob("*.md"), key=lambda path: (path.stem != START, path.name)
    ):
        text = path.read_text("utf-8")
        first = text.lstrip().splitlines()[0] if text.strip() else path.stem
        found.append((first.lstrip("# ").strip(), text))
    return [*found, ("Layers", catalogue())]


def catalogue() -> str:
    """Every layer type's help, by family, as one Markdown page. It derives from the declarations."""
    lines, family = ["# Layers"], ""
    for cls in load():
        if cls.family.title != family:
            family = cls.family.title
            lines.append(f"## {family}")
        lines.append(f"### {cls.type_name()}\n\n{cls.help()}")
    return "\n\n".join(lines)


class HelpDialog(QDialog):
    """A list of pages and the one that is chosen. Not modal: it may stay open beside the work."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Help")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(1000, 640)
        self.list = QListWidget()
        self.list.setFixedWidth(200)
        self.text = QTextBrowser()
        self.text.setOpenExternalLinks(True)
        self.text.document().setDocumentMargin(24)
        for title, markdown in pages():
            item = QListWidgetItem(title)
            item.setSizeHint(QSize(0, 28))  # Qt measures rows before the style sheet's padding counts
            item.setData(Qt.ItemDataRole.UserRole, markdown)
            self.list.addItem(item)
        self.list.currentItemChanged.connect(self._show)
        self.setLayout(row(self.list, line(vertical=True), self.text, spacing=0))
        self.list.setCurrentRow(0)

    def _show(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.text.document().setBaseUrl(QUrl.fromLocalFile(str(resource_path("help")) + "/"))
            features = QTextDocument.MarkdownFeature
            self.text.document().setMarkdown(item.data(Qt.ItemDataRole.UserRole), features.MarkdownDialectGitHub)
            space_out(self.text.document())
            self.text.verticalScrollBar().setValue(0)


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


def show_help(parent: QWidget) -> HelpDialog:
    """Open the help pages."""
    dialog = HelpDialog(parent)
    dialog.show()
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
