"""A network as one Python file that needs torch and safetensors alone, written to be read.

It is printed from the same data (`Call`, `Function`) of which `compile` makes the model, so the two cannot disagree.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nnstudio.compile import instantiate
from nnstudio.export.embedding import Embedded, embedded
from nnstudio.export.errors import ExportError
from nnstudio.export.python_classes import ClassWriter, Copies, Line, Written, class_name
from nnstudio.export.python_values import example_of, literal
from nnstudio.graph import Network, Node
from nnstudio.graph.standins import shared_owner
from nnstudio.layers import Call, Function
from nnstudio.layers.blocks import Block

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled
    from nnstudio.compile.resolve import Resolution

__all__ = ["Source", "Span", "class_name", "source", "written"]


@dataclass(frozen=True, slots=True)
class Span:
    """A line of the source, counted from 0, and the nodes of which it is: of the definition ``block``, or of the whole
    network where that is ""."""

    line: int
    block: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a Python file, and which of its lines is of which node. left_out: layers of the whole network that it
    does not say, because they, or what feeds them, cannot be made as they are. of: what it was written from."""

    text: str
    spans: tuple[Span, ...]
    left_out: tuple[str, ...] = ()
    of: Resolution | None = field(default=None, compare=False, repr=False)


def source(of: Compiled | Resolution, name: str = "Model", weights: str = "") -> str:
    """The network that the outputs need, as the text of a Python file; see :func:`written`."""
    return written(of, name, weights).text


def written(of: Compiled | Resolution, name: str = "Model", weights: str = "", *, ends: bool = False) -> Source:
    """The network that the outputs need, as a Python file.

    Args:
        of: a network, resolved or compiled; it must have no errors on what the outputs need.
        name: what the class is called; made an identifier.
        weights: the name of the safetensors file beside it; with one, the file has a function ``load``.
        ends: write every layer that can be made, whether an output needs it or not, and leave out the others; where
            there is no output, what nothing uses is given back.

    Raises:
        ExportError: a layer's own source cannot be had, or there is nothing that can be written.
    """
    resolution = of.resolution if hasattr(of, "resolution") else of
    return _Writer(resolution, name, weights, ends).source()


def merged(lines: Iterable[str]) -> str:
    """Import lines in order, those from one module as one: first those of Python itself."""
    plain, named = set(), dict[str, set[str]]()
    for line in lines:
        if line.startswith("import "):
            plain.add(line)
        else:
            module, _, name = line.removeprefix("from ").partition(" import ")
            named.setdefault(module, set()).add(name)
    chosen = [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(named.items())]
    ordered = [*sorted(plain), *chosen]
    own = [line for line in ordered if line.split()[1].partition(".")[0] in sys.stdlib_module_names]
    return "\n".join([*own, *[""][: len(own)], *(line for line in ordered if line not in own)])


