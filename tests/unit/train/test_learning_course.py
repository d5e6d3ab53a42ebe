"""Going through a small network one stage at a time: what is known when, updates, the way back, and how it is said."""

from __future__ import annotations

import numpy as np
import pytest

from nnstudio.project.project import Project
from nnstudio.train import learning_words as words
from nnstudio.train.learning_course import Course
from nnstudio.train.learning_lesson import lesson_on


@pytest.fixture
def line() -> Course:
    project = Project.new("line")
    return Course(lesson_on(project.compiled(), project.dataset), 0.01, 5)


@pytest.fixture(scope="module")
def small_lesson():  # type: ignore[no-untyped-def]
    project = Project.new("small-net")
    return lesson_on(project.compiled(), project.dataset)


@pytest.fixture
def small(small_lesson) -> Course:  # type: ignore[no-untyped-def]
    return Course(small_lesson, 0.02, 16)


def phases(course: Course, count: int) -> list[str]:
    found = []
    for _ in range(count):
        found.append(" ".join(filter(None, (course.step.phase, course.step.node))))
        course.next()
    return found


def test_a_round_goes_through_each_layer_forwards_then_backwards(small: Course) -> None:
    assert phases(small, 10) == [
        "sample", "forward hidden", "forward squash", "forward score", "loss", "backward score", "backward squash",
        "backward hidden", "update", "sample",
    ]  # fmt: skip


def test_numbers_are_known_from_their_stage_on(small: Course) -> None:
    assert small.knows_value("features")
    assert not small.knows_value("hidden")
    small.next()
    assert small.knows_value("hidden")
    assert not small.knows_value("squash")
    small.go_to("loss")
    assert small.knows_value("loss")
    assert not small.knows_gradient("score")
    small.next()
    last = len(small.begun) - 1
    assert small.knows_gradient("score")
    assert small.knows_slope(last)
    assert not small.knows_slope(0)
    assert not small.knows_gradient("features")
    small.go_to("backward")
    assert small.knows_slope(0)
    assert small.knows_gradient("features")


def test_an_update_is_a_step_against_the_gradient_and_can_be_gone_back_over(line: Course) -> None:
    line.choose(reduction="sum")
    line.go_to("update")
    assert line.state.weights.tolist() == [2 - 0.01 * -120]
    assert line.passage.loss == 120.0, "the update shows the numbers that led to it"
    assert line.present.loss == pytest.approx(30 * 0.8**2)
    line.back()
    assert line.state.weights.tolist() == [2.0]
    line.next()
    line.next()
    assert (line.step.phase, line.state.round) == ("sample", 1)
    line.back()
    assert (line.step.phase, line.state.round) == ("update", 0)


def test_going_on_learns_4_and_going_back_unlearns_it(line: Course) -> None:
    line.choose(reduction="sum")
    for _ in range(20):
        line.finish_round()
    assert line.state.weights[0] == pytest.approx(4.0, abs=1e-6)
    assert list(line.state.losses) == sorted(line.state.losses, reverse=True)
    while not line.at_beginning:
        line.back()
    assert line.state.weights.tolist() == [2.0]


def test_changes_of_weights_are_undone_one_by_one_and_pulls_as_one(line: Course) -> None:
    line.set_weight(0, 3.0)
    for value in (3.1, 3.2, 3.3):
        line.set_weight(0, value, stint="pull")
    assert line.undo_label == "x → ŷ = 3.1"
    line.undo()
    assert line.state.weights.tolist() == [3.0]
    line.redo()
    assert line.state.weights.tolist() == [3.3]
    line.undo()
    line.undo()
    assert line.state.weights.tolist() == [2.0]
    assert not line.undo_label
    line.go_to("update")
    assert line.undo_label == "Update"
    line.undo()
    assert (line.state.weights.tolist(), line.step.phase) == ([2.0], "backward")


def test_one_sample_at_a_time_goes_from_sample_to_sample_and_learns_from_each_alone(line: Course) -> None:
    line.choose(mode="one")
    line.show_row(4)
    assert line.passage.loss == (8 - 16) ** 2
    line.go_to("update")
    assert line.state.weights[0] == pytest.approx(2 - 0.01 * 2 * (8 - 16) * 4)
    line.next()
    assert line.state.row == 0, "after the last sample the first"


