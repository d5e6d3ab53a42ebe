"""Learning step by step: a small network taken apart, its numbers beside autograd's and those worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.graph import edits
from nnstudio.graph.builder import NetworkBuilder, with_names_as_ids
from nnstudio.layers import TensorType
from nnstudio.project.project import Project
from nnstudio.train.learning import LearningError
from nnstudio.train.learning_anatomy import Labels
from nnstudio.train.learning_lesson import Lesson, lesson_on

NONE = Labels({}, {})
ACTIVATIONS = ("Tanh", "Sigmoid", "Softplus", "GELU", "ELU", "LeakyReLU", "Softmax", "LayerNorm")


def line() -> Lesson:
    project = Project.new("line")
    return lesson_on(project.compiled(), project.dataset)


def every(lesson: Lesson) -> np.ndarray[Any, Any]:
    return np.arange(lesson.count)


def network(
    widths: Sequence[int], activation: str, loss: str = "MSELoss", outputs: int = 1, **options: Any
) -> Compiled:
    """x (3 features) → Linear and activation for each width → Linear → loss."""
    net = NetworkBuilder()
    x, target = net.add("Input", field="x", name="x"), net.add("Input", field="y", name="y")
    for at, width in enumerate(widths):
        x = net.add(activation, net.add("Linear", x, out_features=width, name=f"hidden{at}"), name=f"active{at}")
    guess = net.add("Linear", x, out_features=outputs, name="guess")
    net.add(loss, guess, target, name="loss", **options)
    types = {"x": TensorType.of("N F", "N", 3), "y": TensorType.of("N F", "N", outputs)}
    if loss == "CrossEntropyLoss":
        types["y"] = TensorType.of("N", "N", dtype="int64", classes=outputs)
    return compile_network(with_names_as_ids(net.network), types, 1)


def arrays(rows: int, outputs: int = 1, *, classes: bool = False, seed: int = 0) -> dict[str, np.ndarray[Any, Any]]:
    drawn = np.random.default_rng(seed)
    y = drawn.integers(0, outputs, rows) if classes else drawn.normal(size=(rows, outputs)).astype(np.float32)
    return {"x": drawn.normal(size=(rows, 3)).astype(np.float32), "y": y}


# --- y = 4x ------------------------------------------------------------------------------------------------------


def test_the_table_of_y_4x_at_weight_2_adds_up_to_120() -> None:
    lesson = line()
    passage = lesson.passage(np.array([2.0]), every(lesson), "sum")
    assert passage.values["x"].ravel().tolist() == [0, 1, 2, 3, 4]
    assert passage.values["y"].ravel().tolist() == [0, 4, 8, 12, 16]
    assert passage.values["weight"].ravel().tolist() == [0, 2, 4, 6, 8]
    assert passage.row_losses.tolist() == [0, 4, 16, 36, 64]
    assert (passage.loss, passage.sum, passage.mean) == (120.0, 120.0, 24.0)


def test_its_slope_by_a_ten_thousandth_to_both_sides_is_that_of_backpropagation() -> None:
    lesson = line()
    (check,) = lesson.checks(lesson.passage(np.array([2.0]), every(lesson), "sum"), 0.0001)
    assert f"{check.below:.6g} {check.here:.6g} {check.above:.6g}" == "120.012 120 119.988"
    assert check.backpropagated == -120.0
    assert check.slope == pytest.approx(-120.0, abs=1e-8)
    assert check.above == pytest.approx(30 * 1.9999**2, abs=1e-11)
    assert check.times(1 / 5).slope == pytest.approx(-24.0, abs=1e-8)


def test_its_loss_is_a_parabola_over_the_weight() -> None:
    lesson = line()
    weights = np.linspace(0, 8, 33)
    found = list(lesson.curve(np.array([2.0]), 0, weights, every(lesson), "sum"))
    np.testing.assert_allclose(found, 30 * (4 - weights) ** 2, rtol=1e-14, atol=1e-12)


def test_it_begins_with_the_weights_that_training_begins_with_and_gives_them_back() -> None:
    project = Project.new("small-net")
    first = {key: value.numpy().copy() for key, value in project.compiled().training.state_dict().items()}
    lesson = lesson_on(project.compiled(), project.dataset)
    state = lesson.state(lesson.start)
    assert state.keys() == first.keys()
    for key, value in state.items():
        assert value.dtype == first[key].dtype
        np.testing.assert_array_equal(value, first[key])


def test_small_net_is_four_inputs_two_hidden_units_and_one_answer_with_names_from_the_data() -> None:
    project = Project.new("small-net")
    anatomy = lesson_on(project.compiled(), project.dataset).anatomy
    assert [len(part.units) for part in anatomy.of_role("input", "layer")] == [4, 2, 2, 1]
    assert anatomy.parts[0].units == ("worst_radius", "worst_texture", "worst_smoothness", "worst_concavity")
    assert len(anatomy.weights) == 4 * 2 + 2 + 2 + 1
    assert {weight.name for weight in anatomy.weights} >= {"worst_radius → hidden₁", "bias of score"}
    target = next(part for part in anatomy.parts if part.role == "target")
    assert target.classes == ("benign", "malignant")


# --- beside autograd through the whole network -------------------------------------------------------------------


@settings(max_examples=25)
@given(
    widths=st.lists(st.integers(1, 5), min_size=1, max_size=3), activation=st.sampled_from(ACTIVATIONS),
    outputs=st.integers(1, 3), reduction=st.sampled_from(("mean", "sum")), own=st.sampled_from(("mean", "sum")),
    classes=st.booleans(), seed=st.integers(0, 1000),
)  # fmt: skip
def test_differences_agree_with_backpropagation_and_both_with_autograd(
    widths: list[int], activation: str, outputs: int, reduction: str, own: str, classes: bool, seed: int
) -> None:
    classes = classes and outputs > 1
    loss = "CrossEntropyLoss" if classes else "MSELoss"
    compiled = network(widths, activation, loss, outputs, reduction=own)
    lesson = Lesson(compiled, arrays(6, outputs, classes=classes, seed=seed), NONE)
    weights = lesson.start + np.random.default_rng(seed).normal(size=len(lesson.start)) * 0.1
    passage = lesson.passage(weights, every(lesson), reduction)
    batch = [lesson._inputs[spec.node].clone() for spec in compiled.inputs]
    batch[0].requires_grad_()
    compiled.training.zero_grad()
    total = compiled.training(*batch)["loss"]
    factor = {("mean", "sum"): 6.0, ("sum", "mean"): 1 / 6}.get((own, reduction), 1.0)
    (total * factor).backward()
    assert passage.loss == pytest.approx(float(total.detach()) * factor, rel=1e-12)
    np.testing.assert_allclose(passage.gradients["x"], batch[0].grad.numpy(), rtol=1e-9, atol=1e-12)
    theirs = np.concatenate([p.grad.numpy().ravel() for p in compiled.training.parameters()])
    np.testing.assert_allclose(passage.weight_gradients, theirs, rtol=1e-9, atol=1e-12)
    for check in lesson.checks(passage, 1e-5):
        assert check.slope == pytest.approx(check.backpropagated, rel=1e-5, abs=1e-7)


def test_the_losses_of_single_samples_add_up_to_the_whole() -> None:
    for loss, classes in (("MSELoss", False), ("CrossEntropyLoss", True), ("PoissonNLLLoss", False)):
        lesson = Lesson(network([2], "Tanh", loss, 3), arrays(7, 3, classes=classes), NONE)
        passage = lesson.passage(lesson.start, every(lesson), "sum")
        assert passage.row_losses.sum() == pytest.approx(passage.loss, rel=1e-12), loss


def test_a_skip_connection_and_shared_weights_give_autograd_s_gradients() -> None:
    net = NetworkBuilder()
    x, y = net.add("Input", field="x", name="x"), net.add("Input", field="y", name="y")
    first = net.add("Linear", x, out_features=3, name="first")
    again = net.add("Shared", net.add("Tanh", first, name="bend"), of=first.node, name="again")
    both = net.add("Add", again, x, name="both")
    net.add("MSELoss", net.add("Linear", both, out_features=1, name="guess"), y, name="loss")
    types = {"x": TensorType.of("N F", "N", 3), "y": TensorType.of("N F", "N", 1)}
    compiled = compile_network(with_names_as_ids(net.network), types, 1)
    lesson = Lesson(compiled, arrays(5), NONE)
    assert len(lesson.anatomy.weights) == 12 + 4, "shared weights are there once"
    passage = lesson.passage(lesson.start, every(lesson), "mean")
    compiled.training.zero_grad()
    compiled.training(*(lesson._inputs[spec.node] for spec in compiled.inputs))["loss"].backward()
    theirs = np.concatenate([p.grad.numpy().ravel() for p in compiled.training.parameters()])
    np.testing.assert_allclose(passage.weight_gradients, theirs, rtol=1e-9, atol=1e-12)
    lines = {(link.source, link.target) for link in lesson.anatomy.links if link.target[0] == "both"}
    assert lines == {((source, at), ("both", at)) for source in ("again", "x") for at in range(3)}


def test_lines_are_drawn_where_something_flows_and_nowhere_else() -> None:
    anatomy = Lesson(network([3], "ReLU"), arrays(4), NONE).anatomy
    bent = [(link.source[1], link.target[1]) for link in anatomy.links if link.target[0] == "active0"]
    assert bent == [(0, 0), (1, 1), (2, 2)]
    mixed = Lesson(network([3], "Softmax"), arrays(4), NONE).anatomy
    assert len([link for link in mixed.links if link.target[0] == "active0"]) == 9


def test_a_frozen_layer_is_shown_with_gradients_and_is_not_trained() -> None:
    net = NetworkBuilder()
    x, y = net.add("Input", field="x", name="x"), net.add("Input", field="y", name="y")
    hidden = net.add("Linear", x, out_features=2, name="hidden")
    net.add("MSELoss", net.add("Linear", hidden, out_features=1, name="guess"), y, name="loss")
    drawn = edits.set_frozen(["hidden"])(with_names_as_ids(net.network))
    types = {"x": TensorType.of("N F", "N", 3), "y": TensorType.of("N F", "N", 1)}
    lesson = Lesson(compile_network(drawn, types, 1), arrays(4), NONE)
    trained = {weight.key: weight.trained for weight in lesson.anatomy.weights}
    assert trained == {"hidden.weight": False, "hidden.bias": False, "guess.weight": True, "guess.bias": True}
    passage = lesson.passage(lesson.start, every(lesson), "mean")
    assert np.all(passage.weight_gradients[:6] != 0)


# --- what cannot be shown ----------------------------------------------------------------------------------------


def refusal(compiled: Compiled, data: dict[str, np.ndarray[Any, Any]]) -> str:
    with pytest.raises(LearningError) as caught:
        Lesson(compiled, data, NONE)
    return str(caught.value)


def test_what_is_too_large_is_refused_by_name_with_what_to_do() -> None:
    said = refusal(network([25], "Tanh"), arrays(4))
    assert said.startswith("“hidden0” has 25 units, and at most 24 in a layer can be read; make it smaller")
    said = refusal(network([20, 20], "Tanh"), arrays(4))
    assert "weights, and at most 300" in said


@pytest.mark.parametrize("id", ["digits-mlp", "digits-cnn-small"])
def test_projects_of_pictures_are_refused_in_one_sentence(id: str) -> None:
    project = Project.new(id)
    with pytest.raises(LearningError) as caught:
        lesson_on(project.compiled(), project.dataset)
    assert "“image” has 64 units" in str(caught.value)


def test_layers_that_work_on_whole_batches_or_draw_numbers_are_to_be_bypassed() -> None:
    for activation in ("Dropout", "BatchNorm1d"):
        said = refusal(network([3], activation), arrays(4))
        assert said == (
            f"“active0” ({activation}) works otherwise on each batch; bypass it (Ctrl+B) while you learn step by step"
        )


def test_nothing_of_it_changes_how_many_threads_torch_uses() -> None:
    before = torch.get_num_threads()
    lesson = line()
    lesson.passage(lesson.start, every(lesson), "mean")
    assert torch.get_num_threads() == before
