"""A network's outputs as answers that a person understands: a class and how sure, a number in the data's own unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nnstudio.graph import Network, Node, Wire
from nnstudio.layers import Layer
from nnstudio.project.labels import label_names, target_of_labels

if TYPE_CHECKING:
    import numpy as np

    from nnstudio.data.dataset import Dataset
    from nnstudio.data.fitted import Fitted

#: Layers behind which a number is a probability, and losses that draw a number towards 0 and 1 themselves.
_SHARES = frozenset({"Sigmoid", "Hardsigmoid"})
_TOWARDS = frozenset({"MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss"})


def target_field(network: Network, output: str) -> str:
    """The field of the data that an output predicts: the target of a loss (or metric) on the same prediction; "" where
    there is none."""
    source = _source(network, output, "input")
    if source is None:
        return ""
    for role in ("loss", "metric"):
        for node in network.of_role(role):
            prediction, target = _source(network, node.id, "prediction"), _source(network, node.id, "target")
            if prediction is None or target is None:
                continue
            same = (prediction.source, prediction.output) == (source.source, source.output)
            if same or source.source in network.descendants([prediction.source]):
                return str(getattr(network.nodes[target.source].layer, "field", ""))
    return ""


def answers(
    network: Network, dataset: Dataset | Fitted | None, outputs: Mapping[str, np.ndarray[Any, Any]],
    steps: Mapping[str, np.ndarray[Any, Any]] | None = None,
) -> list[dict[str, dict[str, Any]]]:  # fmt: skip
    """Answers row by row. outputs: by output node's name, arrays with one row a sample; steps: by name, of those that
    CTC reads, how many steps of each row count (`steps_counted`), all where it is not there."""
    ends = steps or {}
    columns = {name: _answered(network, dataset, name, array, ends.get(name)) for name, array in outputs.items()}
    count = min((len(column) for column in columns.values()), default=0)
    return [{name: column[row] for name, column in columns.items()} for row in range(count)]


def _unit(dataset: Dataset | Fitted, field: str) -> dict[str, str]:
    """What the numbers of a field are written with in the file, where that is anything."""
    columns = dataset.prepared.fields[field].columns
    known = dataset.prepared.reads(columns[0]) if len(columns) == 1 else None
    return {"unit": known.unit} if known is not None and known.unit else {}


def _answered(
    network: Network, dataset: Dataset | Fitted | None, name: str, array: np.ndarray[Any, Any],
    steps: np.ndarray[Any, Any] | None,
) -> list[dict[str, Any]]:  # fmt: skip
    node = network.named(name)
    kind = getattr(node.layer, "kind", "values")
    field = target_field(network, node.id)
    classes = _classes(dataset, field)
    if kind == "class scores" and array.ndim < 3 and array.dtype.kind == "f":
        share, target = is_share(network, node.id), target_of_labels(network, node.id)
        if target and array.ndim == 2 and array.shape[1] > 1:
            names = label_names(network, dataset, target, array.shape[1])
            return [_labels(row, names) for row in _yes_of(array, share=share)]
        return [_class(row, classes) for row in shares_of(array, share=share)]
    if kind == "number":
        flat = array.reshape(len(array), -1)
        if dataset is not None and field in dataset.types and flat.shape[1] == 1:
            unit = _unit(dataset, field)
            return [{"value": value, **unit} for value in dataset.decode(field, flat)]
        if dataset is not None and field in dataset.fields and _are_alike(dataset, field, array):
            return [{"value": [round(value, 6) for value in row.tolist()]} for row in dataset.decode(field, flat)]
        return [{"value": row.tolist()[0] if len(row) == 1 else row.tolist()} for row in flat]
    if kind == "boxes" and array.ndim == 3:
        from nnstudio.data.objects import told

        return [{"boxes": boxes} for boxes in told(array, classes)]
    if kind == "mask":
        sizes = dataset.types[field].sizes[1:] if dataset is not None and field in dataset.types else ()
        return [{"mask": row.tolist()} for row in areas(array, sizes, share=is_share(network, node.id))]
    if kind == "tokens" and array.ndim > 1:
        from nnstudio.project.answers_sequences import tokens

        return tokens(node.layer, array, field or _fed_field(network, node.layer), dataset, steps)
    if kind == "span" and array.ndim in (2, 3):
        from nnstudio.project.answers_sequences import spans

        return spans(array)
    if kind == "embedding":
        return [{kind: row.tolist()} for row in array]
    if kind == "sound" or (kind == "values" and array.ndim == 3 and _is(dataset, field, "sound")):
        from nnstudio.project.answers_sequences import sounds

        return sounds(array, field if _is(dataset, field, "sound") else _heard(network, node.id, dataset), dataset)
    if kind == "values" and dataset is not None and field in dataset.fields and _are_alike(dataset, field, array):
        return [{"value": row.tolist()} for row in dataset.decode(field, array)]
    return [{"value": row.tolist()} for row in array]


def _is(dataset: Dataset | Fitted | None, field: str, kind: str) -> bool:
    """Whether a field of the data is of a kind."""
    known = dataset.fields.get(field) if dataset is not None else None
    return known is not None and known.kind == kind


def _heard(network: Network, output: str, dataset: Dataset | Fitted | None) -> str:
    """The first field of sounds that an output depends on; "" where there is none."""
    needed = network.ancestors([output])
    fields = (str(getattr(node.layer, "field", "")) for node in network.of_role("input") if node.id in needed)
    return next((field for field in fields if _is(dataset, field, "sound")), "")


def _fed_field(network: Network, layer: Any) -> str:
    """The field of the Input that an output feeds."""
    node = network.by_name.get(getattr(layer, "feeds", ""))
    return str(getattr(node.layer, "field", "")) if node is not None else ""


def is_share(network: Network, output: str) -> bool:
    """Whether a single number that an output is fed is a probability and no raw score: behind a Sigmoid, or as a loss
    takes it."""
    wire = _source(network, output, "input")
    while wire is not None and wire.source in network.nodes:
        layer = network.nodes[wire.source].layer
        if layer.type_name() in _SHARES or any(_takes_share(network, node.id, wire) for node in _judges(network)):
            return True
        if not isinstance(layer, Layer) or layer.family.title != "Shape":
            return False
        wire = next(iter(network.incoming.get(wire.source, ())), None)
    return False


def _judges(network: Network) -> list[Node]:
    return [*network.of_role("loss"), *network.of_role("metric")]


def _takes_share(network: Network, judge: str, wire: Wire) -> bool:
    """Whether a loss or metric takes what a wire brings for a probability."""
    prediction, layer = _source(network, judge, "prediction"), network.nodes[judge].layer
    if prediction is None or (prediction.source, prediction.output) != (wire.source, wire.output):
        return False
    within = getattr(layer.inputs["prediction"], "within", None)
    return within == (0.0, 1.0) or bool(getattr(layer, "probabilities", False)) or layer.type_name() in _TOWARDS


def shares_of(array: np.ndarray[Any, Any], *, share: bool) -> np.ndarray[Any, Any]:
    """Probabilities N×C of scores N×C, or N×2 of a single number, N×1 or N, for the second of two classes; share: that
    number is a probability. Rows that are probabilities of classes already stay."""
    import numpy as np

    numbers = array.reshape(len(array), -1).astype(np.float64)
    if numbers.shape[1] == 1:
        yes = _yes_of(numbers, share=share)
        return np.concatenate([1 - yes, yes], axis=1)
    if bool((numbers >= 0).all()) and bool((np.abs(numbers.sum(axis=1) - 1) < 1e-3).all()):
        return numbers
    powers = np.exp(numbers - numbers.max(axis=1, keepdims=True))
    found: np.ndarray[Any, Any] = powers / powers.sum(axis=1, keepdims=True)
    return found


def _yes_of(numbers: np.ndarray[Any, Any], *, share: bool) -> np.ndarray[Any, Any]:
    """How likely each number by itself says yes; share: it is a probability, and no logit."""
    import numpy as np

    wide = numbers.astype(np.float64)
    found: np.ndarray[Any, Any] = wide.clip(0, 1) if share else 1 / (1 + np.exp(-wide.clip(-700, 700)))
    return found


def areas(
    array: np.ndarray[Any, Any], sizes: tuple[Any, ...] = (), *, share: bool = False
) -> np.ndarray[Any, Any]:  # fmt: skip
    """The code of each pixel, N×H×W, of a mask of these sizes: of the best of scores N×C×H×W or N×H×W×C, whether a
    single number is above 0 (a probability, where it is a share: ½), codes as they are."""
    if array.ndim == 4:
        last = array.shape[1:3] == sizes != array.shape[2:] or array.shape[-1] == 1 != array.shape[1]
        axis = 3 if last else 1
        if array.shape[axis] > 1:
            best: np.ndarray[Any, Any] = array.argmax(axis=axis)
            return best
        array = array.squeeze(axis)
    elif array.dtype.kind != "f":
        return array
    return (array > (0.5 if share else 0)).astype("int64")


def _are_alike(dataset: Dataset | Fitted, field: str, array: np.ndarray[Any, Any]) -> bool:
    """Whether an answer is a row of numbers such as the field has, such as the steps of a forecast."""
    return dataset.fields[field].kind == "array" and dataset.types[field].sizes[1:] == array.shape[1:] != ()


def _class(row: np.ndarray[Any, Any], classes: Sequence[str]) -> dict[str, Any]:
    """The most probable class."""
    shares = row.tolist()
    names = classes if len(classes) >= len(shares) else [str(code) for code in range(len(shares))]
    best = max(range(len(shares)), key=shares.__getitem__)
    return {
        "class": names[best],
        "probability": round(shares[best], 6),
        "probabilities": {name: round(share, 6) for name, share in zip(names, shares, strict=False)},
    }


def _labels(row: np.ndarray[Any, Any], names: Sequence[str]) -> dict[str, Any]:
    """All labels that are likelier than not, and how likely each is by itself."""
    shares = dict(zip(names, row.tolist(), strict=True))
    return {
        "labels": [name for name, share in shares.items() if share > 0.5],
        "probabilities": {name: round(share, 6) for name, share in shares.items()},
    }


def _classes(dataset: Dataset | Fitted | None, field: str) -> Sequence[str]:
    if dataset is None or field not in dataset.fields:
        return ()
    return tuple(str(name) for name in dataset.fields[field].classes or ())


def _source(network: Network, id: str, port: str) -> Wire | None:
    """The first wire into a port of a node."""
    return next((wire for wire in network.incoming.get(id, ()) if wire.input == port), None)
