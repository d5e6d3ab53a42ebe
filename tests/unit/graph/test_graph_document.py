"""The document: whatever was done, undoing it all gives back what was there, and redoing it what came of it."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass, field, replace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from nnstudio.graph import Change, Document, EditError, Network, View, edits, view
from nnstudio.graph import document as documents
from nnstudio.graph.document import AS_LONG_AS_IT_TAKES
from nnstudio.layers import load

CATALOGUE = load()
LAYERS = [CATALOGUE[name]() for name in ("Linear", "ReLU", "Add", "LSTM", "CrossEntropyLoss", "Output")]


@dataclass(frozen=True)
class Value:
    """The least that a document can hold."""

    network: Network = field(default_factory=Network)
    view: View = field(default_factory=View)
    title: str = ""


class Clock:
    """A clock that stands until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Editing(RuleBasedStateMachine):
    """A person who edits at random. ``past`` and ``future`` are what undo and redo should give."""

    @initialize()
    def begin(self) -> None:
        self.clock = Clock()
        self.first = Value()
        self.document: Document[Value] = Document(self.first, clock=self.clock)
        self.past: list[Value] = []
        self.future: list[Value] = []
        self.changes: list[Change[Value]] = []
        self.document.listen(self.changes.append)
        self.merging: Any = None

    def do(self, label: str, key: Any = None, **what: Any) -> None:
        before, told = self.document.value, len(self.changes)
        try:
            changed = self.document.do(label, merge_key=key, **what)
        except EditError:
            assert self.document.value is before, "an edit that was refused changed something"
            assert len(self.changes) == told
            return
        assert changed == (len(self.changes) > told)
        if not changed:
            assert self.document.value is before
            return
        if not (key is not None and self.merging == key and self.past):
            self.past.append(before)
        elif self.document.value == self.past[-1]:
            self.past.pop()
            key = None
        self.future.clear()
        self.merging = key

    def ids(self) -> list[str]:
        return list(self.document.network.nodes)

    def pick(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(self.ids()))

    @rule(layer=st.sampled_from(LAYERS))
    def add(self, layer: Any) -> None:
        self.do("Add", edit=edits.add(layer))

    @precondition(lambda self: self.document.network.nodes)
    @rule(data=st.data())
    def connect(self, data: st.DataObject) -> None:
        source, target = self.pick(data), self.pick(data)
        outputs = [*self.document.network.nodes[source].layer.outputs, "no"]
        inputs = [*self.document.network.nodes[target].layer.inputs, "no"]
        wire = (source, data.draw(st.sampled_from(outputs)), target, data.draw(st.sampled_from(inputs)))
        self.do("Connect", edit=edits.connect(*wire))

    @precondition(lambda self: self.document.network.nodes)
    @rule(data=st.data(), mend=st.booleans())
    def remove(self, data: st.DataObject, mend: bool) -> None:
        id = self.pick(data)
        self.do("Delete", edit=(edits.bridge if mend else edits.remove)([id]), view=view.forget([id]))

    @precondition(lambda self: self.document.network.wires)
    @rule(data=st.data())
    def insert(self, data: st.DataObject) -> None:
        wire = data.draw(st.sampled_from(self.document.network.wires))
        self.do("Insert", edit=edits.insert_on(wire, CATALOGUE["ReLU"]()))

    @precondition(lambda self: self.document.network.nodes)
    @rule(data=st.data(), name=st.sampled_from(["a", "b", "c", "forward", "two words"]))
    def rename(self, data: st.DataObject, name: str) -> None:
        self.do("Rename", edit=edits.rename(self.pick(data), name))

    @precondition(lambda self: self.document.network.nodes)
    @rule(data=st.data(), at=st.tuples(st.floats(-9, 9), st.floats(-9, 9)), merges=st.booleans())
    def move(self, data: st.DataObject, at: tuple[float, float], merges: bool) -> None:
        id = self.pick(data)
        self.do("Move", key=("move", id) if merges else None, view=view.place({id: at}))

    @rule(title=st.text(max_size=3))
    def retitle(self, title: str) -> None:
        self.do("Title", key="title", title=title)

    @rule()
    def wait(self) -> None:
        self.clock.now += 10
        self.merging = None

    @rule()
    def undo(self) -> None:
        before = self.document.value
        assert self.document.undo() == bool(self.past)
        if self.past:
            self.future.append(before)
            assert self.document.value is self.past.pop()
        self.merging = None

    @rule()
    def redo(self) -> None:
        before = self.document.value
        assert self.document.redo() == bool(self.future)
        if self.future:
            self.past.append(before)
            assert self.document.value is self.future.pop()
        self.merging = None

    @invariant()
    def the_network_is_sound(self) -> None:
        network = self.document.network
        names = [node.name for node in network.nodes.values()]
        assert len(set(names)) == len(names)
        assert all(wire.source in network.nodes and wire.target in network.nodes for wire in network.wires)
        assert len(set(network.wires)) == len(network.wires)
        for id, node in network.nodes.items():
            for name, port in node.layer.inputs.items():
                at = [wire for wire in network.incoming.get(id, ()) if wire.input == name]
                assert port.many or len(at) <= 1
            assert id not in network.descendants([w.target for w in network.outgoing.get(id, ())])

    @invariant()
    def listeners_were_told_of_each_change(self) -> None:
        seen = self.first
        for change in self.changes:
            assert change.before is seen
            seen = change.after
        assert self.document.value is seen
        assert self.document.modified == (self.document.value is not self.first)

    def teardown(self) -> None:
        if not hasattr(self, "document"):
            return
        end = self.document.value
        count = 0
        while self.document.undo():
            count += 1
        assert self.document.value is self.first
        for _ in range(count):
            assert self.document.redo()
        assert self.document.value is end


