"""The classes of a network's Python source: one for the whole, one for each definition of a block that it uses.

A definition's class takes what its blocks set, and the sizes that differ from block to block, as arguments. Where the
copies of a definition differ in more than sizes, it becomes several classes.
"""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from nnstudio.compile import instantiate
from nnstudio.compile.resolve import Resolution, drawn_order
from nnstudio.compile.shapes import arguments
from nnstudio.export.python_values import WIDTH, brief, call_lines, free_name, function_text, initialised, literal
from nnstudio.graph import Node
from nnstudio.graph.expressions import items_of, names_in, with_plain_signs
from nnstudio.graph.standins import inner_ports, shared_owner
from nnstudio.layers import Call, Function, Layer
from nnstudio.layers.blocks import Block, BlockInput, BlockOutput, Shared

#: Names of a class's arguments that mean something else already.
_TAKEN = frozenset({"self", "nn", "torch", "Tensor"})


def class_name(wanted: str) -> str:
    """``digits-mlp`` as a class is named: ``DigitsMlp``."""
    joined = "".join(part[:1].upper() + part[1:] for part in re.split(r"[^0-9A-Za-z]+", wanted))
    made = joined if joined[:1].isalpha() else f"Model{joined}"
    return f"{made}Model" if keyword.iskeyword(made) or made in _RESERVED else made


