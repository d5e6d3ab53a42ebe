"""Every project of the gallery can be judged, sliced, attacked and explained, or says in one sentence why not.

The networks are new, and the data is a few made-up rows of the project's own fields, so that this takes seconds.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest

from nnstudio.compile.lower import compile_network
from nnstudio.data.columns import Column, Source
from nnstudio.data.dataset import Dataset
from nnstudio.data.reference import DataReference, Split
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import TensorType
from nnstudio.project.errors import ProjectError
from nnstudio.project.files import load_sheet
from nnstudio.project.gallery import ORDER
from nnstudio.project.judging.asking import Asking
from nnstudio.project.judging.attacks import Attack, attacked
from nnstudio.project.judging.explaining import explain
from nnstudio.project.judging.judge import Judge, Judged, shares_of
from nnstudio.project.judging.objects import by_object, mean_average_precision
from nnstudio.project.judging.pairs import limit_of
from nnstudio.project.judging.slices import columns_to_slice, sliced
from nnstudio.project.judging.subjects import subjects
from nnstudio.project.judging.telling import answer_texts
from nnstudio.project.predicting import input_fields, predicted
from nnstudio.resources import resource_path

#: The network of a thousand layers takes as long as all others together, and has no part that they have not.
PROJECTS = [id for id in ORDER if id != "thousand-layers"]
ROWS = 12
#: These write texts so long that only their explanations are asked for.
LONG = {"gpt", "lstm-text", "translate"}
#: What the answer of each is judged as; of all others, as one class a row.
KINDS = {
    **dict.fromkeys(("line", "autoencoder", "vae", "forecast", "recommend", "maintenance"), "numbers"),
    **dict.fromkeys(("lstm-text", "seq2seq", "translate", "gpt", "ner", "segment"), "places"),
    "detect": "boxes", "instances": "objects",
}  # fmt: skip
#: Codes and tokens cannot be changed little by little; neither can the numbers of objects.
UNATTACKED = {
    "gan", "rnn-names", "lstm-text", "seq2seq", "translate", "sentiment", "gpt", "ner", "qa", "recommend", "molecules",
    "instances",
}  # fmt: skip
UNEXPLAINED = {"instances"}


def made_up(name: str, type: TensorType) -> Column:
    """A column of ROWS values of a field's type."""
    random = np.random.default_rng(len(name))
    shape = (ROWS, *(size for size in type.sizes[1:] if isinstance(size, int)))
    if type.is_int and len(shape) == 1:
        count = type.classes or 2
        values = (np.arange(ROWS) % count).astype(np.int64)
        return Column(name, "category", values, tuple(str(code) for code in range(count)))
    if type.is_int:
        values, kind = random.integers(0, type.classes or 2, shape), "mask" if len(shape) == 3 else "codes"
        names = tuple(f"t{code}" for code in range(type.classes or 2)) if kind == "mask" else ()
        return Column(name, kind, values, names, size=type.classes or 2)
    if name == "boxes":
        values = np.tile(np.array([0.5, 0.5, 0.3, 0.3, 0.0], np.float32), (*shape[:2], 1))
        return Column(name, "boxes", values, tuple(str(code) for code in range(10)))
    kind = "image" if len(shape) == 4 else "array"
    return Column(name, kind, random.random(shape).astype(np.float32))


@functools.cache
def judge_of(id: str) -> Judge:
    network = load_sheet(resource_path("gallery") / f"{id}.nnstudio").network
    types = load_sheet(resource_path("gallery") / f"{id}.nnstudio").data.types
    taken = {str(getattr(node.layer, "field", "")) for node in network.of_role("input")}
    columns = {name: made_up(name, type) for name, type in types.items() if name in taken}
    targets = {name: column for name, column in columns.items() if name not in input_fields(network)}
    columns = {name: column if name not in targets else _target(column) for name, column in columns.items()}
    parts = np.arange(ROWS, dtype=np.int64) % 2
    columns["part"] = Column("part", "category", parts, ("train", "test"), role="ignored")
    source = Source(columns, ROWS, False, {name: column.values for name, column in columns.items()})
    split = Split.make({"column": "part"})
    dataset = Dataset(DataReference(source="shipped:none", split=split), source, "made up")
    return Judge(compile_network(network, dataset.types, 0), dataset)


