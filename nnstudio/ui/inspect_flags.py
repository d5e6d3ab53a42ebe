"""What the inspector says of nodes beside their parameters: bypassed and frozen, for one node or several at once."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QWidget

from nnstudio.graph import Node
from nnstudio.ui.network_actions import can_be, set_flag
from nnstudio.ui.parts import row
from nnstudio.ui.session import Session

FLAGS = (
    ("bypassed", "Bypassed", "What arrives goes on as if the layer were not there (Ctrl+B)"),
    ("frozen", "Frozen", "The weights stay as they are while the rest is trained (Ctrl+Shift+B)"),
)
_STATES = {
    frozenset({True}): Qt.CheckState.Checked,
    frozenset({False}): Qt.CheckState.Unchecked,
    frozenset({True, False}): Qt.CheckState.PartiallyChecked,
}


class Flags(QWidget):
    """A box for each flag that one of the nodes can have; half checked where they differ."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._nodes: list[Node] = []
        self.boxes: dict[str, QCheckBox] = {}
        for flag, title, tip in FLAGS:
            box = QCheckBox(title)
            box.setToolTip(tip)
            box.setObjectName(flag)
            box.clicked.connect(lambda _=False, flag=flag: self._clicked(flag))
            self.boxes[flag] = box
        self.setLayout(row(*self.boxes.values(), 1, spacing=18))

    def show_nodes(self, nodes: Iterable[Node]) -> None:
        """Show the flags of these."""
        self._nodes = list(nodes)
        for flag, box in self.boxes.items():
            has = operator.attrgetter(flag)
            among = {True: filter(has, self._nodes), False: itertools.filterfalse(has, self._nodes)}
            found = [on for on, those in among.items() if any(can_be(flag, node) for node in those)]
            box.setVisible(bool(found))
            state = _STATES.get(frozenset(found), Qt.CheckState.Unchecked)
            box.setTristate(state == Qt.CheckState.PartiallyChecked)
            box.setCheckState(state)
        self.setVisible(any(not box.isHidden() for box in self.boxes.values()))

    def _clicked(self, flag: str) -> None:
        able = [node for node in self._nodes if can_be(flag, node)]
        set_flag(self._session, flag, able, not all(getattr(node, flag) for node in able))