Editing.TestCase.settings = settings(max_examples=40, stateful_step_count=30)
TestEditing = Editing.TestCase


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def document(clock: Clock) -> Document[Value]:
    return Document(Value(), clock=clock)


def test_typing_in_one_field_is_one_step(document: Document[Value], clock: Clock) -> None:
    for title in ("d", "di", "dig"):
        document.do("Title", merge_key="title", title=title)
        clock.now += 0.5
    assert document.undo()
    assert document.value.title == ""
    assert document.redo()
    assert document.value.title == "dig"


def test_typing_that_ends_where_it_began_is_no_step(document: Document[Value]) -> None:
    began = document.value
    for title in ("d", "di", ""):
        document.do("Title", merge_key="title", title=title)
    assert document.value is began
    assert not document.modified
    assert document.steps == ()
    document.do("Title", merge_key="title", title="d")
    assert document.steps == ("Title",)


def test_typing_again_later_is_another_step(document: Document[Value], clock: Clock) -> None:
    document.do("Title", merge_key="title", title="d")
    clock.now += 60
    document.do("Title", merge_key="title", title="di")
    document.undo()
    assert document.value.title == "d"


def test_steps_between_keep_others_apart(document: Document[Value]) -> None:
    document.do("Title", merge_key="title", title="d")
    document.do("Add", edits.add(CATALOGUE["ReLU"](), id="r"))
    document.do("Title", merge_key="title", title="di")
    document.undo()
    assert document.value.title == "d"
    assert "r" in document.network.nodes


def test_a_change_says_which_nodes_came_went_and_changed(document: Document[Value]) -> None:
    document.do("Add", edits.chain(edits.add(LAYERS[0], id="a"), edits.add(LAYERS[1], id="b")))
    changes: list[Change[Value]] = []
    stop = document.listen(changes.append)
    document.do(
        "Edit", edits.chain(edits.remove(["b"]), edits.add(LAYERS[1], id="c"), edits.set_params("a", out_features=2))
    )
    assert changes[-1].nodes() == ({"c"}, {"b"}, {"a"})
    assert changes[-1].network_changed
    assert changes[-1].before.view is changes[-1].after.view
    stop()
    document.undo()
    assert len(changes) == 1
    assert document.undo_label == "Add"
    assert document.redo_label == "Edit"


def test_what_is_said_otherwise_is_so_in_all_of_the_history_and_is_no_step(document: Document[Value]) -> None:
    document.do("Title", title="a")
    document.mark_saved()
    document.do("Title", title="b")
    document.restate(lambda value: replace(value, title=value.title.upper()))
    assert document.value.title == "B"
    assert document.modified
    document.undo()
    assert document.value.title == "A"
    assert not document.modified
    document.redo()
    assert document.value.title == "B"


