"""A prediction is asked with the kinds of files that are trained from, read alike."""

from __future__ import annotations

import sqlite3
import struct
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from nnstudio.data import describe_file, open_data
from nnstudio.data.dataset import Dataset
from nnstudio.data.opening import open_file
from nnstudio.data.steps.texts import Tokens
from nnstudio.data.steps.windows import Windows
from nnstudio.project.errors import ProjectError
from nnstudio.project.inputs import read_inputs

ROWS: dict[str, list[Any]] = {
    "size": [1.5, 2.0, None, 4.25], "code": ["1", "2", "1", "3"], "day": ["2024-01-02"] * 2 + ["2024-03-04"] * 2,
    "price": [1.0, 2.0, 3.0, 4.0],
}  # fmt: skip


@pytest.fixture
def table(tmp_path: Path) -> Dataset:
    """A table of numbers and of codes that are categories."""
    lines = [f"{at % 7 + 0.5},{at % 3 + 1},2024-0{at % 9 + 1}-02,{at}" for at in range(60)]
    (tmp_path / "table.csv").write_text("size,code,day,price\n" + "\n".join(lines) + "\n")
    reference = describe_file(tmp_path / "table.csv").with_choice("code", kind="category")
    return open_data(reference.with_choice("price", role="target").with_(types={}))


def written(folder: Path, ending: str, rows: dict[str, list[Any]]) -> Path:
    """These rows in a file of a kind."""
    frame, path = pl.DataFrame(rows), folder / f"ask.{ending}"
    match ending:
        case "parquet":
            frame.write_parquet(path)
        case "arrow":
            frame.write_ipc(path)
        case "jsonl":
            frame.write_ndjson(path)
        case "sqlite":
            path.unlink(missing_ok=True)
            with sqlite3.connect(path) as made:
                made.execute(f"CREATE TABLE ask ({', '.join(frame.columns)})")
                made.executemany(f"INSERT INTO ask VALUES ({', '.join('?' * frame.width)})", frame.rows())
        case "xlsx":
            pytest.importorskip("fastexcel", reason="the extra excel is not installed")
            workbook(path, [list(frame.columns), *map(list, frame.rows())])
        case _:
            frame.write_csv(path)
    return path


def workbook(path: Path, rows: list[list[Any]]) -> None:
    main = "http://schemas.openxmlformats.org"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{main}/package/2006/content-types"><Default Extension="rels" ContentType'
        '="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType='
        '"application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{main}/package/2006/relationships"><Relationship Id="r1" Type="{main}/'
        'officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}/spreadsheetml/2006/main" xmlns:r="{main}/officeDocument/2006/'
        'relationships"><sheets><sheet name="Ask" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{main}/package/2006/relationships"><Relationship Id="r1" '
        f'Type="{main}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    }
    lines = []
    for number, row in enumerate(rows, 1):
        cells = [(f"{chr(65 + place)}{number}", value) for place, value in enumerate(row) if value is not None]
        told = [
            f'<c r="{at}"><v>{value}</v></c>' if isinstance(value, float)
            else f'<c r="{at}" t="inlineStr"><is><t>{value}</t></is></c>' for at, value in cells
        ]  # fmt: skip
        lines.append(f'<row r="{number}">{"".join(told)}</row>')
    sheet = f'<worksheet xmlns="{main}/spreadsheetml/2006/main"><sheetData>{"".join(lines)}</sheetData></worksheet>'
    with zipfile.ZipFile(path, "w") as file:
        for name, text in {**parts, "xl/worksheets/sheet1.xml": sheet}.items():
            file.writestr(name, f'<?xml version="1.0"?>{text}')


def asked(dataset: Dataset, path: Path, *needed: str, **more: Any) -> dict[str, Any]:
    (rows,) = read_inputs([str(path)], dataset, needed, **more)
    return dict(dataset.encode(rows))