@dataclass
class _Writer:
    """Writes one file: the classes of the definitions that are used, innermost first, then the network's."""

    resolution: Resolution
    name: str
    weights: str
    ends: bool
    classes: dict[str, type] = field(default_factory=dict)
    finished: list[Written] = field(default_factory=list)

    def __post_init__(self) -> None:
        network = self.resolution.network
        outputs = tuple(node for node in network.of_role("output") if not node.bypassed)
        self.also: frozenset[str] = frozenset()
        self.outputs: tuple[Node, ...] = outputs
        self.left_out: tuple[str, ...] = ()
        if self.ends:
            made = writable(self.resolution)
            self.outputs = tuple(node for node in outputs if node.id in made) or _last(network, made)
            self.also = frozenset(id for id in made if network.nodes[id].layer.role in _WRITTEN)
            self.left_out = tuple(
                id for id, node in network.nodes.items() if id not in made and node.layer.role in _WRITTEN
            )
        if not self.outputs:
            raise ExportError("there is nothing to write: draw an input and a layer that it feeds.")
        flat = self.resolution.flat
        needed = flat.ancestors([*(node.id for node in self.outputs), *self._flat(self.also)])
        self.order = [id for id in self.resolution.order if id in needed]
        for id in self.order:
            built = self.resolution.nodes[id].built
            if isinstance(built, Call) and not built.target.startswith("torch."):
                self.classes[built.target] = instantiate.module_class(built.target, self._layer(id))
        self.inputs = [node for node in flat.of_role("input") if node.id in needed]
        self.names = {cls.__name__ for cls in self.classes.values()}
        self.name = self._free_class(class_name(self.name))

    def _flat(self, ids: frozenset[str]) -> Iterator[str]:
        return (id for id in self.resolution.flat.nodes if id.partition("/")[0] in ids)

    def _layer(self, id: str) -> Any:
        return self.resolution.nodes[id].layer

    def _free_class(self, wanted: str) -> str:
        while wanted in self.names:
            wanted += "Model"
        self.names.add(wanted)
        return wanted

    def source(self) -> Source:
        try:
            ours = embedded(self.classes.values())
        except (OSError, ValueError) as error:
            raise ExportError(f"the source of one of the layers cannot be had: {error}.") from error
        whole = self._class_of(Copies(self.name, "", [self.resolution]))
        lines = self._head(ours, whole)
        for text in ours.definitions.values():
            lines += [(Line(part), "") for part in [*text.split("\n"), "", ""]]
        for each in self.finished:
            lines += [(line, each.definition) for line in [*each.lines, Line(""), Line("")]]
        tail = [self._load(), self._example()] if self.weights else []
        for text in tail:
            lines += [(Line(part), "") for part in [*text.split("\n"), "", ""]]
        while not lines[-1][0].text:
            lines.pop()
        spans = tuple(Span(at, block, line.nodes) for at, (line, block) in enumerate(lines) if line.nodes)
        return Source("\n".join(line.text for line, _ in lines) + "\n", spans, self.left_out, self.resolution)

    def _head(self, ours: Embedded, whole: Written) -> list[tuple[Line, str]]:
        imports = ["import torch", "from torch import nn", "from torch import Tensor", *ours.imports]
        if self.weights:
            imports += ["from pathlib import Path", "from safetensors.torch import load_file"]
        parts = [f'"""{self._about()}"""', "from __future__ import annotations", merged(imports)]
        if self.weights:
            parts.append(f"WEIGHTS = Path(__file__).with_name({literal(self.weights)})")
        if whole.defaults:
            parts.append("\n".join(f"{name.upper()} = {literal(value)}" for name, value in whole.defaults.items()))
        return [(Line(text), "") for text in ("\n\n".join(parts) + "\n\n").split("\n")]

    def _about(self) -> str:
        count = sum(self.resolution.nodes[id].parameters for id in self.order)
        lines = [f"{self.name}: a network of {count:,} parameters, drawn in NN Studio.", ""]
        needs = "torch and safetensors" if self.weights else "torch"
        lines += [f"This file needs {needs} alone; nothing of NN Studio has to be installed."]
        if self.weights:
            said = self.weights.replace("\\", "/").replace('"', "'")
            lines += [f"The trained weights are in {said} beside it; `load()` brings both together."]
        return "\n".join(lines) + "\n"

    # classes

    def _class_of(self, copies: Copies) -> Written:
        """The class of some copies of a definition, after the classes of the blocks in it."""
        inner: dict[str, list[list[Resolution]]] = {}
        for node in self._block_nodes(copies):
            inner[node.id] = [
                [inside for path in each.expansion.copies(node.id) if (inside := each.inside(path)) is not None]
                for each in copies.resolutions
            ]
        placed: dict[int, tuple[Written, int]] = {}
        for definition in dict.fromkeys(self._definition(copies, id) for id in inner):
            members = [r for id, rows in inner.items() if self._definition(copies, id) == definition for row in rows for r in row]  # fmt: skip  # noqa: E501
            for group in self._alike(definition, members):
                made = self._class_of(Copies(self._free_class(class_name(definition)), definition, group))
                placed.update({id(each): (made, place) for place, each in enumerate(group)})
        children = {node: [[placed[id(each)] for each in row] for row in rows] for node, rows in inner.items()}
        ends = self.outputs if not copies.definition else ()
        made = ClassWriter(copies, children, self.classes, ends, self._also(copies)).written()
        self.finished.append(made)
        return made

    def _also(self, copies: Copies) -> frozenset[str]:
        """The nodes of a class that are written though nothing needs them."""
        return self.also if not copies.definition or not self.ends else writable(copies.first)

    def _block_nodes(self, copies: Copies) -> Iterator[Node]:
        network = copies.first.network
        needed: Iterable[str] = network.nodes.keys()
        if not copies.definition:
            needed = network.ancestors([*(node.id for node in self.outputs), *self.also])
        owners = {id: shared_owner(network, id) for id in needed}
        wanted = {owner.id: owner for owner in owners.values() if owner is not None}
        for owner in wanted.values():
            if isinstance(owner.layer, Block) and not owner.bypassed:
                yield owner

    def _definition(self, copies: Copies, id: str) -> str:
        layer = copies.first.network.nodes[id].layer
        assert isinstance(layer, Block)
        return layer.definition

    def _alike(self, definition: str, members: list[Resolution]) -> list[list[Resolution]]:
        """Copies in groups that one class can be: they differ in the sizes of their modules alone."""
        groups: dict[Any, list[Resolution]] = {}
        for each in members:
            groups.setdefault(_structure(each), []).append(each)
        return list(groups.values())

    # what stands behind the classes

    def _load(self) -> str:
        return (
            f"def load(weights: str | Path = WEIGHTS) -> {self.name}:\n"
            '    """The trained model, ready to predict."""\n'
            f"    model = {self.name}()\n"
            "    model.load_state_dict(load_file(weights))\n"
            "    return model.eval()"
        )

    def _example(self) -> str:
        lines = ['if __name__ == "__main__":', "    inputs = {  # made-up samples, to see it run"]
        for node in self.inputs:
            resolved = self.resolution.nodes[node.id]
            lines.append(f"        {literal(node.name)}: {example_of(resolved.outputs['output'], resolved.built)},")
        return "\n".join([*lines, "    }", "    with torch.no_grad():", "        print(load()(**inputs))"])


