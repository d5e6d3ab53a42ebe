"""Problems in a person's words, each with the edits that would mend it where these are known."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Protocol

from nnstudio.compile.fitting import fits, output_of
from nnstudio.compile.patterns import Bindings, MismatchError, described, disagreements, match
from nnstudio.compile.shapes import Inputs, evaluate
from nnstudio.compile.unwise import cautions_of
from nnstudio.graph import Fix, Network, Node, Problem, Wire, edits
from nnstudio.layers import CATALOGUE, Layer, Placeholder, TensorType
from nnstudio.layers.disagreement import has_example
from nnstudio.layers.io import Input
from nnstudio.layers.linear import Linear


class HasOutputs(Protocol):
    """A resolved node: its output types by port."""

    @property
    def outputs(self) -> Mapping[str, TensorType]: ...


Types = Mapping[str, HasOutputs]
Offer = tuple[Node, Mapping[str, TensorType]]  # a node that puts something out, and what
Offers = Callable[[], Iterator[Offer]]


def remove_wire(network: Network, wire: Wire) -> Fix:
    """Take one wire away."""
    source, target = network.nodes[wire.source].name, network.nodes[wire.target].name
    return Fix(f"Remove the wire from {source} to {target}", edits.disconnect([wire]))


def _wire_at(network: Network, id: str, port: str) -> Wire | None:
    return next((wire for wire in network.incoming.get(id, ()) if wire.input == port), None)


def wiring_problems(network: Network, node: Node, layer: Layer, offers: Offers) -> list[Problem]:
    """Ports that are unknown, wired twice or not wired at all; ``offers`` is what could be wired to them."""
    problems = []
    wires = network.incoming.get(node.id, ())
    for wire in wires:
        source = network.nodes.get(wire.source)
        if source is None or wire.input not in layer.inputs:
            problems.append(
                Problem(node.id, "port", f"{node.name} has no input port {wire.input}",
                        "remove the wire, or draw it to another port", port=wire.input,
                        fixes=(Fix("Remove the wire", edits.disconnect([wire])),))
            )  # fmt: skip
        elif not isinstance(source.layer, Placeholder) and wire.output not in source.layer.outputs:
            problems.append(
                Problem(node.id, "port", f"{source.name} has no output port {wire.output} to feed {node.name}",
                        "remove the wire, or draw it from another port", port=wire.input,
                        fixes=(Fix("Remove the wire", edits.disconnect([wire])),))
            )  # fmt: skip
    for name, port in layer.inputs.items():
        at = [wire for wire in wires if wire.input == name]
        if len(at) > 1 and not port.many:
            problems.append(
                Problem(node.id, "doubled", f"two wires end at port {name} of {node.name}, which takes one",
                        "keep one of them; Add or Concatenate joins two", port=name,
                        fixes=tuple(remove_wire(network, wire) for wire in at if wire.source in network.nodes))
            )  # fmt: skip
        if not at and not port.optional:
            problems.append(_unconnected(network, node, layer, name, offers()))
    return problems


def _unconnected(network: Network, node: Node, layer: Layer, name: str, offers: Iterator[Offer]) -> Problem:
    several = len(layer.inputs) > 1
    what = f"port {name} of {node.name}" if several else f"the input of {node.name}"
    fitting = islice(_feeders(network, node, layer, name, offers), 3)
    proposals = [Fix(f"Connect {each.name}", edits.connect(each.id, output, node.id, name)) for each, output in fitting]
    return Problem(
        node.id, "unconnected", f"nothing is wired to {what}", "draw a wire to it from another layer's output",
        port=name, fixes=tuple(proposals),
    )  # fmt: skip


def _feeders(
    network: Network, node: Node, layer: Layer, name: str, offers: Iterator[Offer]
) -> Iterator[tuple[Node, str]]:
    """Nodes and their outputs that may be wired to a port. What comes after ``node`` is asked once something fits."""
    behind: frozenset[str] | None = None
    judges = layer.role in ("loss", "metric")
    for source, outputs in offers:
        if source.layer.role in ("loss", "metric", "output"):
            continue
        if judges and (source.layer.role == "input") != (name == "target"):
            continue
        if judges and name != "target" and not all(_ends(network, w) for w in network.outgoing.get(source.id, ())):
            continue  # a prediction is what nothing else uses up
        for output, type in outputs.items():
            if fits(layer, name, type):
                behind = network.descendants([node.id]) if behind is None else behind
                if source.id not in behind:
                    yield source, output


def _ends(network: Network, wire: Wire) -> bool:
    target = network.nodes.get(wire.target)
    return target is not None and target.layer.role in ("loss", "metric", "output")


def mismatch_problem(
    network: Network, node: Node, layer: Layer, port: str, mismatch: MismatchError, fed: TensorType
) -> Problem:
    """A type that does not fit a port: wrong rank, size or dtype."""
    wire = _wire_at(network, node.id, port)
    proposals: list[Fix] = []
    hint = {
        "rank": "put a layer before it that changes the axes, such as Reshape or Flatten",
        "size": "change the sizes before it so that they agree",
        "dtype": "wire something else to it, or convert it first",
    }[mismatch.code]
    if mismatch.code == "size" and layer.role == "loss" and fed.symbols - {"N"}:
        hint = "give both as many steps in the data; sequences of different length are compared by CTCLoss"
    if mismatch.code == "rank" and wire is not None:
        for candidate in _reshapers(fed):
            out = output_of(candidate, fed)
            if out is not None and fits(layer, port, out):
                proposals.append(Fix(_insert_title(candidate, out), edits.insert_on(wire, candidate)))
        if proposals:
            hint = f"put a {proposals[0].title.removeprefix('Insert ').split(' ')[0]} before it"
    if mismatch.code == "dtype":
        hint, proposals = _dtype_cure(node, layer, fed, wire)
    return Problem(
        node.id, mismatch.code, f"{node.name} ({layer.type_name()}) {mismatch.message}", hint, port=port,
        fixes=tuple(proposals),
    )  # fmt: skip


def _dtype_cure(node: Node, layer: Layer, fed: TensorType, wire: Wire | None) -> tuple[str, list[Fix]]:
    if layer.role == "loss" and fed.is_float and "CrossEntropyLoss" in CATALOGUE:
        return "for a number to predict use MSELoss or L1Loss", [
            Fix("Use MSELoss", edits.replace_layer(node.id, CATALOGUE["MSELoss"]()))
        ]
    if layer.role == "loss" and fed.is_int:
        return "for classes to predict use CrossEntropyLoss", [
            Fix("Use CrossEntropyLoss", edits.replace_layer(node.id, CATALOGUE["CrossEntropyLoss"]()))
        ]
    if fed.is_int and wire is not None and "Embedding" in CATALOGUE:
        embedding = CATALOGUE["Embedding"].make({"num_embeddings": fed.classes} if fed.classes else {})
        return "put an Embedding before it, which turns codes into vectors", [
            Fix("Insert Embedding", edits.insert_on(wire, embedding))
        ]
    return "wire something of the right type to it", []


def _reshapers(fed: TensorType) -> Iterator[Layer]:
    """Layers that change the rank of what is fed, most likely first."""
    if "Flatten" in CATALOGUE and fed.rank > 2:
        yield CATALOGUE["Flatten"]()
    count = fed.numel_per_sample()
    if count and "Reshape" in CATALOGUE:
        side = math.isqrt(count)
        shapes: list[tuple[int, ...]] = [(1, side, side)] if side * side == count else []
        sizes = tuple(axis.size for axis in fed.axes[1:] if isinstance(axis.size, int))
        shapes += [(1, *sizes), (*sizes, 1), (count,)]
        for shape in dict.fromkeys(shapes):
            yield CATALOGUE["Reshape"].make({"shape": shape})


def _insert_title(layer: Layer, out: TensorType) -> str:
    return f"Insert {layer.type_name()}" + (f" to {out.per_sample()}" if layer.type_name() == "Reshape" else "")


def build_problem(network: Network, node: Node, layer: Layer, inputs: Inputs, error: str, hint: str) -> Problem:
    """A layer that cannot be built on its inputs although their ranks fit."""
    fed_types = [
        type
        for value in inputs.values()
        for type in (value if isinstance(value, tuple) else (value,))
        if type is not None
    ]
    fed = "; ".join(map(described, fed_types))
    proposals: list[Fix] = []
    prediction, target = inputs.get("prediction"), inputs.get("target")
    turned = list(_turned(network, node, layer, inputs))
    if turned:
        proposals = turned
    elif layer.role == "loss" and isinstance(target, TensorType) and target.classes and prediction is not None:
        yes_or_no = layer.type_name() == "BCEWithLogitsLoss"
        if yes_or_no:
            use = edits.replace_layer(node.id, CATALOGUE["CrossEntropyLoss"]())
            proposals.append(Fix("Use CrossEntropyLoss", use))
        if not yes_or_no or target.classes == 2:
            proposals += _resize_head(network, node, 1 if yes_or_no else target.classes)
    shown = "" if has_example(error) else disagreements(fed_types)
    message = f"{node.name} ({layer.type_name()}) {error}{shown}"
    return Problem(node.id, "size", message, hint or f"it is fed {fed}", fixes=tuple(proposals))


def _turned(network: Network, node: Node, layer: Layer, inputs: Inputs) -> Iterator[Fix]:
    """Put the classes of a loss's scores right after the batch, where it then works."""
    prediction, wire = inputs.get("prediction"), _wire_at(network, node.id, "prediction")
    if not isinstance(prediction, TensorType) or prediction.rank < 3 or wire is None:
        return
    last = prediction.rank - 1
    permute = CATALOGUE["Permute"].make({"order": (last, *range(1, last))})
    out = output_of(permute, prediction)
    if out is not None and not evaluate(layer, {**inputs, "prediction": _matched(layer, out)}, Bindings()).error:
        yield Fix("Insert Permute", edits.insert_on(wire, permute))


