"""A network as one Python file that needs torch and safetensors alone, written to be read.

It is printed from the same data (`Call`, `Function`) of which `compile` makes the model, so the two cannot disagree.
"""

from __future__ import annotations

import inspect
import keyword
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nnstudio.compile import instantiate
from nnstudio.compile.shapes import arguments
from nnstudio.export.embedding import embedded
from nnstudio.export.errors import ExportError
from nnstudio.layers import Arg, Call, Draw, Function, Init, Layer, TensorType

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled
    from nnstudio.compile.resolve import Resolution

_SIGNS = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "matmul": "@", "pow": "**"}
_TAKEN = frozenset({"Path", "Tensor", "WEIGHTS", "load", "load_file", "nn", "torch"})
_WIDTH = 110


def source(of: Compiled | Resolution, name: str = "Model", weights: str = "") -> str:
    """The network that the outputs need, as the text of a Python file.

    Args:
        of: a network, resolved or compiled; it must have no errors on what the outputs need.
        name: what the class is called; made an identifier.
        weights: the name of the safetensors file beside it; with one, the file has a function ``load``.

    Raises:
        ExportError: a layer's own source cannot be had.
    """
    resolution = of.resolution if hasattr(of, "resolution") else of
    return _Writer(resolution, name, weights).text()


def class_name(wanted: str) -> str:
    """``digits-mlp`` as a class is named: ``DigitsMlp``."""
    joined = "".join(part[:1].upper() + part[1:] for part in re.split(r"[^0-9A-Za-z]+", wanted))
    made = joined if joined[:1].isalpha() else f"Model{joined}"
    return f"{made}Model" if keyword.iskeyword(made) or made in _TAKEN else made


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


def brief(type: TensorType) -> str:
    """``N×16×8×8``, and the dtype where it is not float32."""
    sizes = "×".join(str(axis.size) for axis in type.axes) or "scalar"
    return sizes if type.dtype == "float32" else f"{sizes} {type.dtype}"


