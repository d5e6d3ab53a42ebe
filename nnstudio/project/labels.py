"""Networks that answer several yes-or-no questions at once: labels, each true or not whatever the others are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nnstudio.graph import Network

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset
    from nnstudio.data.fitted import Fitted

#: Losses that take each number of a prediction for a yes or no of its own: as a logit, as a probability.
LOGITS = frozenset({"BCEWithLogitsLoss", "BinaryFocalLoss", "MultiLabelSoftMarginLoss"})
SHARES = frozenset({"BCELoss"})
#: Layers behind which the numbers of a row are probabilities of classes of which one is right.
_OF_ONE = frozenset({"Softmax"})


def target_of_labels(network: Network, output: str) -> str:
    """The id of the node with the right labels of an output: the target of a loss that asks each number by itself, on
    what the output is fed or on what that follows from; "" where there is none."""
    fed = _source(network, output, "input")
    if not fed or network.nodes[fed].layer.type_name() in _OF_ONE:
        return ""
    for node in network.of_role("loss"):
        prediction = _source(network, node.id, "prediction")
        if node.layer.type_name() not in LOGITS | SHARES or not prediction:
            continue
        if network.nodes[prediction].layer.type_name() in _OF_ONE:
            continue
        if prediction == fed or fed in network.descendants([prediction]):
            return _source(network, node.id, "target")
    return ""


def fields_of(network: Network, target: str) -> tuple[str, ...]:
    """The fields of the data whose numbers a target is, in their order; () where layers change them."""
    layer = network.nodes[target].layer
    if layer.role == "input":
        return (str(getattr(layer, "field", "")),)
    if layer.type_name() != "Concatenate":
        return ()
    found = [fields_of(network, wire.source) for wire in network.incoming.get(target, ())]
    return tuple(field for each in found for field in each) if all(found) else ()


def label_names(network: Network, dataset: Dataset | Fitted | None, target: str, count: int) -> tuple[str, ...]:
    """What so many labels are called: by the columns that they stand in, else by their numbers."""
    names: list[str] = []
    for field in fields_of(network, target):
        known = dataset.fields.get(field) if dataset is not None else None
        if dataset is None or known is None or field not in dataset.types:
            break
        sizes = dataset.types[field].sizes[1:]
        wide = math.prod(size if isinstance(size, int) else 0 for size in sizes)
        classes = tuple(known.classes or ())
        own = known.columns if len(known.columns) == wide else classes if len(classes) == wide else ()
        names += own or [f"{field} {place + 1}" for place in range(wide)]
    return tuple(names) if len(names) == count else tuple(str(place) for place in range(count))


def _source(network: Network, id: str, port: str) -> str:
    return next((wire.source for wire in network.incoming.get(id, ()) if wire.input == port), "")
