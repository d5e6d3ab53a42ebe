"""The one table of actions, from which menus, toolbar, shortcuts and the command palette derive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from nnstudio.ui.afterwards import Afterwards
from nnstudio.ui.icons import icon

#: What can be done is looked at so many milliseconds after something changed: the canvas shows first what was done.
LATER = 24


def always() -> bool:
    """An action that can always be done."""
    return True


@dataclass(frozen=True)
class Action:
    """One thing that a person can do.

    shortcuts: portable key texts (``Ctrl+S``) or standard keys; Ctrl is Command on macOS. menu: the menu's title and,
    after ``/``, a submenu's; "" where it is in none. title_when, checked_when: looked at when state changes.
    words: other words by which the command palette finds it.
    """

    id: str
    title: str
    callback: Callable[[], object]
    shortcuts: tuple[str | QKeySequence.StandardKey, ...] = ()
    icon: str = ""
    menu: str = ""
    tooltip: str = ""
    enabled_when: Callable[[], bool] = always
    checked_when: Callable[[], bool] | None = None
    title_when: Callable[[], str] | None = None
    separated: bool = False
    words: str = ""
    dynamic: Callable[[], Iterable[Action]] | None = field(default=None, compare=False)


class ActionTable(QObject):
    """The actions of one window as ``QAction`` objects that know whether they can be done now.

    ``refreshed``: they were looked at again.
    """

    refreshed = Signal()

    def __init__(self, window: QWidget, actions: Iterable[Action]) -> None:
        super().__init__(window)
        self._due = Afterwards(self, self.refresh, LATER)
        self._actions: dict[str, Action] = {}
        self._made: dict[str, QAction] = {}
        self._keys: dict[str, str] = {}
        self._shown: dict[
            str, tuple[bool, str]
        ] = {}  # whether each can be done and what it is called, as was told last
        for action in actions:
            if action.id in self._actions:
                raise ValueError(f"two actions are named {action.id}")
            self._actions[action.id] = action
            if action.dynamic is None:
                made = self._make(action, window)
                window.addAction(made)
                self._made[action.id] = made
        self.refresh()

    def _make(self, action: Action, parent: QObject) -> QAction:
        made = QAction(action.title, parent)
        made.setObjectName(action.id)
        made.setShortcuts([QKeySequence(keys) for keys in action.shortcuts])
        made.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        made.setMenuRole(QAction.MenuRole.NoRole)
        if action.icon:
            made.setIcon(icon(action.icon))
            made.setIconVisibleInMenu(False)
        made.setCheckable(action.checked_when is not None)
        made.triggered.connect(lambda _=False: self._run(action))
        return made

    def _run(self, action: Action) -> None:
        if action.enabled_when():
            action.callback()
        self.refresh_soon()

    def __iter__(self) -> Iterator[Action]:
        return iter(self._actions.values())

    def qt(self, id: str) -> QAction:
        """The ``QAction`` of this id, as it is now. KeyError where there is none, or it stands for several."""
        self.catch_up()
        return self._made[id]

    def find(self, id: str) -> QAction | None:
        """The same; None where there is none."""
        self.catch_up()
        return self._made.get(id)

    def trigger(self, id: str) -> None:
        """Do it, where it can be done now."""
        self._run(self._actions[id])

    def shortcut_text(self, id: str) -> str:
        """Its first shortcut as the platform writes it; "" where it has none."""
        if id not in self._keys:
            made = self._made.get(id)
            keys = made.shortcut() if made is not None else QKeySequence()
            self._keys[id] = keys.toString(QKeySequence.SequenceFormat.NativeText)
        return self._keys[id]

    def refresh_soon(self, *_: object) -> None:
        """Look again in a moment, once for all that changes until then."""
        if not self._due.isActive():
            self._due.soon()

    def catch_up(self) -> None:
        """Look again now, where that is due: somebody is about to use what is known."""
        if self._due.isActive():
            self.refresh()

    def refresh(self) -> None:
        """Look again at what can be done, what is checked and what things are called."""
        self._due.stop()
        for id, made in self._made.items():
            action = self._actions[id]
            if action.checked_when is not None:
                checked = action.checked_when()
                if made.isChecked() is not checked:  # a click turns it by itself
                    made.setChecked(checked)
            enabled = action.enabled_when is always or bool(action.enabled_when())
            title = action.title_when() if action.title_when is not None else action.title
            if self._shown.get(id) == (enabled, title):
                continue
            self._shown[id] = enabled, title
            made.setEnabled(enabled)
            made.setText(title)
            keys = self.shortcut_text(id)
            made.setToolTip(f"{action.tooltip or title}{f' ({keys})' if keys else ''}")
        self.refreshed.emit()

    def fill(self, menu: QMenu, name: str) -> None:
        """Put the actions of a menu into it, with its submenus."""
        submenus: dict[str, QMenu] = {}
        for action in self._actions.values():
            top, _, sub = action.menu.partition("/")
            if top != name:
                continue
            target = menu
            if sub:
                if sub not in submenus:
                    submenus[sub] = menu.addMenu(sub)
                target = submenus[sub]
            elif action.separated:
                menu.addSeparator()
            if action.dynamic is not None:
                self._fill_when_shown(target, action.dynamic)
            else:
                target.addAction(self._made[action.id])

    def _fill_when_shown(self, menu: QMenu, entries: Callable[[], Iterable[Action]]) -> None:
        def fill() -> None:
            menu.clear()
            for entry in entries():
                made = self._make(entry, menu)
                made.setEnabled(entry.enabled_when())
                menu.addAction(made)

        menu.aboutToShow.connect(fill)
        fill()
