"""What a network says of changed inputs: attacks and explanations, where linear networks give closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from nnstudio.compile.lower import compile_network
from nnstudio.data.columns import Column, Source
from nnstudio.data.dataset import Dataset
from nnstudio.data.encoding import ColumnEncoding
from nnstudio.data.reference import DataReference, Split
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.errors import ProjectError
from nnstudio.project.judging import attributing, explaining, telling
from nnstudio.project.judging.attacks import Attack, attacked
from nnstudio.project.judging.judge import Judge

WEIGHTS, BIAS = [[0.9, -0.5], [-0.3, 0.7], [0.1, 0.2]], [0.1, 0.0, -0.1]


@pytest.fixture
def linear(judge) -> Judge:  # type: ignore[no-untyped-def]
    return judge("kind", WEIGHTS, BIAS)


def margins(judge: Judge, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of the rows that are right: how far each class is behind the right one, and the difference of weights."""
    features = judge.dataset.arrays("test")["features"][places]
    target = judge.judged("test").target[places]
    weights, bias = np.array(WEIGHTS), np.array(BIAS)
    scores = features @ weights.T + bias
    behind = scores[np.arange(len(target)), target][:, None] - scores
    return behind, weights[target][:, None, :] - weights[None]


@pytest.mark.parametrize(("norm", "order"), [("inf", 1), ("2", 2)])
def test_the_least_change_that_fools_a_linear_network_is_the_distance_to_its_border(
    linear: Judge, norm: str, order: int
) -> None:
    found = attacked(linear, Attack("pgd", norm, (0.0, 1.0, 4.0), rows=24, bounded=False))
    behind, apart = margins(linear, found.places)
    with np.errstate(divide="ignore", invalid="ignore"):
        nearest = np.where(behind > 0, behind / np.linalg.norm(apart, order, axis=2), np.inf).min(axis=1)
    right = linear.judged("test").right[found.places]
    assert right.any()
    assert (found.smallest[~right] == 0).all()
    known = right & np.isfinite(found.smallest)
    assert known.sum() >= 0.9 * (right & (nearest < 4)).sum()
    assert (found.smallest[known] >= 0.999 * nearest[known]).all(), "no change smaller than the border is far can do it"
    assert np.median(found.smallest[known] / nearest[known]) < 1.1


def test_the_error_of_a_linear_network_grows_by_its_weights_times_the_change(judge) -> None:  # type: ignore[no-untyped-def]
    choices = {"kind": {"role": "ignored"}, "b": {"role": "input"}}
    made = judge("amount", [[0.8, -0.4]], [0.1], "MSELoss", "number", choices)
    attack = Attack("fgsm", "inf", (0.0, 0.25, 0.5), bounded=False)
    found = attacked(made, attack)
    features = made.dataset.arrays("test")["features"][found.places]
    target = made.dataset.arrays("test")["amount"][found.places]
    error = np.abs(features @ np.array([[0.8], [-0.4]]) + 0.1 - target)
    unit = made.dataset.prepared.columns["amount"].std[0]
    np.testing.assert_allclose(found.right, [unit * (error + e * 1.2).mean() for e in attack.strengths], rtol=1e-4)
    assert found.noise[1] < found.right[1], "noise of the same size does less harm"


def test_accuracy_falls_with_strength_and_faster_than_under_noise(linear: Judge) -> None:
    found = attacked(linear, Attack("fgsm", "inf", (0.0, 0.3, 0.6, 0.9)))
    assert found.right[0] == pytest.approx(linear.judged("test").right[found.places].mean())
    assert found.noise[0] == found.right[0]
    assert (np.diff(found.right) <= 0).all()
    assert found.right[-1] < found.noise[-1]


def test_the_changed_sample_is_wrong_and_within_its_strength(linear: Judge) -> None:
    found = attacked(linear, Attack("fgsm", "inf"))
    change = np.abs(found.changed["features"] - found.original["features"]).max(axis=1)
    assert found.fooled.any()
    assert (change[found.fooled] <= found.smallest[found.fooled] + 1e-5).all()
    assert (found.after[found.fooled] != found.before[found.fooled]).all()


@pytest.mark.parametrize("way", ["fgsm", "pgd"])
@pytest.mark.parametrize("rows", [1, 24])
def test_each_column_stays_within_its_own_range_however_few_rows_are_attacked(
    linear: Judge, way: str, rows: int
) -> None:
    known = linear.dataset.arrays("train")["features"]
    places = np.flatnonzero(linear.judged("test").right)[:rows].tolist()
    found = attacked(linear, Attack(way, "inf", (0.0, 100.0)), places=places)
    changed, original = found.changed["features"], found.original["features"]
    assert (changed >= np.minimum(known.min(axis=0), original.min(axis=0))).all()
    assert (changed <= np.maximum(known.max(axis=0), original.max(axis=0))).all()
    assert np.abs(changed - original).max() > 0.1
    free = attacked(linear, Attack(way, "inf", (0.0, 100.0), bounded=False), places=places)
    assert (free.right <= found.right).all()


