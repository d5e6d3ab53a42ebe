"""New rows through a trained network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nnstudio.project.errors import ProjectError
from nnstudio.project.inputs_files import lacking

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
    from nnstudio.project.judging.taps import filled
    from nnstudio.project.steps_counted import steps_counted
    from nnstudio.train.evaluate import predict
    from nnstudio.train.generating import fed_fields

    inputs = input_fields(network)
    known = {
        column for name in inputs if name in data.fields for column in (*data.takes(name), *data.fields[name].columns)
    }
    if known and rows and not known & rows.keys():
        raise lacking("what was given", list(rows), data, inputs)
    encoded = data.encode(rows) if known & rows.keys() else {}
    used = {name: values for name, values in rows.items() if name in known}
    fed = fed_fields(network)
    lacks = [name for name in inputs if name not in encoded and name not in fed]
    if lacks:
        takes = dict.fromkeys(
            column for name in lacks for column in (data.takes(name) if name in data.fields else (name,))
        )
        came = ", ".join(rows) or "nothing"
        raise ProjectError(f"The prediction needs {', '.join(takes)}; what was given has {came}.")
    told = predict(compiled, encoded)
    steps = steps_counted(compiled, filled(compiled, encoded), encoded.keys()) if _reads(network) and encoded else {}
    return answers(compiled.network, data, told, steps), data.prepared.unknown(used)


def _reads(network: Network) -> bool:
    """Whether an output is read by CTC."""
    return any(getattr(node.layer, "decoder", "") == "ctc" for node in network.of_role("output"))
