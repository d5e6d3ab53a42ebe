"""Cures that change what is wired to what: at the inputs, before the losses, and where gradients stop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nnstudio.data.weighing import even_weights
from nnstudio.diagnose.cures import Cure, Patient
from nnstudio.diagnose.placing import before, cure_at, fed, kind, norm_for, out
from nnstudio.diagnose.reading import BATCH_NORMS, HALTING
from nnstudio.graph import Network, edits
from nnstudio.graph.edits import Edit
from nnstudio.layers import Layer, load


def deepened(patient: Patient) -> Iterator[Cure]:
    """A hidden layer before the last one."""
    flat = patient.flat
    losses = {wire.source for node in flat.of_role("loss") for wire in flat.incoming.get(node.id, ())}
    heads = [id for id in losses if kind(patient, id) == "Linear"]
    if not heads:
        return

    def one(id: str) -> Edit:
        linear, bend = load()["Linear"].make({"out_features": 64}), load()["ReLU"]()
        return edits.chain(before(id, linear), before(id, bend))

    yield from cure_at(
        patient, "Add a hidden layer of 64 units", "A layer in between can bend what a straight line cannot part.",
        heads,
        lambda chosen: edits.chain(*map(one, chosen)),
    )  # fmt: skip


def reached(patient: Patient) -> Iterator[Cure]:
    """What stops the gradient out of the way; or the layers that nothing depends on."""
    stops = [id for id in patient.diagnosis.evidence.get("stoppers", ()) if id in patient.flat.nodes]
    whole = [id for id in stops if kind(patient, id) == "StopGradient"]
    if whole:
        yield from cure_at(
            patient, "Let the gradient through", "The layers before it then learn as well.", whole,
            lambda chosen: edits.set_bypassed(chosen),
        )  # fmt: skip
    yield from cure_at(
        patient, "Freeze the layers that cannot learn", "If it is meant so: nothing is worked out for them then.",
        patient.nodes, lambda chosen: edits.set_frozen(chosen),
    )  # fmt: skip
    if not [id for id in stops if kind(patient, id) in HALTING]:
        yield from cure_at(patient, "Delete them", "No loss depends on them.", patient.nodes,
                         lambda chosen: edits.remove(chosen))  # fmt: skip


def evened(patient: Patient) -> Iterator[Cure]:
    """More weight in the loss for rare classes, or less for what is easy."""
    yield from _weighed(patient)
    plain = [id for id in patient.nodes if kind(patient, id) in ("CrossEntropyLoss", "BCEWithLogitsLoss")]
    focal = load()["FocalLoss"]
    yield from cure_at(
        patient, "Use the focal loss", "What is easy, which is mostly of the common class, then hardly counts.", plain,
        lambda chosen: edits.chain(*(edits.replace_layer(id, focal()) for id in chosen)),
    )  # fmt: skip


def _weighed(patient: Patient) -> Iterator[Cure]:
    counts = [int(count) for count in patient.diagnosis.evidence.get("counts", ())]
    loss = next(iter(patient.nodes), "")
    if len(counts) < 2 or not loss:
        return
    layer = patient.flat.nodes[loss].layer
    if "pos_weight" in getattr(layer, "params", {}) and len(counts) == 2 and all(counts):
        values: dict[str, Any] = {"pos_weight": (float(f"{counts[0] / counts[1]:.3g}"),)}
    elif "class_weights" in getattr(layer, "params", {}):
        values = {"class_weights": _class_weights(patient, loss, counts)}
    else:
        return
    yield from cure_at(
        patient, "Give each class the same say", "A rare class then counts as much in the loss as a common one.",
        [loss],
        lambda chosen: edits.chain(*(edits.set_params(id, **values) for id in chosen)),
    )  # fmt: skip


def _class_weights(patient: Patient, loss: str, counts: list[int]) -> tuple[float, ...]:
    """A weight for each score: the inverse of the class's share, 1 for those of an even share and those never seen."""
    wire = next((each for each in patient.flat.incoming.get(loss, ()) if each.input == "prediction"), None)
    fed = patient.resolution.wire_type(wire) if wire is not None else None
    scores = fed.sizes[1] if fed is not None and fed.rank > 1 and isinstance(fed.sizes[1], int) else len(counts)
    counts = (counts + [0] * scores)[:scores]
    return even_weights(counts)


