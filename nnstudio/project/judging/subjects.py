"""What of a network can be judged: a prediction beside its target, and how its numbers become classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nnstudio.data.reference import SPLITS
from nnstudio.graph import Network
from nnstudio.layers import TensorType
from nnstudio.project.judging.taps import Tap, fed
from nnstudio.project.labels import LOGITS, SHARES, fields_of, label_names

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import Compiled
    from nnstudio.data.dataset import Dataset

#: Losses whose predictions are logarithms of probabilities.
_LOGARITHMS = frozenset({"NLLLoss"})
#: Losses on areas, of yes and no or of classes.
_OVERLAPS = frozenset({"FocalLoss", "DiceLoss", "JaccardLoss"})
#: Labels up to which each is judged by itself.
LABELS = 50
#: Names of codes that stand for nothing, and are not judged.
_PADS = ("<pad>",)
#: Losses whose classes stand last.
_LAST = frozenset({"SequenceCrossEntropyLoss"})
#: Losses and metrics whose prediction is no answer that could be right or wrong by itself.
_OTHERS = frozenset(
    {"CTCLoss", "MultiLabelMarginLoss", "HingeEmbeddingLoss", "BatchTripletLoss", "HeatmapLoss", "BoxLoss",
     "OffsetLoss", "RecallAtK", "NTXentLoss"}
)  # fmt: skip
#: What compares a distance (or likeness) of two things with whether they belong together.
_PAIRS = frozenset({"ContrastiveLoss", "EqualErrorRate"})
#: Metrics of objects that are found, by what they compare.
_OBJECTS = {"MeanAveragePrecision": "boxes", "InstancePrecision": "objects"}
NOWHERE: Tap = ("", "")


@dataclass(frozen=True)
class Subject:
    """One prediction that can be judged.

    name: of the Output (of the loss, where the network has none). kind: ``classes`` (one class a row), ``places`` (one
    at each place: a sequence, a mask, several labels), ``numbers``, ``boxes`` (N×K×6), ``objects`` (the number of each
    pixel's object), or ``losses`` where the network answers nothing that is compared with one target (embeddings) and
    only the loss of each row is known. link: how predictions become probabilities (of numbers: numbers such as the
    target's): ``softmax``, ``exp``, ``sigmoid``, ``none``, ``distance`` (small where two belong together; ``scale`` is
    half way), ``likeness``, or ``amount`` (a number from 0 up, the more the likelier; 1 is half way). output: the
    Output's id or "". judge: the id of the loss or metric that compares. field: of the data, whose values are the
    target ("" where it is none). classes: their names. ignored: a class code that does not count; padding: what says
    which places do not. last: scores of classes stand on the last axis, not right after the batch. reads: columns of
    the data that the prediction depends on; beyond: what is compared is not the Output, but what it leads to (a network
    that judges what another one paints). painted: the numbers are pictures (N×C×H×W). label: of several labels that
    are each true or not, the one that is judged, −1 where it is no such.
    """

    name: str
    kind: str
    link: str
    output: str
    judge: str
    prediction: Tap
    target: Tap
    field: str = ""
    classes: tuple[str, ...] = ()
    ignored: int | None = None
    padding: Tap | None = None
    last: bool = False
    scale: float = 1.0
    reads: tuple[str, ...] = ()
    beyond: bool = False
    painted: bool = False
    label: int = -1

    def own(self, numbers: torch.Tensor) -> torch.Tensor:
        """Of a prediction or a target what is of this subject: all of it, or the numbers of its label (rows, 1)."""
        return numbers if self.label < 0 else numbers[:, self.label : self.label + 1]


def subjects(compiled: Compiled, dataset: Dataset) -> tuple[Subject, ...]:
    """All that can be judged: of each Output that a loss or metric compares with a target; without such, each loss's
    own prediction."""
    network, found = compiled.network, []
    for id in compiled.outputs:
        source = fed(network, id, "input")
        judge = _judge(compiled, source) if source is not None else ""
        if judge:
            found.append(_subject(compiled, dataset, id, judge))
    own = {subject.judge for subject in found if fed(network, subject.output, "input") == subject.prediction}
    found = [  # an output on the way to what another says (a bottleneck) has no right answer of its own
        subject for subject in found
        if subject.judge not in own or fed(network, subject.output, "input") == subject.prediction
    ]  # fmt: skip
    if not found:
        found = [_subject(compiled, dataset, "", id) for id in compiled.losses if _compares(network, id)]
    if not found and compiled.losses:
        first = compiled.losses[0]
        found = [Subject(network.nodes[first].name, "losses", "none", "", first, NOWHERE, NOWHERE)]
    return tuple(each for subject in found for each in _by_label(compiled, dataset, subject))


def _by_label(compiled: Compiled, dataset: Dataset, subject: Subject) -> tuple[Subject, ...]:
    """Labels that are each true or not, one by one; any other subject as it is."""
    judge = compiled.network.nodes[subject.judge].layer
    if judge.type_name() not in LOGITS | SHARES:
        return (subject,)
    (_, *sizes), (_, *right) = (_type(compiled, tap).sizes for tap in (subject.prediction, subject.target))
    count = sizes[0] if len(sizes) == 1 and sizes == right else 0
    if not isinstance(count, int) or not 1 < count <= LABELS:
        return (subject,)
    if not _are_labels(dataset, fields_of(compiled.network, subject.target[0]), subject.reads):
        return (subject,)
    link = "sigmoid" if judge.type_name() in LOGITS else "none"
    names = label_names(compiled.network, dataset, subject.target[0], count)
    one = replace(subject, kind="classes", link=link, classes=("no", "yes"), ignored=None, padding=None)
    return tuple(replace(one, name=f"{subject.name}: {name}", label=place) for place, name in enumerate(names))


def _are_labels(dataset: Dataset, fields: Sequence[str], reads: Sequence[str]) -> bool:
    """Whether these fields have nothing but 0 and 1, as far as the first rows show, and are not what is read."""
    if not fields or any(field not in dataset.fields for field in fields):
        return False
    if any(column in reads for field in fields for column in dataset.fields[field].columns):
        return False  # it rebuilds what it is fed
    split = next((split for split in SPLITS if dataset.count(split)), "")
    first = [np.asarray(dataset.arrays(split)[field][:1000]) for field in fields] if split else []
    return all(bool(np.isin(values, (0, 1)).all()) for values in first)


def _compares(network: Network, id: str) -> bool:
    if network.nodes[id].layer.type_name() in _OTHERS:
        return False
    return fed(network, id, "prediction") is not None and fed(network, id, "target") is not None


def _judge(compiled: Compiled, source: Tap) -> str:
    """The loss (else metric) on the same prediction as an output that is fed by ``source``, or on one before or behind
    it; "" where there is none."""
    network = compiled.network
    known = [id for id in (*compiled.losses, *compiled.metrics) if _compares(network, id)]
    predicted = {id: fed(network, id, "prediction") for id in known}
    same = [id for id in known if predicted[id] == source]
    before = [id for id in known if _leads(network, predicted[id], source)]
    behind = [id for id in known if _leads(network, source, predicted[id])]
    return next(iter((*same, *before, *behind)), "")


def _leads(network: Network, first: Tap | None, then: Tap | None) -> bool:
    return first is not None and then is not None and first[0] in network.ancestors([then[0]])


def _subject(compiled: Compiled, dataset: Dataset, output: str, judge: str) -> Subject:
    network = compiled.network
    prediction, target = fed(network, judge, "prediction"), fed(network, judge, "target")
    assert prediction is not None
    assert target is not None
    layer = network.nodes[judge].layer
    field = _field(compiled, target)
    classes = names_of(dataset, field)
    type_name, ignored = layer.type_name(), getattr(layer, "ignore_index", getattr(layer, "ignore", None))
    if ignored is None:
        ignored = next((code for code, name in enumerate(classes) if name in _PADS), None)
    type = _type(compiled, target)
    link, scale = "softmax", 1.0
    if type_name in _OBJECTS:
        kind, link = _OBJECTS[type_name], "none"
    elif type_name in _PAIRS and all(size == 1 for size in type.sizes[1:]):
        kind, link, scale = "classes", *_pairs(network, layer, prediction)
        classes = classes if len(classes) == 2 else ("no", "yes")
    elif type_name in LOGITS | SHARES:
        link = "sigmoid" if type_name in LOGITS else "none"
        single = all(size == 1 for size in type.sizes[1:])
        kind = "classes" if single else "places"
        classes = classes if single and len(classes) == 2 else ("no", "yes")
        if field in dataset.fields and dataset.fields[field].kind in ("image", "array", "number") and type.is_float:
            kind, classes = "numbers", ()  # shares of ink, not yes and no
    elif type_name in _OVERLAPS and not type.is_int:
        kind, link, classes = "places", "sigmoid", ("no", "yes")
    elif type.is_int:
        kind = "classes" if type.rank == 1 else "places"
        link = "exp" if type_name in _LOGARITHMS else "softmax"
        if kind == "classes" and _type(compiled, prediction).sizes[1:] in ((), (1,)):
            link = (
                "amount" if compiled.network.nodes[judge].layer.role == "metric" else "sigmoid"
            )  # one for two classes
    elif len(classes) == 2:
        kind, link = "classes", "none"  # yes and no learned as numbers 0 and 1
    else:
        kind, link = "numbers", "none"
    name = network.nodes[output].name if output else network.nodes[judge].name
    padding = fed(network, judge, "padding") if kind == "places" else None
    source = fed(network, output, "input") if output else None
    return Subject(
        name, kind, link, output, judge, prediction, target, field, classes, ignored, padding, type_name in _LAST,
        scale, _columns(compiled, dataset, prediction), source != prediction and _leads(network, source, prediction),
        kind == "numbers" and type.rank == 4,
    )  # fmt: skip


def _pairs(network: Network, layer: object, prediction: Tap) -> tuple[str, float]:
    """How a distance or likeness of pairs becomes a share, and what is half way until `pairs` has looked at the data:
    half the margin of a loss on it."""
    if getattr(layer, "measure", "distance") == "likeness":
        return "likeness", 1.0
    margins = [
        float(getattr(node.layer, "margin", 1.0)) for node in network.nodes.values()
        if node.layer.type_name() == "ContrastiveLoss" and fed(network, node.id, "prediction") == prediction
    ]  # fmt: skip
    return "distance", (margins[0] if margins else 1.0) / 2


def names_of(dataset: Dataset, field: str) -> tuple[str, ...]:
    """The names of a field's codes (classes, a vocabulary); () where it has none."""
    known = dataset.fields.get(field)
    if known is None or known.classes or len(known.columns) != 1:
        return tuple(known.classes) if known is not None else ()
    return tuple(dataset.prepared.columns[known.columns[0]].categories)


def _columns(compiled: Compiled, dataset: Dataset, prediction: Tap) -> tuple[str, ...]:
    """The columns of the data that a prediction depends on."""
    needed = compiled.network.ancestors([prediction[0]])
    fields = [spec.field for spec in compiled.inputs if spec.draw is None and spec.node in needed]
    found = [(*dataset.fields[name].columns, *dataset.takes(name)) for name in fields if name in dataset.fields]
    return tuple(dict.fromkeys(column for columns in found for column in columns))


def _type(compiled: Compiled, tap: Tap) -> TensorType:
    return compiled.resolution.nodes[tap[0]].outputs[tap[1]]


def _field(compiled: Compiled, target: Tap) -> str:
    """The field that a target comes from, by way of layers or not; "" where it is of several or of none."""
    network = compiled.network
    known = {spec.node: spec.field for spec in compiled.inputs if spec.draw is None}
    sources = [known[id] for id in (target[0], *network.ancestors([target[0]])) if id in known]
    return sources[0] if len(set(sources)) == 1 else ""
