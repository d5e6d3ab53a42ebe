"""New rows through a trained network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nnstudio.project.errors import ProjectError

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled
    from nnstudio.data.dataset import Dataset
    from nnstudio.data.fitted import Fitted
    from nnstudio.graph import Network


def input_fields(network: Network) -> tuple[str, ...]:
    """Fields of the data that a prediction takes: those of the Inputs that the outputs depend on. Noise is none."""
    needed = network.ancestors(node.id for node in network.of_role("output"))
    layers = [node.layer for node in network.of_role("input") if node.id in needed]
    return tuple(str(layer.field) for layer in layers if hasattr(layer, "field"))


def predicted(
    network: Network, compiled: Compiled, data: Dataset | Fitted, rows: Mapping[str, Sequence[Any]]
) -> tuple[list[dict[str, dict[str, Any]]], tuple[str, ...]]:
    """See `Project.predict`: the answers, and sentences on what in the rows was not there in training."""
    from nnstudio.project.answers import answers
    from nnstudio.train.evaluate import predict
    from nnstudio.train.generating import fed_fields

    inputs = input_fields(network)
    known = {
        column for name in inputs if name in data.fields for column in (*data.takes(name), *data.fields[name].columns)
    }
    encoded = data.encode(rows) if known & rows.keys() else {}
    used = {name: values for name, values in rows.items() if name in known}
    fed = fed_fields(network)
    for name in inputs:
        if name not in encoded and name not in fed:
            takes = ", ".join(data.takes(name)) if name in data.fields else name
            raise ProjectError(f"The prediction needs {takes}; what was given has {', '.join(rows) or 'nothing'}.")
    return answers(network, data, predict(compiled, encoded)), data.prepared.unknown(used)