@dataclass
class _Writer:
    """Writes one file. ``variables``: what holds the tensor at each output port, by node id and port."""

    resolution: Resolution
    name: str
    weights: str
    variables: dict[tuple[str, str], str] = field(default_factory=dict)
    classes: dict[str, type] = field(default_factory=dict)

    def __post_init__(self) -> None:
        network = self.resolution.network
        self.network = network
        self.outputs = network.of_role("output")
        needed = network.ancestors(node.id for node in self.outputs)
        self.order = [id for id in self.resolution.order if id in needed]
        self.inputs = [node for node in network.of_role("input") if node.id in needed]
        for id in self.order:
            built = self.resolution.nodes[id].built
            if isinstance(built, Call) and not built.target.startswith("torch."):
                self._note(built.target, self.resolution.nodes[id].layer)
        self.name = class_name(self.name)
        while self.name in {cls.__name__ for cls in self.classes.values()}:
            self.name += "Model"

    def _note(self, target: str, layer: Any) -> None:
        self.classes[target] = instantiate.module_class(target, layer)

    # --- the file ---

    def text(self) -> str:
        try:
            ours = embedded(self.classes.values())
        except (OSError, ValueError) as error:
            raise ExportError(f"the source of one of the layers cannot be had: {error}.") from error
        lines = ["import torch", "from torch import nn", "from torch import Tensor", *ours.imports]
        if self.weights:
            lines += ["from pathlib import Path", "from safetensors.torch import load_file"]
        parts = [f'"""{self._about()}"""', "from __future__ import annotations", merged(lines)]
        if self.weights:
            parts.append(f"WEIGHTS = Path(__file__).with_name({_literal(self.weights)})")
        definitions = [*ours.definitions.values(), self._class()]
        if self.weights:
            definitions += [self._load(), self._example()]
        return "\n\n".join(parts) + "\n\n\n" + "\n\n\n".join(definitions) + "\n"

    def _about(self) -> str:
        count = sum(self.resolution.nodes[id].parameters for id in self.order)
        lines = [f"{self.name}: a network of {count:,} parameters, drawn in NN Studio.", ""]
        needs = "torch and safetensors" if self.weights else "torch"
        lines += [f"This file needs {needs} alone; nothing of NN Studio has to be installed."]
        if self.weights:
            said = self.weights.replace("\\", "/").replace('"', "'")
            lines += [f"The trained weights are in {said} beside it; `load()` brings both together."]
        return "\n".join(lines) + "\n"

    def _class(self) -> str:
        forward = list(self._forward())
        made = list(self._init())
        lines = [f"class {self.name}(nn.Module):", f'    """{self._signature()}"""', ""]
        if made:
            lines += ["    def __init__(self) -> None:", "        super().__init__()"]
            lines += [f"        {line}" for line in made] + [""]
        parameters = "".join(f", {node.name}: Tensor" for node in self.inputs)
        result = "Tensor" if len(self.outputs) == 1 else "dict[str, Tensor]"
        lines += [f"    def forward(self{parameters}) -> {result}:"]
        return "\n".join([*lines, *(f"        {line}" for line in forward)])

    def _signature(self) -> str:
        said = [f"{node.name}: {brief(self._type(node.id, 'output'))}" for node in self.inputs]
        return f"Takes {'; '.join(said) or 'nothing'}."

    def _init(self) -> Iterator[str]:
        """Lines that make the modules, and start their weights as the drawing says."""
        for id in self.order:
            resolved, node = self.resolution.nodes[id], self.network.nodes[id]
            if not isinstance(resolved.built, Call):
                continue
            assert isinstance(resolved.layer, Layer)
            values = list(_arguments(resolved.built, resolved.layer))
            yield from _call(f"self.{node.name} = {self._target(resolved.built.target)}", values)
            if initialisers := resolved.layer.initialise():
                yield from _initialised(node.name, resolved.built, resolved.layer, initialisers)

    def _target(self, target: str) -> str:
        """A class as the file calls it: ``nn.Linear``; those that are embedded by their name alone."""
        if target in self.classes:
            return self.classes[target].__name__
        return target.removeprefix("torch.")

    def _forward(self) -> Iterator[str]:
        taken = {node.name for node in self.network.nodes.values()}
        for node in self.inputs:
            self.variables[node.id, "output"] = node.name
        for id in self.order:
            resolved = self.resolution.nodes[id]
            if isinstance(resolved.built, Call | Function):
                yield from self._step(id, taken)
        results = {}
        for node in self.outputs:
            wire = self.network.incoming[node.id][0]
            results[node.name] = self.variables[wire.source, wire.output]
        if len(results) == 1:
            yield f"return {next(iter(results.values()))}"
        else:
            yield f"return {{{', '.join(f'{_literal(key)}: {value}' for key, value in results.items())}}}"

    def _step(self, id: str, taken: set[str]) -> Iterator[str]:
        """The lines of one node: a comment with the shape where it has no room behind, and the statement."""
        resolved, node = self.resolution.nodes[id], self.network.nodes[id]
        layer = resolved.layer
        assert isinstance(layer, Layer)
        fed: dict[str, Any] = {}
        for port_name, port in layer.inputs.items():
            wires = [wire for wire in self.network.incoming.get(id, ()) if wire.input == port_name]
            at = [self.variables[wire.source, wire.output] for wire in wires]
            fed[port_name] = tuple(at) if port.many else (at[0] if at else None)
        if isinstance(resolved.built, Function):
            value = _function(resolved.built, fed)
        else:
            value = f"self.{node.name}({', '.join(map(str, arguments(layer, fed)))})"
        ports = tuple(layer.outputs)
        if len(ports) == 1:
            names = [node.name]
        else:
            used = {wire.output for wire in self.network.outgoing.get(id, ())}
            names = [_free(f"{node.name}_{port}", taken) if port in used else "_" for port in ports]
        self.variables.update({(id, port): variable for port, variable in zip(ports, names, strict=True)})
        shapes = ", ".join(
            brief(self._type(id, port)) for port, variable in zip(ports, names, strict=True) if variable != "_"
        )
        line = f"{', '.join(names)} = {value}"
        yield from [f"{line}  # {shapes}"] if len(line) + len(shapes) < _WIDTH else [f"# {shapes}", line]

    def _type(self, id: str, port: str) -> TensorType:
        return self.resolution.nodes[id].outputs[port]

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
            shown = _example_of(self._type(node.id, "output"), self.resolution.nodes[node.id].built)
            lines.append(f"        {_literal(node.name)}: {shown},")
        return "\n".join([*lines, "    }", "    with torch.no_grad():", "        print(load()(**inputs))"])


def _arguments(built: Call, layer: Layer) -> Iterator[str]:
    """The arguments of a call as they are written, without those that say what the class does anyway."""
    declared = inspect.signature(instantiate.module_class(built.target, layer)).parameters
    yield from map(_literal, built.args)
    for key, value in built.kwargs:
        usual = declared[key].default if key in declared else inspect.Parameter.empty
        if not (type(usual) is type(value) and usual == value):
            yield f"{key}={_literal(value)}"


def _call(called: str, values: Sequence[str]) -> Iterator[str]:
    """A call in one line, or with a line for each argument where that is too long."""
    line = f"{called}({', '.join(values)})"
    if len(line) <= _WIDTH:
        yield line
    else:
        yield from [f"{called}(", *(f"    {value}," for value in values), ")"]


