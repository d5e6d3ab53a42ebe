"""Texts that are kept on disk: the same rows, tokens and batches as in memory, whatever the file is like."""

from __future__ import annotations

import json
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstudio.data import ColumnChoice, DataError, DataReference, describe_file, open_data, text_stream
from nnstudio.data.caching import cache_folder
from nnstudio.data.dataset import Dataset
from nnstudio.data.findings import findings
from nnstudio.data.lazy import is_lazy
from nnstudio.data.opening import open_file
from nnstudio.data.steps.texts import Chunks, Tokens

WORDS = "the quick brown fox  jumps\tover the lazy dog – naïve façade, 東京 said “no” 🦊.".split(" ")


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a hundred bytes, so that a small file has many, cut amidst lines and characters."""
    monkeypatch.setattr(text_stream, "BLOCK", 101)


def prose(lines: int = 120, words: list[str] = WORDS) -> list[str]:
    random = np.random.default_rng(0)
    return [" ".join(random.choice(words, random.integers(1, 12))) for _ in range(lines)]


def both(path: Path, **parts: Any) -> tuple[Dataset, Dataset]:
    """The same file in memory and on disk."""
    made = describe_file(path)
    options = {**made.options, **parts.pop("options", {})}
    memory, disk = (
        open_data(made.with_(**{"options": {**options, "reading": reading}, "sha256": "", **parts}))
        for reading in ("memory", "disk")
    )
    assert any(is_lazy(column.values) for column in disk.columns.values())
    return memory, disk


def assert_same(memory: Dataset, disk: Dataset) -> None:
    assert memory.total == disk.total
    assert memory.types == disk.types
    assert memory.warnings == disk.warnings
    assert memory.prepared.to_json() == disk.prepared.to_json()
    assert memory.cells(0, 9) == disk.cells(0, 9)
    for split in ("train", "validation", "test"):
        assert memory.indices(split).tolist() == disk.indices(split).tolist()
        for name, array in memory.arrays(split).items():
            assert np.array_equal(disk.arrays(split)[name][:], array), name
    findings(disk)


@pytest.mark.parametrize(
    ("encoding", "newline", "words"),
    [
        ("utf-8", "\n", WORDS), ("utf-8-sig", "\r\n", WORDS), ("utf-16", "\r", WORDS), ("utf-8", "\n", WORDS[:5]),
        ("latin-1", "\r\n", ["süß", "plain", "herb"]), ("utf-8", "\n", ["late"] * 400 + ["– 東京"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("by", ["characters", "words"])
def test_chunks_of_a_text_on_disk_are_those_in_memory(
    tmp_path: Path, encoding: str, newline: str, words: list[str], by: str
) -> None:
    path = tmp_path / "t.txt"
    path.write_bytes((newline.join(prose(words=words)) + newline).encode(encoding))
    chunks = Chunks.make({"column": "text", "by": by, "length": 20, "stride": 7})
    steps = (chunks, Tokens.make({"column": "text", "by": by, "lower": True}))
    memory, disk = both(path, steps=steps, options={"format": "text"})
    assert_same(memory, disk)
    assert memory.total > 10
    assert_same(*both(path, options={"format": "text"}))


def test_a_text_on_disk_that_is_shorter_than_a_chunk_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("short")
    memory, disk = both(tmp_path / "t.txt")
    assert_same(memory, disk)
    assert "shorter than one chunk" in disk.warnings[0]


@pytest.mark.parametrize("by", ["characters", "words", "spaces", "bpe"])
def test_lines_on_disk_are_those_in_memory(tmp_path: Path, by: str) -> None:
    path = tmp_path / "t.lines"
    path.write_text("\n".join(["  NA", "", "-", *prose()]), "utf-8")
    assert_same(*both(path, steps=(Tokens.make({"column": "text", "by": by}),)))


def test_conll_on_disk_is_that_in_memory_with_ragged_lines_named(tmp_path: Path) -> None:
    sentences = ["\n".join(f"w{at} N{at % 3} B-{at % 2}" for at in range(1 + row % 5)) for row in range(60)]
    sentences[40] = "w1 N1\nw2 N2 O"
    path = tmp_path / "t.conll"
    path.write_text("\n\n".join(["-DOCSTART- -X- O", *sentences]) + "\n")
    memory, disk = both(path)
    assert_same(memory, disk)
    assert [warning[:60] for warning in disk.warnings] == [
        "1 sentence is left out, since lines have another number of v"
    ]
    assert_same(memory, open_data(disk.reference.with_(types={})))  # from what was kept
    path.write_text("\n\n".join([*sentences[:40], *["w1 N1\nw2 N2 O"] * 80]))
    with pytest.raises(DataError, match="put a token and its tags on each line"):
        open_data(disk.reference.with_(sha256="", types={}))


def test_objects_on_disk_are_those_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_stream, "BLOCK", 600)
    path = tmp_path / "t.jsonl"
    rows = [
        {"text": text, "n": at + 0.25, "label": "ab"[at % 2], "flag": at % 3 == 0, "mixed": [at, "x"][at % 2],
         "of": {"a": at % 2}}
        for at, text in enumerate(prose())
    ]  # fmt: skip
    rows[50].pop("n")
    path.write_text("\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    tokens = (Tokens.make({"column": "text"}),)
    label = {"label": ColumnChoice.make({"role": "target"})}
    memory, disk = both(path, steps=tokens, fields=label)
    assert_same(memory, disk)
    assert disk.columns["n"].missing == 1


def test_what_an_object_on_disk_has_only_further_down_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    rows = [{"n": float(at), "y": "ab"[at % 2], "l": [1, 2]} for at in range(100)]
    rows[70]["n"], rows[80]["new"] = "seven", 1
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    for _ in range(2):  # the second time from what was kept
        data = open_data(DataReference.file(path, options={"reading": "disk", "format": "jsonl"}))
        assert data.warnings[:2] == (
            "A large table is read without columns of lists or bytes: “l”",
            "“t.jsonl” names “new” only further down; left out",
        )
    with path.open("a") as file:
        file.write('{"n": 1\n')
    with pytest.raises(DataError, match=r"Line 101 of “t\.jsonl” is no object"):
        open_data(DataReference.file(path, options={"reading": "disk", "format": "jsonl"}))


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("t.txt", "\n".join(prose(400)), 1), ("t.lines", "\n".join(prose(400)), 2),
        ("t.jsonl", "\n".join(f'{{"a": {at}, "b": "{at % 2}"}}' for at in range(900)), 2),
        ("t.conll", "a B\nc D\n\n" * 900, 2),
    ],
)  # fmt: skip
def test_the_first_rows_of_a_large_text_are_shown_before_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str, rows: int
) -> None:
    monkeypatch.setattr(text_stream, "LARGE", 1000)
    monkeypatch.setattr(text_stream, "FIRST", 600)
    monkeypatch.setattr(text_stream, "BLOCK", 1000)
    (tmp_path / name).write_text(content, "utf-8")
    shown: list[Dataset] = []
    data = open_file(tmp_path / name, first=shown.append)
    assert rows <= shown[0].total < data.total
    assert any(is_lazy(column.values) for column in data.columns.values())


def test_a_text_in_another_encoding_than_its_beginning_is_read_in_that(tmp_path: Path) -> None:
    path = tmp_path / "t.lines"
    path.write_bytes(("plain line\n" * 40).encode() + "süß\n".encode("latin-1") * 20)
    data = open_data(DataReference.file(path, options={"reading": "disk", "format": "lines", "encoding": "latin-1"}))
    assert data.rows["text"][45] == "süß"
    with pytest.raises(DataError, match="is not written in utf-8 .about line 41"):
        open_data(DataReference.file(path, options={"reading": "disk", "format": "lines", "encoding": "utf-8"}))
    path.write_bytes(b"abc\0def" * 100)
    with pytest.raises(DataError, match="no text file"):
        open_data(DataReference.file(path, options={"reading": "disk", "format": "text", "encoding": "utf-8"}))


@pytest.mark.parametrize("name", ["t.txt", "t.lines"])
def test_a_text_that_is_read_several_times_at_once_or_given_up_is_whole(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("\n".join(prose(300)), "utf-8")
    asked = describe_file(path)
    asked = asked.with_(options={**asked.options, "reading": "disk"}, sha256="", types={})

    def give_up(share: float) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_data(asked, progress=give_up)
    assert not [file for file in cache_folder().rglob("*+*") if file.is_file()], "nothing half written is left"
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: open_data(asked), range(4)))
    whole = open_data(asked.with_(options={**asked.options, "reading": "memory"}))
    for data in made:
        assert_same(whole, data)


def test_a_text_on_disk_takes_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_stream, "LARGE", 1 << 20)
    monkeypatch.setattr(text_stream, "BLOCK", 1 << 18)
    small, large = tmp_path / "small.txt", tmp_path / "large.txt"
    small.write_text("some words of a text. " * 20_000)
    large.write_text("some words of a text. " * 1_000_000)
    open_file(small)  # what is imported is not counted
    tracemalloc.start()
    try:
        data = open_data(DataReference.file(large, steps=open_file(small).reference.steps))
        batch = data.arrays("train")["text"][:64]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert batch.shape == (64, 129)
    assert most < 48 << 20, "of a text of 22 MB, whose chunks alone took 100 MB"
