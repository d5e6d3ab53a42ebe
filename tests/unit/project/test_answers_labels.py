"""A network that answers several yes-or-no questions at once gives each label a probability of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn import metrics

from nnstudio.compile.lower import compile_network
from nnstudio.data import DataReference, describe_file, open_data
from nnstudio.graph import Network
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.answers import answers
from nnstudio.project.judging import curves, explaining
from nnstudio.project.judging.attacks import Attack, attacked
from nnstudio.project.judging.judge import Judge

NAMES = ("red", "round", "large")


def drawn(loss: str, *between: str, right: tuple[str, ...] = ("y",), read: str = "features") -> Network:
    net = NetworkBuilder()
    scores: Any = net.add("Linear", net.add("Input", field=read), out_features=3, name="scores")
    for layer in between:
        scores = net.add(layer, scores)
    targets = [net.add("Input", field=field) for field in right]
    net.add(loss, scores, net.add("Concatenate", *targets) if len(targets) > 1 else targets[0])
    net.add("Output", scores, name="answer")
    return net.network


def made() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 2)).astype(np.float32)
    y = np.stack([x[:, 0] > 0, x[:, 1] > 0.4, x.sum(1) + random.normal(0, 1, 300) > 0], axis=1)
    return x, y.astype(np.float32)


@pytest.fixture
def table(tmp_path: Path) -> DataReference:
    """Three columns of 0 and 1, each a label."""
    x, y = made()
    lines = [",".join(("a", "b", *NAMES))]
    lines += [f"{a},{b},{','.join(str(int(v)) for v in row)}" for (a, b), row in zip(x, y, strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    reference = describe_file(tmp_path / "t.csv")
    for name in NAMES:
        reference = reference.with_choice(name, role="target", kind="category")
    return reference


@pytest.mark.parametrize(("network", "expected"), [
    (drawn("BCEWithLogitsLoss"), (0.880797, 0.731059, 0.268941)), (drawn("BCELoss", "Sigmoid"), (1.0, 1.0, 0.0)),
    (drawn("MultiLabelSoftMarginLoss"), (0.880797, 0.731059, 0.268941)),
])  # fmt: skip
def test_each_label_has_a_probability_of_its_own(network: Network, expected: tuple[float, ...]) -> None:
    (told,) = answers(network, None, {"answer": np.array([[2.0, 1.0, -1.0]], np.float32)})
    assert tuple(told["answer"]["probabilities"].values()) == pytest.approx(expected, abs=1e-6)
    assert told["answer"]["labels"] == ["0", "1"]


def test_of_classes_of_which_one_is_right_the_most_probable_is_told_still() -> None:
    for network in (drawn("CrossEntropyLoss"), drawn("BCELoss", "Softmax")):
        (told,) = answers(network, None, {"answer": np.array([[0.2, 0.5, 0.3]], np.float32)})
        assert told["answer"]["class"] == "1"


def test_labels_are_called_by_their_columns_and_judged_one_by_one(table: DataReference) -> None:
    dataset = open_data(table)
    network = drawn("BCEWithLogitsLoss", right=tuple(f"{name}_01" for name in NAMES))
    (told,) = answers(network, dataset, {"answer": np.array([[2.0, -1.0, 1.0]], np.float32)})
    assert told["answer"]["labels"] == ["red", "large"]
    compiled = compile_network(network, dataset.types, seed=0)
    linear: Any = next(module for module in compiled.modules.values() if isinstance(module, torch.nn.Linear))
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[2.0, 0.1], [0.3, 2.0], [1.0, 1.0]]))
        linear.bias.zero_()
    judge = Judge(compiled, dataset)
    assert [subject.name for subject in judge.subjects] == [f"answer: {name}" for name in NAMES]
    arrays = dataset.arrays("test")
    with torch.no_grad():
        shares = linear(torch.from_numpy(np.array(arrays["features"]))).sigmoid().numpy()
    for place, name in enumerate(NAMES):
        judged = judge.judged("test", f"answer: {name}")
        right = arrays[f"{name}_01"].reshape(-1)
        assert judged.kind == "classes"
        assert judged.target.tolist() == right.tolist()
        np.testing.assert_allclose(judged.shares[:, 1], shares[:, place], rtol=1e-5)
        found = curves.curves_of(judged.shares[:, 1].astype(np.float64), right == 1)
        assert found.area.value == pytest.approx(metrics.roc_auc_score(right, shares[:, place]))


def test_one_label_is_explained_and_attacked_by_its_own_score(table: DataReference) -> None:
    dataset = open_data(table)
    network = drawn("BCEWithLogitsLoss", right=tuple(f"{name}_01" for name in NAMES))
    compiled = compile_network(network, dataset.types, seed=0)
    linear: Any = next(module for module in compiled.modules.values() if isinstance(module, torch.nn.Linear))
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[2.0, 0.0], [0.0, 3.0], [1.0, 1.0]]))
        linear.bias.zero_()
    judge = Judge(compiled, dataset)
    found = explaining.explained(judge, 0, "gradients", "test", "answer: round", code=1)
    at = dataset.arrays("test")["features"][0]
    assert found.parts[0].values.tolist() == pytest.approx([0.0, 3 * float(at[1])], abs=1e-4)
    fooled = attacked(judge, Attack(strengths=(0.0, 10.0)), "test", "answer: round")
    assert fooled.right[0] > fooled.right[-1]


def test_an_array_of_0_and_1_is_labels_and_what_is_rebuilt_is_not(tmp_path: Path) -> None:
    x, y = made()
    np.savez(tmp_path / "t.npz", x=x, y=y)
    dataset = open_data(describe_file(tmp_path / "t.npz").with_choice("y", role="target"))
    read = next(name for name in dataset.fields if name != "y")
    judge = Judge(compile_network(drawn("BCEWithLogitsLoss", read=read), dataset.types, seed=0), dataset)
    assert [subject.name for subject in judge.subjects] == ["answer: y 1", "answer: y 2", "answer: y 3"]
    assert judge.subject("answer").name == "answer: y 1"
    rebuilt = Judge(compile_network(drawn("BCEWithLogitsLoss", read="y"), dataset.types, seed=0), dataset)
    assert [subject.kind for subject in rebuilt.subjects] == ["numbers"]
