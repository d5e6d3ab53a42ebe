"""Tables as people keep them: a title above the header, remarks, blanks between columns, stray quotation marks."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnstudio.data import DataError, DataReference, Split, describe_file, open_data
from tests.unit.data.test_other_tables import workbook

ALL = Split.everything()
HOUSES = "".join(f"{i},{'red' if i % 2 else 'blue'},{i * 2}.5\n" for i in range(30))


def opened(path: Path, content: str, **options):
    path.write_text(content, encoding="utf-8")
    return open_data(DataReference.file(path, split=ALL, options=options))


@pytest.mark.parametrize("reading", ["memory", "disk"])
@pytest.mark.parametrize(
    "above",
    ["Houses 2026\n\n", "Houses 2026,,\n,,\n", "Houses 2026,,\n", "\ufeffHouses 2026\nfrom the town hall\n\n"],
)
def test_a_title_above_the_header_is_passed_over_and_told(tmp_path, above, reading):
    path = tmp_path / "t.csv"
    data = opened(path, above + "size,colour,price\n" + HOUSES, reading=reading)
    assert list(data.columns) == ["size", "colour", "price"]
    assert data.total == 30
    assert data.columns["price"].values[:2].tolist() == [0.5, 2.5]
    (told,) = [warning for warning in data.warnings if "header" in warning]
    line = above.count("\n") + 1
    assert told == f"The header of “t.csv” was found in line {line}; what stands above it (“Houses 2026”) was left out"
    assert describe_file(path).options["header"] is True


@pytest.mark.parametrize("reading", ["memory", "disk"])
def test_below_a_title_the_line_that_is_wrong_is_named_as_in_the_file(tmp_path, reading):
    with pytest.raises(DataError, match="^Line 5 of “t.csv” has 2 values where 3 were expected"):
        opened(tmp_path / "t.csv", "Houses 2026\n\na,b,c\n1,2,3\n4,5\n6,7,8\n", reading=reading)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("a,,\n,2,\n4,5,6\n7,8,9\n", ["a", "column_2", "column_3"]),  # a header with one name
        ("5,,\n1,2,3\n4,5,6\n", ["column_1", "column_2", "column_3"]),
        ("text\nHouses\n\nmore\n", ["text"]),
        ("text,label\nno label,\n,\ngood,yes\nbad,no\n", ["text", "label"]),
    ],
)
def test_sparse_first_rows_are_not_taken_for_a_title(tmp_path, content, names):
    data = opened(tmp_path / "t.csv", content)
    assert list(data.columns) == names
    assert not any("header" in warning for warning in data.warnings)


@pytest.mark.parametrize("above", [[["Houses 2026"], []], [["Houses 2026", "", ""]], [[], ["Houses 2026"], ["x"], []]])
def test_a_title_above_the_header_of_a_sheet_is_passed_over_and_told(tmp_path, above):
    pytest.importorskip("fastexcel", reason="the extra excel is not installed")
    rows = [[i * 1.5, ("red", "blue")[i % 2], i] for i in range(20)]
    path = workbook(tmp_path / "t.xlsx", {"Sales": [*above, ["size", "colour", "price"], *rows]})
    data = open_data(DataReference.file(path, split=ALL))
    assert list(data.columns) == ["size", "colour", "price"]
    assert data.total == 20
    assert data.columns["size"].values[:3].tolist() == [0.0, 1.5, 3.0]
    (told,) = [warning for warning in data.warnings if "header" in warning]
    assert f"was found in row {len(above) + 1}; what stands above it (“Houses 2026”) was left out" in told


@pytest.mark.parametrize("reading", ["memory", "disk"])
@pytest.mark.parametrize("stray", ['"Great film', 'He said "great', '"Great" film it was', 'say "a" and "b'])
def test_a_stray_quotation_mark_is_read_as_it_stands(tmp_path, stray, reading):
    lines = "".join(f"film number {i} was fine\t{'pos' if i % 2 else 'neg'}\n" for i in range(30))
    data = opened(tmp_path / "t.tsv", f"review\tlabel\n{lines}{stray}\tpos\n{lines}", reading=reading)
    assert data.total == 61
    assert data.columns["review"].values[30] in (stray, stray.replace('"Great"', "Great"))
    assert data.columns["label"].categories == ("neg", "pos")


def test_a_stray_quotation_mark_beside_an_empty_column_does_no_harm(tmp_path):
    data = opened(tmp_path / "t.tsv", 'a\tb\n1\t\n2\t\nsay "x"é\t\n"y" z\t\n', header=False, delimiter="\t")
    assert data.total == 5


@pytest.mark.parametrize("reading", ["memory", "disk"])
def test_two_stray_quotation_marks_join_no_lines(tmp_path, reading):
    lines = "".join(f"film number {i} was fine\t{'pos' if i % 2 else 'neg'}\n" for i in range(30))
    content = f'review\tlabel\n"Great film\tpos\n{lines}a "must\tpos\n"no\tneg\n'
    data = opened(tmp_path / "t.tsv", content, reading=reading)
    assert data.total == 33
    (told,) = [warning for warning in data.warnings if "quotation" in warning]
    assert told == "“t.tsv” has quotation marks that do not pair; each was read as a letter like others"


@pytest.mark.parametrize("reading", ["memory", "disk"])
def test_texts_of_several_lines_stay_in_quotation_marks(tmp_path, reading):
    data = opened(tmp_path / "t.csv", 'a,b\n"one\ntwo, three",1\n"four",2\n"fi\nve",3\n', reading=reading)
    assert data.columns["a"].categories == ("fi\nve", "four", "one\ntwo, three")


@pytest.mark.parametrize("reading", ["memory", "disk"])
def test_a_quotation_mark_that_cannot_be_read_is_told_in_a_short_sentence(tmp_path, reading):
    lines = "".join(f"fine, number {i},pos\n" if i % 7 else '"fi,ne",neg\n' for i in range(30))
    with pytest.raises(DataError) as caught:
        opened(tmp_path / "t.csv", f'review,label\n"Great film,pos\n{lines}', reading=reading, delimiter=",")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) <= 200


@pytest.mark.parametrize("reading", ["memory", "disk"])
@pytest.mark.parametrize(
    "content",
    [
        "# measured in May\n# by Ada, Bo\n#\nx,y,z\n1,2,3\n4,5,6\n7,8,9\n",
        "x  y z\n1  2 3\n4 5    6\n 7 8 9\n",
        "# a remark\n    x      y  z\n  1.0    2  3\n  4.0    5  6\n  7.0   8   9  \n",
    ],
)
def test_remarks_above_the_header_and_blanks_between_columns_are_read_as_meant(tmp_path, content, reading):
    data = opened(tmp_path / "t.txt", content, reading=reading, format="csv")
    assert list(data.columns) == ["x", "y", "z"]
    assert [data.columns[name].values[:].tolist() for name in "xyz"] == [[1, 4, 7], [2, 5, 8], [3, 6, 9]]


@pytest.mark.parametrize("reading", ["memory", "disk"])
def test_where_several_blanks_part_columns_one_stands_in_a_text(tmp_path, reading):
    content = "home town    size\nNew York     8.5\nRome         2.8\nLos Angeles  3.9\n"
    data = opened(tmp_path / "t.txt", content, reading=reading)
    assert data.columns["home town"].categories == ("Los Angeles", "New York", "Rome")
    assert data.columns["size"].values[:].tolist() == [8.5, 2.8, 3.9]


def test_a_header_that_begins_with_a_hash_is_one(tmp_path):
    data = opened(tmp_path / "t.csv", "#,size,price\n1,2,3\n2,5,6\n3,8,9\n")
    assert list(data.columns) == ["#", "size", "price"]
    data = opened(tmp_path / "u.csv", "#a,size,price\n1,2,3\n4,5,6\n7,8,9\n")
    assert list(data.columns) == ["#a", "size", "price"]


def test_a_column_of_sentences_has_no_title(tmp_path):
    with pytest.raises(DataError, match="Line 2 of “t.csv” has 2 values where 1 were expected"):
        opened(tmp_path / "t.csv", "review\nGood, fine\nBad, sad\n")


@pytest.mark.parametrize("content", ["two words\nof each\nthat is\n", "I like tea\nyou like rum\nwe like both\n"])
def test_lines_of_words_are_no_table_of_blanks(tmp_path, content):
    path = tmp_path / "t.txt"
    path.write_text(content)
    assert describe_file(path).options.get("delimiter") != " "