def _matched(layer: Layer, prediction: TensorType) -> TensorType:
    return match("prediction", layer.inputs["prediction"], prediction)


def _resize_head(network: Network, node: Node, classes: int) -> Iterator[Fix]:
    """Give the last layer with a number of outputs before ``node`` so many."""
    wire = _wire_at(network, node.id, "prediction")
    while wire is not None and wire.source in network.nodes:
        head = network.nodes[wire.source]
        for name in ("out_features", "out_channels"):
            if isinstance(head.layer, Layer) and name in head.layer.params:
                yield Fix(
                    f"Give {head.name} {classes} output{'s' if classes > 1 else ''}",
                    edits.set_params(head.id, **{name: classes}),
                )
                return
        wire = next(iter(network.incoming.get(head.id, ())), None)


def is_suspect(layer: Layer, inputs: Inputs) -> bool:
    """Whether a layer works on what it is fed, but hardly as it is meant to; then :func:`cautions` says so."""
    fed = inputs.get("input")
    if not isinstance(fed, TensorType):
        return False
    return fed.rank >= 4 if isinstance(layer, Linear) else layer.role == "output" and fed.is_folded


def cautions(network: Network, node: Node, inputs: Inputs) -> tuple[Problem, ...]:
    """Warnings about a layer that is suspect."""
    fed = inputs["input"]
    assert isinstance(fed, TensorType)
    wire = _wire_at(network, node.id, "input")
    assert wire is not None
    if node.layer.role == "output":
        return (
            Problem(node.id, "folded", f"{node.name} has one answer for each step of each sample, not for each sample",
                    "put an UnfoldTime before it, fed with the sequence that was folded", "warning", "input"),
        )  # fmt: skip
    return (
        Problem(node.id, "linear-on-image",
                f"{node.name} (Linear) weighs the last axis of {described(fed)} alone, each row by itself",
                "put a Flatten before it", "warning", "input",
                (Fix("Insert Flatten", edits.insert_on(wire, CATALOGUE["Flatten"]())),)),
    )  # fmt: skip


