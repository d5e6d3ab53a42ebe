"""What a person does with blocks in the palette: keep them in their library, call them otherwise, take them away."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QInputDialog, QLineEdit, QMenu, QMessageBox, QWidget

from nnstudio.graph import EditError
from nnstudio.graph.blocks import remove_block
from nnstudio.project import library
from nnstudio.project.library import LibraryError
from nnstudio.project.library_changes import changing
from nnstudio.ui.inspect_blocks import rename_definition, without_block
from nnstudio.ui.layer_list import LayerType
from nnstudio.ui.offered import OWN, PROJECT
from nnstudio.ui.parts import capital
from nnstudio.ui.session import Session


class Shelf(QObject):
    """The person's library, and the definitions of the project that is open. ``changed`` when the library is."""

    changed = Signal()

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._widget = session, parent
        self._told = ""  # what was said of the last change of the library
        self._back: Callable[[], None] | None = None  # what takes that back

    def menu_for(self, cls: LayerType) -> QMenu | None:
        """What can be done with a block of the palette; None where it is not one of the person's."""
        name, section = cls.type_name(), getattr(cls, "section", "")
        entries: dict[str, list[tuple[str, Callable[[str], object]]]] = {
            PROJECT: [
                ("Save to my library", self.save),
                ("Rename …", self.rename_definition),
                ("Delete", self.remove_definition),
            ],
            OWN: [("Rename in my library …", self.rename), ("Delete from my library …", self.delete)],
        }
        if section not in entries:
            return None
        menu = QMenu(self._widget)
        for title, act in entries[section]:
            menu.addAction(title).triggered.connect(lambda _=False, act=act: act(name))
        return menu

    def save(self, definition: str) -> bool:
        """Keep a definition of the project, with all that it uses, in the person's library."""
        sheet = self._session.sheet
        known = next((b for b in library.blocks() if b.own and b.name.casefold() == definition.casefold()), None)
        replacing = known is not None and known.network != sheet.network.blocks.get(definition)
        if replacing and not self._sure(f"Replace {definition}?", "Your library has another block of this name."):
            return False
        said = "was replaced in" if replacing else "is in"
        return self._change(
            f"{definition} {said} your library, for every project",
            lambda: library.save_block(definition, sheet.network, sheet.view, replacing_other=replacing),
        )

    def rename(self, name: str) -> bool:
        """Ask how a block of the library is to be called."""
        new = self._asked(f"Rename {name} in your library", name)
        if not new or new == name:
            return False
        return self._change(f"{name} is called {new} in your library", lambda: library.rename_saved(name, new))

    def delete(self, name: str) -> bool:
        """Take a block out of the library, once the person is sure."""
        if not self._sure(f"Delete {name} from your library?", "Projects that use it keep it."):
            return False
        return self._change(f"{name} was deleted from your library", lambda: library.delete_saved(name))

    def _change(self, told: str, do: Callable[[], object]) -> bool:
        """Change the library and say so; what takes it back is remembered until the next change."""
        try:
            self._back = changing(do)
        except LibraryError as error:
            return self._refuse(error)
        self._told = told
        self._session.notice.emit("info", told)
        self.changed.emit()
        return True

    def way_back(self, sentence: str = "") -> bool:
        """Whether the last change of the library (the one of which this was said) can be taken back."""
        return self._back is not None and sentence in ("", self._told)

    def take_back(self) -> bool:
        """Take the last change of the library back."""
        back, self._back = self._back, None
        if back is None:
            return False
        try:
            back()
        except LibraryError as error:
            return self._refuse(error)
        self._session.notice.emit("info", "Your library is as it was before")
        self.changed.emit()
        return True

    def rename_definition(self, name: str) -> bool:
        """Ask how a definition of the project is to be called."""
        new = self._asked(f"Rename {name}", name)
        if not new or new == name:
            return False
        try:
            rename_definition(self._session, name, new)
        except EditError as error:
            return self._refuse(error)
        return True

    def remove_definition(self, name: str) -> bool:
        """Take a definition that nothing uses out of the project."""
        try:
            return self._session.document.do(f"Delete block {name}", remove_block(name), view=without_block(name))
        except EditError as error:
            return self._refuse(error)

    def _asked(self, title: str, name: str) -> str:
        text, said = QInputDialog.getText(self._widget, title, "Name", QLineEdit.EchoMode.Normal, name)
        return text.strip() if said else ""

    def _sure(self, question: str, more: str) -> bool:
        box = QMessageBox(self._widget.window())
        box.setText(question)
        box.setInformativeText(more)
        yes = box.addButton(question.split()[0], QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.exec()
        return box.clickedButton() is yes

    def _refuse(self, error: Exception) -> bool:
        self._session.notice.emit("warning", capital(str(error)))
        return False
