"""Excel, SQLite, JSON lines, lines, long texts and CoNLL: what is read, and what is said where something is wrong."""

from __future__ import annotations

import json
import sqlite3
import sys
import zipfile

import pytest

from nnstudio.data import DataError, DataReference, describe_file, open_data
from nnstudio.data.opening import open_file

SHEET = (
    '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    "{}</sheetData></worksheet>"
)


def workbook(path, sheets: dict[str, list[list[object]]]):
    """An Excel file with these sheets, as small as one can be."""
    main = "http://schemas.openxmlformats.org"
    names = "".join(f'<sheet name="{name}" sheetId="{i}" r:id="r{i}"/>' for i, name in enumerate(sheets, 1))
    links = "".join(
        f'<Relationship Id="r{i}" Type="{main}/officeDocument/2006/relationships/worksheet" '
        f'Target="worksheets/sheet{i}.xml"/>'
        for i in range(1, len(sheets) + 1)
    )
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{main}/package/2006/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/></Types>',
        )
        file.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{main}/package/2006/relationships"><Relationship Id="r1" '
            f'Type="{main}/officeDocument/2006/relationships/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        file.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}/spreadsheetml/2006/main" xmlns:r="{main}/officeDocument/2006/relationships">'
            f"<sheets>{names}</sheets></workbook>",
        )
        file.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{main}/package/2006/relationships">{links}</Relationships>',
        )
        for i, rows in enumerate(sheets.values(), 1):
            cells = "".join(
                f'<row r="{r}">'
                + "".join(
                    f'<c r="{chr(65 + c)}{r}"><v>{value}</v></c>'
                    if isinstance(value, int | float)
                    else f'<c r="{chr(65 + c)}{r}" t="inlineStr"><is><t>{value}</t></is></c>'
                    for c, value in enumerate(row)
                )
                + "</row>"
                for r, row in enumerate(rows, 1)
            )
            file.writestr(f"xl/worksheets/sheet{i}.xml", SHEET.format(cells))
    return path


TABLE: list[list[object]] = [["size", "colour", "price"], *([i * 1.5, ("red", "blue")[i % 2], i] for i in range(20))]


def test_a_sheet_of_an_excel_file_is_read_and_another_can_be_chosen(tmp_path):
    pytest.importorskip("fastexcel", reason="the extra excel is not installed")
    path = workbook(tmp_path / "t.xlsx", {"Notes": [], "Sales": TABLE, "Old": TABLE[:6]})
    data = open_file(path)
    assert data.total == 20
    assert data.columns["colour"].categories == ("blue", "red")
    assert data.columns["size"].values[:3].tolist() == [0.0, 1.5, 3.0]
    assert open_data(data.reference.with_(options={"format": "excel", "sheet": "Old"}, sha256="")).total == 5
    assert describe_file(path, options={"sheet": "Old"}).options["sheet"] == "Old"
    with pytest.raises(DataError, match="and a query is for SQLite database; leave it out"):
        describe_file(path, options={"query": "select 1"})
    with pytest.raises(DataError, match="has no sheet “New”; it has “Notes”, “Sales”, “Old”"):
        open_data(data.reference.with_(options={"sheet": "New"}))


def test_without_the_extra_it_is_said_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    path = workbook(tmp_path / "t.xlsx", {"Sales": TABLE})
    with pytest.raises(DataError, match=r"install it with “pip install nnstudio\[excel\]”, or save the table as CSV"):
        describe_file(path)


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "shop's #1.db"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE sales (size REAL, colour TEXT, price INTEGER, mixed)")
        made.executemany(
            "INSERT INTO sales VALUES (?, ?, ?, ?)",
            [(i * 0.5, ("red", "blue")[i % 2], i, i if i else "none at all") for i in range(40)],
        )
        made.execute("CREATE TABLE other (a)")
    made.close()
    return path


def test_a_table_of_sqlite_and_what_a_query_gives(database):
    data = open_file(database)
    assert data.total == 40
    assert (data.columns["size"].kind, data.columns["colour"].categories) == ("number", ("blue", "red"))
    query = "SELECT price, price * 2 AS double, colour FROM sales WHERE price >= 10;"
    asked = DataReference.file(database, options={"query": query})
    some = open_data(asked)
    assert list(some.columns) == ["price", "double", "colour"]
    assert some.total == 30
    disk = open_data(asked.with_(options={"query": query, "reading": "disk"}))
    assert disk.columns["double"].values[:2].tolist() == [20.0, 22.0]


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM sales", "SELECT 1); DROP TABLE sales; --", "PRAGMA journal_mode = WAL",
        "ATTACH DATABASE 'x.db' AS y", "SELECT load_extension('x')", "INSERT INTO sales VALUES (1, 2, 3, 4)",
        "UPDATE sales SET size = 0 RETURNING size",
    ],
)  # fmt: skip
def test_nothing_but_a_select_is_run(database, query):
    before = database.read_bytes()
    with pytest.raises(DataError):
        open_data(DataReference.file(database, options={"query": query}))
    assert database.read_bytes() == before
    assert not list(database.parent.glob("x.db"))


def test_a_query_that_is_wrong_names_the_tables(database):
    with pytest.raises(DataError, match="no such table: sale.*; its tables are “sales”, “other”"):
        open_data(DataReference.file(database, options={"query": "SELECT * FROM sale"}))
    database.write_bytes(database.read_bytes()[:100] + b"\xff" * 4000)
    with pytest.raises(DataError, match="SQLite"):
        open_data(DataReference.file(database))


