"""One class of a network's source turned into another, edit by edit."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nnstudio.export.code_arguments import Arguments
from nnstudio.export.code_functions import fitting
from nnstudio.export.code_given import Fit, UndrawableError, settled
from nnstudio.export.code_in_place import check_in_place
from nnstudio.export.code_matching import (
    Before,
    fed_by,
    is_of_torch,
    known_name,
    matched_steps,
    named_outputs,
    renamed_modules,
    result_of,
)
from nnstudio.export.code_meaning import Meaning, Origin, origins, without_origins
from nnstudio.export.code_reading import Alias, ClassCode, Step, dotted, refuse, same
from nnstudio.graph import Edit, EditError, Network, Wire, edits
from nnstudio.graph.parameters import remove_network_parameter, set_network_parameter
from nnstudio.layers import AnyLayer, Layer, TensorType, load
from nnstudio.layers.blocks import Shared

if TYPE_CHECKING:
    from nnstudio.export.code_editing import Work


class ClassWork:
    """Turns one class into the other."""

    def __init__(self, work: Work, block: str, was: ClassCode, code: ClassCode) -> None:
        self.work, self.block, self.code = work, block, code
        self.before = Before(was)
        self.broken = {problem.node for problem in work.resolved(block).errors}
        self.arguments = Arguments(self)
        self.variables: dict[str, Origin] = {}
        self.ids: dict[str, ast.AST] = {}
        self._owners: dict[str, str] = {}
        self._read_before()

    def _read_before(self) -> None:
        before, was = self.before, self.before.code
        before.inputs = self.work.nodes_at(was.forward) if was.forward is not None and was.inputs else ()
        before.outputs = self.work.nodes_at(was.result) if was.result is not None else ()
        before.modules = {attr: self.work.nodes_at(made.at)[0] for attr, made in was.made.items()}
        before.ids = {
            place: self.work.nodes_at(step.at)[0] for place, step in enumerate(was.steps) if isinstance(step, Step)
        }
        before.work_out(self.network)

    @property
    def network(self) -> Network:
        return self.work.here(self.block)

    def change(self, at: ast.AST, edit: Edit) -> None:
        self.work.do(self.block, at, edit)

    def do(self) -> None:
        """All of it: parameters, names, what is gone, then forward line by line, and what comes out."""
        code, before = self.code, self.before
        self._signature()
        check_in_place(code)
        self.attributes = renamed_modules(before.code, code)
        self.matched = matched_steps(before, code, self.attributes)
        self._check_modules()
        self._notes()
        self._names()
        self._gone()
        self._inputs()
        for place, step in enumerate(code.steps):
            if isinstance(step, Alias):
                self.variables[step.target] = known_name(step.value, self.variables)
            else:
                self._step(step, self.matched.get(place))
        self._result()
        self._frozen()
        self._check()

    def _signature(self) -> None:
        was, code = self.before.code, self.code
        if not self.block and code.given != was.given:
            refuse(code.at, "The network's own class takes no arguments; write numbers as constants above it.")
        for name, value in code.defaults.items():
            if not same(was.defaults.get(name), value):
                number = value.value if isinstance(value, ast.Constant) else None
                if isinstance(number, bool) or not isinstance(number, int | float):
                    refuse(value, f"{name} has to be a number.")
                self.change(value, set_network_parameter(name, number))
        for name in was.given:
            if name not in code.given:
                if name not in self.network.parameters:
                    refuse(code.at, f"{name} differs from copy to copy and follows from what is wired to the block.")
                self.change(code.at, remove_network_parameter(name))
        for name in code.given:
            if name not in was.given and name not in code.defaults:
                refuse(code.at, f"Give {name} a default, such as {name}: int = 64.")

    def _check_modules(self) -> None:
        used = {step.attr for step in self.code.steps if isinstance(step, Step) and step.attr}
        for step in self.code.steps:
            if isinstance(step, Step) and step.attr and step.attr not in self.code.made:
                refuse(step.value, f"self.{step.attr} is used here and not made in __init__.")
        for attr, made in self.code.made.items():
            if attr not in used:
                refuse(made.at, f"self.{attr} is made here and not used in forward; use it there, or delete this line.")

    def _notes(self) -> None:
        """Statements of the constructor other than making modules: how weights begin is not read from the code."""
        was = {attr: [text for text, _ in notes] for attr, notes in self.before.code.notes.items()}
        for attr, notes in self.code.notes.items():
            old = self.attributes.get(attr, attr)
            known = [text.replace(f"self.{old}.", f"self.{attr}.") for text in was.get(old, [])]
            for text, at in notes:
                if text not in known or (attr and attr not in self.code.made):
                    refuse(at, "This line cannot be drawn; how weights begin is chosen in the inspector.")

    def _names(self) -> None:
        for attr, old in self.attributes.items():
            id = self.before.modules[old]
            if attr != self.network.nodes[id].name:
                self.change(self.code.made[attr].at, edits.rename(id, attr))

    def _gone(self) -> None:
        kept = {*self.matched.values(), *(self.before.modules[old] for old in self.attributes.values())}
        gone = [id for id in (*self.before.ids.values(), *self.before.modules.values()) if id not in kept]
        if gone:
            self.change(self.code.at, edits.bridge(dict.fromkeys(gone)))

    def _inputs(self) -> None:
        inputs, at = self.before.inputs, self.code.forward or self.code.at
        if len(self.code.inputs) != len(self.before.code.inputs):
            refuse(at, "Inputs are added and taken away on the canvas.")
        for id, name in zip(inputs, self.code.inputs, strict=False):
            self.variables[name] = (id, "output")
            if self.network.nodes[id].name != name:
                self.change(at, edits.rename(id, name))

    # forward

    def _step(self, step: Step, id: str | None) -> None:
        fed = fed_by(step, self.variables)
        made = self.code.made.get(step.attr) if step.attr else None
        if made is not None:
            id = self._module(step, id, tuple(fed))
        elif id is None or fed != self.before.fed[id]:
            id = self._function(step, id, fed)
        if not step.attr:
            self._call_it(step, id)
        self.ids[id] = step.value
        call = made.call if made is not None else None
        weighed = is_of_torch(call) and dotted(call.func).endswith(".MultiheadAttention")
        if weighed and len(step.targets) == 2 and step.targets[1] != "_":
            self.change(step.at, edits.set_params(id, need_weights=True))
        ports = named_outputs(step, self.network.nodes[id], call)
        self.variables.update({target: (id, port) for target, port in zip(step.targets, ports, strict=False)})

    def _module(self, step: Step, id: str | None, fed: tuple[Origin | None, ...]) -> str:
        """A line that calls a module: the module's own node, or one that shares its weights."""
        made, old = self.code.made[step.attr], self.attributes.get(step.attr)
        owner = self.before.modules[old] if old is not None else self._owners.get(step.attr)
        if id is None:
            id = edits.new_id()
            if owner is None or owner not in self.network.nodes:
                self._owners[step.attr] = id
                name, layer = step.attr, self.arguments.layer(made.call)
            else:
                name, layer = _name(step), Shared(of=owner)
            self._add(step.at, id, layer, name, fed)
        elif fed != self.before.fed[id]:
            self._wire(step, id, self._at_ports(step.at, self.network.nodes[id].layer, fed))
        if id == (owner or id):
            was = self.before.code.made[old].call if old is not None else None
            if was is None or not same(was, made.call):
                self.arguments.follow(id, was, made.call)
            if was is not None or step.times:
                self.arguments.times(id, step, self._times_before(id))
        return id

    def _times_before(self, id: str) -> int:
        return next((step.times for place, step in enumerate(self.before.code.steps)
                     if isinstance(step, Step) and self.before.ids[place] == id), 1)  # fmt: skip

    def _add(self, at: ast.AST, id: str, layer: Layer, name: str, fed: tuple[Origin | None, ...]) -> None:
        first = next((origin[0] for origin in fed if origin is not None), "")
        self.work.added.setdefault(self.block, {})[id] = first
        self.change(at, edits.add(layer, name=name, id=id))
        for port, origin in self._at_ports(at, self.network.nodes[id].layer, fed):
            self.change(at, edits.connect(*origin, id, port))

    def _at_ports(self, at: ast.AST, layer: AnyLayer, fed: tuple[Origin | None, ...]) -> tuple[tuple[str, Origin], ...]:
        """What a module is called with, by its ports."""
        left, found = list(fed), []
        for name, port in layer.inputs.items():
            taken = [left.pop(0) for _ in range(len(left) if port.many else min(1, len(left)))]
            found += [(name, origin) for origin in taken if origin is not None]
        if left:
            refuse(at, f"{layer.type_name()} takes {len(layer.inputs)} inputs, and {len(fed)} are given here.")
        return tuple(found)

    def _wire(self, step: Step, id: str, fed: Iterable[tuple[str, Origin]]) -> None:
        """Lead these wires to a node in the place of those that are there."""
        fresh: dict[Wire, None] = {}
        for port, origin in fed:
            wire = Wire(*origin, id, port)
            if wire in fresh:  # one thing is wired to an input once
                copy = edits.new_id()
                self._add(step.at, copy, load()["Identity"](), "", (origin,))
                wire = Wire(copy, "output", id, port)
            fresh[wire] = None

        def edit(network: Network) -> Network:
            reached = network.descendants([id])
            if any(wire.source in reached for wire in fresh):
                raise EditError("this would close a loop")
            kept = tuple(wire for wire in network.wires if wire.target != id)
            return replace(network, wires=(*kept, *fresh))

        self.change(step.at, edit)

    def _function(self, step: Step, id: str | None, wanted: tuple[Origin | None, ...] | Meaning) -> str:
        """A line that computes something without a module: the layer that is printed so."""
        present = self.network.nodes[id].layer if id is not None else None
        led = self._led(id, wanted) if id is not None else None
        fit: Fit | None = None
        try:
            fit = self._fit(step, wanted, [present] if isinstance(present, Layer) else [], whole=led is not None)
        except UndrawableError as error:
            if led is None:
                refuse(step.value, str(error))
        if fit is None and id is not None and led is not None:
            self._wire(step, id, led)  # it does the same to other things, whether they fit or not
            return id
        if fit is None:
            refuse(step.value, f"No layer does `{ast.unparse(step.value)[:50]}`; add the layer on the canvas.")
        self._remark(fit)
        if id is None:
            return self._new_function(step, fit, _name(step))
        if fit.layer != present:
            if type(fit.layer) is type(present):
                changed = {k: v for k, v in fit.layer.values().items() if v != getattr(present, k)}
                self.change(step.at, edits.set_params(id, **changed))
            else:
                self.change(step.at, edits.replace_layer(id, fit.layer))
        self._wire(step, id, fit.fed)
        return id

    def _fit(
        self, step: Step, wanted: Meaning, first: Sequence[Layer] = (), *, whole: bool = False
    ) -> Fit | None:  # fmt: skip
        """The layer for an expression; where no layer does all of it, what is computed within becomes nodes first.
        whole: one layer or none.

        Raises:
            UndrawableError: a layer is for it, and cannot do it.
        """
        while True:
            resolution = self.work.resolved(self.block)
            types: dict[Origin, TensorType] = {
                (node, port): type for node, known in resolution.nodes.items() for port, type in known.outputs.items()
            }
            wanted = settled(wanted, types)
            found = fitting(wanted, types, first)
            if isinstance(found, Fit):
                return found
            if whole:
                return None
            simpler = self._in_parts(step, wanted if found is None else found)
            if simpler == wanted:
                return None
            wanted, first = simpler, ()

    def _in_parts(self, step: Step, of: Meaning) -> Meaning:
        """A meaning with nodes in the place of the calls within it."""
        match of:
            case ("call", "operator.getitem", ("call", *_) as inner, ("value", "int", place)):
                outputs = self._part(step, inner)
                return (
                    ("from", outputs[place])
                    if 1 < len(outputs) > place >= 0
                    else (*of[:2], ("from", outputs[0]), of[3])
                )

        def part(each: Any) -> Any:
            if not isinstance(each, tuple) or next(origins(each), None) is None or each[0] == "from":
                return each
            if each[:1] == ("call",) and each[1] != "torch.size":
                return ("from", self._part(step, each)[0])
            return tuple(map(part, each)) if each[0] == "several" else each

        return (*of[:2], *map(part, of[2:])) if of[0] == "call" else of

    def _part(self, step: Step, of: Meaning) -> list[Origin]:
        """A node for a call within an expression, and what comes out of it."""
        fit = self._fit(step, of)
        if fit is None:
            refuse(step.value, f"No layer does all of `{ast.unparse(step.value)[:50]}`; add the layers on the canvas.")
        self._remark(fit)
        id = self._new_function(step, fit, "")
        self.ids[id] = step.value
        return [(id, port) for port in self.network.nodes[id].layer.outputs]

    def _led(self, id: str, wanted: tuple[Origin | None, ...] | Meaning) -> list[tuple[str, Origin]] | None:
        """The wires of a plain function that says the same of other origins; None where it says something else."""
        was = self.before.fed[id]
        if without_origins(was) != without_origins(wanted):
            return None
        old, new = list(origins(was)), list(origins(wanted))
        layer, led = self.network.nodes[id].layer, []
        wires = [wire for port in layer.inputs for wire in self.network.incoming.get(id, ()) if wire.input == port]
        if len(wires) != len(dict.fromkeys(old)):
            return None
        for wire, origin in zip(wires, dict.fromkeys(old), strict=True):
            led.append((wire.input, new[old.index(origin)]))
        return led

    def _remark(self, fit: Fit) -> None:
        if fit.remark:
            self.work.remarks[fit.remark] = None

    def _new_function(self, step: Step, fit: Fit, name: str) -> str:
        id = edits.new_id()
        name = name if len(step.targets) == 1 and name not in self.network.by_name else ""
        self._add(step.at, id, fit.layer, name, ())
        self.work.added[self.block][id] = fit.fed[0][1][0] if fit.fed else ""
        self._wire(step, id, fit.fed)
        return id

    def _call_it(self, step: Step, id: str) -> None:
        """A plain function's node is named as its variable, where that is free."""
        name = _name(step)
        old = next((was.targets for place, was in enumerate(self.before.code.steps)
                    if isinstance(was, Step) and self.before.ids[place] == id), step.targets)  # fmt: skip
        if len(step.targets) == 1 and old != step.targets and name and name not in self.network.by_name:
            self.change(step.at, edits.rename(id, name))

    # the end

    def _result(self) -> None:
        found = result_of(self.code, self.variables)
        at = self.code.result or self.code.at
        if list(found) != list(self.before.result):
            refuse(at, "Outputs are added, named and taken away on the canvas.")
        if found == self.before.result:
            return
        for id, (key, origin) in zip(self.before.outputs, found.items(), strict=False):
            node = self.network.nodes.get(id)
            if node is not None and node.layer.role in ("output", "port") and origin != self.before.result[key]:
                self.change(at, edits.connect(*origin, id, next(iter(node.layer.inputs))))

    def _frozen(self) -> None:
        for attr in self.code.made:
            old = self.attributes.get(attr)
            id = self.before.modules[old] if old is not None else self._owners.get(attr)
            if id is not None and (attr in self.code.frozen) != (old in self.before.code.frozen):
                self.change(self.code.made[attr].at, edits.set_frozen([id], attr in self.code.frozen))

    def _check(self) -> None:
        """CodeError where a line cannot be as it is now; what the code does not say is told on the canvas."""
        if self.network is self.work.here(self.block) and self.work.network is self.work.source.of.network:  # type: ignore[union-attr]
            return
        for problem in self.work.resolved(self.block).errors:
            if problem.node in self.ids and problem.node not in self.broken:
                message = problem.message[:1].upper() + problem.message[1:]
                refuse(self.ids[problem.node], f"{message}{'; ' + problem.hint if problem.hint else ''}.")


def _name(step: Step) -> str:
    """What the node of a line is called; "" for what is computed within one."""
    return step.targets[0] if step.targets[0].isidentifier() else ""