#: Roles of the layers that a class says; losses and metrics belong to training, not to the model.
_WRITTEN = frozenset({"layer", "block", "shared"})


def writable(of: Resolution) -> frozenset[str]:
    """The nodes of a network that can be made: neither they nor what feeds them have errors."""
    network = of.network
    wrong = {problem.node for problem in of.errors}
    for node in network.nodes.values():
        known = of.nodes.get(node.id)
        if known is None or not (known.ok or node.bypassed):
            wrong.add(node.id)
    return frozenset(network.nodes.keys() - network.descendants(wrong))


def _last(network: Network, made: frozenset[str]) -> tuple[Node, ...]:
    """The layers of these that feed no other layer of these."""
    layers = {id for id in made if network.nodes[id].layer.role in _WRITTEN and network.nodes[id].layer.outputs}
    feeding = {wire.source for id in layers for wire in network.incoming.get(id, ())}
    return tuple(node for id, node in network.nodes.items() if id in layers and id not in feeding)


def _structure(of: Resolution) -> Mapping[str, Any] | tuple[Any, ...]:
    """What two copies must have alike to be one class: all but the values of their modules' arguments."""
    parts: list[Any] = []
    for id, resolved in of.nodes.items():
        built = resolved.built
        if isinstance(built, Call):
            parts.append((id, built.target, len(built.args), tuple(key for key, _ in built.kwargs)))
        elif isinstance(built, Function):
            parts.append((id, repr(built)))
    return tuple(parts)