def test_json_lines_are_columns_by_name(tmp_path):
    path = tmp_path / "t.jsonl"
    rows = [
        {"n": i, "label": "ab"[i % 2], "v": [i, 1, 2], "words": ["x", "y"], **({"late": 1.5} if i else {})}
        for i in range(20)
    ]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    data = open_file(path)
    assert data.columns["n"].kind == "number"
    assert data.columns["late"].missing == 1
    assert data.arrays("train")["v"].shape[1:] == (3,)
    path.write_text(path.read_text() + "[1, 2]\n")
    with pytest.raises(DataError, match="Line 22 of “t.jsonl” is no object of JSON"):
        open_file(path)


PROSE = "It was a bright cold day in April, and the clocks were striking.\nThe hallway smelt of rain.\n\nAnd so on.\n"


def test_a_text_file_becomes_rows_of_characters_at_once(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text(PROSE * 30)
    data = open_file(path)
    assert [step.kind for step in data.reference.steps] == ["chunks", "tokens"]
    assert data.arrays("train")["text"].shape[1] == 129
    assert data.decode("text", data.arrays("train")["text"][:1])[0] in PROSE * 30
    lines = open_data(data.reference.with_(options={"format": "lines"}, steps=(), sha256="", types={}))
    assert lines.total == 90


def test_a_text_of_four_letters_is_told_to_be_too_short(tmp_path):
    path = tmp_path / "short.txt"
    path.write_text("abcd")
    told = open_file(path).warnings
    assert any("“text” is shorter than one chunk of" in text for text in told)
    assert any("has only one row" in text and "choose more data" in text for text in told)
    path.write_text("abcd " * 2000)
    assert not any("shorter" in text for text in open_file(path).warnings)


def test_a_table_in_a_text_file_stays_a_table(tmp_path):
    for name, text in (
        ("a.txt", "a;b\n1;2\n3;4\n5;6\n"),
        ("b.txt", "1,2\n3,4\n5,6\n"),
        ("c.tsv", "a\tb\n1\t2\n3\t4\n"),
    ):
        (tmp_path / name).write_text(text)
        assert describe_file(tmp_path / name).options["format"] == "csv"


def test_text_in_the_wrong_encoding_is_told(tmp_path):
    path = tmp_path / "book.txt"
    path.write_bytes((PROSE * 30).replace("cold", "kühl").encode("latin-1"))
    data = open_data(DataReference.file(path, options={"format": "lines"}))
    assert any("is not in UTF-8 and was read as Latin-1" in text for text in data.warnings)
    chosen = open_file(path)
    assert chosen.reference.options["encoding"] == "latin-1"
    assert any("was read as Latin-1" in text for text in chosen.warnings)
    with pytest.raises(DataError, match="“book.txt” is not written in utf-8 .line 1 has other bytes"):
        open_data(DataReference.file(path, options={"format": "lines", "encoding": "utf-8"}))


SENTENCE = "The DT O\nold JJ O\nman NN B-PER\n.\t.\tO\n".replace("\t", " ")


def test_conll_is_sentences_with_their_tags(tmp_path):
    path = tmp_path / "t.conll"
    path.write_text("-DOCSTART- X O\n\n" + (SENTENCE + "\n") * 12)
    data = open_file(path)
    assert data.total == 12
    assert data.columns["tokens"].values[0] == "The old man ."
    assert data.columns["tags"].values[0] == "O O B-PER O"
    assert data.arrays("train")["tokens"].shape == data.arrays("train")["tags"].shape
    text = tmp_path / "t.txt"
    text.write_text((SENTENCE + "\n") * 12)
    assert describe_file(text).options["format"] == "conll"


def test_ragged_sentences_are_left_out_and_told_with_their_lines(tmp_path):
    path = tmp_path / "t.conll"
    path.write_text((SENTENCE + "\n") * 6 + "one DT\ntwo CD O\n\n" + (SENTENCE + "\n") * 6)
    data = open_file(path)
    assert data.total == 12
    assert any("1 sentence is left out, since lines have another number of values than 3 (line 31 has 2)" in text
               for text in data.warnings)  # fmt: skip
    path.write_text("".join(f"{'a ' * (1 + i % 5)}\n\n" for i in range(40)))
    with pytest.raises(DataError, match="put a token and its tags on each line|one value a line"):
        open_file(path)


def test_conllu_gives_words_and_universal_tags(tmp_path):
    path = tmp_path / "t.conllu"
    line = "{0}\t{1}\t_\t{2}\t_\t_\t0\troot\t_\t_\n"
    sentence = (
        "# text = du pain\n1-2\tdu\t_\t_\t_\t_\t_\t_\t_\t_\n"
        + line.format(1, "de", "ADP")
        + line.format(2, "pain", "NOUN")
    )
    path.write_text((sentence + "\n") * 8)
    data = open_file(path)
    assert list(data.columns)[:2] == ["tokens", "tags"]
    assert data.columns["tags"].values[0] in ("ADP NOUN", "_ ADP NOUN")


def test_a_category_met_first_at_prediction_counts_as_unknown_and_is_told(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("place,size,class\n" + "".join(f"{'nsew'[i % 4]},{i % 7}.5,{'ab'[i % 2]}\n" for i in range(80)))
    data = open_data(DataReference.file(path))
    rows = {"place": ["n", "moon", ""], "size": [1, 2, 3]}
    made = data.encode(rows)["features"]
    width = len(data.columns["place"].categories)
    assert made[0, :width].sum() == 1.0
    assert made[1, :width].tolist() == [0.0] * width
    assert data.prepared.unknown(rows) == (
        "“place” had no “moon” in training, so what is said of it is a guess; known are “e”, “n”, “s”, “w”",
    )
    assert data.prepared.unknown({"place": ["n"]}) == ()
