"""Cures that change layers: how they start, what bends them, what normalises them, how wide they are."""

from __future__ import annotations

from collections.abc import Iterator

from nnstudio.diagnose.cures import Cure, Patient
from nnstudio.diagnose.placing import after, before, cure_at, fed, kind, norm_for, out
from nnstudio.diagnose.reading import BOUNDED, RECTIFIERS, has_weights, hidden
from nnstudio.graph import Network, edits
from nnstudio.graph.edits import Edit
from nnstudio.layers import load
from nnstudio.layers.initialisation import Weighted

#: What bends a layer's output and may be put in the place of another that does.
BENDS = frozenset({*BOUNDED, *RECTIFIERS, "LeakyReLU", "ELU", "GELU", "SiLU", "Mish", "SELU", "CELU", "Softplus"})


def bent(patient: Patient, by: str = "") -> bool:
    """Whether anything in the network (of this kind) bends what it passes on."""
    kinds = {by} if by else BENDS
    return any(kind(patient, id) in kinds and hidden(patient.flat, id) for id in patient.resolution.order)


def _all_behind(patient: Patient) -> frozenset[str]:
    """The nodes that the finding is about; of a gradient that vanishes, with all that it has come through."""
    if patient.diagnosis.code in ("vanishing-gradient", "exploding-gradient"):
        return patient.flat.descendants(patient.nodes)
    return frozenset(patient.nodes)


def _bends(patient: Patient) -> list[str]:
    """The hidden activations that the finding is about: those named, else those behind what is named, else all."""
    flat = patient.flat
    every = [id for id in patient.resolution.order if kind(patient, id) in BENDS and hidden(flat, id)]
    named = _all_behind(patient)
    near = {wire.target for id in named for wire in flat.outgoing.get(id, ())} | {
        wire.source for id in named for wire in flat.incoming.get(id, ())
    }
    return [id for id in every if id in named] or [id for id in every if id in near] or every


def _weighted(patient: Patient) -> list[str]:
    """The layers with weights that the finding is about: those named or just before what is named, else all."""
    flat = patient.flat
    every = [id for id in patient.resolution.order if id in flat.nodes and isinstance(flat.nodes[id].layer, Weighted)]
    named = _all_behind(patient)
    before = {wire.source for id in named for wire in flat.incoming.get(id, ())}
    return [id for id in every if id in named or id in before] or every


def _one_kind(patient: Patient, ids: list[str]) -> str:
    """What the nodes are called together: ``Sigmoid`` where all are, else their kinds."""
    return " and ".join(sorted({kind(patient, id) for id in ids}))


def bent_by(patient: Patient, other: str, why: str) -> Iterator[Cure]:
    """Another activation in the place of those that do harm; with ReLU, the weights before it start as it needs."""
    ids = [id for id in _bends(patient) if kind(patient, id) in ({"ReLU"} if other == "LeakyReLU" else BOUNDED)]
    if not ids:
        return
    flat, layer = patient.flat, load()[other]()
    before = [wire.source for id in ids for wire in flat.incoming.get(id, ())] if other == "ReLU" else []
    starting = [id for id in dict.fromkeys(before) if isinstance(flat.nodes[id].layer, Weighted)]
    inner = {id.rpartition("/")[2] for id in starting}

    def one(id: str) -> Edit:
        return edits.set_params(id, weight_init="he uniform") if id in inner else edits.replace_layer(id, layer)

    also = ", with He initialisation" if starting else ""
    yield from cure_at(
        patient, f"Use {other} for {_one_kind(patient, ids)}{also}", why, [*ids, *starting],
        lambda chosen: edits.chain(*map(one, chosen)),
    )  # fmt: skip


def initialised(patient: Patient, *, constant_only: bool = False) -> Iterator[Cure]:
    """Weights that start as what is behind them needs it: He before a rectifier, Xavier before a tanh or sigmoid."""
    ids = _weighted(patient)
    if constant_only:
        ids = [id for id in ids if getattr(patient.flat.nodes[id].layer, "weight_init", "") == "constant"]
    if not ids:
        return
    behind = {kind(patient, wire.target) for id in ids for wire in patient.flat.outgoing.get(id, ())}
    scheme, name = ("xavier uniform", "Xavier") if behind & set(BOUNDED) else ("he uniform", "He")
    yield from cure_at(
        patient, f"Start the weights with {name} initialisation",
        "Then signals and gradients keep their size from layer to layer.", ids,
        lambda chosen: edits.chain(*(edits.set_params(id, weight_init=scheme) for id in chosen)),
    )  # fmt: skip


def normalised(patient: Patient) -> Iterator[Cure]:
    """A normalisation before each activation."""
    ids = [id for id in _bends(patient) if not _is_normalised(patient, id)]
    norms = {id.rpartition("/")[2]: norm for id in ids if (norm := norm_for(fed(patient, id))) is not None}
    if not norms:
        return
    norm_name = next(iter(norms.values())).type_name()
    yield from cure_at(
        patient, f"Put {norm_name} before {_one_kind(patient, ids)}",
        "It brings what goes into each activation back to mean 0 and spread 1.", ids,
        lambda chosen: edits.chain(*(before(id, norms[id]) for id in chosen if id in norms)),
    )  # fmt: skip