def test_a_document_is_saved_until_it_differs(document: Document[Value]) -> None:
    document.do("Title", title="a")
    written = document.value
    document.do("Title", title="b")
    document.mark_saved(written)
    assert document.modified
    document.undo()
    assert not document.modified


def test_a_new_beginning_has_no_history(document: Document[Value]) -> None:
    document.do("Title", title="a")
    document.reset(Value(title="recovered"), modified=True)
    assert not document.undo()
    assert document.modified
    document.reset(Value(title="opened"))
    assert not document.modified


def test_what_nothing_leads_to_any_more_is_freed_when_there_is_time(document: Document[Value]) -> None:
    document.do("Add", edits.add(LAYERS[0]))
    undone = weakref.ref(document.network)
    document.undo()
    document.do("Title", title="b")
    assert document.steps == ("Title",)
    document.let_go()
    gc.collect()
    assert undone() is None


def test_the_history_lists_its_steps_and_goes_to_any_of_them_as_one_change(document: Document[Value]) -> None:
    for title in "abc":
        document.do(f"Title {title}", title=title)
    assert document.steps == ("Title a", "Title b", "Title c")
    assert document.position == 3
    changes: list[Change[Value]] = []
    document.listen(changes.append)
    assert document.go_to(1)
    assert (document.value.title, document.position) == ("a", 1)
    assert document.steps == ("Title a", "Title b", "Title c"), "what is undone stays in the list"
    assert document.go_to(3)
    assert document.value.title == "c"
    assert document.go_to(0)
    assert document.value == Value()
    assert [change.why for change in changes] == ["undo", "redo", "undo"]
    assert not document.go_to(0)
    assert not document.go_to(4)


def test_typing_slowly_in_one_field_is_one_step_where_the_field_says_so(
    document: Document[Value], clock: Clock
) -> None:
    for title in ("d", "di", "dig"):
        document.do("Title", merge_key=("title", 1), merge_seconds=AS_LONG_AS_IT_TAKES, title=title)
        clock.now += 60
    document.undo()
    assert document.value.title == ""


def test_undo_leads_back_to_what_was_saved_in_the_middle_of_typing(document: Document[Value]) -> None:
    document.do("Title", merge_key="title", title="d")
    document.mark_saved()
    document.do("Title", merge_key="title", title="di")
    document.undo()
    assert document.value.title == "d"
    assert not document.modified


def test_no_number_of_small_steps_is_too_many_to_be_undone(document: Document[Value]) -> None:
    for number in range(5000):
        document.do(f"Title {number}", title=str(number))
    assert len(document.steps) == 5000
    assert document.go_to(0)
    assert document.value == Value()


def test_where_steps_take_too_much_memory_the_oldest_go(
    document: Document[Value], monkeypatch: pytest.MonkeyPatch
) -> None:
    many = {f"n{at}": (float(at), 0.0) for at in range(1000)}
    monkeypatch.setattr(documents, "HISTORY_BYTES", 500_000)
    monkeypatch.setattr(documents, "HISTORY_LEAST", 3)
    document.do("Place", view=view.place(many))
    for number in range(40):
        document.do(f"Move {number}", view=view.place({"n0": (float(number), 9.0)}))
    assert 3 < len(document.steps) < 25
    assert document.steps[-1] == "Move 39"
    monkeypatch.setattr(documents, "HISTORY_BYTES", 0)
    document.do("Last", title="last")
    assert document.steps == ("Move 38", "Move 39", "Last")


def test_what_is_undone_and_left_makes_room_again(document: Document[Value], monkeypatch: pytest.MonkeyPatch) -> None:
    many = {f"n{at}": (float(at), 0.0) for at in range(1000)}
    monkeypatch.setattr(documents, "HISTORY_BYTES", 500_000)
    monkeypatch.setattr(documents, "HISTORY_LEAST", 1)
    document.do("Place", view=view.place(many))
    for number in range(60):
        document.do(f"Move {number}", view=view.place({"n0": (float(number), 9.0)}))
        document.undo()
    assert document.undo_label == "Place"
    document.undo()
    assert document.value == Value()