def test_rows_that_do_not_count_are_not_attacked(linear: Judge) -> None:
    linear.subjects = (replace(linear.subjects[0], ignored=1),)
    found = attacked(linear, Attack(rows=40), "train")
    target = linear.dataset.arrays("train")["kind"]
    assert 0 < len(found.places) < 40
    assert 1 not in target[found.places]
    np.testing.assert_allclose(found.right[0], linear.judged("train").right[found.places].mean())


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_pgd_is_at_least_as_strong_as_fgsm_on_every_row(linear: Judge, norm: str) -> None:
    """Also where steps along the slope end on a hill that one leap goes beyond."""
    net = NetworkBuilder()
    features, right = net.add("Input", field="features"), net.add("Input", field="kind", name="right")
    waves = net.add("Sin", net.add("Scale", net.add("Linear", features, out_features=6), factor=8.0))
    scores = net.add("Linear", waves, out_features=3, name="scores")
    net.add("CrossEntropyLoss", scores, right)
    net.add("Output", scores, name="answer")
    made = Judge(compile_network(net.network, linear.dataset.types, seed=0), linear.dataset)
    weaker = 0
    for strength in (0.1, 0.4, 1.0):
        leap, walk = (attacked(made, Attack(each, norm, (strength,))) for each in ("fgsm", "pgd"))
        weaker += int(((walk.smallest > strength) & (leap.smallest <= strength)).sum())
        assert walk.right[0] <= leap.right[0]
    assert weaker == 0


def test_an_attack_leaves_weights_modes_and_gradients_as_they_were(linear: Judge) -> None:
    before = {name: value.clone() for name, value in linear.compiled.training.state_dict().items()}
    linear.compiled.train()
    attacked(linear, Attack())
    assert linear.compiled.training.training
    for name, parameter in linear.compiled.training.named_parameters():
        assert parameter.grad is None
        assert parameter.requires_grad
        assert torch.equal(before[name], parameter)


def test_what_was_changed_is_told_by_name_in_the_unit_of_the_data_the_most_first(linear: Judge) -> None:
    found = attacked(linear, Attack("fgsm", "2", (0.0, 1.0)))
    before, after = found.original["features"][0], found.changed["features"][0]
    told = telling.changes(linear.dataset, "features", before, after)
    order = np.argsort(-np.abs(after - before))
    assert [name for name, *_ in told] == [("a", "b")[at] for at in order]
    for name, was, now in told:
        column, at = linear.dataset.prepared.columns[name], ("a", "b").index(name)
        assert was == pytest.approx(before[at] * column.std[0] + column.mean[0], rel=1e-5)
        assert now == pytest.approx(after[at] * column.std[0] + column.mean[0], rel=1e-5)


def test_strengths_reach_as_far_as_half_of_what_is_right_is_fooled(judge) -> None:  # type: ignore[no-untyped-def]
    sure = judge("kind", [[0.9, -0.5], [-0.3, 0.7], [0.1, 0.2]], [6.0, 0.0, -0.1])  # wide of every border
    for norm in ("inf", "2"):
        found = attacked(sure, Attack("fgsm", norm, bounded=False))
        assert found.strengths[-1] > 1.0
        assert 0 < found.median < float("inf")


