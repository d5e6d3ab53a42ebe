"""Cures at nodes of the plain network, placed where they are drawn: inside a block, its definition is edited, so that
all its copies are cured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from nnstudio.diagnose.cures import Cure, Patient
from nnstudio.graph import Network, edits
from nnstudio.graph.blocks import in_block
from nnstudio.graph.edits import Edit
from nnstudio.layers import Layer, TensorType, load

Make = Callable[[tuple[str, ...]], Edit]


def everywhere(patient: Patient, ids: Iterable[str], make: Make) -> Edit | None:
    """One edit of the drawn network of all these nodes of the plain one. None where there are none."""
    groups: dict[str, dict[str, None]] = {}
    for flat in ids:
        path, _, id = flat.rpartition("/")
        opened = patient.resolution.expansion.opened.get(path)
        if path and opened is None:
            continue
        groups.setdefault(opened.definition if opened is not None else "", {})[id] = None
    steps = [in_block(name, make(tuple(of))) if name else make(tuple(of)) for name, of in groups.items()]
    return edits.chain(*steps) if steps else None


def cure_at(patient: Patient, title: str, explains: str, ids: Iterable[str], make: Make) -> Iterator[Cure]:
    edit = everywhere(patient, ids, make)
    if edit is not None:
        yield Cure(title, explains, edit)


def kind(patient: Patient, id: str) -> str:
    return patient.flat.nodes[id].layer.type_name()


def fed(patient: Patient, id: str) -> TensorType | None:
    """What arrives at a node's first input."""
    wire = next(iter(patient.flat.incoming.get(id, ())), None)
    return patient.resolution.wire_type(wire) if wire is not None else None


def out(patient: Patient, id: str) -> TensorType | None:
    known = patient.resolution.nodes.get(id)
    return next(iter(known.outputs.values()), None) if known is not None else None


def norm_for(fed: TensorType | None, *, by_sample: bool = False) -> Layer | None:
    """A normalisation for what is fed: batch normalisation for vectors and pictures, else layer normalisation."""
    if fed is None or not fed.is_float:
        return None
    if by_sample:
        channels = fed.sizes[1] if fed.rank > 2 else 0
        groups = next((count for count in (8, 4, 2) if isinstance(channels, int) and channels % count == 0), 1)
        return load()["GroupNorm"].make({"num_groups": groups}) if fed.rank > 2 else load()["LayerNorm"]()
    kind = {2: "BatchNorm1d", 4: "BatchNorm2d", 5: "BatchNorm3d"}.get(fed.rank, "LayerNorm")
    return load()[kind]()


def before(id: str, layer: Layer) -> Edit:
    """Put a layer on the wire that feeds a node, wherever that comes from by then."""

    def edit(network: Network) -> Network:
        wire = next(iter(network.incoming.get(id, ())))
        return edits.insert_on(wire, layer)(network)

    return edit


def after(id: str, layer: Layer) -> Edit:
    """Put a layer behind a node, before all that it feeds."""

    def edit(network: Network) -> Network:
        wires = network.outgoing.get(id, ())
        made = edits.new_id()
        network = edits.insert_on(wires[0], layer, id=made)(network)
        output = next(iter(layer.outputs))
        for wire in wires[1:]:
            network = edits.connect(made, output, wire.target, wire.input)(edits.disconnect([wire])(network))
        return network

    return edit
