"""Every project of the gallery, quickly: it compiles, learns one batch by heart, and its ONNX file gives its numbers.

Whether it reaches its figure is measured by tests/benchmarks/gallery.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.data import DataError
from nnstudio.export import export
from nnstudio.layers import Axis, TensorType
from nnstudio.project.gallery import ORDER
from nnstudio.project.project import Project
from nnstudio.train.control import Control
from nnstudio.train.events import EpochEnded, RunFailed
from nnstudio.train.loop import run
from nnstudio.train.plan import Plan

#: Rows of the batch that is learned by heart, and the epochs that it may take, each of one step.
ROWS, EPOCHS = 8, 150
#: The rate by which it is learned, where another than the usual is needed: few weights need large steps.
RATE, RATES = 0.005, {"line": 0.1, "small-net": 0.1, "thousand-layers": 0.0003}
#: What is left of the loss at most, as a share of what it was; where noise or two adversaries keep it up, why.
LEFT = 0.1
OTHERWISE = {
    "small-net": (0.3, "thirteen weights cannot hold eight samples"),
    "vae": (0.9, "what is drawn at random cannot be known"),
    "gan": (None, "two losses work against one another"),
    "self-supervised": (0.9, "every look at a picture is another one"),
    "vit": (0.3, "every look at a picture is another one"),
    "thousand-layers": (0.9, "a thousand layers take too long to learn by heart in a test"),
    "vanishing": (1.01, "it is the network that does not learn"),
}
#: Where a whole sample takes seconds to learn or to export (a recurrent layer is written step by step), its first
#: steps are taken; of pictures, every so manieth row and column.
STEPS = {
    "qa": 5, "ner": 6, "rnn-names": 5, "lstm-text": 6, "gpt": 12, "seq2seq": 5, "translate": 5, "speaker": 5,
    "maintenance": 5,
}  # fmt: skip
EVERY = {"segment": 2, "detect": 2}
#: Fields that say a place among the steps.
PLACES = ("start", "end")


def smaller(id: str, types: Mapping[str, TensorType]) -> dict[str, TensorType]:
    """The types of a project's fields, with fewer steps and smaller pictures where they are of a size."""

    def axis(each: Axis) -> Axis:
        if each.label == "T" and isinstance(each.size, int):
            return replace(each, size=min(each.size, STEPS.get(id, each.size)))
        if each.label in ("H", "W") and isinstance(each.size, int):
            return replace(each, size=-(-each.size // EVERY.get(id, 1)))
        return each

    def type(name: str, each: TensorType) -> TensorType:
        classes = STEPS[id] if id in STEPS and name in PLACES else each.classes
        return replace(each, axes=tuple(map(axis, each.axes)), classes=classes)

    return {name: type(name, each) for name, each in types.items()}


class Batch:
    """A few training rows, made as small as these types say, as a data set of their own."""

    def __init__(self, arrays: Mapping[str, Any], types: Mapping[str, TensorType]) -> None:
        self._arrays = {name: self._small(array[:ROWS], types[name]) for name, array in arrays.items()}

    @staticmethod
    def _small(array: np.ndarray, type: TensorType) -> np.ndarray:
        for place, axis in enumerate(type.axes):
            if place and axis.label == "T":
                array = array.take(range(axis.size), place)
            elif place and axis.label in ("H", "W"):
                array = array.take(range(0, array.shape[place], -(-array.shape[place] // axis.size)), place)
        if type.classes and len(type.axes) == 1:
            array = array % type.classes
        return np.ascontiguousarray(array)

    def count(self, split: str) -> int:
        return min(map(len, self._arrays.values())) if split == "train" else 0

    def arrays(self, split: str) -> Mapping[str, Any]:
        return self._arrays if split == "train" else {}


def learned(compiled: Compiled, batch: Batch, plan: Plan, share: float | None) -> list[float]:
    """The loss of each epoch, until so little of the first is left (or, where that is not said, after a few)."""
    control, losses = Control(), []
    for event in run(compiled, batch, plan, control):
        assert not isinstance(event, RunFailed), event
        if isinstance(event, EpochEnded):
            losses.append(event.training["loss"])
            if losses[-1] <= share * losses[0] if share is not None else len(losses) == 5:
                control.stop()
    return losses


@pytest.mark.parametrize("id", ORDER)
def test_it_compiles_learns_a_batch_by_heart_and_exports(id: str, tmp_path: Path) -> None:
    project = Project.new(id)
    try:
        dataset = project.dataset
    except DataError as error:
        pytest.skip(str(error))
    types = smaller(id, project.fields())
    if id in STEPS or id in EVERY:
        assert not project.compiled(trained=False, seed=0).resolution.errors
    batch = Batch(dataset.arrays("train"), types)
    compiled = compile_network(project.network, types, 0)
    assert not compiled.resolution.errors
    values = {"epochs": EPOCHS, "batch_size": ROWS, "learning_rate": RATES.get(id, RATE), "schedule": "cosine"}
    plan = Plan.make({**values, "keep_best": False}).with_(phases=project.plan.phases)
    share, _ = OTHERWISE.get(id, (LEFT, ""))
    losses = learned(compiled, batch, plan, share)
    assert np.isfinite(losses).all()
    if share is not None:
        assert losses[-1] <= share * losses[0]
    if id != "thousand-layers":  # the exporter takes minutes over it
        proof = export(compiled, tmp_path / "model.onnx", "onnx", batch.arrays("train"))
        assert proof.samples > 0