@pytest.mark.parametrize("ending", ["parquet", "arrow", "jsonl", "sqlite", "xlsx"])
def test_a_table_of_another_kind_is_asked_as_the_csv_file_would_be(table: Dataset, tmp_path: Path, ending: str) -> None:
    expected = asked(table, written(tmp_path, "csv", ROWS), "features")["features"]
    found = asked(table, written(tmp_path, ending, ROWS), "features")["features"]
    assert len(expected) == 4
    assert np.allclose(found, expected)
    without = {name: values for name, values in ROWS.items() if name != "price"}
    assert np.allclose(asked(table, written(tmp_path, ending, without), "features")["features"], expected)


@pytest.mark.parametrize("ending", ["parquet", "csv", "txt"])
def test_a_table_without_any_of_the_columns_is_told_by_what_it_has(table: Dataset, tmp_path: Path, ending: str) -> None:
    path = written(tmp_path, ending, {"width": [1.0], "height": [2.0]})
    with pytest.raises(ProjectError, match=f"needs “size”, “code”; ask.{ending} has “width”, “height”") as told:
        read_inputs([str(path)], table, ("features",))
    assert "\n" not in str(told.value)


def test_arrays_and_rows_without_any_of_the_columns_are_told_by_what_they_have(table: Dataset, tmp_path: Path) -> None:
    np.savez(tmp_path / "ask.npz", width=np.zeros((2, 3)))
    (tmp_path / "ask.json").write_text('[{"width": 1}]')
    for given, name in (
        (tmp_path / "ask.npz", "ask.npz"),
        (tmp_path / "ask.json", "ask.json"),
        ('{"width": 1}', "what was given"),
    ):
        with pytest.raises(ProjectError, match=f"needs “size”, “code”; {name} has “width”\\.$"):
            read_inputs([str(given)], table, ("features",))


def test_a_network_that_writes_refuses_what_holds_no_text(reviews: Dataset, tmp_path: Path) -> None:
    np.savez(tmp_path / "ask.npz", width=np.zeros((2, 3)))
    np.save(tmp_path / "ask.npy", np.zeros((2, 3)))
    for given in (str(tmp_path / "ask.npz"), '{"width": 1}'):
        with pytest.raises(ProjectError, match="needs “review”; .* has “width”"):
            read_inputs([given], reviews, ("review",))
    with pytest.raises(ProjectError, match="ask.npy holds numbers, but “review” takes texts; give a .txt file"):
        read_inputs([str(tmp_path / "ask.npy")], reviews, ("review",))
    assert read_inputs(["{}"], reviews, ("review",)) == [{}]


def test_of_windows_over_time_the_columns_of_the_file_are_asked_for(tmp_path: Path) -> None:
    lines = [f"{at % 7 + 0.5},{at}" for at in range(200)]
    (tmp_path / "hours.csv").write_text("demand,at\n" + "\n".join(lines) + "\n")
    step = Windows(columns=("demand",), target="demand", past=4, horizon=1)
    data = open_data(describe_file(tmp_path / "hours.csv").with_(steps=(step,), types={}))
    with pytest.raises(ProjectError, match="needs “demand”; what was given has “width”"):
        read_inputs(['{"width": 1}'], data, ("past",))
    (rows,) = read_inputs(['{"past": [[1], [2], [3], [4]]}'], data, ("past",))
    assert list(rows) == ["past"]


def test_a_database_is_asked_by_the_query_of_the_training_data_where_it_has_that(tmp_path: Path) -> None:
    path = tmp_path / "train.sqlite"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE other (size, price)")
        made.execute("CREATE TABLE goods (size, price)")
        made.executemany("INSERT INTO goods VALUES (?, ?)", [(at / 2, at) for at in range(40)])
        made.execute("INSERT INTO other VALUES (77, 7)")
    reference = describe_file(path).with_(options={"format": "sqlite", "query": "SELECT * FROM goods"}, types={})
    data = open_data(reference.with_choice("price", role="target"))
    (rows,) = read_inputs([str(path)], data, ("features",), data.reference)
    assert len(rows["size"]) == 40
    (rows,) = read_inputs([str(written(tmp_path, "sqlite", {"size": [3.0]}))], data, ("features",), data.reference)
    assert list(rows["size"]) == [3.0]


