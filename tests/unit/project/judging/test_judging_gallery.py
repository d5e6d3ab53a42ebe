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
from nnstudio.layers import TensorType
from nnstudio.project.errors import ProjectError
from nnstudio.project.files import load_sheet
from nnstudio.project.gallery import ORDER
from nnstudio.project.judging.asking import Asking
from nnstudio.project.judging.attacks import Attack, attacked
from nnstudio.project.judging.explaining import explain
from nnstudio.project.judging.judge import Judge
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
