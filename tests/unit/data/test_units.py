"""Numbers that are written with a currency or a unit."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnstudio.data import DataError, DataReference, Split, open_data
from tests.unit.data.test_other_tables import workbook

ALL = Split.everything()


def opened(path: Path, cells: list[str], **options):
    lines = "".join(f"{cell};{place % 2}\n" for place, cell in enumerate(cells))
    path.write_text(f"n;y\n{lines}", encoding="utf-8")
    return open_data(DataReference.file(path, split=ALL, options={"delimiter": ";", **options}))


@pytest.mark.parametrize("reading", ["memory", "disk"])
@pytest.mark.parametrize(
    ("cells", "unit", "numbers"),
    [
        (["1.234,56 €", "950,00 €", "-3,50 €"], "€", [1234.56, 950.0, -3.5]),
        (["$1,234.50", "$950.00", "-$3.50", "$-4"], "$", [1234.5, 950.0, -3.5, -4.0]),
        (["$1,234", "$950", "$12,000"], "$", [1234.0, 950.0, 12000.0]),
        (["1.234 €", "950 €", "12.000 €"], "€", [1234.0, 950.0, 12000.0]),
        (["12 %", "7.5%", "100 %"], "%", [12.0, 7.5, 100.0]),
        (["12,5 %", "7 %"], "%", [12.5, 7.0]),
        (["1 234,5 EUR", "7\u00a0EUR", "1\u202f000 EUR"], "EUR", [1234.5, 7.0, 1000.0]),
        (["USD 1,234.50", "USD 3.00"], "USD", [1234.5, 3.0]),
        (["1.5 kg", "2kg", "0.75 kg"], "kg", [1.5, 2.0, 0.75]),
        (["-3.5 °C", "+4 °C"], "°C", [-3.5, 4.0]),
    ],
)
def test_numbers_of_one_unit_are_numbers_and_the_unit_is_told(tmp_path, cells, unit, numbers, reading):
    data = opened(tmp_path / "t.csv", [*cells, "", "n/a"], reading=reading)
    column = data.columns["n"]
    assert column.kind == "number"
    assert column.values[:].tolist()[: len(numbers)] == pytest.approx(numbers)
    assert column.missing == 2
    assert data.warnings.count(f"Column “n” has {unit} in each cell and was read as numbers of that unit") == 1
    for cell, number in zip(cells, numbers, strict=True):
        given = data.prepared.encode({"n": [cell, number]})["n"]
        assert given[0] == given[1], cell


@pytest.mark.parametrize(
    "cells",
    [["12 €", "$7", "3 €"], ["Q1", "Q2", "Q3"], ["1A", "2A", "3A"], ["12 €", "7", "3 €"], ["€", "€", "€"],
     ["5th", "4th", "3th"], ["1.2.3 kg", "4 kg", "5 kg"]],
)  # fmt: skip
def test_cells_of_several_units_or_none_are_no_numbers(tmp_path, cells):
    data = opened(tmp_path / "t.csv", cells * 3)
    assert data.columns["n"].kind == "category"
    assert not any("of that unit" in warning for warning in data.warnings)


def test_a_unit_is_read_where_the_person_chose_numbers_and_another_is_named(tmp_path):
    path = tmp_path / "t.csv"
    opened(path, ["1,5 kg", "2,25 kg", "3 kg", "a lot"])
    reference = DataReference.file(path, split=ALL).with_choice("n", kind="number")
    data = open_data(reference)
    assert data.columns["n"].values[:3].tolist() == [1.5, 2.25, 3.0]
    assert any("1 text where numbers were expected, such as “a lot”" in warning for warning in data.warnings)


def test_cells_of_a_sheet_with_a_unit_are_numbers(tmp_path):
    pytest.importorskip("fastexcel", reason="the extra excel is not installed")
    rows = [[f"{i}.000,50 €", i] for i in range(1, 20)]
    data = open_data(DataReference.file(workbook(tmp_path / "t.xlsx", {"S": [["price", "y"], *rows]}), split=ALL))
    assert data.columns["price"].values[:2].tolist() == [1000.5, 2000.5]


@pytest.mark.parametrize(
    ("cells", "given", "number"),
    [
        (["1,5 kg", "2,25 kg"], "1,250 kg", 1.25),
        (["1,200.5 kg", "2.25 kg"], "1,250 kg", 1250.0),
        (["1.200,5 kg", "2,25 kg"], "1.250 kg", 1250.0),
        (["1.5 kg", "2.25 kg"], "1.250 kg", 1.25),
        (["950,00 €", "7,00 €"], "9.50 €", 9.5),
        (["950,00 €", "7,00 €"], "1.234.567 €", 1234567.0),
    ],
)
def test_what_is_given_with_a_unit_is_read_as_the_column_is(tmp_path, cells, given, number):
    encoded = opened(tmp_path / "t.csv", cells).prepared.encode({"n": [given, number]})["n"]
    assert encoded[0] == encoded[1]


def test_what_was_learned_of_a_unit_is_saved(tmp_path):
    from nnstudio.data.preparation import Preparation

    prepared = opened(tmp_path / "t.csv", ["1,5 kg", "2,25 kg"]).prepared
    again = Preparation.from_json(prepared.to_json())
    assert again.encode({"n": ["1,250 kg"]})["n"] == prepared.encode({"n": [1.25]})["n"]
    assert "unit" not in str(opened(tmp_path / "u.csv", ["1,5", "2,25"]).prepared.to_json())


def test_what_is_given_with_another_text_is_still_no_number(tmp_path):
    data = opened(tmp_path / "t.csv", ["1 kg", "2 kg", "3 kg"])
    with pytest.raises(DataError, match="“n” must be a number, not '3 apples'"):
        data.prepared.encode({"n": ["3 apples"]})
