"""Whatever a person does to a drawing, it can be undone, saved, opened again and checked.

A few thousand random edits are made here; ``NNSTUDIO_EDITS=100000`` makes that many.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from nnstudio.compile.lower import CompileError, lower
from nnstudio.compile.resolve import resolve
from nnstudio.graph import Document, EditError, Network, View, edits
from nnstudio.graph import view as views
from nnstudio.graph.blocks import in_block, make_block, remove_block, rename_block, unpack_block
from nnstudio.graph.expanding import expand
from nnstudio.graph.parameters import (
    expose,
    remove_network_parameter,
    rename_network_parameter,
    set_expression,
    set_network_parameter,
)
from nnstudio.layers import Layer, ParameterError, load
from nnstudio.project.files import load as open_file
from nnstudio.project.files import save
from nnstudio.project.sheet import Sheet

EDITS = int(os.environ.get("NNSTUDIO_EDITS", "3000"))
#: Edits of one drawing, and edits that Hypothesis draws as one step of it (it keeps count of steps, which takes longer
#: than an edit does).
STEPS, TOGETHER = 30, 20

#: So many nodes has a drawing that one person edits for long, at most.
MOST = 200
NUMBERS = (-1, 0, 1, 2, 3, 4, 8, 0.5, 1e-3, True, None, "same", "x", (3, 3), (), [1, 2])
TEXTS = ("width", "2*width", "width - 8", "depth", "1/0", "4", "")


class Person(random.Random):
    """Draws what a person might do next, from a seed that Hypothesis chose."""

    def node(self, network: Network) -> str:
        return self.choice(list(network.nodes))

    def some(self, network: Network) -> list[str]:
        return self.sample(list(network.nodes), self.randint(1, min(4, len(network.nodes))))

    def layer(self) -> Layer:
        return self.choice(list(load()))()

    def connect(self, network: Network) -> edits.Edit:
        source, target = self.node(network), self.node(network)
        outputs = list(network.nodes[source].layer.outputs) or ["output"]
        inputs = list(network.nodes[target].layer.inputs) or ["input"]
        return edits.connect(source, self.choice(outputs), target, self.choice(inputs))

    def parameter(self, network: Network) -> edits.Edit:
        id = self.node(network)
        names = list(getattr(network.nodes[id].layer, "params", {})) or ["nothing"]
        return edits.set_params(id, **{self.choice(names): self.choice(NUMBERS)})

    def expression(self, network: Network) -> edits.Edit:
        id = self.node(network)
        names = list(getattr(network.nodes[id].layer, "params", {})) or ["nothing"]
        name = self.choice(names)
        if self.random() < 0.3:
            return expose([(id, name)], self.choice(("width", "rate")))
        return set_expression(id, name, self.choice(TEXTS))

    def named_number(self, network: Network) -> edits.Edit:
        known = list(network.parameters) or ["width"]
        match self.randint(0, 3):
            case 0:
                return remove_network_parameter(self.choice(known))
            case 1:
                return rename_network_parameter(self.choice(known), self.choice(("width", "depth", "2x")))
            case _:
                return set_network_parameter(self.choice(("width", "depth")), self.choice((1, 4, 8, 0.5)))

    def on_a_wire(self, network: Network) -> edits.Edit:
        if not network.wires:
            return edits.remove([])
        wire = self.choice(network.wires)
        return edits.disconnect([wire]) if self.random() < 0.4 else edits.insert_on(wire, self.layer())

    def on_a_node(self, network: Network) -> edits.Edit:
        id, on = self.node(network), self.random() < 0.7
        other = self.node(network)
        choices: tuple[Callable[[], edits.Edit], ...] = (
            lambda: edits.remove(self.some(network)),
            lambda: edits.bridge(self.some(network)),
            lambda: edits.rename(id, self.choice(("a", "b", "train", "1x", "conv"))),
            lambda: edits.replace_layer(id, self.layer()),
            lambda: edits.swap(id, other),
            lambda: edits.set_bypassed(self.some(network), on),
            lambda: edits.set_frozen(self.some(network), on),
            lambda: edits.insert(network.part(self.some(network))),
            lambda: edits.add(load()["Shared"].make({"of": id})),
        )
        return self.choice(choices)()

    def on_a_block(self, network: Network) -> edits.Edit:
        definitions = list(network.blocks)
        choices: list[Callable[[], edits.Edit]] = [lambda: make_block(self.some(network), self.choice(("P", "Q", "R")))]
        if definitions:
            name = self.choice(definitions)
            choices += [
                lambda: edits.add(load()["Block"].make({"definition": name, "repeat": self.randint(1, 3)})),
                lambda: unpack_block(self.node(network)),
                lambda: rename_block(name, self.choice(("P", "S"))),
                lambda: remove_block(name),
                lambda: in_block(name, self.edit(network.blocks[name], inside=True)),
                lambda: in_block(name, self.edit(network.blocks[name], inside=True)),
            ]
        return self.choice(choices)()

    def edit(self, network: Network, *, inside: bool = False) -> edits.Edit:
        """Any edit of this network."""
        if len(network.nodes) < 3 or self.random() < 0.15:
            return edits.add(self.layer())
        kinds = [self.connect, self.connect, self.parameter, self.expression, self.named_number, self.on_a_wire]
        kinds += [self.on_a_node] if inside else [self.on_a_node, self.on_a_block]
        return self.choice(kinds)(network)

    def look(self, network: Network, view: View) -> views.ViewEdit:
        """Any edit of the view."""
        members = frozenset(self.some(network)) if network.nodes else frozenset({"gone"})
        at = self.uniform(-1e4, 1e4), self.uniform(-1e4, 1e4)
        choices: list[views.ViewEdit] = [
            views.place(dict.fromkeys(members & network.nodes.keys(), at)),
            views.put_frame(views.Frame(self.choice("fg"), "Encoder", members & network.nodes.keys() or members)),
            views.remove_frame(self.choice("fg")),
            views.put_note(views.Note(self.choice("mn"), "*why*", *at)),
            views.remove_note("m"),
            views.set_bookmark(self.choice("xy"), *at, 1.0),
            views.forget(members),
        ]
        if network.wires:
            choices.append(views.set_route(self.choice(network.wires), [at]))
        choices += [views.in_block(n, views.place(dict.fromkeys(b.nodes, at))) for n, b in network.blocks.items()]
        return self.choice(choices)


class Drawing(RuleBasedStateMachine):
    """One drawing that a person works on."""

    made = 0

    @initialize()
    def begin(self) -> None:
        self.start = Sheet()
        self.document: Document[Sheet] = Document(self.start)
        self.resolution = None

    @rule(seed=st.integers(0, 2**32 - 1))
    def edit(self, seed: int) -> None:
        person = Person(seed)
        for _ in range(TOGETHER):
            Drawing.made += 1
            before = self.document.value
            try:
                if person.random() < 0.15:
                    self.document.do("Look", view=person.look(before.network, before.view))
                else:
                    self.document.do("Edit", person.edit(before.network))
            except (EditError, ParameterError) as refused:
                self.refused(refused, before)

    def refused(self, error: Exception, before: Sheet) -> None:
        """An edit that cannot be made says so in one sentence and changes nothing."""
        assert "\n" not in str(error)
        assert self.document.value is before

    @rule(steps=st.integers(1, 12))
    def undo_and_redo(self, steps: int) -> None:
        value = self.document.value
        undone = sum(self.document.undo() for _ in range(steps))
        Drawing.made += 2 * undone
        assert sum(self.document.redo() for _ in range(undone)) == undone
        assert self.document.value == value

    @rule(steps=st.integers(1, 5))
    def undo(self, steps: int) -> None:
        Drawing.made += sum(self.document.undo() for _ in range(steps))

    @rule()
    def check(self) -> None:
        self.resolution = resolve(self.document.network, {}, self.resolution)
        assert self.resolution.problems == resolve(self.document.network, {}).problems
        try:
            lower(self.resolution, seed=0)
        except CompileError:
            return

    @rule()
    def save_and_open(self) -> None:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "drawing.nnstudio"
            save(path, self.document.value)
            opened = open_file(path).sheet
        assert differing(opened.network, self.document.network) == {}
        assert expand(opened.network).flat == expand(self.document.network).flat
        assert opened.view == without_what_is_gone(self.document.view, self.document.network)

    def teardown(self) -> None:
        if not hasattr(self, "document"):
            return
        while self.document.undo():
            Drawing.made += 1
        assert self.document.value == self.start


def differing(one: Network, other: Network) -> dict[str, object]:
    """What is not the same in two networks: nodes, wires, parameters and what is in their blocks."""
    ids = {*one.nodes, *other.nodes}
    found: dict[str, object] = {
        id: (one.nodes.get(id), other.nodes.get(id)) for id in ids if one.nodes.get(id) != other.nodes.get(id)
    }
    if (one.wires, one.parameters) != (other.wires, other.parameters):
        found["wires and parameters"] = (one.wires, one.parameters, other.wires, other.parameters)
    for name in {*one.blocks, *other.blocks}:
        inside = differing(one.blocks.get(name, Network()), other.blocks.get(name, Network()))
        if inside:
            found[name] = inside
    return found


def without_what_is_gone(view: View, network: Network) -> View:
    """The view as a file keeps it: nothing of nodes, wires and definitions that are not there."""
    frames = {id: replace(frame, members=frame.members & network.nodes.keys()) for id, frame in view.frames.items()}
    return View(
        {id: at for id, at in view.positions.items() if id in network.nodes},
        {id: frame for id, frame in frames.items() if frame.members},
        view.notes,
        view.bookmarks,
        {wire: points for wire, points in view.routes.items() if wire in network.wires},
        {
            name: without_what_is_gone(inner, network.blocks[name])
            for name, inner in view.blocks.items()
            if name in network.blocks
        },
    )


def test_any_edits_can_be_undone_saved_and_checked():
    Drawing.made = 0
    run_state_machine_as_test(
        Drawing,
        settings=settings(
            max_examples=max(2, EDITS // TOGETHER // 4), stateful_step_count=STEPS, deadline=None,
            suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.reuse, Phase.generate],
        ),
    )  # fmt: skip
    assert Drawing.made >= EDITS // 3


def test_of_one_drawing_every_edit_can_be_undone_and_redone():
    person, start = Person(3), Sheet()
    document: Document[Sheet] = Document(start)
    for _ in range(max(2000, EDITS)):
        before = document.value
        try:
            if len(before.network.nodes) > MOST:
                document.do("Delete", edits.remove(person.sample(list(before.network.nodes), MOST // 2)))
            elif person.random() < 0.15:
                document.do("Look", view=person.look(before.network, before.view))
            else:
                document.do("Edit", person.edit(before.network))
        except (EditError, ParameterError):
            assert document.value is before
    done, end = document.position, document.value
    assert done > max(2000, EDITS) // 3
    while document.undo():
        pass
    assert document.value is start
    assert sum(iter(document.redo, False)) == done
    assert document.value is end
