"""What is known of the data that a network learns from: how its classes and inputs are distributed, what the simplest
models make of it, and whether rows to be judged by are trained on. Worked out once, from a sample of bounded size.

Takes about a tenth of a second to one second, so it belongs into a background thread. NumPy only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.evenness import array_pieces, hardly_chance
from nnstudio.data.lazy import is_lazy
from nnstudio.diagnose import relation
from nnstudio.diagnose.losses import constant_loss, loss_of
from nnstudio.graph import Network, Node

Array = NDArray[Any]

#: Rows that are sampled: for statistics, for simple models, and to be looked for among the training rows.
ROWS, MODELLED, LOOKED_FOR = 20_000, 2_000, 5_000
#: Rows that are sampled of values that are read when they are asked for, such as a folder of pictures.
READ = 400
#: Training rows among which others are looked for, and numbers of a row that count at most.
AMONG, NUMBERS = 200_000, 4_096


class Data(Protocol):
    """What is needed of a data set (see ``nnstudio.data.Dataset``). ``indices(split)``, the rows' numbers in the file,
    is used where there is one."""

    def count(self, split: str) -> int: ...
    def arrays(self, split: str) -> Mapping[str, Array]: ...


@dataclass(frozen=True)
class InputFacts:
    """How the numbers of an input field are distributed over the training rows.

    least, greatest: root mean square of the feature for which it is least and greatest (constant features left out).
    narrow, wide: the least and the greatest standard deviation of a feature. mean: of the feature that lies farthest
    from zero. pixels: whether the field is a picture. columns: of the file, of which the field is made.
    """

    node: str
    field: str
    features: int
    least: float
    greatest: float
    narrow: float
    wide: float
    mean: float
    pixels: bool = False
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class TargetFacts:
    """What a loss node is to learn.

    classes: rows of each class in the training data, empty for numbers. chance: the loss of the best answer that knows
    nothing of the input, in the loss's own units (None where that cannot be said). simple: the loss of the best simple
    model (nearest neighbours, a straight line) on rows held out, where one was tried. score: its accuracy, or R² for
    numbers; by_chance: that of the best constant; doubt: how much of a difference between the two may be luck (three
    standard errors). shifted: the same model's score where each row's target is that of the row so many places before
    it in the file. rows: that were tried.
    columns: of the file, of which the target is made.
    """

    node: str
    field: str
    inputs: tuple[str, ...] = ()
    classes: tuple[int, ...] = ()
    chance: float | None = None
    simple: float | None = None
    score: float | None = None
    by_chance: float | None = None
    doubt: float = 0.0
    shifted: Mapping[str, float] = dataclasses.field(default_factory=dict)
    rows: int = 0
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facts:
    """All that is known of the data. shared: of the validation rows, the share that stand among the training rows too,
    same inputs and same target; surprising: whether so many equal rows cannot be chance."""

    inputs: tuple[InputFacts, ...] = ()
    targets: tuple[TargetFacts, ...] = ()
    shared: float = 0.0
    shared_rows: int = 0
    surprising: bool = False

    def target(self, loss: str) -> TargetFacts | None:
        """What is known of a loss node's target."""
        return next((each for each in self.targets if each.node == loss), None)

    def to_json(self) -> dict[str, Any]:
        """A JSON value; :meth:`from_json` reads it back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Facts:
        targets = (
            TargetFacts(
                **{
                    **each,
                    "inputs": tuple(each["inputs"]),
                    "classes": tuple(each["classes"]),
                    "columns": tuple(each.get("columns", ())),
                }
            )
            for each in value["targets"]
        )
        inputs = (InputFacts(**{**each, "columns": tuple(each.get("columns", ()))}) for each in value["inputs"])
        return cls(**{**value, "inputs": tuple(inputs), "targets": tuple(targets)})


def facts_of(data: Data, network: Network) -> Facts:
    """What is known of the data as a network uses it. network: the plain one, blocks opened."""
    train = data.arrays("train")
    targets = [(loss, field, sorted(sources)) for loss, field, sources in _targets(network) if field in train]
    fed = {field: node for _, _, sources in targets for field, node in _inputs(network, sources) if field in train}
    shared, rows, surprising = _shared(data, tuple(fed), tuple(field for _, field, _ in targets))
    return Facts(
        tuple(
            dataclasses.replace(_input(node, field, train[field]), columns=_columns(data, field))
            for field, node in fed.items()
            if _is_float(train[field])
        ),
        tuple(_target(data, network, loss, field, sources) for loss, field, sources in targets),
        shared, rows, surprising,
    )  # fmt: skip


def asked_of(network: Network) -> tuple[Any, ...]:
    """What of a network the facts depend on: networks that agree in it have the same facts."""
    return tuple((loss.id, loss.layer, field, sources) for loss, field, sources in _targets(network))


def _targets(network: Network) -> Iterator[tuple[Node, str, frozenset[str]]]:
    """Losses whose target is a field of the data: the loss, the field, and the input nodes that its prediction uses."""
    inputs = {node.id: str(getattr(node.layer, "field", "")) for node in network.of_role("input")}
    for loss in network.of_role("loss"):
        ports = {wire.input: wire.source for wire in network.incoming.get(loss.id, ())}
        field = inputs.get(ports.get("target", ""), "")
        if field and "prediction" in ports:
            before = network.ancestors([ports["prediction"]])
            yield loss, field, frozenset(id for id in inputs if id in before and inputs[id])


def _inputs(network: Network, ids: list[str]) -> Iterator[tuple[str, str]]:
    for id in ids:
        yield str(getattr(network.nodes[id].layer, "field", "")), id


def _columns(data: Data, field: str) -> tuple[str, ...]:
    """The columns of the file that can be scaled, of those of which a field is made."""
    known = getattr(data, "fields", {}).get(field)
    kinds = {name: column.kind for name, column in getattr(data, "columns", {}).items()}
    return tuple(name for name in getattr(known, "columns", ()) if kinds.get(name) not in ("category", "codes", "text"))


def _is_float(array: Array) -> bool:
    return np.asarray(array[:1]).dtype.kind == "f"


def _sample(values: Array, most: int) -> Array:
    """Row numbers, in their order: all, or so many drawn from a fixed seed."""
    count, most = len(values), min(most, READ) if is_lazy(values) else most
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, most, replace=False))


def _input(node: str, field: str, values: Array) -> InputFacts:
    sampled = np.asarray(values[_sample(values, ROWS)])
    rows = sampled.reshape(len(sampled), -1)[:, :NUMBERS].astype(np.float64)
    pixels = values.ndim == 4
    if pixels:  # a picture is one kind of number
        rows = rows.reshape(-1, 1)
    mean, std = rows.mean(axis=0), rows.std(axis=0)
    size = np.sqrt(mean**2 + std**2)
    alive = std > 0 if (std > 0).any() else np.ones(len(std), bool)
    far = int(np.argmax(np.abs(mean)))
    return InputFacts(
        node, field, int(np.prod(values.shape[1:])), float(size[alive].min()), float(size[alive].max()),
        float(std[alive].min()), float(std[alive].max()), float(mean[far]), pixels,
    )  # fmt: skip


def _target(data: Data, network: Network, loss: Node, field: str, sources: list[str]) -> TargetFacts:
    train = data.arrays("train")
    values = train[field]
    sampled = np.asarray(values[_sample(values, ROWS)])
    codes = sampled.dtype.kind in "iu" and sampled.ndim == 1
    classes = tuple(np.bincount(sampled[sampled >= 0]).tolist()) if codes and sampled.max(initial=0) < 10_000 else ()
    columns = tuple(getattr(getattr(data, "fields", {}).get(field), "columns", ()))
    chance = constant_loss(loss.layer, sampled)
    known = TargetFacts(loss.id, field, tuple(sources), classes, chance, columns=columns)
    fields = [name for name, _ in _inputs(network, sources) if name != field]
    if not fields or len(values) < 40 or not (classes or sampled.dtype.kind == "f"):
        return known
    read = any(is_lazy(train[name]) for name in fields)
    features = relation.features([train[name] for name in fields], READ if read else MODELLED)
    if features is None:
        return known
    rows, inputs = features
    target = np.asarray(values[rows])
    target = target if classes else target.reshape(len(rows), -1).astype(np.float64)[:, :16]
    found = relation.relation(inputs, target)
    simple = loss_of(loss.layer, found.answers, target[found.held]) if found.answers is not None else None
    return dataclasses.replace(
        known, simple=simple, score=found.score, by_chance=found.by_chance, doubt=found.doubt, rows=len(rows),
        shifted=_shifted(data, fields, field, bool(classes)),
    )  # fmt: skip


def _shifted(data: Data, fields: list[str], target: str, classes: bool) -> dict[str, float]:
    """How well targets fit the inputs where each is taken from the row before (``"-1"``), its own (``"0"``) or the row
    after (``"1"``), over rows that follow one another in the file."""
    indices = getattr(data, "indices", None)
    if getattr(data, "overlapping", False):  # the row after holds this one's target
        return {}
    splits = [split for split in ("train", "validation", "test") if data.count(split)]
    if indices is None or any(is_lazy(data.arrays(split)[name]) for split in splits for name in (*fields, target)):
        return {}
    numbers = np.concatenate([np.asarray(indices(split)) for split in splits])
    order = np.argsort(numbers, kind="stable")
    whole = {
        name: np.concatenate([np.asarray(data.arrays(split)[name])[:ROWS] for split in splits])
        for name in (*fields, target)
        if sum(data.count(split) for split in splits) <= ROWS
    }
    if not whole:
        return {}
    numbers = numbers[order]
    inside = np.flatnonzero((np.diff(numbers, prepend=numbers[0] - 2) == 1) & (np.diff(numbers, append=-9) == 1))
    if len(inside) < 100:
        return {}
    inside = inside[_sample(inside, MODELLED // 2)]
    found = relation.features([whole[name][order] for name in fields], len(order), inside)
    if found is None:
        return {}
    values = whole[target][order]
    values = values if classes else values.reshape(len(values), -1).astype(np.float64)[:, :16]
    return {str(by): relation.relation(found[1], values[inside + by]).score for by in (-1, 0, 1)}


def _shared(data: Data, fields: tuple[str, ...], targets: tuple[str, ...]) -> tuple[float, int, bool]:
    """Share and number of the validation rows that stand among the training rows, and whether that is no chance."""
    count = data.count("validation")
    train, watched = data.arrays("train"), data.arrays("validation") if count else {}
    names = [name for name in dict.fromkeys((*fields, *targets)) if name in train and name in watched]
    if not any(name in fields for name in names) or any(is_lazy(train[name]) for name in names):
        return 0.0, 0, False
    rows = _sample(watched[names[0]], LOOKED_FOR)
    among = {hash(each) for each in _bytes([np.asarray(train[name])[:AMONG] for name in names])}
    same = [hash(each) in among for each in _bytes([np.asarray(watched[name])[rows] for name in names])]
    share = sum(same) / len(rows)
    surprising = hardly_chance(array_pieces([np.asarray(train[name])[:ROWS] for name in fields if name in train]))
    return share, round(share * count), surprising


def _bytes(arrays: list[Array]) -> Iterator[bytes]:
    """Each row's numbers as bytes."""
    flat = [np.ascontiguousarray(array.reshape(len(array), -1)[:, :NUMBERS]) for array in arrays]
    for row in range(len(flat[0])):
        yield b"".join(array[row].tobytes() for array in flat)