def test_batches_follow_one_another_and_the_last_is_what_is_left(small: Course) -> None:
    small.choose(mode="batch")
    seen = []
    for _ in range(23):
        seen += small.rows.tolist()
        small.finish_round()
    assert sorted(set(seen)) == list(range(small.lesson.count))


def test_a_weight_that_is_set_while_an_update_is_shown_begins_the_next_round(line: Course) -> None:
    line.go_to("update")
    line.set_weight(0, 2.0)
    assert (line.step.phase, line.state.round, line.passage.mean) == ("sample", 1, 24.0)


def test_a_frozen_weight_stays(small_lesson) -> None:  # type: ignore[no-untyped-def]
    course = Course(small_lesson, 0.5, 16)
    course._trained[:8] = False
    course.go_to("update")
    np.testing.assert_array_equal(course.state.weights[:8], course.begun[:8])
    assert not np.array_equal(course.state.weights[8:], course.begun[8:])


# --- in words ----------------------------------------------------------------------------------------------------


def test_formulas_of_y_4x_stand_with_their_numbers(line: Course) -> None:
    line.choose(reduction="sum")
    line.show_row(3)
    assert words.forward(line, ("weight", 0)) == ["ŷ = w · x", "ŷ = 2 · 3 = 6"]
    assert words.forward(line, ("error", 0)) == [
        "sample 4: (6 − 12)² = 36", "sum over 5 samples = 0 + 4 + 16 + 36 + 64 = 120", "mean = 120 / 5 = 24",
    ]  # fmt: skip
    assert words.backward(line, ("weight", 0)) == ["∂L/∂ŷ = 2 · (6 − 12)", "∂L/∂ŷ = −12"]
    assert words.weight_slope(line, 0) == [
        "∂L/∂w = ∂L/∂ŷ · x, added up over 5 samples", "∂L/∂w = 0 · 0 − 4 · 1 − 8 · 2 − 12 · 3 − 16 · 4 = −120",
    ]  # fmt: skip
    assert words.update(line, 0) == "w − η · ∂L/∂w = 2 − 0.01 · (−120) = 3.2"


def test_formulas_of_small_net_follow_the_chain_rule(small: Course) -> None:
    names, numbers = words.forward(small, ("score", 0))
    assert names == "score = w · squash₁ + w · squash₂ + b"
    total = float(small.passage.values["score"][small.at, 0])
    assert numbers.endswith(f"= {words.told(total)}")
    assert words.forward(small, ("squash", 0))[0] == "squash₁ = tanh(hidden₁)"
    assert words.backward(small, ("hidden", 1))[0] == "∂L/∂hidden₂ = ∂L/∂squash₂ · ∂squash₂/∂hidden₂"
    factors = words.backward(small, ("hidden", 1))[1].split(" = ")
    left, right = factors[1].split(" · ")
    value = [float(text.strip("()").replace("−", "-")) for text in (left, right, factors[2])]
    assert value[0] * value[1] == pytest.approx(value[2], rel=2e-3)
    assert (
        "benign" in words.forward(small, ("diagnosis", 0))[0]
        or "malignant" in words.forward(small, ("diagnosis", 0))[0]
    )


def test_long_sums_leave_out_their_middle(small: Course) -> None:
    line = words.weight_slope(small, 0)[1]
    assert " … " in line
    assert line.count("·") == 5
    assert words.stage(small).startswith("A round begins with all 342 samples")


def test_numbers_are_as_short_as_they_can_be_read() -> None:
    assert [words.told(value) for value in (-0.0, 2.0, -24.0, 1234567.0, 1.2e-7, float("nan"), float("-inf"))] == [
        "0", "2", "−24", "1234567", "1.2e−7", "–", "−∞",
    ]  # fmt: skip
    assert all(len(words.brief(value)) <= 7 for value in np.geomspace(1e-12, 1e12, 97) * -1)
