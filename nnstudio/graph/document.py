"""The document: the value that is being edited, with undo.

Undo puts the old value back; there are no inverse commands. The value is any frozen dataclass with fields
``network`` and ``view`` (`project.sheet.Sheet` adds the plan and the data reference, so that they are undone too).
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from nnstudio.graph.edits import Edit
from nnstudio.graph.network import Network
from nnstudio.graph.view import View, ViewEdit


class HasNetwork(Protocol):
    """What a document can hold."""

    @property
    def network(self) -> Network: ...
    @property
    def view(self) -> View: ...


S = TypeVar("S", bound=HasNetwork)

#: Edits with the same merge key that come within this many seconds become one step of undo.
MERGE_SECONDS = 2.0
#: In place of :data:`MERGE_SECONDS`: steps of one merge key become one, however slowly they follow one another.
AS_LONG_AS_IT_TAKES = math.inf
#: So many steps back, what a network has worked out is kept with it; it takes more memory than the network.
_AT_HAND = 3
#: Steps of undo are kept as long as all of them take about so many bytes: hundreds of thousands of a drawing as people
#: make them, some thousands of one with ten thousand nodes. So many are kept in any case.
HISTORY_BYTES, HISTORY_LEAST = 2**30, 1000
#: So many steps that nothing leads to any more are freed by the next edit, unless somebody does it before.
_MOST_LEFT = 1000
#: About how many bytes a step takes by itself, and each key of a mapping or element of a tuple that was made for it;
#: the values of mappings with more keys than this are not looked into.
_STEP, _PER_KEY, _PER_ELEMENT, _LOOKED_INTO = 400, 30, 8, 100


@dataclass(frozen=True)
class Change(Generic[S]):
    """What listeners get: the values before and after, and why (``do``, ``undo``, ``redo``, ``restate``, ``reset``)."""

    label: str
    before: S
    after: S
    why: str = "do"

    @property
    def network_changed(self) -> bool:
        """Whether nodes, wires or parameters differ, not only where they stand."""
        return self.before.network is not self.after.network

    def nodes(self) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
        """Ids of the nodes that were added, removed and changed."""
        old, new = self.before.network.nodes, self.after.network.nodes
        added = frozenset(id for id in new if id not in old)
        removed = frozenset(id for id in old if id not in new)
        changed = frozenset(id for id, node in new.items() if id in old and old[id] is not node)
        return added, removed, changed


@dataclass(frozen=True, slots=True)
class _Step(Generic[S]):
    label: str
    value: S  # before the step, where it can be undone; after it, where it can be redone
    size: int  # about how many bytes are kept for the step alone


class Document(Generic[S]):
    """Holds one value and its history; tells listeners of every change. Used from one thread."""

    def __init__(
        self,
        value: S,
        *,
        clock: Callable[[], float] = time.monotonic,
        follow: Callable[[S, S], S] | None = None,
    ) -> None:
        """``follow(before, after)`` says what a step's value becomes once all of it is in step with its network."""
        self._value = value
        self._saved = value
        self._undo: list[_Step[S]] = []
        self._redo: list[_Step[S]] = []
        self._left: list[_Step[S]] = []  # steps that nothing leads to any more
        self._size = 0  # of all steps that can be undone or redone
        self._merge: tuple[Hashable, float] | None = None
        self._listeners: list[Callable[[Change[S]], None]] = []
        self._clock = clock
        self._follow = follow

    @property
    def value(self) -> S:
        """What is edited, as it is now."""
        return self._value

    @property
    def network(self) -> Network:
        return self._value.network

    @property
    def view(self) -> View:
        return self._value.view

    def listen(self, listener: Callable[[Change[S]], None]) -> Callable[[], None]:
        """Call ``listener`` with each :class:`Change`; returns a function that stops that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def do(
        self, label: str, edit: Edit | None = None, merge_key: Hashable = None, *, view: ViewEdit | None = None,
        merge_seconds: float = MERGE_SECONDS, **parts: Any,
    ) -> bool:  # fmt: skip
        """Edit the network, the view, and other fields of the value (by name), as one undoable step.

        Steps in a row that share a ``merge_key`` (a drag, typing in one field) and follow within ``merge_seconds``
        become one, and none where they lead back to the beginning. Where an edit raises, nothing has changed. Returns
        whether anything changed.
        """
        changed: dict[str, Any] = dict(parts)
        if edit is not None:
            changed["network"] = edit(self._value.network)
        if view is not None:
            changed["view"] = view(self._value.view)
        changed = {name: part for name, part in changed.items() if part is not getattr(self._value, name)}
        if not changed:
            return False
        value: S = dataclasses.replace(self._value, **changed)  # type: ignore[type-var]
        if self._follow is not None:
            value = self._follow(self._value, value)
        now = self._clock()
        merges = merge_key is not None and self._merge is not None and bool(self._undo)
        if not (merges and self._merge and self._merge[0] == merge_key and now - self._merge[1] <= merge_seconds):
            self._undo.append(_Step(label, self._value, _size_of(self._value, value)))
            self._size += self._undo[-1].size
        elif value == self._undo[-1].value:
            back = self._undo.pop()
            value, merge_key = back.value, None
            self._size -= back.size
        if len(self._left) > _MOST_LEFT:
            self.let_go()
        self._leave(self._redo, len(self._redo))
        self._bound()
        self._merge = (merge_key, now) if merge_key is not None else None
        self._set(label, value, "do")
        return True

    def _bound(self) -> None:
        """Leave the oldest steps where all of them take too much memory."""
        count, size = 0, self._size
        while size > HISTORY_BYTES and len(self._undo) - count > HISTORY_LEAST:
            size -= self._undo[count].size
            count += 1
        self._leave(self._undo, count)

    def _leave(self, steps: list[_Step[S]], count: int) -> None:
        """Nothing leads to the first of these steps any more."""
        self._size -= sum(step.size for step in steps[:count])
        self._left += steps[:count]
        del steps[:count]

    def let_go(self) -> None:
        """Free what can neither be undone nor redone any more: of a large network that takes a moment, which an edit
        need not wait for."""
        self._left.clear()

    def undo(self) -> bool:
        """Take the last step back. False where there is none."""
        return self.go_to(self.position - 1)

    def redo(self) -> bool:
        """Take the last undone step again. False where there is none."""
        return self.go_to(self.position + 1)

    @property
    def steps(self) -> tuple[str, ...]:
        """What every step that is kept is called, oldest first: those done, then those undone."""
        return (*(step.label for step in self._undo), *(step.label for step in reversed(self._redo)))

    @property
    def position(self) -> int:
        """How many of :attr:`steps` are done: the present lies behind so many of them."""
        return len(self._undo)

    def at(self, position: int) -> S:
        """The value as it is when so many of :attr:`steps` are done. IndexError where there are not so many."""
        ahead = position - self.position
        if ahead < 0:
            return self._undo[position].value
        return self._redo[-ahead].value if ahead else self._value

    def go_to(self, position: int) -> bool:
        """Undo or redo until so many of :attr:`steps` are done, as one change. False where that changes nothing."""
        if position == self.position or not 0 <= position <= len(self._undo) + len(self._redo):
            return False
        why = "undo" if position < self.position else "redo"
        away, onto = (self._undo, self._redo) if why == "undo" else (self._redo, self._undo)
        value, label = self._value, ""
        for _ in range(abs(position - self.position)):
            step = away.pop()
            onto.append(_Step(step.label, value, step.size))
            value, label = step.value, step.label
        self._merge = None
        self._set(label, value, why)
        return True

    @property
    def undo_label(self) -> str:
        """What undo would take back; "" where nothing."""
        return self._undo[-1].label if self._undo else ""

    @property
    def redo_label(self) -> str:
        """What redo would do again; "" where nothing."""
        return self._redo[-1].label if self._redo else ""

    @property
    def modified(self) -> bool:
        """Whether the value differs from the one that was saved last."""
        return self._value is not self._saved

    def mark_saved(self, value: S | None = None) -> None:
        """Say that the present value (or ``value``, when it was written while edits went on) is on disk.

        What comes next is a step of its own, so that undo leads back to what was saved.
        """
        self._merge = None
        self._saved = self._value if value is None else value

    def restate(self, restated: Callable[[S], S]) -> None:
        """Put ``restated(value)`` for the value and for each of its history: the same, said otherwise (a path to the
        data, after the project's file has moved). No step of undo; what is saved stays so."""
        known: dict[int, S] = {}

        def again(value: S) -> S:
            return known.setdefault(id(value), restated(value))

        self._undo = [replace(step, value=again(step.value)) for step in self._undo]
        self._redo = [replace(step, value=again(step.value)) for step in self._redo]
        present, self._saved = again(self._value), again(self._saved)
        if present is not self._value:
            self._set("", present, "restate")

    def reset(self, value: S, *, modified: bool = False) -> None:
        """Begin anew with another value and no history."""
        for steps in (self._undo, self._redo, self._left):
            steps.clear()
        self._size = 0
        self._merge = None
        before = self._value
        if not modified:
            self._saved = value
        self._set("", value, "reset", before)

    def _set(self, label: str, value: S, why: str, before: S | None = None) -> None:
        change = Change(label, before if before is not None else self._value, value, why)
        if why != "reset":
            value.network.follow(self._value.network)
        for kept in (self._undo, self._redo):
            if len(kept) > _AT_HAND:
                old, newer = (step.value.network for step in kept[-_AT_HAND - 1 : -_AT_HAND + 1])
                if old is not newer:
                    newer.stand_alone()
                    old.forget()
        self._value = value
        for listener in tuple(self._listeners):
            listener(change)


def _size_of(kept: object, beside: object) -> int:
    """About how many bytes a step takes whose value is kept beside the one that was made of it: what both share counts
    for nothing, a mapping or tuple that was made anew for its keys or elements."""
    return _STEP + _own(kept, beside)


def _own(kept: object, beside: object) -> int:
    if kept is beside:
        return 0
    if isinstance(kept, tuple):
        return _PER_ELEMENT * len(kept)
    if isinstance(kept, Mapping):
        size = _PER_KEY * len(kept)
        if len(kept) > _LOOKED_INTO or not isinstance(beside, Mapping):
            return size
        return size + sum(_own(part, beside.get(key)) for key, part in kept.items())
    if dataclasses.is_dataclass(kept) and type(kept) is type(beside):
        names = (field.name for field in dataclasses.fields(kept))
        return sum(_own(getattr(kept, name), getattr(beside, name)) for name in names)
    return _STEP