def _initialised(name: str, built: Call, layer: Layer, initialisers: tuple[Init, ...]) -> Iterator[str]:
    """A line for each initialiser and parameter that it is for."""
    import torch

    with torch.device("meta"):
        module = instantiate.make_module(built, (), layer)
    for init in initialisers:
        values = "".join(f", {key}={_literal(value)}" for key, value in init.kwargs)
        for path, _ in module.named_parameters():
            if path.rpartition(".")[2].startswith(init.matching):
                yield f"{init.target.removeprefix('torch.')}(self.{name}.{path}{values})"


def _function(built: Function, fed: Mapping[str, Any]) -> str:
    """The call of a plain function, with operators as signs: ``a + b``, ``torch.cat((a, b), dim=1)``."""
    package, _, name = built.target.rpartition(".")
    if package == "operator":
        if name in _SIGNS and len(built.args) == 2:
            left, right = built.args
            chained = isinstance(left, Function) and left.target == built.target and name != "pow"
            shown = _value(left, fed) if chained else _operand(left, fed)
            return f"{shown} {_SIGNS[name]} {_operand(right, fed)}"
        if name == "neg":
            return f"-{_operand(built.args[0], fed)}"
        if name == "getitem":
            return f"{_operand(built.args[0], fed)}[{_index(built.args[1], fed)}]"
    if package == "torch.Tensor" and len(built.args) == 1 and not built.kwargs:
        return f"{_operand(built.args[0], fed)}.{name}()"
    values = [_value(item, fed) for item in built.args]
    values += [f"{key}={_value(item, fed)}" for key, item in built.kwargs]
    return f"{built.target}({', '.join(values)})"


def _index(item: Any, fed: Mapping[str, Any]) -> str:
    """What stands in brackets behind a tensor: ``:, 1:5``, ``:, (0, 2)``."""
    if isinstance(item, slice):
        ends = [("" if end is None else str(end)) for end in (item.start, item.stop)]
        return ":".join([*ends, *([] if item.step is None else [str(item.step)])])
    if isinstance(item, tuple) and any(isinstance(part, slice) for part in item):
        return ", ".join(_index(part, fed) for part in item)
    return _value(item, fed)


def _operand(item: Any, fed: Mapping[str, Any]) -> str:
    shown = _value(item, fed)
    calls_by_name = isinstance(item, Function) and not item.target.startswith("operator.")
    return shown if isinstance(item, Arg) or calls_by_name or shown.isalnum() else f"({shown})"


def _value(item: Any, fed: Mapping[str, Any]) -> str:
    if isinstance(item, Arg):
        value = fed[item.port] if item.index is None else fed[item.port][item.index]
        return f"({', '.join(value)},)" if isinstance(value, tuple) else str(value)
    if isinstance(item, Function):
        return _function(item, fed)
    if isinstance(item, tuple):
        shown = [_value(each, fed) for each in item]
        return f"({', '.join(shown)}{',' if len(shown) == 1 else ''})"
    return _literal(item)


def _literal(value: Any) -> str:
    """A plain value as Python writes it, text in double quotes; infinities and NaN as calls."""
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return f'float("{value}")'
    if isinstance(value, str):
        return "'" + value + "'" if '"' in value and "'" not in value else _quoted(value)
    if isinstance(value, tuple | list):
        return f"({', '.join(map(_literal, value))}{',' if len(value) == 1 else ''})"
    return repr(value)


def _quoted(text: str) -> str:
    inside = repr(text)[1:-1].replace("\\'", "'")
    return '"' + re.sub(r'(?<!\\)"', r"\"", inside) + '"'


def _free(wanted: str, taken: set[str]) -> str:
    """``wanted``, or with a number behind it the first that is not taken; it is taken then."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}{number}", number + 1
    taken.add(name)
    return name


def _example_of(type: TensorType, built: Any) -> str:
    """An expression for four samples of a type."""
    sizes = type.shape(dict.fromkeys(type.symbols, 12) | {"N": 4})
    shape = ", ".join(map(str, sizes))
    if type.dtype == "bool":
        return f"torch.rand({shape}) < 0.5"
    if not type.is_float:
        return f"torch.randint({type.classes or 1}, {_literal(sizes)}, dtype=torch.{type.dtype})"
    drawn = "rand" if isinstance(built, Draw) and built.distribution == "uniform" else "randn"
    return f"torch.{drawn}({shape})" if type.dtype == "float32" else f"torch.{drawn}({shape}, dtype=torch.{type.dtype})"