def _target(column: Column) -> Column:
    import dataclasses

    return dataclasses.replace(column, role="target")


@pytest.mark.parametrize("id", PROJECTS)
def test_it_is_judged_and_sliced(id):
    judge = judge_of(id)
    judged = judge.judged("test")
    assert judged.kind == KINDS.get(id, "classes")
    assert len(judged.rows) == judge.dataset.count("test")
    right, said = answer_texts(judged, 0)
    assert right
    assert said
    for column in columns_to_slice(judged, judge.dataset)[:2]:
        found = sliced(judged, judge.dataset, column)
        assert sum(each.count for each in found.slices) == len(judged.rows)


@pytest.mark.parametrize("id", PROJECTS)
def test_it_is_attacked_or_says_why_not(id):
    judge, attack = judge_of(id), Attack("fgsm", strengths=(0.0, 0.2), rows=2)
    if id in UNATTACKED:
        with pytest.raises(ProjectError, match=r"little by little.*\.$"):
            attacked(judge, attack)
        return
    found = attacked(judge, attack)
    assert np.isfinite(found.right).all()
    changed = [np.abs(found.changed[name] - found.original[name]).max() for name in found.changed]
    assert 0 <= max(changed) <= 0.2 + 1e-5


@pytest.mark.parametrize("id", PROJECTS)
def test_the_answer_to_a_new_row_is_given_and_explained(id):
    judge = judge_of(id)
    network, dataset = judge.compiled.network, judge.dataset
    arrays = dataset.arrays("test")
    raw = {name: dataset.columns[name].values[:1] for name in input_fields(network) if name in dataset.columns}
    rows = {name: [column_value(dataset.columns[name], value[0])] for name, value in raw.items()}
    if id not in LONG:
        (answer,), _ = predicted(network, judge.compiled, dataset, rows)
        assert answer.keys() == {node.name for node in network.of_role("output")}
    one = {name: np.asarray(arrays[name][:1]) for name in raw}
    if id in UNEXPLAINED:
        with pytest.raises(ProjectError, match=r"neither attacked nor explained.*\.$"):
            Asking(judge, "", [0], rows=one)
        return
    found = explain(Asking(judge, "", [0], rows=one), dataset, 0, "saliency")
    assert found.asked
    assert {part.field for part in found.parts} <= set(one)
    assert any(np.isfinite(part.values).all() and part.values.size for part in found.parts)


def column_value(column: Column, value):
    return column.categories[int(value)] if column.kind == "category" else value


def test_an_output_on_the_way_to_another_is_not_judged_by_its_answer():
    judge = judge_of("autoencoder")
    assert [each.name for each in subjects(judge.compiled, judge.dataset)] == ["rebuilt"]


def test_boxes_are_matched_best_first_and_counted_by_class():
    judge = judge_of("detect")
    true = np.full((1, 2, 5), -1.0)
    true[0, :, :] = [[0.25, 0.25, 0.2, 0.2, 3], [0.75, 0.75, 0.2, 0.2, 4]]
    said = np.zeros((1, 3, 6))
    said[0] = [[0.25, 0.25, 0.2, 0.2, 3, 0.9], [0.26, 0.25, 0.2, 0.2, 3, 0.8], [0.75, 0.75, 0.2, 0.2, 5, 0.7]]
    none = np.zeros(0)
    judged = Judged(judge.subject(), "test", np.arange(1), np.ones(1), true, said, np.zeros((1, 0)), none, none)
    three, four, five = by_object(judged)
    assert (three.count, three.found, three.missed, three.made_up) == (1, 1, 0, 1)
    assert (four.found, four.missed) == (0, 1)
    assert (five.count, five.made_up) == (0, 1)
    assert three.average_precision == pytest.approx(1.0)
    assert mean_average_precision([three, four, five]) == pytest.approx(0.5)
    assert answer_texts(judged, 0) == ("2 objects", "1 of them found, 2 made up")
    assert not judged.right[0]


