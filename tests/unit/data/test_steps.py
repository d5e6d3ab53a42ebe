"""Steps of the preparation: declared, saved, learned from training rows alone, and done again to new rows."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnstudio.data import DataError, DataReference, Split, open_data
from nnstudio.data.columns import Column, Source
from nnstudio.data.dataset import Dataset
from nnstudio.data.preparation import Preparation
from nnstudio.data.steps import STEPS, step_from_json, step_to_json
from nnstudio.data.steps.texts import Chunks, Tokens
from nnstudio.data.steps.windows import Windows

WORDS = "the a cat dog sat on mat old new tree don't runs Ünder 猫".split()
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join), min_size=8, max_size=30)


def dataset(columns, *steps, split=None, is_table=False):
    """A data set of columns of texts (lists of str) and numbers, with these steps."""
    made = {}
    for name, values in columns.items():
        if isinstance(values[0], str | None):
            made[name] = Column(name, "text", np.array(values, dtype=object), role="ignored")
        else:
            made[name] = Column(name, "number", np.asarray(values, dtype=np.float64), standardise=True)
    source = Source(made, len(next(iter(columns.values()))), is_table, {n: c.values for n, c in made.items()})
    return Dataset(DataReference("file:x", steps=steps, split=split or Split.make({})), source, "x")


def read_back(prepared):
    return Preparation.from_json(json.loads(json.dumps(prepared.to_json())))


def test_steps_are_saved_with_the_reference_and_older_references_have_none():
    steps = (Chunks(column="text", length=7), Tokens(column="text", by="bpe", also=("b",)), Windows(columns=("a",)))
    reference = DataReference("file:x", steps=steps)
    assert DataReference.from_json(json.loads(json.dumps(reference.to_json()))) == reference
    assert "steps" not in DataReference("file:x").to_json()
    assert DataReference.from_json({"source": "file:x"}).steps == ()


@pytest.mark.parametrize("kind", STEPS)
def test_each_kind_of_step_is_read_back_and_says_what_it_is(kind):
    made = STEPS[kind].make({})
    assert step_from_json(json.loads(json.dumps(step_to_json(made)))) == made
    assert made.title
    assert made.__doc__
    assert all(param.help for param in made.params.values())


@pytest.mark.parametrize("data", [None, [], {}, {"kind": "magic"}, {"kind": "tokens", "length": -1}, {"kind": 3}])
def test_what_is_no_step_is_refused_in_a_sentence(data):
    with pytest.raises(DataError) as caught:
        DataReference.from_json({"source": "file:x", "steps": [data]})
    assert "\n" not in str(caught.value)


def test_a_step_that_learns_must_stand_behind_one_that_makes_rows():
    with pytest.raises(DataError, match="move it below"):
        dataset({"text": ["a b"] * 9}, Tokens(column="text"), Chunks(column="text"))


@pytest.mark.parametrize(("name", "match"), [("", "choose one"), ("title", "not there"), ("number", "holds number")])
def test_a_step_on_a_column_that_it_cannot_take_says_so(name, match):
    with pytest.raises(DataError, match=match):
        dataset({"text": ["a b"] * 9, "number": [1.0] * 9}, Tokens(column=name))


# Texts to tokens.


@settings(max_examples=20, deadline=None)
@given(TEXTS, st.sampled_from(["characters", "words", "spaces", "bpe"]), st.booleans(), st.booleans())
def test_new_texts_are_encoded_as_the_data_has_them_also_by_a_preparation_that_was_saved(texts, by, start, end):
    made = dataset({"text": texts}, Tokens(column="text", by=by, vocabulary=200, start=start, end=end))
    saved = read_back(made.prepared)
    assert saved == made.prepared
    for split in ("train", "test"):
        rows = [texts[row] for row in made.indices(split)]
        if rows:
            expected = made.arrays(split)["text"]
            np.testing.assert_array_equal(saved.encode({"text": rows})["text"], expected)
            assert expected.dtype == np.int64
            assert expected.max() < made.types["text"].classes


@settings(max_examples=15, deadline=None)
@given(TEXTS, TEXTS, st.sampled_from(["characters", "words", "bpe"]))
def test_the_vocabulary_is_learned_from_training_rows_alone(texts, others, by):
    step, split = Tokens(column="text", by=by, vocabulary=100), Split(by_time=True)
    before = dataset({"text": texts}, step, split=split)
    changed = list(texts)
    for place, row in enumerate((*before.indices("validation"), *before.indices("test"))):
        changed[row] = others[place % len(others)]
    after = dataset({"text": changed}, step, split=split)
    assert after.prepared == before.prepared


@pytest.mark.parametrize("by", ["characters", "words", "spaces", "bpe"])
def test_codes_become_the_text_again(by):
    texts = [f"the cat {word} on" for word in WORDS] * 3
    made = dataset(
        {"text": texts}, Tokens(column="text", by=by, length=32, start=True, end=True), split=Split.everything()
    )
    codes = made.encode({"text": ["the old dog sat on"]})["text"]
    assert made.decode("text", codes) == ["the old dog sat on"]
    scores = np.eye(made.types["text"].classes)[codes]
    assert made.decode("text", scores) == made.decode("text", scores.transpose(0, 2, 1)) == ["the old dog sat on"]


def test_what_is_not_in_the_vocabulary_is_unknown_and_said():
    made = dataset({"text": ["a b", "a c"] * 6 + ["d e", "f g"] * 2}, Tokens(column="text"), split=Split(by_time=True))
    assert made.encode({"text": ["a zzz", None, ""]})["text"].tolist() == [[4, 1], [0, 0], [0, 0]]
    assert any("not in its vocabulary" in told for told in made.warnings)


def test_columns_can_share_a_vocabulary_and_one_alone_can_be_given():
    columns = {"source": ["ein Hund"] * 9, "target": ["a dog"] * 9}
    made = dataset(columns, Tokens(column="source", also=("target",)))
    assert made.types["source"] == made.types["target"]
    assert made.types["source"].classes == 8
    assert list(made.encode({"target": ["a dog"]})) == ["target"]
    assert made.prepared.takes("source") == ("source",)


def test_parts_of_words_are_the_same_each_time():
    texts = [" ".join(WORDS[place:] + WORDS[:place]) for place in range(len(WORDS))] * 2
    vocabularies = {
        str(dataset({"text": texts}, Tokens(column="text", by="bpe", vocabulary=60)).prepared.to_json())
        for _ in range(3)
    }
    assert len(vocabularies) == 1


def test_words_that_are_not_in_the_vocabulary_are_told_as_they_were_typed():
    step = Tokens(column="text", length=8, start=True, lower=True)
    made = dataset({"text": ["we meet in Rome", "we meet at noon"] * 4}, step)
    typed = "We meet Amos in Oslo"
    codes = made.encode({"text": [typed]})["text"][0].tolist()
    told = made.prepared.written("text", typed, codes)
    assert told[:6] == ("<start>", "we", "meet", "Amos", "in", "Oslo")
    assert made.prepared.unknown({"text": [typed, None]}) == (
        "“Amos”, “Oslo” in “text” did not occur in training; the network reads each alike",
    )
    assert made.prepared.unknown({"text": ["We MEET in rome"]}) == ()


def test_a_table_with_texts_predicts_its_class_from_them(tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text("text,label\n" + "\n".join(f"it is {w} and {i},{i % 2}" for i, w in enumerate(WORDS * 3)))
    options = {"format": "csv", "delimiter": ",", "encoding": "utf-8", "header": True, "decimal": "."}
    reference = DataReference.file(path, options=options, steps=(Tokens(column="text"),))
    made = open_data(reference)
    assert (made.fields["text"].role, made.fields["label"].role) == ("input", "target")
    assert made.columns["text"].kind == "text"
    assert made.cells(0, 1)[0][0] == "it is the and 0"


# A long text in rows.


def test_rows_of_a_long_text_overlap_by_the_one_character_that_is_predicted_next():
    text = "".join(chr(97 + place) for place in range(26))
    made = dataset(
        {"text": [text]}, Chunks(column="text", length=5), Tokens(column="text", by="characters"),
        split=Split.everything(),
    )  # fmt: skip
    rows = sorted(made.decode("text", made.arrays("train")["text"]), key=text.index)
    assert made.types["text"].sizes[1] == 6
    assert rows == [text[start : start + 6] for start in range(0, 21, 5)]
    assert not made.warnings


def test_lines_are_one_text_unless_it_is_said_that_they_are_not():
    lines = ["one two", "three"] * 5
    together = dataset({"text": lines}, Chunks(column="text", length=5), Tokens(column="text", by="characters"))
    apart = dataset(
        {"text": lines}, Chunks(column="text", length=5, join=False), Tokens(column="text", by="characters")
    )
    assert "\n" in "".join(together.columns["text"].values)
    assert set(apart.columns["text"].values) == {"one tw", "three"}


def test_a_prompt_is_taken_as_it_is():
    made = dataset({"text": ["abcabc" * 20]}, Chunks(column="text", length=5), Tokens(column="text", by="characters"))
    assert made.decode("text", made.encode({"text": ["cab"]})["text"]) == ["cab"]


def test_overlapping_rows_that_are_split_at_random_are_pointed_out():
    steps = Chunks(column="text", length=10, stride=2), Tokens(column="text", by="characters")
    assert any("split by time" in told for told in dataset({"text": ["abc" * 99]}, *steps).warnings)
    assert not dataset({"text": ["abc" * 99]}, *steps, split=Split(by_time=True)).warnings


# Windows over time.

SERIES = {"demand": [float(row) for row in range(200)], "heat": [row * 0.5 for row in range(200)]}
WINDOWS = Windows(columns=("demand", "heat"), past=6, horizon=2)


def test_a_window_has_the_past_and_what_followed():
    made = dataset(SERIES, WINDOWS, split=Split.everything())
    assert made.types["past"].sizes[1:] == (6, 2)
    assert made.count("train") == 200 - 6 - 2 + 1
    assert made.columns["past"].values[3][:, 0].tolist() == [3, 4, 5, 6, 7, 8]
    assert made.columns["future"].values[3].tolist() == [9, 10]
    assert made.fields["future"].role == "target"
    np.testing.assert_allclose(
        made.decode("future", made.arrays("train")["future"]),
        made.columns["future"].values[made.indices("train")],
        atol=1e-3,
    )


def test_split_by_time_no_window_reaches_over_a_border():
    made = dataset(SERIES, WINDOWS, split=Split(by_time=True))
    ends = {}
    for split in ("train", "validation", "test"):
        past, future = (made.columns[name].values[made.indices(split)] for name in ("past", "future"))
        ends[split] = past[..., 0].min(), future.max()
    assert ends["train"][1] < ends["validation"][0] < ends["validation"][1] < ends["test"][0]


def test_what_scales_windows_is_learned_from_training_rows_alone():
    before = dataset(SERIES, WINDOWS, split=Split(by_time=True))
    later = {name: [*values[:140], *(value * 100 for value in values[140:])] for name, values in SERIES.items()}
    assert dataset(later, WINDOWS, split=Split(by_time=True)).prepared == before.prepared
    train = before.arrays("train")["past"]
    np.testing.assert_allclose(train.mean(axis=(0, 1)), 0, atol=1e-4)


def test_rows_that_are_given_become_the_windows_in_them_and_too_few_are_told():
    made = dataset(SERIES, WINDOWS, split=Split.everything())
    saved = read_back(made.prepared)
    assert made.prepared.takes("past") == ("demand", "heat")
    order = np.argsort(made.indices("train"))
    whole = saved.encode({name: values[:-2] for name, values in SERIES.items()})["past"]
    np.testing.assert_array_equal(whole, made.arrays("train")["past"][order])
    with pytest.raises(DataError, match="last 6 rows"):
        saved.encode({name: values[:5] for name, values in SERIES.items()})
    window = np.stack([values[:6] for values in SERIES.values()], axis=1)
    np.testing.assert_array_equal(saved.encode({"past": [window]})["past"], whole[:1])


def test_windows_do_not_leave_their_group_and_follow_the_order_of_times():
    rows = np.random.default_rng(0).permutation(60)
    columns = {"value": rows.astype(float), "engine": (rows // 20).astype(float), "time": (rows % 20).astype(float)}
    step = Windows(columns=("value",), past=5, horizon=1, group="engine", order="time")
    made = dataset(columns, step, split=Split.everything())
    assert made.total == 3 * 15
    past = made.columns["past"].values[..., 0]
    assert (np.diff(past, axis=1) == 1).all()
    assert (past // 20 == past[:, :1] // 20).all()


def test_windows_of_rows_that_are_given_do_not_leave_groups_that_are_met_first_there():
    value = Column("value", "number", np.arange(60.0), standardise=True)
    columns = {"value": value, "shop": Column("shop", "category", np.arange(60) // 30, ("old", "older"))}
    source = Source(columns, 60, False, {name: column.values for name, column in columns.items()})
    steps = (Windows(columns=("value",), past=3, horizon=1, group="shop"),)
    made = Dataset(DataReference("file:x", steps=steps, split=Split.everything()), source, "x")
    shops = ["new"] * 4 + ["old"] * 3 + ["newer"] * 4
    given = read_back(made.prepared).encode({"shop": shops, "value": list(range(11))})
    past = made.decode("past", given["past"])
    firsts = [round(float(window[0, 0])) for window in past]
    assert firsts == [0, 1, 7, 8, 4]
    assert all(np.ptp(np.diff(window[:, 0])) < 1e-3 for window in past)


def test_with_no_horizon_the_target_is_that_of_the_last_row():
    columns = {"value": list(range(30)), "left": list(range(30, 0, -1))}
    made = dataset(columns, Windows(past=4, horizon=0, target="left"), split=Split.everything())
    assert made.types["past"].sizes[1:] == (4, 1)
    assert made.fields["left"].role == "target"
    assert made.columns["left"].values[0] == 27


def test_windows_whose_future_is_missing_are_left_out_and_a_missing_past_is_filled():
    demand = [float(row) for row in range(60)]
    demand[30] = float("nan")
    made = dataset({"demand": demand}, Windows(columns=("demand",), past=3, horizon=1), split=Split.everything())
    assert made.total == 60 - 3 - 1
    assert any("1 windows are left out" in told for told in made.warnings)
    assert np.isfinite(made.arrays("train")["past"]).all()


def test_too_few_rows_for_a_window_are_told():
    with pytest.raises(DataError, match="A window takes 8 rows"):
        dataset({name: values[:7] for name, values in SERIES.items()}, WINDOWS)


def test_a_step_can_be_done_without_some_of_its_columns():
    pair = Tokens(column="a", also=("b", "c"))
    assert pair.without({"z"}) is pair
    assert pair.without({"a"}) == Tokens(column="b", also=("c",))
    assert pair.without({"a", "b", "c"}) is None
    windows = Windows(columns=("a", "b"), target="b", order="t")
    assert windows.without({"a"}) == Windows(columns=("b",), target="b", order="t")
    assert windows.without({"t"}) == windows


def test_windows_do_not_leave_groups_that_came_to_the_data_since_it_was_learned_from():
    def opened(shops):
        value = Column("value", "number", np.arange(20.0 * len(shops)) % 20 + np.repeat(range(len(shops)), 20) * 1000)
        columns = {"value": value, "shop": Column("shop", "category", np.repeat(range(len(shops)), 20), shops)}
        source = Source(columns, 20 * len(shops), False, {name: column.values for name, column in columns.items()})
        steps = (Windows(columns=("value",), past=3, horizon=1, group="shop"),)
        return Dataset(DataReference("file:x", steps=steps, split=Split.everything()), source, "x")

    made = opened(("new", "newer", "old")).prepared_as(opened(("old", "older")).fitted)
    past = made.columns["past"].values[..., 0]
    assert len(past) == 3 * 17
    assert (np.diff(past, axis=1) == 1).all()
