"""What a screen reader is told where nothing that has the focus has changed: what is selected, and what was done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent
from PySide6.QtWidgets import QWidget

from nnstudio.graph import Network
from nnstudio.layers import TensorType

if TYPE_CHECKING:
    from nnstudio.compile.resolve import Resolution
    from nnstudio.graph import Change
    from nnstudio.ui.session import Session

#: So many neighbours of a node are named; more are counted.
NAMED = 3
_WHY = {"undo": "Undone: ", "redo": "Redone: "}


def announce(widget: QWidget, text: str) -> None:
    """Have a screen reader say a text when it has said what it is saying."""
    if text and QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, text))


def describe(widget: QWidget, text: str) -> None:
    """Give a widget another accessible description, and say it."""
    if text == widget.accessibleDescription():
        return
    widget.setAccessibleDescription(text)
    if QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleEvent(widget, QAccessible.Event.DescriptionChanged))
    announce(widget, text)


def output_of(resolution: Resolution | None, id: str) -> str:
    """What a node gives, for one sample: ``16×26×26``; "" where that is not known."""
    resolved = resolution.nodes.get(id) if resolution is not None else None
    first = next(iter(resolved.outputs.values()), None) if resolved is not None else None
    return first.per_sample() if isinstance(first, TensorType) else ""


def problems_of(resolution: Resolution | None, id: str) -> list[str]:
    """What is wrong with a node, a sentence each."""
    return [problem.message for problem in resolution.problems_of(id)] if resolution is not None else []


def in_words(network: Network, resolution: Resolution | None, id: str) -> str:
    """A node as a screen reader says it: name, type, what it gives, its flags, its problems."""
    node = network.nodes[id]
    output, problems = output_of(resolution, id), problems_of(resolution, id)
    parts = [node.name, node.layer.subtitle()]
    parts += [f"gives {output.replace('×', ' by ')}"] if output else []
    parts += ["bypassed"] if node.bypassed else []
    parts += ["frozen"] if node.frozen else []
    parts += [f"{len(problems)} problem{'' if len(problems) == 1 else 's'}: {problems[0]}"] if problems else []
    return ", ".join(parts)


def wires_in_words(network: Network, id: str) -> str:
    """What feeds a node and what it feeds, by name."""
    into = dict.fromkeys(wire.source for wire in network.incoming.get(id, ()))
    onto = dict.fromkeys(wire.target for wire in network.outgoing.get(id, ()))
    said = []
    for word, ids in (("fed by", into), ("feeds", onto)):
        names = [network.nodes[other].name for other in ids if other in network.nodes]
        more = [f"{len(names) - NAMED} more"] if len(names) > NAMED else []
        said += [f"{word} {', '.join([*names[:NAMED], *more])}"] if names else []
    return "; ".join(said)


class Voice(QObject):
    """Describes the canvas by what is selected, and says what was done to the network."""

    def __init__(self, session: Session, canvas: QWidget, compared: Callable[[], str] = lambda: "") -> None:
        """``compared``: what a comparison says of the one selected node."""
        super().__init__(canvas)
        self._session, self._canvas, self._compared = session, canvas, compared
        session.selection_changed.connect(self.tell)
        session.changed.connect(self._changed)
        self.tell()

    def tell(self) -> None:
        """Describe the canvas by what is selected now."""
        session = self._session
        nodes = session.network.nodes
        chosen = list(filter(nodes.__contains__, session.selection))
        if len(chosen) == 1:
            parts = (in_words(session.network, session.resolution, chosen[0]), wires_in_words(session.network, *chosen))
            compared = self._compared()
            text = f"{'; '.join(filter(None, parts))}; selected{f'; compared, {compared}' if compared else ''}"
        elif chosen:
            text = f"{len(chosen)} layers selected"
        else:
            text = f"{len(session.network.nodes)} layers, nothing selected"
        describe(self._canvas, text)

    def _changed(self, change: Change[Any]) -> None:
        if change.why in ("do", "undo", "redo"):
            announce(self._canvas, f"{_WHY.get(change.why, '')}{change.label}")