def unbound_problem(node: Node, layer: Input, fields: Mapping[str, TensorType]) -> Problem:
    """An input of which nobody knows the shape."""
    if not fields:
        return Problem(
            node.id, "no-shape", f"{node.name} does not know its shape",
            "choose a data set, or set the input's shape",
        )  # fmt: skip
    known = ", ".join(fields)
    proposals = tuple(Fix(f"Use the field {name}", edits.set_params(node.id, field=name)) for name in list(fields)[:4])
    said = f"asks for the field {layer.field!r}, which the data does not have" if layer.field else "has no field"
    return Problem(node.id, "no-field", f"{node.name} {said}", f"choose one of {known}", fixes=proposals)


def network_problems(network: Network, types: Types) -> list[Problem]:
    """What is wrong with the network as a whole, as warnings on the nodes where it would be mended."""
    if not network.nodes:
        return []
    ends = [
        node
        for node in network.nodes.values()
        if node.layer.role not in ("loss", "metric", "output", "input") and not network.outgoing.get(node.id)
    ]
    goals = (*network.of_role("loss"), *network.of_role("output"))
    fed = [network.nodes[w.source] for goal in goals for w in network.incoming.get(goal.id, ())]
    fed = [node for node in fed if node.layer.role != "input"] or fed
    last = (ends or fed or list(network.nodes.values()))[-1]
    problems = []
    if not network.of_role("loss"):
        problems.append(
            Problem(last.id, "no-loss", "there is no loss, so nothing can be trained",
                    f"add a loss, such as CrossEntropyLoss or MSELoss, after {last.name}", "warning",
                    fixes=_add_after(last, "CrossEntropyLoss", "prediction", types)
                    + _add_after(last, "MSELoss", "prediction", types))
        )  # fmt: skip
    if not network.of_role("output"):
        problems.append(
            Problem(last.id, "no-output", "there is no output, so nothing can be predicted or exported",
                    f"add an Output after {last.name}", "warning", fixes=_add_after(last, "Output", "input", types))
        )  # fmt: skip
    elif network.of_role("loss"):
        problems += [
            Problem(node.id, "unused", f"what {node.name} puts out goes nowhere", "wire it on, or delete it", "warning",
                    fixes=(Fix(f"Delete {node.name}", edits.remove([node.id])),))
            for node in ends
        ]  # fmt: skip
    return [*problems, *cautions_of(network, types)]


def _add_after(node: Node, type_name: str, port: str, types: Types) -> tuple[Fix, ...]:
    outputs = types[node.id].outputs if node.id in types else {}
    if not outputs or type_name not in CATALOGUE:
        return ()
    layer = CATALOGUE[type_name]()
    output, type = next(iter(outputs.items()))
    if not fits(layer, port, type):
        return ()
    made = edits.new_id()
    return (
        Fix(f"Add {type_name}", edits.chain(edits.add(layer, id=made), edits.connect(node.id, output, made, port))),
    )