def _is_normalised(patient: Patient, id: str) -> bool:
    wires = patient.flat.incoming.get(id, ())
    return any(patient.flat.nodes[wire.source].layer.type_name().endswith(("Norm", "1d", "2d", "3d"))
               and "Norm" in patient.flat.nodes[wire.source].layer.type_name() for wire in wires)  # fmt: skip


def led_past(patient: Patient) -> Iterator[Cure]:
    """A connection past each layer that keeps the size."""
    flat = patient.flat
    ids = []
    for id in _bends(patient):
        wire = next(iter(flat.incoming.get(id, ())), None)
        while wire is not None and not has_weights(flat.nodes[wire.source]):
            wire = next(iter(flat.incoming.get(wire.source, ())), None)
        if wire is not None and fed(patient, wire.source) == out(patient, id):
            ids.append(id)
    ids = [id for id in ids if not any(kind(patient, wire.target) == "Add" for wire in flat.outgoing.get(id, ()))]
    if ids:
        yield from cure_at(
            patient, f"Lead a connection past {len(ids)} layer{'' if len(ids) == 1 else 's'}",
            "Gradients then have a way back on which they do not fade (as in a residual network).", ids,
            lambda chosen: edits.chain(*map(_past, chosen)),
        )  # fmt: skip


def _past(id: str) -> Edit:
    """Add what goes into the layer with weights before an activation to what comes out of the activation."""

    def edit(network: Network) -> Network:
        wire = next(iter(network.incoming.get(id, ())))
        while not has_weights(network.nodes[wire.source]):
            wire = next(iter(network.incoming[wire.source]))
        feed = next(iter(network.incoming[wire.source]))
        output = next(iter(network.nodes[id].layer.outputs))
        onward, made = network.outgoing.get(id, ()), edits.new_id()
        network = edits.add(load()["Add"](), id=made)(network)
        port = next(iter(network.nodes[made].layer.inputs))
        for other in onward:
            network = edits.disconnect([other])(network)
            network = edits.connect(made, next(iter(network.nodes[made].layer.outputs)), other.target, other.input)(
                network
            )
        network = edits.connect(feed.source, feed.output, made, port)(network)
        ports = list(network.nodes[made].layer.inputs)
        return edits.connect(id, output, made, ports[min(1, len(ports) - 1)])(network)

    return edit


def dropped(patient: Patient, share: float = 0.3) -> Iterator[Cure]:
    """Dropout behind the hidden activations."""
    flat = patient.flat
    ids = [
        id
        for id in _bends(patient)
        if not any(kind(patient, wire.target).startswith("Dropout") for wire in flat.outgoing.get(id, ()))
    ]
    if ids:
        layer = load()["Dropout"].make({"p": share})
        yield from cure_at(
            patient, f"Put Dropout ({share:g}) behind {_one_kind(patient, ids)}",
            "No unit can rely on single others, so rows are harder to learn by heart.", ids,
            lambda chosen: edits.chain(*(after(id, layer) for id in chosen)),
        )  # fmt: skip


def undropped(patient: Patient) -> Iterator[Cure]:
    """Less Dropout where there is much."""
    ids = [
        id for id in patient.resolution.order
        if kind(patient, id).startswith("Dropout") and getattr(patient.flat.nodes[id].layer, "p", 0.0) > 0.3
    ]  # fmt: skip
    yield from cure_at(
        patient, "Lower Dropout to 0.1", "It takes more away than this network can spare.", ids,
        lambda chosen: edits.chain(*(edits.set_params(id, p=0.1) for id in chosen)),
    )  # fmt: skip


_WIDTHS = ("out_features", "out_channels", "hidden_size")


def _resized(patient: Patient, factor: float, least: int) -> tuple[list[str], dict[str, tuple[str, int]]]:
    """Hidden layers that choose their width, and the parameter and value of each when it is so many times as wide."""
    sizes: dict[str, tuple[str, int]] = {}
    ids = []
    for id in patient.resolution.order:
        node = patient.flat.nodes.get(id)
        name = next((each for each in _WIDTHS if node is not None and each in getattr(node.layer, "params", {})), "")
        if node is not None and name and hidden(patient.flat, id):
            now = int(getattr(node.layer, name))
            value = max(least, round(now * factor)) if factor > 1 else max(2, round(now * factor))
            if value != now:
                ids.append(id)
                sizes[id.rpartition("/")[2]] = (name, value)
    return ids, sizes


def _sized(patient: Patient, title: str, why: str, factor: float, least: int = 0) -> Iterator[Cure]:
    ids, sizes = _resized(patient, factor, least)
    yield from cure_at(
        patient, title, why, ids,
        lambda chosen: edits.chain(*(edits.set_params(id, **{sizes[id][0]: sizes[id][1]}) for id in chosen)),
    )  # fmt: skip


def widened(patient: Patient) -> Iterator[Cure]:
    """Hidden layers four times as wide, and at least 16."""
    yield from _sized(patient, "Make the hidden layers 4 times as wide",
                      "More units can tell more apart.", 4.0, 16)  # fmt: skip


def narrowed(patient: Patient) -> Iterator[Cure]:
    """Hidden layers half as wide."""
    yield from _sized(patient, "Make the hidden layers half as wide",
                      "A smaller network has less room for single rows.", 0.5)  # fmt: skip
