"""What is found to be odd in data, and that its cures take it away."""

from __future__ import annotations

import numpy as np
import pytest

from nnstudio.data import DataReference, Split, open_data
from nnstudio.data.findings import Finding, findings
from nnstudio.data.steps.numbers import Dates, Impute
from nnstudio.data.steps.texts import Tokens
from nnstudio.graph.builder import NetworkBuilder

RANDOM = np.random.default_rng(0)


def opened(tmp_path, columns: dict[str, object], **parts):
    """A table with these columns; a list of texts or numbers each."""
    path = tmp_path / "t.csv"
    rows = zip(*columns.values(), strict=True)
    path.write_text(",".join(columns) + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    return open_data(DataReference.file(path, **parts))


def numbers(count: int = 200) -> list[float]:
    return RANDOM.normal(size=count).round(6).tolist()


def classes(count: int = 200) -> list[str]:
    return [("yes", "no")[i] for i in RANDOM.integers(0, 2, count)]


def found(data, code: str) -> Finding:
    """The one finding of this kind."""
    (one,) = [each for each in findings(data) if each.code == code]
    return one


def cured(data, finding: Finding, place: int = 0):
    """The data after a cure."""
    return open_data(finding.cures[place].change(data.reference))


def test_good_data_has_nothing_odd(tmp_path):
    data = opened(tmp_path, {"a": numbers(), "b": numbers(), "place": list("pqrs") * 50, "class": classes()})
    assert findings(data) == ()


def test_shipped_data_is_not_accused_of_leakage():
    from nnstudio.data import shipped_reference

    for id in ("iris", "digits"):
        codes = {each.code for each in findings(open_data(shipped_reference(id)))}
        assert not codes & {"column-tells-target", "identifier"}


@pytest.mark.parametrize("how", ["renamed", "threshold", "scaled"])
def test_a_column_that_tells_the_target_is_found_and_ignored(tmp_path, how):
    answer = classes()
    told = {
        "renamed": ["ja" if text == "yes" else "nein" for text in answer],
        "threshold": [(5 if text == "yes" else -5) + value / 9 for text, value in zip(answer, numbers(), strict=True)],
        "scaled": numbers(),
    }[how]
    target = answer if how != "scaled" else [3 * value - 7 for value in told]  # type: ignore[operator]
    data = opened(tmp_path, {"a": numbers(), "later": told, "target": target})
    one = found(data, "column-tells-target")
    assert one.columns == ("later", "target")
    assert "“later” alone tells “target” in all 200 rows" in one.message
    after = cured(data, one)
    assert after.columns["later"].role == "ignored"
    assert "column-tells-target" not in {each.code for each in findings(after)}


def test_a_copy_of_the_target_is_found_however_few_rows_each_class_has(tmp_path):
    answer = [f"class{i}" for i in np.random.default_rng(3).integers(0, 12, 50)]
    data = opened(tmp_path, {"a": numbers(50), "copy": answer, "target": answer})
    assert found(data, "column-tells-target").columns == ("copy", "target")
    codes = {name: 7 * place % 12 for place, name in enumerate(sorted(set(answer)))}
    renamed = opened(tmp_path, {"a": numbers(50), "copy": [codes[name] for name in answer], "target": answer})
    assert found(renamed, "column-tells-target").columns == ("copy", "target")


@pytest.mark.parametrize("places", [2, 4])
def test_a_rounded_copy_of_the_target_is_found(tmp_path, places):
    answer = numbers(15)
    data = opened(tmp_path, {"a": numbers(15), "copy": [round(value, places) for value in answer], "target": answer})
    assert found(data, "column-tells-target").columns == ("copy", "target")


def test_what_agrees_with_the_target_by_chance_is_not_accused(tmp_path):
    few = opened(tmp_path, {"a": ["x", "y", "x", "y"], "b": numbers(4), "class": ["p", "q", "p", "q"]})
    assert "column-tells-target" not in {each.code for each in findings(few)}
    names = opened(tmp_path, {"a": [f"n{i}" for i in range(60)], "b": numbers(60), "y": [f"m{i}" for i in range(60)]},
                   fields=DataReference("file:x").with_choice("a", kind="category")
                   .with_choice("y", kind="category", role="target").fields)  # fmt: skip
    assert "column-tells-target" not in {each.code for each in findings(names)}
    rough = opened(tmp_path, {"a": [round(v) for v in numbers(60)], "target": numbers(60)})
    assert "column-tells-target" not in {each.code for each in findings(rough)}


def test_a_target_with_outliers_is_scaled_by_its_logarithm_and_predicted_in_its_own_unit(tmp_path):
    price = [abs(value) + 1 for value in numbers()]
    price[42] = 9e6
    data = opened(tmp_path, {"a": numbers(), "b": numbers(), "price": price})
    one = found(data, "outliers")
    assert [cure.title for cure in one.cures] == ["Take logarithms", "Scale by the middle half"]
    for place in (0, 1):
        after = cured(data, one, place)
        assert findings(after) == ()
        encoded = after.arrays("train")["price"]
        raw = after.columns["price"].values[after.indices("train")]
        np.testing.assert_allclose(after.decode("price", encoded), raw, rtol=1e-3)
    assert np.abs(cured(data, one).arrays("train")["price"]).max() < 20


def test_rows_in_two_splits_are_found_and_kept_together(tmp_path):
    data = opened(tmp_path, {**{name: numbers(150) * 2 for name in "abcd"}, "class": classes(150) * 2})
    one = found(data, "rows-in-two-splits")
    assert one.evidence["rows"] > 20
    after = cured(data, one)
    assert after.reference.split.together
    assert [each.code for each in findings(after)] == ["repeated-rows"]


def test_equal_rows_of_few_values_are_chance(tmp_path):
    data = opened(tmp_path, {"a": [1, 2] * 100, "b": list("xyzw") * 50, "class": classes()})
    assert not {each.code for each in findings(data)} & {"rows-in-two-splits", "repeated-rows"}


def test_missing_values_are_found_and_filled(tmp_path):
    a = [("" if i % 10 == 0 else value) for i, value in enumerate(numbers())]
    data = opened(tmp_path, {"a": a, "b": numbers(), "class": classes()})
    one = found(data, "missing-values")
    assert "“a” has no value in 20 rows (10.0%)" in one.message
    assert one.rows[:2] == (0, 10)
    after = cured(data, one)
    assert [step.kind for step in after.reference.steps] == ["impute"]
    assert "missing-values" not in {each.code for each in findings(after)}
    assert cured(data, one, 1).columns["a"].role == "ignored"


def test_outliers_are_found_with_their_rows(tmp_path):
    a = numbers()
    a[42] = 9000.0
    data = opened(tmp_path, {"a": a, "b": numbers(), "class": classes()})
    one = found(data, "outliers")
    assert one.rows == (42,)
    assert "1 value lies far from all others in “a”, such as “9000” in row 43" in one.message
    assert findings(cured(data, one)) == ()


def test_constant_columns_and_those_that_name_rows_are_found(tmp_path):
    data = opened(
        tmp_path,
        {
            "a": numbers(), "same": ["x"] * 200, "customer": range(1000, 1400, 2), "key": [f"k{i}" for i in range(200)],
            "class": classes(),
        },
        fields=DataReference("file:x").with_choice("key", kind="category").fields,
    )  # fmt: skip
    assert found(data, "constant-column").columns == ("same",)
    named = [each for each in findings(data) if each.code == "identifier"]
    assert [each.columns for each in named] == [("customer",), ("key",)]
    assert cured(data, named[0]).columns["customer"].role == "ignored"


def test_uneven_classes_are_found_and_the_split_made_fair(tmp_path):
    answer = ["rare" if i % 40 == 0 else "common" for i in range(200)]
    data = opened(tmp_path, {"a": numbers(), "b": numbers(), "class": answer}, split=Split(stratify=False))
    one = found(data, "class-imbalance")
    assert "98% of the rows are “common” and 2.5% “rare”" in one.message
    (fair,) = [each for each in one.cures if "part" in each.title]
    assert fair.change(data.reference).split.stratify


def test_uneven_classes_are_given_the_same_say_in_the_losses_that_can_weigh_them(tmp_path):
    answer = ["rare" if i % 40 == 0 else "common" for i in range(200)]
    one = found(opened(tmp_path, {"a": numbers(), "b": numbers(), "class": answer}), "class-imbalance")
    (same,) = [each for each in one.cures if each.network is not None]
    net = NetworkBuilder()
    scores = net.add("Linear", net.add("Input", field="features"), out_features=2)
    score = net.add("Linear", scores, out_features=1)
    net.add("CrossEntropyLoss", scores, net.add("Input", field="class"), name="classes")
    net.add("BCEWithLogitsLoss", score, net.add("Input", field="class_01"), name="chance")
    net.add("MSELoss", scores, scores, name="other")
    by_name = same.network(net.network).by_name
    assert by_name["classes"].layer.class_weights == (0.513, 20.0)
    assert by_name["chance"].layer.pos_weight == (39.0,)
    assert by_name["other"] == net.network.by_name["other"]
    mended = same.network(net.network)
    assert same.network(mended) is mended


def test_a_table_on_disk_is_looked_at_as_well(tmp_path):
    data = opened(
        tmp_path, {"a": ["", *numbers(199)], "same": ["x"] * 200, "class": classes()}, options={"reading": "disk"}
    )
    assert {each.code for each in findings(data)} == {"constant-column", "missing-values"}


def told(data) -> list[Finding]:
    return [each for each in findings(data) if each.code == "column-tells-target"]


@pytest.mark.parametrize("how", ["curve", "with tax", "noisy", "tens"])
def test_a_column_made_of_a_number_to_be_predicted_is_found_also_where_it_is_no_copy(tmp_path, how):
    price = np.round(np.abs(RANDOM.normal(size=200)) * 1000 + 1, 2)
    made = {
        "curve": np.log(price),
        "with tax": np.round(price * 1.19, 2),
        "noisy": price + RANDOM.normal(size=200) * 0.1,
        "tens": np.round(price, -1),
    }[how]
    data = opened(tmp_path, {"a": numbers(), "later": made, "price": price},
                  fields=DataReference("file:x").with_choice("price", role="target").fields)  # fmt: skip
    (one,) = told(data)
    assert one.columns == ("later", "price")
    assert told(cured(data, one)) == []


def test_what_grows_with_time_is_not_accused(tmp_path):
    data = opened(
        tmp_path, {"year": list(range(1900, 2000)), "people": np.cumsum(np.abs(RANDOM.normal(size=100))).tolist()}
    )
    assert told(data) == []


def test_what_only_goes_along_with_the_target_is_not_accused(tmp_path):
    x = RANDOM.normal(size=400)
    data = opened(tmp_path, {"a": x, "b": x + RANDOM.normal(size=400) / 10, "target": x + RANDOM.normal(size=400) / 20})
    assert told(data) == []


def test_a_column_that_is_the_target_in_nearly_all_rows_is_found(tmp_path):
    answer = classes()
    copy = [("no" if text == "yes" else "yes") if place == 7 else text for place, text in enumerate(answer)]
    (one,) = told(opened(tmp_path, {"a": numbers(), "copy": copy, "class": answer}))
    assert "“copy” alone tells “class” in 199 of 200 rows looked at" in one.message
    half = [("no" if text == "yes" else "yes") if place % 20 == 7 else text for place, text in enumerate(answer)]
    assert told(opened(tmp_path, {"a": numbers(), "copy": half, "class": answer})) == []


def test_columns_that_each_tell_one_class_are_found_and_ignored_together(tmp_path):
    answer = RANDOM.choice(list("pqr"), 200)
    columns = {f"is_{name}": (answer == name).astype(int) for name in "pqr"}
    data = opened(tmp_path, {"a": numbers(), **columns, "class": answer})
    (one,) = told(data)
    assert one.columns == ("is_p", "is_q", "is_r", "class")
    assert told(cured(data, one)) == []
    (single,) = told(opened(tmp_path, {"a": numbers(), "is_p": columns["is_p"], "class": answer}))
    assert "“is_p” alone tells whether “class” is “p” in all 200 rows" in single.message


@pytest.mark.parametrize("kind", ["number", "text", "date"])
def test_a_column_that_has_a_value_for_one_class_alone_is_found_and_ignored(tmp_path, kind):
    answer = classes()
    value = {"number": "{:.3f}", "text": "some words {:.3f}", "date": "2024-0{:.0f}-11"}[kind]
    closed = [value.format(1 + place % 9) if text == "yes" else "" for place, text in enumerate(answer)]
    data = opened(tmp_path, {"a": numbers(), "closed": closed, "class": answer},
                  fields=DataReference("file:x").with_choice("class", role="target").fields)  # fmt: skip
    steps = {"date": (Dates(column="closed"),), "text": (Tokens(column="closed"),)}.get(kind, (Impute(indicator=True),))
    data = open_data(data.reference.with_(steps=steps, types={}))
    (one,) = told(data)
    assert "Whether “closed” has a value tells “class” in all 200 rows" in one.message
    after = cured(data, one)
    assert told(after) == []
    assert after.arrays("train")["features"].shape[1] == 1, "nothing made of it is fed"