_RESERVED = frozenset({"Path", "Tensor", "WEIGHTS", "load", "load_file", "nn", "torch"})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a class, without its indentation by the class; ``nodes`` are those of the scope that it is of."""

    text: str
    nodes: tuple[str, ...] = ()


@dataclass
class Written:
    """A class as it is written. arguments: its constructor's, with the value of each for every copy of the definition;
    defaults: those that need not be given."""

    name: str
    definition: str
    lines: list[Line]
    arguments: dict[str, list[Any]] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)


@dataclass
class Copies:
    """The copies of one definition that are alike but for sizes: what is known of each (of the whole: one)."""

    name: str
    definition: str
    resolutions: list[Resolution]

    @property
    def first(self) -> Resolution:
        return self.resolutions[0]


class ClassWriter:
    """Writes one class. ``children``: for the blocks in it, by node id, the written class and the place among its
    copies of each copy, for each of these resolutions. ``ends``: the nodes whose inputs the whole network gives back;
    ``also``: what is written though they do not need it.
    """

    def __init__(
        self,
        copies: Copies,
        children: Mapping[str, list[list[tuple[Written, int]]]],
        targets: Mapping[str, type],
        ends: tuple[Node, ...] = (),
        also: frozenset[str] = frozenset(),
    ) -> None:
        self.copies, self.children, self.targets, self.ends = copies, children, targets, ends
        self.first = copies.first
        self.network = copies.first.network
        self.ins, outs = inner_ports(self.network)
        self.whole = not copies.definition
        self.outs = ends if self.whole else outs
        self.needed = self.network.ancestors([*(node.id for node in self.outs), *also])
        owners = (shared_owner(self.network, id) for id in self.needed)
        self.made = self.needed | {owner.id for owner in owners if owner is not None}
        self.order = drawn_order(self.network)
        self.variables: dict[tuple[str, str], str] = {}
        self.values: dict[str, list[Any]] = {}
        self.exposed: dict[str, Any] = {}
        if self.whole:
            self.inputs = [node for node in self.network.of_role("input") if node.id in self.needed]
        else:
            self.inputs = [node for node in self.ins if node.id in self.needed]

    def written(self) -> Written:
        """The class."""
        forward = list(self._forward())
        made = list(self._init())
        head = Line(f"class {self.copies.name}(nn.Module):")
        lines = [head, Line(f'    """{self._signature()}"""'), Line("")]
        if made:
            lines += [Line(f"    {text}") for text in self._constructor()]
            lines += [Line(f"        {line.text}", line.nodes) for line in made] + [Line("")]
        taken = "".join(f", {node.name}: Tensor" for node in self.inputs)
        kind = "Tensor" if len(self.outs) == 1 else ("dict[str, Tensor]" if self.whole else "tuple[Tensor, ...]")
        lines.append(Line(f"    def forward(self{taken}) -> {kind}:", tuple(node.id for node in self.inputs)))
        lines += [Line(f"        {line.text}", line.nodes) for line in forward]
        found = {**self.values, **{name: self._setting(name) for name in self.exposed}}
        return Written(self.copies.name, self.copies.definition, lines, found, dict(self.exposed))

    def _setting(self, name: str) -> list[Any]:
        return [each.network.parameters[name] for each in self.copies.resolutions]

    def _signature(self) -> str:
        types = [(node.name, self._type(node.id, "output")) for node in self.inputs]
        said = [f"{name}: {brief(known)}" if known is not None else name for name, known in types]
        return f"Takes {'; '.join(said) or 'nothing'}."

    def _constructor(self) -> Iterator[str]:
        given = [f"{name}: {_kind(values[0])}" for name, values in self.values.items()]
        if not self.whole:  # the whole network's parameters are constants of the file
            given += [f"{name}: {_kind(value)} = {literal(value)}" for name, value in self.exposed.items()]
        line = f"def __init__(self{''.join(f', {each}' for each in given)}) -> None:"
        if len(line) <= WIDTH:
            yield line
        else:
            yield from ["def __init__(", "    self,", *(f"    {each}," for each in given), ") -> None:"]
        yield "    super().__init__()"

    # what is made

    def _init(self) -> Iterator[Line]:
        """Lines that make the modules, start their weights as the drawing says, and freeze what is frozen."""
        for id in self.order:
            node = self.network.nodes[id]
            if id not in self.made or node.bypassed or isinstance(node.layer, Shared):
                continue
            if id in self.children:
                yield from (Line(text, (id,)) for text in self._blocks(node))
            elif isinstance(self.first.nodes[id].built, Call):
                yield from (Line(text, (id,)) for text in self._module(node))
            else:
                continue
            if node.frozen:
                yield Line(f"self.{node.name}.requires_grad_(False)  # frozen", (id,))

    def _module(self, node: Node) -> Iterator[str]:
        built = self.first.nodes[node.id].built
        layer = self.first.nodes[node.id].layer
        assert isinstance(built, Call)
        assert isinstance(layer, Layer)
        values = list(self._arguments(node, built, layer))
        yield from call_lines(f"self.{node.name} = {self._target(built.target)}", values)
        if initialisers := layer.initialise():
            yield from initialised(node.name, built, layer, initialisers)

    def _target(self, target: str) -> str:
        """A class as the file calls it: ``nn.Linear``; those that are embedded by their name alone."""
        return self.targets[target].__name__ if target in self.targets else target.removeprefix("torch.")

    def _arguments(self, node: Node, built: Call, layer: Layer) -> Iterator[str]:
        """The arguments of a call as they are written, without those that say what the class does anyway."""
        declared = inspect.signature(instantiate.module_class(built.target, layer)).parameters
        calls = [each.nodes[node.id].built for each in self.copies.resolutions]
        names = list(declared)
        for place in range(len(built.args)):
            name = names[place] if place < len(names) else f"argument{place}"
            yield self._argument(node, name, [call.args[place] for call in calls if isinstance(call, Call)])
        for key, value in built.kwargs:
            usual = declared[key].default if key in declared else inspect.Parameter.empty
            each = [call.keywords[key] for call in calls if isinstance(call, Call)]
            shown = self._argument(node, key, each)
            if shown != literal(value) or not (type(usual) is type(value) and usual == value):
                yield f"{key}={shown}"

    def _argument(self, node: Node, name: str, values: list[Any]) -> str:
        """One argument: its expression, its value, or where it differs from copy to copy an argument of the class."""
        said = node.expression(name)
        if said and all(_same(getattr(each.network.nodes[node.id].layer, name, None), value)
                        for each, value in zip(self.copies.resolutions, values, strict=True)):  # fmt: skip
            return self._expression(_listed(said, values[0]))
        if not isinstance(values[0], bool) and isinstance(values[0], int) and (text := self._follows(node, values)):
            return self._expression(text)
        if all(_same(value, values[0]) for value in values):
            return literal(values[0])
        wanted = name if name not in _TAKEN else f"{node.name}_{name}"
        for known in (wanted, f"{node.name}_{name}"):
            if known not in self.network.parameters and self.values.setdefault(known, values) == values:
                return known
        known = free_name(f"{node.name}_{name}", set(self.values) | set(self.network.parameters))
        self.values[known] = values
        return known

    def _follows(self, node: Node, values: list[Any]) -> str:
        """The expression of a layer before this one that has just these values: what its input's size follows from."""
        if self.whole or node.id in self.children:
            return ""
        at, seen = [node.id], {node.id}
        for id in at:  # grows while it is walked, nearest first
            for wire in self.network.incoming.get(id, ()):
                if wire.source in seen:
                    continue
                seen.add(wire.source)
                at.append(wire.source)
                for name, text in self.network.nodes[wire.source].expressions:
                    layers = [each.network.nodes[wire.source].layer for each in self.copies.resolutions]
                    if [getattr(layer, name, None) for layer in layers] == values and len(items_of(text)) == 1:
                        return text
        return ""

    def _expression(self, text: str) -> str:
        text = with_plain_signs(text)
        for name in names_in(text):
            if self.whole:
                text = re.sub(rf"\b{name}\b", name.upper(), text)
            self.exposed.setdefault(name, self.first.network.parameters[name])
        if not self.whole:
            definition = self.definition_parameters
            self.exposed.update({name: definition[name] for name in self.exposed if name in definition})
        return text

    @property
    def definition_parameters(self) -> Mapping[str, Any]:
        """The definition's own values of what it exposes: its class's defaults."""
        return self.network.blocks[self.copies.definition].parameters

    def _blocks(self, node: Node) -> Iterator[str]:
        """A block: one instance of its class, or its copies one after the other."""
        of_each = self.children[node.id]
        texts = [self._instance(node, [row[k] for row in of_each]) for k in range(len(of_each[0]))]
        layer = self._layer(node)
        if len(texts) == 1:
            yield from call_lines(f"self.{node.name} = {texts[0][0]}", texts[0][1])
            return
        if layer.weights == "shared":
            texts = texts[:1]
        shown = [f"{name}({', '.join(values)})" for name, values in texts]
        runs: list[list[Any]] = []
        for text in shown:
            if runs and runs[-1][0] == text:
                runs[-1][1] += 1
            else:
                runs.append([text, 1])
        items = [text if count == 1 else f"*({text} for _ in range({count}))" for text, count in runs]
        if self._chained(layer):
            yield from call_lines(f"self.{node.name} = nn.Sequential", items)
        else:
            yield from call_lines(f"self.{node.name} = nn.ModuleList", [f"[{', '.join(items)}]"])

    def _layer(self, node: Node) -> Block:
        owner = shared_owner(self.network, node.id)
        assert owner is not None
        assert isinstance(owner.layer, Block)
        return owner.layer

    @staticmethod
    def _chained(layer: Block) -> bool:
        """Whether copies follow one another through one port alone, as in a Sequential."""
        return len(layer.inputs) == 1 and len(layer.outputs) == 1 and layer.weights == "own"

    def _instance(self, node: Node, each: list[tuple[Written, int]]) -> tuple[str, list[str]]:
        """The class of one copy of a block, and the arguments with which it is made."""
        written = each[0][0]
        values = []
        for name in written.arguments:
            mine = [of.arguments[name][place] for of, place in each]
            shown = self._argument(node, name, mine)
            if name in written.defaults and shown == literal(written.defaults[name]):
                continue
            values.append(f"{name}={shown}")
        return written.name, values

    # what is done

    def _forward(self) -> Iterator[Line]:
        taken = {node.name for node in self.network.nodes.values()} | {"copy"}
        for node in self.inputs:
            self.variables[node.id, "output"] = node.name
        for id in self.order:
            node = self.network.nodes[id]
            if id not in self.needed or (id, "output") in self.variables:
                continue
            if node.bypassed:
                yield from self._bypass(node)
            elif not isinstance(node.layer, BlockInput | BlockOutput) and node.layer.role != "output":
                yield from (Line(text, (id,)) for text in self._step(node, taken))
        yield Line(f"return {self._result()}", tuple(node.id for node in self.outs))

    def _result(self) -> str:
        results = {}
        for node in self.outs:
            if node.layer.role in ("output", "port"):
                wire = self.network.incoming[node.id][0]
                results[node.name] = self.variables[wire.source, wire.output]
            else:
                results[node.name] = self.variables[node.id, next(iter(node.layer.outputs))]
        if len(results) == 1:
            return next(iter(results.values()))
        if self.whole:
            return f"{{{', '.join(f'{literal(key)}: {value}' for key, value in results.items())}}}"
        return ", ".join(results.values())

    def _bypass(self, node: Node) -> Iterator[Line]:
        into = self.network.incoming.get(node.id, ())
        first = next((wire for name in node.layer.inputs for wire in into if wire.input == name), None)
        if first is not None:
            self.variables[node.id, next(iter(node.layer.outputs))] = self.variables[first.source, first.output]
            yield Line(f"# {node.name} is bypassed", (node.id,))

    def _step(self, node: Node, taken: set[str]) -> Iterator[str]:
        """The lines of one node: a comment with the shape where it has no room behind, and the statement."""
        resolved = self.first.nodes[node.id]
        fed: dict[str, Any] = {}
        for port_name, port in node.layer.inputs.items():
            wires = [wire for wire in self.network.incoming.get(node.id, ()) if wire.input == port_name]
            at = [self.variables[wire.source, wire.output] for wire in wires]
            fed[port_name] = tuple(at) if port.many else (at[0] if at else None)
        ports = tuple(node.layer.outputs)
        if len(ports) == 1:
            names = [node.name]
        else:
            used = {wire.output for wire in self.network.outgoing.get(node.id, ())}
            names = [free_name(f"{node.name}_{port}", taken) if port in used else "_" for port in ports]
        self.variables.update({(node.id, port): variable for port, variable in zip(ports, names, strict=True)})
        shown = [brief(type) for port, variable in zip(ports, names, strict=True)
                 if variable != "_" and (type := self._type(node.id, port)) is not None]  # fmt: skip
        owner = shared_owner(self.network, node.id)
        called = owner.name if owner is not None else node.name
        if isinstance(owner.layer if owner is not None else None, Block):
            yield from self._block_step(node, called, list(fed.values()), names, ", ".join(shown))
            return
        if isinstance(resolved.built, Function):
            value = function_text(resolved.built, fed)
        else:
            assert isinstance(resolved.layer, Layer)
            value = f"self.{called}({', '.join(map(str, arguments(resolved.layer, fed)))})"
        yield from _commented(f"{', '.join(names)} = {value}", ", ".join(shown))

    def _block_step(self, node: Node, called: str, fed: list[str], names: list[str], shown: str) -> Iterator[str]:
        layer = self._layer(node)
        left = ", ".join(names)
        if layer.repeat == 1 or self._chained(layer):
            yield from _commented(f"{left} = self.{called}({', '.join(fed)})", shown)
            return
        first = names[0] if names and names[0] != "_" else node.name
        rest = ", ".join([first, *fed[1:]])
        yield f"{first} = {fed[0]}"
        if layer.weights == "shared":
            yield f"for _ in range({layer.repeat}):  # the same weights each time"
            yield from _commented(f"    {', '.join([first, *names[1:]])} = self.{called}[0]({rest})", shown)
        else:
            yield f"for copy in self.{called}:"
            yield from _commented(f"    {', '.join([first, *names[1:]])} = copy({rest})", shown)

    def _type(self, id: str, port: str) -> Any:
        """A port's type where it is the same in every copy; else None."""
        types = [each.nodes[id].outputs.get(port) for each in self.copies.resolutions if id in each.nodes]
        return types[0] if types and all(type == types[0] for type in types) else None


def _commented(line: str, shapes: str) -> Iterator[str]:
    if not shapes:
        yield line
    elif len(line) + len(shapes) < WIDTH:
        yield f"{line}  # {shapes}"
    else:
        indent = line[: len(line) - len(line.lstrip())]
        yield from [f"{indent}# {shapes}", line]


def _listed(said: str, value: Any) -> str:
    """An expression as an argument: for each place as a tuple."""
    items = items_of(said)
    if len(items) == 1:
        return f"({said},)" if isinstance(value, tuple) else said
    return f"({', '.join(items)})"


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _kind(value: Any) -> str:
    return {bool: "bool", int: "int", float: "float", str: "str", tuple: "tuple[int, ...]"}.get(type(value), "object")