def scaled(patient: Patient) -> Iterator[Cure]:
    """The field standardised as it is read, or normalised as the network's first layer."""
    field = str(patient.diagnosis.evidence.get("field", ""))
    columns = tuple(patient.diagnosis.evidence.get("columns", ())) or ((field,) if field else ())
    if patient.data is not None and columns:

        def standardised(reference: Any) -> Any:
            for column in columns:
                reference = reference.with_choice(column, scaling="standardise")
            return reference

        yield Cure("Standardise it as it is read", "Mean 0 and spread 1, as learned from the training rows.",
                   data=standardised)  # fmt: skip
    ids = list(patient.nodes)
    norm = norm_for(out(patient, ids[0])) if ids else None
    if norm is not None:
        yield from cure_at(
            patient, f"Put {norm.type_name()} behind the input", "The network then scales what comes in by itself.",
            ids,
            lambda chosen: edits.chain(*(_after_input(id, norm) for id in chosen)),
        )  # fmt: skip


def varied(patient: Patient) -> Iterator[Cure]:
    """Pictures turned, shifted and resized at random, where nothing else says what is where in them."""
    inputs = list(patient.flat.of_role("input"))
    pictures = [node.id for node in inputs if (made := out(patient, node.id)) and made.rank == 4 and made.is_float]
    placed = [node.id for node in inputs if (made := out(patient, node.id)) and made.rank > 2]
    fed = [patient.flat.nodes[wire.target] for id in pictures for wire in patient.flat.outgoing.get(id, ())]
    if placed != pictures or any(node.layer.role == "loss" or kind(patient, node.id) == "RandomAffine" for node in fed):
        return
    layer = load()["RandomAffine"]()
    yield from cure_at(
        patient, "Vary the pictures", "Turned, shifted and resized at random, no picture comes twice (RandomAffine).",
        pictures, lambda chosen: edits.chain(*(_after_input(id, layer) for id in chosen)),
    )  # fmt: skip


def _after_input(id: str, layer: Layer) -> Edit:
    """Put a layer behind an input, but not before a loss or metric that compares with it."""

    def edit(network: Network) -> Network:
        wires = [
            w
            for w in network.outgoing.get(id, ())
            if network.nodes[w.target].layer.role in ("layer", "block", "shared")
        ]
        made = edits.new_id()
        network = edits.insert_on(wires[0], layer, id=made)(network)
        for wire in wires[1:]:
            network = edits.disconnect([wire])(network)
            network = edits.connect(made, next(iter(layer.outputs)), wire.target, wire.input)(network)
        return network

    return edit


def unbent(patient: Patient) -> Iterator[Cure]:
    """The loss fed from before the softmax."""
    if len(patient.nodes) < 2:
        return
    loss, bent = patient.nodes[:2]
    name = patient.flat.nodes[bent].name
    feeds_others = any(
        loss not in patient.flat.descendants([wire.target]) for wire in patient.flat.outgoing.get(bent, ())
    )

    def around(chosen: tuple[str, ...]) -> Edit:
        def edit(network: Network) -> Network:
            feed = next(iter(network.incoming[chosen[0]]))
            at = loss.rpartition("/")[2]
            return edits.connect(feed.source, feed.output, at, "prediction")(network)

        return edit

    removed = next(
        cure_at(patient, f"Remove {name}", "The loss takes the softmax itself, and more exactly.", [bent], edits.bridge)
    )
    past = next(
        cure_at(patient, f"Feed the loss from before {name}", f"{name} stays for what else it feeds.", [bent], around)
    )
    yield from (past, removed) if feeds_others else (removed, past)


def normalised_by_sample(patient: Patient) -> Iterator[Cure]:
    """Larger batches, or a normalisation that needs none."""
    yield Cure("Take batches of 32 samples", "Mean and spread of a batch are then close to those of all samples.",
               plan={"batch_size": 32})  # fmt: skip
    ids = [id for id in patient.nodes if kind(patient, id) in BATCH_NORMS]
    norms = {id.rpartition("/")[2]: norm for id in ids if (norm := norm_for(fed(patient, id), by_sample=True))}
    if norms:
        name = next(iter(norms.values())).type_name()
        yield from cure_at(
            patient, f"Use {name} instead", "It normalises each sample by itself, however small the batch is.", ids,
            lambda chosen: edits.chain(*(edits.replace_layer(id, norms[id]) for id in chosen if id in norms)),
        )  # fmt: skip
