"""CSV files as people have them: what is detected, what is said where something is wrong."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnstudio.data import ColumnChoice, DataError, DataReference, Split, describe_file, open_data

ALL = Split.everything()


def opened(path: Path, content: str | bytes, **parts):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_data(DataReference.file(path, **parts))


def refused(path: Path, content: str | bytes, **parts) -> str:
    with pytest.raises(DataError) as caught:
        opened(path, content, **parts)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_an_empty_file_is_named_as_empty(tmp_path):
    assert "“t.csv” is empty" in refused(tmp_path / "t.csv", "")
    assert "“t.csv” is empty" in refused(tmp_path / "t.csv", " \n\n")
    assert "“t.csv” is empty" in refused(tmp_path / "t.csv", b"\xef\xbb\xbf")


def test_a_header_without_rows_is_refused(tmp_path):
    assert "no rows below its header" in refused(tmp_path / "t.csv", "a,b\n")


@pytest.mark.parametrize("quote", ["", '"x, y"'])
def test_a_ragged_file_names_the_line(tmp_path, quote):
    message = refused(tmp_path / "t.csv", f"a,b,c\n1,2,{quote}\n1,2\n3,4,5\n")
    assert "Line 3 of “t.csv” has 2 values where 3 were expected" in message


def test_a_line_with_too_many_values_is_named(tmp_path):
    assert "Line 4 of “t.csv” has 3 values" in refused(tmp_path / "t.csv", "a,b\n1,2\n1,2\n3,4,5\n4,5\n")


def test_a_binary_file_is_not_taken_for_a_table(tmp_path):
    assert "no text file" in refused(tmp_path / "t.csv", b"abc\0\xff\n1,2\0" + bytes(range(256)))


def test_latin_1_is_read_and_said(tmp_path):
    data = opened(tmp_path / "t.csv", "größe,art\n1,süß\n2,herb\n".encode("latin-1") * 1)
    assert data.fields["art"].classes == ("herb", "süß")
    assert any("Latin-1" in warning for warning in data.warnings)
    assert data.columns["größe"].values.tolist() == [1.0, 2.0]


def test_a_wrong_encoding_names_the_line(tmp_path):
    message = refused(tmp_path / "t.csv", "a,b\n1,é\n".encode("latin-1"), options={"encoding": "utf-8"})
    assert "not written in utf-8 (line 2" in message


def test_an_unknown_encoding_is_refused(tmp_path):
    assert "No encoding is called" in refused(tmp_path / "t.csv", "a,b\n1,2\n", options={"encoding": "klingon"})


def test_one_row_goes_to_training_and_is_told(tmp_path):
    data = opened(tmp_path / "t.csv", "a,b\n1,2\n")
    assert (data.count("train"), data.count("validation"), data.count("test")) == (1, 0, 0)
    assert any("only one row" in warning and "choose more data" in warning for warning in data.warnings)
    assert data.arrays("test")["a"].shape == (0, 1)


def test_text_where_numbers_were_is_told_and_can_be_counted_as_missing(tmp_path):
    path = tmp_path / "t.csv"
    reference = opened(path, "age,y\n" + "".join(f"{i},{i}.5\n" for i in range(30))).reference
    path.write_text("age,y\n" + "".join(f"{'old' if i % 2 else 'new'},{i}.5\n" for i in range(30)))
    data = open_data(reference)
    assert any("“age” held numbers when it was chosen" in warning for warning in data.warnings)
    again = open_data(reference.with_choice("age", kind="number").with_choice("y", role="target"))
    assert again.types["age"] == reference.types["age"]
    assert any("30 texts where numbers were expected" in warning for warning in again.warnings)


def test_a_few_texts_among_numbers_are_named(tmp_path):
    data = opened(tmp_path / "t.csv", "a,b\n" + "1,2.5\n" * 19 + "unsure,2.5\n")
    assert any("1 text such as “unsure”" in warning for warning in data.warnings)


def test_one_class_is_told(tmp_path):
    data = opened(tmp_path / "t.csv", "a,class\n" + "1,cat\n2,cat\n" * 10)
    assert any("only one class (“cat”)" in warning for warning in data.warnings)


def test_doubled_names_are_told_apart(tmp_path):
    data = opened(tmp_path / "t.csv", "a,a,y\n1,2,3\n4,5,6\n")
    assert list(data.columns) == ["a", "a_2", "y"]
    assert any("same name" in warning for warning in data.warnings)


def test_a_column_without_values_is_ignored_and_told(tmp_path):
    data = opened(tmp_path / "t.csv", "a,b,y\n1,NA,3\n4,,6\n", split=ALL)
    assert "b" not in data.fields
    assert data.types["features"]["F"] == 1
    assert any("“b” has no values at all" in warning for warning in data.warnings)


def test_infinite_and_huge_numbers_count_as_missing(tmp_path):
    data = opened(tmp_path / "t.csv", "a,y\ninf,1\n" + "9" * 400 + ",2\n1e300,3\n7,4\n", split=ALL)
    assert data.fields["a"].missing == 3
    assert any("“a” has 3 values that are infinite or too large" in warning for warning in data.warnings)
    assert np.isfinite(data.arrays("train")["a"]).all()


def test_a_cell_of_a_mega_byte_does_no_harm(tmp_path):
    assert opened(tmp_path / "t.csv", 'a,b\n"' + "x" * 10**6 + '",1\ny,2\n').total == 2


def test_missing_values_are_seen_and_the_training_mean_stands_in(tmp_path):
    rows = "".join(f"{'?' if i == 3 else i},{i % 2}\n" for i in range(20))
    data = opened(tmp_path / "t.csv", "a,class\n" + rows)
    assert data.fields["a"].missing == 1
    place = np.flatnonzero(np.concatenate([data.indices(s) for s in ("train", "validation", "test")]) == 3)[0]
    assert np.concatenate([data.arrays(s)["a"] for s in ("train", "validation", "test")])[place, 0] == 0.0


def test_rows_without_a_target_are_left_out(tmp_path):
    data = opened(tmp_path / "t.csv", "a,class\n" + "1,cat\n2,dog\n3,\n" * 5)
    assert sum(data.count(s) for s in ("train", "validation", "test")) == 10
    assert any("5 rows have no value in “class”; no split uses them" in warning for warning in data.warnings)


def test_a_decimal_comma_is_understood(tmp_path):
    data = opened(tmp_path / "t.csv", "preis;menge\n1.234,5;1\n0,25;2\n3;3\n", split=ALL)
    assert data.columns["preis"].values.tolist() == [1234.5, 0.25, 3.0]
    assert data.reference.options == {}


def test_a_description_fills_in_what_was_detected(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("größe;y\n1,5;2\n2,5;3\n".encode("utf-16"))
    reference = describe_file(path, tmp_path)
    assert reference.source == "file:t.csv"
    assert dict(reference.options) == {
        "format": "csv", "encoding": "utf-16", "delimiter": ";", "header": True, "decimal": ",",
    }  # fmt: skip
    assert len(reference.sha256) == 64
    assert set(reference.types) == {"features", "größe", "y"}


def test_columns_without_a_header_are_numbered(tmp_path):
    assert list(opened(tmp_path / "t.csv", "1,2\n3,4\n").columns) == ["column_1", "column_2"]


def test_categories_are_one_hot_in_the_features_and_codes_on_their_own(tmp_path):
    data = opened(tmp_path / "t.csv", "colour,size,y\nred,1,0.5\nblue,2,1.5\nred,3,2.5\n", split=ALL)
    assert str(data.types["features"]) == "N×3 (batch, feature) float32"
    first = data.arrays("train")["features"][np.flatnonzero(data.indices("train") == 0)[0]]
    assert first[:2].tolist() == [0.0, 1.0]
    assert data.types["colour"].classes == 2
    assert data.arrays("train")["colour"].dtype == np.int64
    assert set(data.arrays("train")["colour_01"].ravel().tolist()) == {0.0, 1.0}


def test_recurring_whole_numbers_in_the_target_are_classes(tmp_path):
    data = opened(tmp_path / "t.csv", "a,label\n" + "".join(f"{i},{i % 3}\n" for i in range(60)))
    assert data.fields["label"].classes == ("0", "1", "2")
    assert data.fields["label"].role == "target"
    numbers = open_data(data.reference.with_choice("label", kind="number"))
    assert numbers.types["label"].is_float


def test_a_column_that_numbers_the_rows_is_ignored(tmp_path):
    data = opened(tmp_path / "t.csv", "id,a,y\n1,5,1.5\n2,6,2.5\n3,7,4.5\n", split=ALL)
    assert data.fields["features"].columns == ("a",)


def test_a_time_column_orders_the_split(tmp_path):
    days = [f"2024-01-{31 - i:02d}" for i in range(20)]
    text = "day,a\n" + "".join(f"{day},{i}\n" for i, day in enumerate(days))
    data = opened(tmp_path / "t.csv", text, split=Split(by_time=True, time_column="day"))
    assert data.columns["day"].kind == "time"
    assert data.indices("test").tolist() == [2, 1, 0]
    with pytest.raises(DataError, match="“week” should hold times"):
        open_data(data.reference.with_(split=Split(by_time=True, time_column="week")))


def test_a_table_without_anything_to_feed_is_refused(tmp_path):
    assert "no column to train on" in refused(
        tmp_path / "t.csv", "a\n1\n2\n", fields={"a": ColumnChoice(role="ignored")}
    )


WORDS = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzäöüéñ"), min_size=3, max_size=8)
ROUND = {"utf-8": "utf-8", "utf-8-sig": "utf-8-sig", "utf-16": "utf-16", "latin-1": "latin-1"}


@settings(max_examples=60, deadline=None)
@given(
    numbers=st.lists(st.tuples(st.integers(-999, 999), st.integers(0, 99), WORDS), min_size=3, max_size=30),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(sorted(ROUND)),
    header=st.booleans(),
    decimal=st.sampled_from([".", ","]),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_what_is_written_is_read_whatever_the_dialect(numbers, delimiter, encoding, header, decimal, newline):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=newline)
    if header:
        writer.writerow(["länge", "breite", "wort"])
    for whole, hundredths, word in numbers:
        writer.writerow([f"{whole}{decimal}{hundredths:02d}", whole, f"x{word}"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.csv")
        path.write_bytes(text.getvalue().encode(encoding))
        data = open_data(DataReference.file(path))
    first, second, third = data.columns.values()
    assert data.total == len(numbers)
    expected = [float(f"{whole}.{hundredths:02d}") for whole, hundredths, _ in numbers]
    read = first.values if first.kind == "number" else [float(first.categories[code]) for code in first.values]
    assert list(read) == expected
    assert (first.name == "länge") == header
    assert [row[2] for row in data.cells(0, len(numbers))] == [f"x{word}" for _, _, word in numbers]
    assert second.kind in ("number", "category")
    assert third.kind in ("category", "text")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('n,y\n"1,200",a\n"12,345",b\n950,a\n"1,000,000",b\n', [1200.0, 12345.0, 950.0, 1e6]),
        ('n,y\n"1,200.50",a\n"-2,000",b\n7.25,a\n', [1200.5, -2000.0, 7.25]),
        ("n;y\n1,200.50;a\n3,000;b\n0.5;a\n", [1200.5, 3000.0, 0.5]),
        ('n,y\n"1,5",a\n"2,250",b\n"0,125",a\n', [1.5, 2.25, 0.125]),
        ("n;y\n1,200;a\n2,125;b\n3,5;a\n", [1.2, 2.125, 3.5]),
    ],
)
def test_commas_between_thousands_are_no_decimal_commas(tmp_path, content, expected):
    data = opened(tmp_path / "t.csv", content, split=ALL)
    assert data.columns["n"].values.tolist() == expected


@pytest.mark.parametrize("line", ["sep=;\n", '"sep=;"\r\n', "SEP=;\r\n"])
def test_the_line_that_tells_excel_the_delimiter_is_no_row(tmp_path, line):
    content = "\ufeff" + line + "a;b\n" + "".join(f"{i},5;t, {i % 2}\n" for i in range(30))
    for reading in ("memory", "disk"):
        data = opened(tmp_path / "t.csv", content, split=ALL, options={"reading": reading})
        assert list(data.columns) == ["a", "b"]
        assert data.columns["a"].values[:3].tolist() == [0.5, 1.5, 2.5]
    assert describe_file(tmp_path / "t.csv").options["delimiter"] == ";"


def test_a_number_that_is_given_for_a_prediction_is_read_as_in_the_file(tmp_path):
    content = 'n,y\n"1,200",a\n"12,345",b\n950,a\n"1,000,000",b\n'
    data = opened(tmp_path / "t.csv", content, split=ALL)
    given = data.prepared.encode({"n": ["1,200", 1200, "950"]})["n"]
    assert given[0] == given[1] != given[2]
    with pytest.raises(DataError, match="must be a number, not '1,5'"):
        data.prepared.encode({"n": ["1,5"]})


def test_times_with_their_zone_and_dates_with_slashes_are_dates(tmp_path):
    zones = ["2024-03-01T00:00:00Z", "2024-03-01T01:00:00.5+01:00", "2024-03-01 00:00:00-02:00"]
    slashes = ["2024/03/01", "2024/03/02", "2024/03/31"]
    lines = "".join(f"{zone},{day},{i}\n" for i, (zone, day) in enumerate(zip(zones, slashes, strict=True)))
    data = opened(tmp_path / "t.csv", "zone,day,y\n" + lines, split=ALL)
    first = 1709251200.0  # 2024-03-01 in UTC, by `date -u`
    assert data.columns["zone"].values.tolist() == [first, first + 0.5, first + 7200]
    assert data.columns["day"].values.tolist() == [first, first + 86_400, first + 30 * 86_400]


def test_of_a_long_text_tables_and_sentences_show_the_beginning(tmp_path):
    lines = [f'{i},"{"word " * 50_000}"' for i in range(5)]
    data = opened(tmp_path / "t.csv", "\n".join(["n,t", *lines]))
    assert [len(cell) for cell in data.cells(0, 1)[0]] == [1, 300]
    assert max(map(len, data.warnings)) < 300