def test_of_moments_that_changed_as_much_the_last_ones_are_told_first(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source({"past": Column("past", "array", np.zeros((4, 3, 2), np.float32))}, 4, False, {})
    dataset = Dataset(DataReference(source="shipped:none"), source, "moments")
    named = tuple(f"{name}, {back} back" for back in (2, 1, 0) for name in "ab")
    monkeypatch.setattr(telling, "window_names", lambda *_: named)
    before = np.zeros((3, 2), np.float32)
    after = before + 0.1
    after[0, 1] = 0.5
    told = telling.changes(dataset, "past", before, after)
    assert [name for name, *_ in told] == ["b, 2 back", "a, 0 back", "b, 0 back", "a, 1 back", "b, 1 back", "a, 2 back"]


def test_a_category_that_was_changed_is_told_value_by_value(judge) -> None:  # type: ignore[no-untyped-def]
    made = judge(
        "kind", [[0.9, -0.5, 0.1, 0.2]] * 3, BIAS, choices={"region": {"role": "input"}, "b": {"role": "ignored"}}
    )
    before = made.dataset.arrays("test")["features"][0]
    told = telling.changes(made.dataset, "features", before, before + np.float32([0, 0.1, 0.2, 0.3]))
    assert [name for name, *_ in told] == ["region: west", "region: south", "region: north", "a"]
    assert told[0][2] - told[0][1] == pytest.approx(0.3, rel=1e-4)


def test_a_strength_that_is_none_is_refused() -> None:
    with pytest.raises(ProjectError, match="must be a number from 0 up"):
        Attack(strengths=(-1.0,))
    with pytest.raises(ProjectError, match="one of fgsm, pgd"):
        Attack("magic")


# --- explanations -----------------------------------------------------------------------------------------------


def test_what_a_column_gives_a_linear_network_is_its_weight_times_its_value(linear: Judge) -> None:
    features = linear.dataset.arrays("test")["features"][2]
    for way in ("gradients", "occlusion"):
        found = explaining.explained(linear, 2, way, code=1)
        (part,) = found.parts
        assert part.names == ("a", "b")
        np.testing.assert_allclose(part.values, np.array(WEIGHTS[1]) * features, rtol=1e-4)
        assert found.asked == "middle"
    slopes = explaining.explained(linear, 2, "saliency", code=1)
    np.testing.assert_allclose(slopes.parts[0].values, np.abs(WEIGHTS[1]), rtol=1e-5)


def test_integrated_gradients_add_up_to_what_the_score_rose_by(picture: Judge) -> None:
    found = explaining.explained(picture, 4, "gradients", "train", steps=200)
    total = sum(float(part.values.sum()) for part in found.parts)
    assert total == pytest.approx(found.score - found.baseline, rel=0.02)
    assert found.parts[0].values.shape == (1, 8, 8)


def test_a_number_is_explained_in_the_unit_of_the_data(judge) -> None:  # type: ignore[no-untyped-def]
    made = judge("amount", [[0.8, -0.4]], [0.1], "MSELoss", "number")
    column, features = made.dataset.prepared.columns["amount"], made.dataset.arrays("test")["features"][2]
    for way in ("gradients", "occlusion"):
        found = explaining.explained(made, 2, way)
        assert found.score == pytest.approx(float(made.judged("test").predicted[2, 0]), rel=1e-5)
        np.testing.assert_allclose(found.parts[0].values, column.std[0] * np.array([0.8, -0.4]) * features, rtol=1e-4)
    whole = explaining.explained(made, 2)
    assert whole.baseline == pytest.approx(float(column.decoded(np.array([[0.1]]))[0, 0]), rel=1e-5)
    assert whole.parts[0].values.sum() == pytest.approx(whole.score - whole.baseline, rel=1e-3)


@pytest.mark.parametrize("log", [False, True])
def test_the_unit_in_which_numbers_are_explained_is_that_in_which_they_are_told(log: bool) -> None:
    unit = ColumnEncoding("y", "array", (3,), mean=(1.0, 2.0, -0.5), std=(0.5, 2.0, 1.0), divisor=10.0, log=log)
    values = np.random.default_rng(2).normal(size=(5, 3, 1))
    told = attributing.in_unit(unit, torch.from_numpy(values))
    np.testing.assert_allclose(told.numpy(), unit.decoded(values).reshape(5, 3), rtol=1e-9)


def test_covering_a_part_that_the_network_does_not_see_changes_nothing(picture: Judge) -> None:
    found = explaining.explained(picture, 4, "occlusion", "train", code=0).parts[0].values[0]
    assert np.abs(found[:, 6:]).max() < 1e-6, "its weights there are 0"
    assert np.abs(found[:, :4]).max() > 1e-3


@pytest.fixture
def picture() -> Judge:
    """Grey pictures of 8×8, two classes; the network does not look at the right half."""
    random = np.random.default_rng(0)
    source = Source(
        {
            "image": Column("image", "image", random.random((20, 1, 8, 8)).astype(np.float32)),
            "label": Column("label", "category", np.arange(20) % 2, ("even", "odd"), "target"),
        },
        20, False, {},
    )  # fmt: skip
    dataset = Dataset(DataReference("file:none", split=Split.everything()), source, "pictures")
    net = NetworkBuilder()
    image, label = net.add("Input", field="image"), net.add("Input", field="label")
    flat = net.add("Flatten", image)
    hidden = net.add("Tanh", net.add("Linear", flat, out_features=6, name="hidden"))
    scores = net.add("Linear", hidden, out_features=2, name="scores")
    net.add("CrossEntropyLoss", scores, label)
    net.add("Output", scores, name="answer")
    compiled = compile_network(net.network, dataset.types, seed=1)
    first = next(module for module in compiled.modules.values() if isinstance(module, torch.nn.Linear))
    with torch.no_grad():
        first.weight.view(6, 8, 8)[:, :, 4:] = 0
    return Judge(compiled, dataset)


@pytest.fixture
def words() -> Judge:
    """Sequences of codes below 9; the score of class 1 is a sum over the places of the first number of each vector."""
    random = np.random.default_rng(0)
    source = Source(
        {
            "text": Column("text", "codes", random.integers(1, 9, (12, 5)), size=9),
            "label": Column("label", "category", np.arange(12) % 2, ("dull", "bright"), "target"),
        },
        12, False, {},
    )  # fmt: skip
    dataset = Dataset(DataReference("file:none", split=Split.everything()), source, "words")
    net = NetworkBuilder()
    text, label = net.add("Input", field="text"), net.add("Input", field="label")
    vectors = net.add("Embedding", text, embedding_dim=3, name="vectors")
    scores = net.add("Linear", net.add("Flatten", vectors), out_features=2, name="scores")
    net.add("CrossEntropyLoss", scores, label)
    net.add("Output", scores, name="answer")
    compiled = compile_network(net.network, dataset.types, seed=2)
    linear = next(module for module in compiled.modules.values() if isinstance(module, torch.nn.Linear))
    with torch.no_grad():
        linear.weight[1] = torch.tensor([1.0, 0.0, 0.0]).repeat(5)
    return Judge(compiled, dataset)


@pytest.mark.parametrize("way", ["gradients", "occlusion"])
def test_a_word_gives_what_its_vector_adds_over_that_of_nothing(words: Judge, way: str) -> None:
    table = next(m for m in words.compiled.modules.values() if isinstance(m, torch.nn.Embedding)).weight.detach()
    codes = words.dataset.arrays("train")["text"][3].tolist()
    (part,) = explaining.explained(words, 3, way, "train", code=1).parts
    assert part.kind == "codes"
    assert part.names == tuple(str(code) for code in codes)
    np.testing.assert_allclose(part.values, (table[codes, 0] - table[0, 0]).numpy(), atol=1e-5)


def test_where_classes_are_places_of_a_text_the_word_that_stands_there_is_told() -> None:
    random = np.random.default_rng(0)
    columns = {
        "text": Column("text", "codes", random.integers(1, 9, (12, 5)), size=9),
        "start": Column("start", "category", np.arange(12) % 5, tuple("01234"), "target"),
    }
    dataset = Dataset(DataReference("file:none", split=Split.everything()), Source(columns, 12, False, {}), "places")
    net = NetworkBuilder()
    text, start = net.add("Input", field="text"), net.add("Input", field="start")
    scores = net.add("Flatten", net.add("Embedding", text, embedding_dim=1), name="scores")
    net.add("CrossEntropyLoss", scores, start)
    net.add("Output", scores, name="answer")
    made = Judge(compile_network(net.network, dataset.types, seed=2), dataset)
    found = explaining.explained(made, 3, "gradients", "train", code=2)
    word = str(int(dataset.arrays("train")["text"][3, 2]))
    assert (found.asked, found.told) == ("2", f"“{word}”, word 3,")


def test_a_category_gives_what_its_vector_adds_over_their_mean_also_the_first() -> None:
    columns = {
        "city": Column("city", "category", np.arange(12) % 3, ("Bern", "Oslo", "Rome")),
        "label": Column("label", "category", np.arange(12) % 2, ("dull", "bright"), "target"),
    }
    dataset = Dataset(DataReference("file:none", split=Split.everything()), Source(columns, 12, False, {}), "cities")
    net = NetworkBuilder()
    city, label = net.add("Input", field="city"), net.add("Input", field="label")
    scores = net.add("Linear", net.add("Embedding", city, embedding_dim=3), out_features=2, name="scores")
    net.add("CrossEntropyLoss", scores, label)
    net.add("Output", scores, name="answer")
    made = Judge(compile_network(net.network, dataset.types, seed=2), dataset)
    modules = list(made.compiled.modules.values())
    table = next(m for m in modules if isinstance(m, torch.nn.Embedding)).weight.detach()
    weight = next(m for m in modules if isinstance(m, torch.nn.Linear)).weight.detach()[1]
    place = next(at for at, row in enumerate(made.judged("train").rows) if row % 3 == 0)
    (part,) = explaining.explained(made, place, "gradients", "train", code=1).parts
    assert part.names == ("city: Bern",)
    np.testing.assert_allclose(part.values, [float((table[0] - table.mean(0)) @ weight)], atol=1e-5)


def test_codes_cannot_be_attacked_and_a_sentence_says_why(words: Judge) -> None:
    with pytest.raises(ProjectError, match="needs an input of numbers"):
        attacked(words, Attack(), "train")
