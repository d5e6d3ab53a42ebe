"""Losses and metrics: what is compared with what, and what is missing at the end of a network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nnstudio.compile.fitting import through
from nnstudio.compile.mending import adapters, sizes, wiring
from nnstudio.compile.mending.case import Candidate, Case
from nnstudio.graph import Node, Wire, edits
from nnstudio.layers import Layer, TensorType, load
from nnstudio.layers.linear import Linear


def _types(case: Case) -> tuple[Wire | None, TensorType | None, TensorType | None]:
    wires, targets = case.wires("prediction"), case.fed("target")
    wire = wires[0] if wires else None
    return wire, case.type_at(wire) if wire is not None else None, targets[0] if targets else None


def mismatch(case: Case) -> Iterator[Candidate]:
    """A loss (or metric) whose prediction and target do not go together."""
    node = case.node
    if node is None or node.layer.role not in ("loss", "metric") or not isinstance(node.layer, Layer):
        return
    wire, prediction, target = _types(case)
    if wire is None or prediction is None or target is None:
        return
    yield from _turned(case, node.layer, wire)
    heads = list(_heads(case, wire, target))
    early = list(_flattened(case, wire, prediction, target, [head for _, head in heads]))
    yield from early
    late = 1 if early else 0
    for count, head in heads:
        if node.layer.type_name() != "BCEWithLogitsLoss" or count == 1:
            yield head
    for kind in kinds(target, node.layer.role):
        if kind == node.layer.type_name() or kind not in load():
            continue
        other = load()[kind]()
        use = edits.replace_layer(node.id, other)
        said = ": one output, binary target" if kind == "BCEWithLogitsLoss" and target.classes == 2 else ""
        yield Candidate(f"Use {kind}{said}", use, 0, 1)
        for _, head in heads:
            yield Candidate(f"Use {kind}, and {_lower(head.title)}", edits.chain(use, head.edit), 1, 2)
    yield from wiring.swapped(case)
    yield from _before(case, node.layer, wire, adapters.reshaping(prediction), late)
    yield from _before(case, node.layer, wire, adapters.meeting(prediction, target), late)
    linear, flat = adapters.made("Linear", out_features=target.classes or 1), adapters.made("Flatten")
    if linear is not None:
        chains = [(linear,), *([(flat, linear)] if flat is not None and prediction.rank > 2 else [])]
        yield from _before(case, node.layer, wire, chains, late)
    for goal in case.wires("target"):
        good = lambda out, goal=goal: case.works(node.layer, {goal: out})  # noqa: E731
        yield from adapters.on_wire(case, goal, adapters.casting(target, _dtype_at(node)), good, 1, 2)
        yield from adapters.on_wire(case, goal, adapters.reshaping(target), good, 1, 2)


def _flattened(
    case: Case, wire: Wire, prediction: TensorType, target: TensorType, heads: list[Candidate]
) -> Iterator[Candidate]:
    """One answer for each sample, where a Linear works on each row of an image or step of a sequence by itself: a
    Flatten (or an average) before the first such Linear, which may also need other outputs."""
    if prediction.rank < 3 or target.rank > 2:
        return
    first: tuple[Node, Wire, TensorType] | None = None
    for node in case.upstream(wire.source):
        wires = case.network.incoming.get(node.id, ())
        fed = case.type_at(wires[0]) if len(wires) == 1 else None
        if isinstance(node.layer, Linear) and fed is not None and fed.rank > 2:
            first = node, wires[0], fed
    if first is None:
        return
    linear, at, fed = first
    for chain in adapters.reshaping(fed):
        out = through(chain, fed)
        if out is None or out.rank != 2 or chain[0].type_name() == "Reshape":
            continue
        put, tier = adapters.inserted(at, chain), 0 if len(chain) == 1 else 1
        title = f"Insert {adapters.told(chain, fed, out)} before {linear.name}"
        yield Candidate(title, put, tier, len(chain))
        for head in heads:
            yield Candidate(f"{title}, and {_lower(head.title)}", edits.chain(put, head.edit), tier, 1 + len(chain))


def _too_many(case: Case, out: TensorType) -> bool:
    """Whether scores are more than there are classes: a loss takes them, and learns to name classes there are not."""
    target = next(iter(case.fed("target")), None)
    if target is None or not target.classes or out.rank != target.rank + 1:
        return False
    return isinstance(out.sizes[1], int) and out.sizes[1] > target.classes


def _before(
    case: Case, layer: Layer, wire: Wire, chains: Iterable[adapters.Chain], least: int = 0
) -> Iterator[Candidate]:
    """Put layers behind what is predicted: for this loss, and for all losses, metrics and outputs that look at it."""
    fed = case.type_at(wire)
    ends = tuple(
        other for other in case.network.outgoing.get(wire.source, ())
        if other != wire and other.output == wire.output and other.target in case.network.nodes
        and case.network.nodes[other.target].layer.role in ("loss", "metric", "output")
    )  # fmt: skip
    source, most = case.network.nodes[wire.source].name, 2
    for chain in chains:
        out = through(chain, fed) if fed is not None else None
        if fed is None or out is None or out == fed or _too_many(case, out) or not case.works(layer, {wire: out}):
            continue
        title, tier = f"Insert {adapters.told(chain, fed, out)}", max(least, adapters.tier_of(chain, fed, out))
        if ends:
            all_of_them = adapters.inserted(wire, chain, ends)
            yield Candidate(f"{title} after {source}", all_of_them, tier, 1 + len(chain))
        one = adapters.inserted(wire, chain)
        yield Candidate(f"{title} on the wire from {source}", one, tier, 1 + len(chain))
        most -= 1
        if not most:
            return


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:]


def _dtype_at(node: Node) -> str:
    port = node.layer.inputs.get("target")
    return port.dtype if port is not None else "float"


def kinds(target: TensorType, role: str) -> tuple[str, ...]:
    """Losses (or metrics) that go with a target, the likeliest first."""
    if role == "metric":
        return ("Accuracy",) if target.is_int else ("MAE", "RMSE", "R2", "Accuracy")
    if target.is_int:
        binary = ("BCEWithLogitsLoss",) if target.classes == 2 or target.classes is None else ()
        return ("CrossEntropyLoss", *binary)
    return ("MSELoss", "SmoothL1Loss", "BCEWithLogitsLoss")


def _turned(case: Case, layer: Layer, wire: Wire) -> Iterator[Candidate]:
    """Put the classes right after the batch."""
    fed = case.type_at(wire)
    if fed is None or fed.rank < 3:
        return
    last = fed.rank - 1
    permute = adapters.made("Permute", order=(last, *range(1, last)))
    if permute is not None:
        works = lambda out: case.works(layer, {wire: out})  # noqa: E731
        yield from adapters.on_wire(case, wire, iter([(permute,)]), works)


def _heads(case: Case, wire: Wire, target: TensorType) -> Iterator[tuple[int, Candidate]]:
    """Give the last layer with a number of outputs as many as there are classes, numbers in the target, or one."""
    head = case.head(wire)
    if head is None:
        return
    node, name = head
    wanted: list[int] = [target.classes] if target.classes else []
    if target.classes in (2, None):
        wanted.append(1)
    goal = [size for size in target.sizes[1:] if isinstance(size, int)]
    wanted += [goal[-1], goal[0]] if goal else []
    for count in dict.fromkeys(wanted):
        if count != getattr(node.layer, name):
            yield count, sizes.change(node, name, count, tier=0)


def dtype(case: Case) -> Iterator[Candidate]:
    """A loss that is fed the wrong type of numbers: another loss, or another wire."""
    node = case.node
    if node is None or node.layer.role not in ("loss", "metric"):
        return
    wire, _, target = _types(case)
    yield from wiring.swapped(case)
    if target is None:
        return
    for kind in kinds(target, node.layer.role):
        if kind != node.layer.type_name() and kind in load():
            use = edits.replace_layer(node.id, load()[kind]())
            yield Candidate(f"Use {kind}", use, 0, 1)
            if wire is not None:
                for _, head in _heads(case, wire, target):
                    yield Candidate(f"Use {kind}, and {_lower(head.title)}", edits.chain(use, head.edit), 0, 2)
    yield from wiring.connections(case, case.problem.port, tier=1)


def missing_loss(case: Case) -> Iterator[Candidate]:
    """No loss: one for the target that the data has, wired to it."""
    node, network, resolution = case.node, case.network, case.resolution
    if node is None or node.id not in resolution.nodes:
        return
    outputs = resolution.nodes[node.id].outputs
    if not outputs:
        return
    output = next(iter(outputs))
    feeding = network.ancestors([node.id])
    targets = [
        (each, type)
        for each in network.of_role("input")
        if isinstance(each.layer, Layer) and "field" in each.layer.params and each.id in resolution.nodes
        for type in resolution.nodes[each.id].outputs.values()
    ]
    targets.sort(key=lambda pair: (pair[0].id in feeding, not pair[1].classes))
    for target, type in targets:
        for kind in kinds(type, "loss"):
            if kind in load():
                said = "" if target.id not in feeding else " with its own input as target"
                title = f"Add {kind} on {target.name}" if not said else f"Add {kind}{said}"
                yield Candidate(title, _with_loss(kind, node.id, output, target.id), 0 if not said else 1, 2)
    bound = {getattr(each.layer, "field", "") for each, _ in targets}
    for field, type in resolution.fields.items():
        for kind in kinds(type, "loss"):
            layer = adapters.made("Input", field=field)
            if field not in bound and kind in load() and layer is not None:
                id = edits.new_id()
                both = edits.chain(edits.add(layer, id=id), _with_loss(kind, node.id, output, id))
                yield Candidate(f"Add {kind} on the field {field}", both, 0, 3)
    for kind in ("CrossEntropyLoss", "MSELoss"):
        if kind in load():
            yield Candidate(f"Add {kind}", _with_loss(kind, node.id, output, ""), 2, 2)


def _with_loss(kind: str, source: str, output: str, target: str) -> edits.Edit:
    id = edits.new_id()
    steps = [edits.add(load()[kind](), id=id), edits.connect(source, output, id, "prediction")]
    if target:
        steps.append(edits.connect(target, "output", id, "target"))
    return edits.chain(*steps)


def missing_output(case: Case) -> Iterator[Candidate]:
    """No output: one after what feeds the loss."""
    node, resolution = case.node, case.resolution
    if node is None or node.id not in resolution.nodes or "Output" not in load():
        return
    for output, type in resolution.nodes[node.id].outputs.items():
        rank = {2: "class scores", 4: "image"}.get(type.rank, "values")
        kind = "number" if type.rank == 2 and type.sizes[-1] == 1 else rank
        layer = adapters.made("Output", kind=kind) or load()["Output"]()
        id = edits.new_id()
        added = edits.chain(edits.add(layer, id=id), edits.connect(node.id, output, id, "input"))
        yield Candidate("Add Output", added, 0, 1)
        return


def softmax(case: Case) -> Iterator[Candidate]:
    """A loss that wants raw scores, behind a layer that has bent them already."""
    node = case.node
    wires = case.wires("prediction")
    if node is None or not wires:
        return
    bent = case.network.nodes[wires[0].source]
    yield Candidate(f"Remove {bent.name}", edits.bridge([bent.id]), 0, 1)
    feed = next(iter(case.network.incoming.get(bent.id, ())), None)
    if feed is not None:
        around = edits.connect(feed.source, feed.output, node.id, "prediction")
        title = f"Feed {node.name} from before {bent.name}"
        yield Candidate(title, around, 0 if len(case.network.outgoing.get(bent.id, ())) > 1 else 1, 1)
    if bent.layer.type_name() == "LogSoftmax" and "NLLLoss" in load():
        yield Candidate("Use NLLLoss", edits.replace_layer(node.id, load()["NLLLoss"]()), 0, 1)