def test_average_precision_is_that_of_the_metric():
    import torch

    from nnstudio.nn.metrics_detection import MeanAveragePrecision

    random = np.random.default_rng(4)
    true = random.uniform(0.2, 0.8, (20, 3, 5))
    true[:, :, 4] = random.integers(0, 2, (20, 3))
    said = np.concatenate([true, true], axis=1)
    said = np.concatenate([said, random.random((20, 6, 1))], axis=2)
    said[:, :, :2] += random.normal(0, 0.05, (20, 6, 2))
    metric = MeanAveragePrecision()
    metric.update(torch.from_numpy(said), torch.from_numpy(true))
    judge, none = judge_of("detect"), np.zeros(0)
    judged = Judged(judge.subject(), "test", np.arange(20), np.ones(20), true, said, np.zeros((20, 0)), none, none)
    assert mean_average_precision(by_object(judged)) == pytest.approx(metric.compute(), abs=1e-6)


def test_a_distance_is_a_share_that_is_a_half_at_half_the_margin_where_nothing_tells_better():
    import torch

    subject = judge_of("faces").subject()
    assert (subject.link, subject.scale) == ("distance", 0.7)
    shares = shares_of(subject, torch.tensor([[0.0], [subject.scale], [10 * subject.scale]]))[:, 1]
    assert shares[:2].tolist() == [1.0, 0.5]
    assert shares[2] < 0.01


def test_pairs_are_parted_where_rows_that_were_held_back_err_as_often_either_way():
    random, count = np.random.default_rng(2), 300
    same = (np.arange(count) % 3 == 0).astype(np.int64)
    first = random.normal(size=(count, 2)).astype(np.float32)
    far = np.where(same, 3.0, 6.0) + random.normal(0, 1, count)
    second = first + np.stack([far, 0 * far], 1).astype(np.float32)
    columns = {
        "first": Column("first", "array", first),
        "second": Column("second", "array", second),
        "same": Column("same", "category", same, ("no", "yes"), role="target"),
    }
    source = Source(columns, count, False, {name: column.values for name, column in columns.items()})
    dataset = Dataset(DataReference(source="shipped:none"), source, "made up")
    net = NetworkBuilder()
    apart = net.add("PairwiseDistance", net.add("Input", field="first"), net.add("Input", field="second"))
    net.add("ContrastiveLoss", apart, net.add("Input", field="same"), name="loss")
    net.add("Output", apart, kind="number", name="apart")
    judge = Judge(compile_network(net.network, dataset.types, 0), dataset)
    subject = judge.subject()
    held = judge.judged("validation")
    wrong = [np.mean(held.predicted[held.target == code] != code) for code in (0, 1)]
    assert 0 < wrong[0] == pytest.approx(wrong[1], abs=0.1)
    limit = limit_of(judge.compiled, dataset, subject)
    assert limit is not None
    assert limit.distance == subject.scale, "the limit by which Try it tells the same from others"
    assert 3 < subject.scale < 6
    assert limit.error == pytest.approx(np.mean(wrong), abs=0.05)


def test_what_is_judged_says_which_columns_it_reads_and_whether_it_is_the_output_itself() -> None:
    drawn, answer = judge_of("gan").subjects[0], judge_of("digits-cnn").subjects[0]
    assert (drawn.reads, drawn.beyond) == (("label",), True), "a network that judges what another one paints"
    assert (answer.reads, answer.beyond) == (("image",), False)