def test_a_file_that_is_not_what_its_name_says_is_told(table: Dataset, tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("size\n1\n")
    with pytest.raises(ProjectError, match="a.parquet is no Parquet table although its name says so"):
        read_inputs([str(tmp_path / "a.parquet")], table, ("features",))
    (tmp_path / "a.docx").write_text("size")
    with pytest.raises(ProjectError, match="ends in “.docx”; a prediction takes tables"):
        read_inputs([str(tmp_path / "a.docx")], table, ("features",))


# --- texts ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def reviews(tmp_path: Path) -> Dataset:
    lines = [f"{'good bad fine'.split()[at % 3]} film {at},{at % 2}" for at in range(40)]
    (tmp_path / "films.csv").write_text("review,stars\n" + "\n".join(lines) + "\n")
    reference = describe_file(tmp_path / "films.csv").with_choice("review", kind="text")
    steps = (Tokens.make({"column": "review", "by": "words", "length": 6}),)
    return open_data(reference.with_choice("stars", kind="category", role="target").with_(steps=steps, types={}))


def test_a_file_of_text_is_one_text_and_a_table_in_one_is_its_rows(reviews: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "ask.txt"
    path.write_text("good film\nbad film\n")
    assert read_inputs([str(path)], reviews, ("review",)) == [{"review": ["good film\nbad film"]}]
    path.write_text("review\ngood film\nbad film\n")
    assert read_inputs([str(path)], reviews, ("review",)) == [{"review": ["good film", "bad film"]}]
    path.write_text("good, bad and fine\n")
    assert read_inputs([str(path)], reviews, ("review",)) == [{"review": ["good, bad and fine"]}]


def test_a_text_that_the_network_writes_is_not_read_from_a_file(reviews: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    path.write_text("review,stars\ngood film,1\n")
    needed = ("review", "stars")
    assert read_inputs([str(path)], reviews, needed, written=("stars",)) == [{"review": ["good film"]}]
    assert read_inputs([str(path)], reviews, needed) == [{"review": ["good film"], "stars": ["1"]}]
    row = '{"review": "good film", "stars": "1"}'
    assert read_inputs([row], reviews, needed, written=("stars",)) == [{"review": ["good film"], "stars": ["1"]}]
    assert read_inputs([str(path)], reviews, ("review",), written=("review",)) == read_inputs(
        [str(path)], reviews, ("review",)
    )


def test_a_file_of_text_is_a_text_a_line_where_lines_were_trained_from(tmp_path: Path) -> None:
    (tmp_path / "a.lines").write_text("".join(f"line {at}\n" for at in range(40)))
    data = open_file(tmp_path / "a.lines")
    (tmp_path / "ask.txt").write_text("one\n\ntwo\n")
    (rows,) = read_inputs([str(tmp_path / "ask.txt")], data, tuple(data.fields), data.reference)
    assert rows == {"text": ["one", "two"]}


def test_a_network_that_goes_on_with_a_text_goes_on_with_that_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "rhyme.txt").write_text("the cat sat on the mat and the dog lay on the log\n" * 40)
    data = open_file(tmp_path / "rhyme.txt")
    (tmp_path / "prompt.txt").write_text("the cat\n")
    (rows,) = read_inputs([str(tmp_path / "prompt.txt")], data, tuple(data.fields), data.reference)
    assert rows == {"text": ["the cat"]}


def test_a_text_for_a_network_that_takes_none_is_told(table: Dataset, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Good day")
    with pytest.raises(ProjectError, match="a.md is a text, but this network takes features"):
        read_inputs([str(tmp_path / "a.md")], table, ("features",))


def test_tokens_with_tags_are_asked_with_a_file_of_tokens_alone_or_with_tags(tmp_path: Path) -> None:
    sentence = "Ann B-PER\nlives O\nin O\nRome B-LOC\n\n"
    (tmp_path / "train.conll").write_text(sentence * 20)
    data = open_file(tmp_path / "train.conll")
    (tmp_path / "ask.conll").write_text("Rome B-LOC\nlives O\n\n" * 2)
    found = asked(data, tmp_path / "ask.conll", "tokens")["tokens"]
    assert np.array_equal(found, data.encode({"tokens": ["Rome lives"] * 2})["tokens"])


# --- pictures -------------------------------------------------------------------------------------------------------


def test_a_scan_is_asked_slice_by_slice_in_the_size_of_those_in_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(path: Path) -> SimpleNamespace:
        with path.open("rb") as stream:
            stream.seek(4)
            array = np.load(stream)
        return SimpleNamespace(shape=array.shape, dataobj=array)

    monkeypatch.setitem(sys.modules, "nibabel", SimpleNamespace(load=load))
    draw = np.random.default_rng(0)
    for name, shape in (("train.nii", (6, 5, 20)), ("same.nii", (6, 5, 4)), ("wider.nii", (8, 5, 3))):
        with (tmp_path / name).open("wb") as stream:
            stream.write(b"scan")
            np.save(stream, draw.random(shape))
    data = open_file(tmp_path / "train.nii")
    assert asked(data, tmp_path / "same.nii", "image")["image"].shape == (4, 1, 5, 6)
    wide = asked(data, tmp_path / "wider.nii", "image")["image"]
    (alone,) = (open_file(tmp_path / "wider.nii").columns["image"].values,)
    assert np.allclose(wide, alone[:, :, :, 1:7])


def test_an_idx_file_and_a_batch_of_cifar_are_asked_without_those_beside_them(tmp_path: Path) -> None:
    for part, count in (("train", 30), ("t10k", 5)):
        pixels = np.random.default_rng(count).integers(0, 255, (count, 4, 4), np.uint8)
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(
            struct.pack(">2xBB3I", 8, 3, count, 4, 4) + pixels.tobytes()
        )
        labels = np.arange(count, dtype=np.uint8) % 3
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2xBBI", 8, 1, count) + labels.tobytes())
    data = open_file(tmp_path / "train-images-idx3-ubyte")
    found = asked(data, tmp_path / "t10k-images-idx3-ubyte", "image")["image"]
    assert np.allclose(found, data.arrays("test")["image"])
    for name, count in (("data_batch_1.bin", 30), ("test_batch.bin", 4)):
        rows = np.random.default_rng(count).integers(0, 255, (count, 3073), np.uint8)
        rows[:, 0] = np.arange(count) % 10
        rows.tofile(tmp_path / name)
    cifar = open_file(tmp_path / "data_batch_1.bin")
    found = asked(cifar, tmp_path / "test_batch.bin", "image")["image"]
    assert np.allclose(found, cifar.arrays("test")["image"])


def test_a_csv_file_with_decimal_commas_is_asked_as_it_was_trained_from(tmp_path: Path) -> None:
    lines = [f"{at % 7},5;{at}" for at in range(60)]
    (tmp_path / "table.csv").write_text("size;price\n" + "\n".join(lines) + "\n")
    data = open_data(describe_file(tmp_path / "table.csv").with_choice("price", role="target").with_(types={}))
    assert data.reference.options["decimal"] == ","
    (tmp_path / "ask.csv").write_text("size\n3,5\n")
    (tmp_path / "more.csv").write_text("size;price\n1.003,5;1\n4;2\n")
    alone, more = read_inputs(
        [str(tmp_path / f"{n}.csv") for n in ("ask", "more")], data, ("features",), data.reference
    )
    expected = data.encode({"size": [3.5, 1003.5, 4.0]})["features"]
    assert np.allclose(np.concatenate([data.encode(alone)["features"], data.encode(more)["features"]]), expected)


def test_arrays_are_asked_by_the_names_of_the_file_that_was_trained_from(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    np.savez(tmp_path / "a.npz", x=random.normal(size=(60, 6)).astype(np.float32), label=np.arange(60) % 3)
    data = open_data(describe_file(tmp_path / "a.npz"))
    assert set(data.types) == {"features", "label"}
    (read,) = read_inputs([str(tmp_path / "a.npz")], data, ["features"])
    np.testing.assert_array_equal(np.asarray(read["features"]), np.load(tmp_path / "a.npz")["x"])
