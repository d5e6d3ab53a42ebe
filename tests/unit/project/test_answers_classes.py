"""A prediction of classes and of areas is told as the loss and the layers before it mean it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstudio.data import DataReference, describe_file
from nnstudio.graph import Network
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.answers import answers, areas
from nnstudio.project.project import Project
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan


def judged(loss: str, *before: str, kind: str = "class scores", after: tuple[str, ...] = ()) -> Network:
    """A Linear with one unit, then some layers, a loss on the last of them, and after further ones an output."""
    net = NetworkBuilder()
    scores: Any = net.add("Linear", net.add("Input", field="x"), out_features=1)
    for layer in before:
        scores = net.add(layer, scores)
    net.add(loss, scores, net.add("Input", field="y"))
    for layer in after:
        scores = net.add(layer, scores)
    net.add("Output", scores, name="answer", kind=kind)
    return net.network


@pytest.mark.parametrize(("network", "expected"), [
    (judged("BCEWithLogitsLoss"), 0.524979), (judged("HingeLoss"), 0.524979),
    (judged("BCELoss", "Sigmoid"), 0.1), (judged("BCELoss", "Sigmoid", "Flatten"), 0.1), (judged("BCELoss"), 0.1),
    (judged("BCEWithLogitsLoss", after=("Sigmoid",)), 0.1), (judged("MSELoss"), 0.1),
])  # fmt: skip
@pytest.mark.parametrize("size", [(2, 1), (2,)])
def test_a_single_number_is_a_probability_where_the_network_makes_it_one(
    network: Network, expected: float, size: tuple[int, ...]
) -> None:
    first, second = answers(network, None, {"answer": np.array([0.1, 1.0], np.float32).reshape(size)})
    assert first["answer"]["probabilities"]["1"] == pytest.approx(expected, abs=1e-6)
    assert first["answer"]["class"] == ("1" if expected > 0.5 else "0")
    assert second["answer"]["class"] == "1"


def test_codes_that_the_network_chose_itself_are_told_as_they_are() -> None:
    told = answers(judged("BCEWithLogitsLoss"), None, {"answer": np.array([0, 1])})
    assert [each["answer"]["value"] for each in told] == [0, 1]


def test_probabilities_of_classes_are_told_as_they_are_and_scores_by_their_softmax() -> None:
    network = judged("CrossEntropyLoss", after=("Softmax",))
    (told,) = answers(network, None, {"answer": np.array([[0.9, 0.1, 0.0]], np.float32)})
    assert told["answer"]["probabilities"] == pytest.approx({"0": 0.9, "1": 0.1, "2": 0.0})
    (told,) = answers(network, None, {"answer": np.log([[0.9, 0.05, 0.05]])})
    assert told["answer"]["probability"] == pytest.approx(0.9)
    (told,) = answers(network, None, {"answer": np.array([[900.0, 0.0, -900.0]])})
    assert told["answer"]["probability"] == 1.0


def test_a_network_that_ends_in_a_sigmoid_predicts_both_classes(tmp_path: Path) -> None:
    values = np.random.default_rng(0).random(80)
    lines = ["x,y", *(f"{value:.4f},{'no' if value < 0.5 else 'yes'}" for value in values)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    data: DataReference = describe_file(tmp_path / "t.csv").with_choice("y", role="target")
    net = NetworkBuilder()
    share = net.add("Sigmoid", net.add("Linear", net.add("Input", field="x"), out_features=1))
    net.add("BCELoss", share, net.add("Input", field="y"))
    net.add("Output", share, name="answer")
    project = Project(Sheet(net.network, plan=Plan(epochs=40, learning_rate=0.1), data=data))
    project.train()
    assert [each["answer"]["class"] for each in project.predict({"x": [0.05, 0.95]})] == ["no", "yes"]


def test_areas_lie_where_a_single_score_says_yes_whatever_its_axes() -> None:
    scores = np.array([[[-1.0, 0.2], [0.7, -3.0]]], np.float32)
    expected = [[[0, 1], [1, 0]]]
    for single in (scores, scores[:, None], scores[..., None]):
        assert areas(single).tolist() == expected
        assert areas(1 / (1 + np.exp(-single)), share=True).tolist() == expected
    assert areas(np.array([[[0, 3], [2, 0]]])).tolist() == [[[0, 3], [2, 0]]]
    (told,) = answers(judged("BCELoss", "Sigmoid", kind="mask"), None, {"answer": np.full((1, 1, 2, 2), 0.4)})
    assert told["answer"]["mask"] == [[0, 0], [0, 0]]


def test_areas_are_read_from_scores_with_the_classes_last_too() -> None:
    codes = np.random.default_rng(0).integers(0, 3, (2, 4, 5))
    scores = np.eye(3, dtype=np.float32)[codes]
    assert (areas(np.moveaxis(scores, -1, 1), (4, 5)) == codes).all()
    assert (areas(scores, (4, 5)) == codes).all()
    assert (areas(np.moveaxis(scores, -1, 1)) == codes).all()
