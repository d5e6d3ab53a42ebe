"""A network's outputs as answers that a person understands: a class and how sure, a number in the data's own unit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nnstudio.graph import Network, Wire

if TYPE_CHECKING:
    import numpy as np

    from nnstudio.data.dataset import Dataset
    from nnstudio.data.fitted import Fitted


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
    network: Network, dataset: Dataset | Fitted | None, outputs: Mapping[str, np.ndarray[Any, Any]]
) -> list[dict[str, dict[str, Any]]]:
    """Answers row by row. outputs: by output node's name, arrays with one row a sample."""
    columns = {name: _answered(network, dataset, name, array) for name, array in outputs.items()}
    count = min((len(column) for column in columns.values()), default=0)
    return [{name: column[row] for name, column in columns.items()} for row in range(count)]


def _answered(
    network: Network, dataset: Dataset | Fitted | None, name: str, array: np.ndarray[Any, Any]
) -> list[dict[str, Any]]:
    node = network.named(name)
    kind = getattr(node.layer, "kind", "values")
    field = target_field(network, node.id)
    classes = _classes(dataset, field)
    if kind == "class scores" and array.ndim == 2:
        return [_class(row, classes) for row in array]
    if kind == "number":
        flat = array.reshape(len(array), -1)
        if dataset is not None and field in dataset.types and flat.shape[1] == 1:
            return [{"value": value} for value in dataset.decode(field, flat)]
        if dataset is not None and field in dataset.fields and _are_alike(dataset, field, array):
            return [{"value": [round(value, 6) for value in row.tolist()]} for row in dataset.decode(field, flat)]
        return [{"value": row.tolist()[0] if len(row) == 1 else row.tolist()} for row in flat]
    if kind == "boxes" and array.ndim == 3:
        from nnstudio.data.objects import told

        return [{"boxes": boxes} for boxes in told(array, classes)]
    if kind == "mask":
        return [{"mask": row.tolist()} for row in areas(array)]
    if kind == "tokens" and array.ndim > 1:
        from nnstudio.project.answers_sequences import tokens

        return tokens(node.layer, array, field or _fed_field(network, node.layer), dataset)
    if kind == "span" and array.ndim in (2, 3):
        from nnstudio.project.answers_sequences import spans

        return spans(array)
    if kind == "embedding":
        return [{kind: row.tolist()} for row in array]
    if kind == "sound" or (kind == "values" and array.ndim == 3 and _is(dataset, field, "sound")):
        from nnstudio.project.answers_sequences import sounds

        return sounds(array, field if _is(dataset, field, "sound") else _heard(network, node.id, dataset), dataset)
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


def areas(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The code of each pixel, N×H×W: of the best of scores N×C×H×W, 1 above 0 for a single score, codes as they are."""
    if array.ndim < 4:
        return array
    return array.argmax(axis=1) if array.shape[1] > 1 else (array[:, 0] > 0).astype("int64")


def _are_alike(dataset: Dataset | Fitted, field: str, array: np.ndarray[Any, Any]) -> bool:
    """Whether an answer is a row of numbers such as the field has, such as the steps of a forecast."""
    return dataset.fields[field].kind == "array" and dataset.types[field].sizes[1:] == array.shape[1:] != ()


def _class(scores: np.ndarray[Any, Any], classes: Sequence[str]) -> dict[str, Any]:
    """The most probable class: softmax over scores, the logistic function of a single one."""
    if len(scores) == 1:
        probability = 1 / (1 + math.exp(-max(-700.0, min(700.0, float(scores[0])))))
        shares = [1 - probability, probability]
    else:
        largest = float(scores.max())
        powers = [math.exp(float(score) - largest) for score in scores]
        shares = [power / sum(powers) for power in powers]
    names = classes if len(classes) >= len(shares) else [str(code) for code in range(len(shares))]
    best = max(range(len(shares)), key=shares.__getitem__)
    return {
        "class": names[best],
        "probability": round(shares[best], 6),
        "probabilities": {name: round(share, 6) for name, share in zip(names, shares, strict=False)},
    }


def _classes(dataset: Dataset | Fitted | None, field: str) -> Sequence[str]:
    if dataset is None or field not in dataset.fields:
        return ()
    return tuple(str(name) for name in dataset.fields[field].classes or ())


def _source(network: Network, id: str, port: str) -> Wire | None:
    """The first wire into a port of a node."""
    return next((wire for wire in network.incoming.get(id, ()) if wire.input == port), None)
