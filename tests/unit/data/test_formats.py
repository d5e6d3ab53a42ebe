"""The table of formats: how files and folders are told apart and known again."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from nnstudio.data import DataError, describe_file, formats, open_data
from nnstudio.data.columns import quoted
from nnstudio.data.formats import FORMATS, patterns, sha256
from nnstudio.data.reference import DataReference


@pytest.mark.parametrize("made", FORMATS.values(), ids=list(FORMATS))
def test_every_format_has_a_reader_that_can_be_found(made: formats.Format) -> None:
    assert callable(made.read)
    assert made.title
    assert made.folder or all(suffix in patterns() for suffix in made.suffixes)


def test_a_large_file_is_known_by_its_size_and_some_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "WHOLE", 1000)
    monkeypatch.setattr(formats, "BLOCK", 10)
    path = tmp_path / "large"
    content = bytearray(np.random.default_rng(0).bytes(5000))
    path.write_bytes(content)
    known = sha256(path)
    assert sha256(path) == known
    content[3] ^= 1
    path.write_bytes(content)
    assert sha256(path) != known
    path.write_bytes(content + b"x")
    assert sha256(path) != known


def test_a_folder_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "one.png").write_bytes(b"1")
    (tmp_path / "a.png").write_bytes(b"2")
    known = sha256(tmp_path)
    assert sha256(tmp_path) == known
    os.utime(tmp_path / "b" / "one.png", (1, 1))
    changed = sha256(tmp_path)
    assert changed != known
    (tmp_path / "a.png").rename(tmp_path / "c.png")
    assert sha256(tmp_path) != changed


def test_a_folder_in_which_nothing_is_found_says_what_can_be_chosen(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder in which no data was found; choose a file in it"):
        describe_file(tmp_path)


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "d.csv").mkdir()
    with pytest.raises(DataError, match=r"is a folder, and table \(\.csv\) was expected; choose the data again"):
        open_data(DataReference.file(tmp_path / "d.csv", options={"format": "csv"}))


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("cat.JPG", b"\xff\xd8\xff\0", "is a single picture; choose the folder in which such pictures are: "),
        ("yes.wav", b"RIFF\0\0\0\0WAVE", "is a single sound; choose the folder in which such sounds are: "),
        ("t.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0), "is packed; unpack it and choose what was in it"),
        ("batch.bin", bytes(3073 * 2 - 5), r"is no CIFAR batch \(.bin\) although its name says so"),
    ],
)
def test_a_file_that_is_no_data_alone_says_what_to_choose(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"“{name}” {told}"):
        describe_file(tmp_path / name)


def test_a_folder_of_files_names_one_that_can_be_chosen(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "README").write_text("about")
    (tmp_path / "raw" / "train-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01\0\0\0\x02ab")
    with pytest.raises(DataError, match=r"choose a file in it, such as “raw/train-labels-idx1-ubyte” \(IDX file"):
        describe_file(tmp_path)


def test_a_sentence_shows_the_beginning_of_a_name_that_is_a_whole_text() -> None:
    assert quoted(["short", "a b\nc " * 1000]) == f"“short”, “{'a b c ' * 9}a b c…”"
