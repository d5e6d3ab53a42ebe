"""The texts that come with the program: what is in them, and what they become."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pytest

from nnstudio.data import DataError, DataReference
from nnstudio.data.dataset import Dataset
from nnstudio.data.opening import open_data, shipped_reference
from nnstudio.data.packaged_texts import read_lines, read_rows

WORDS = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")


def rows(id: str, split: str, column: str) -> list[str]:
    """Texts of a column as they stand in the file, of the rows of a split."""
    dataset = opened(id)
    return [str(dataset.rows[column][row]) for row in dataset.indices(split)]


def opened(id: str) -> Dataset:
    if id not in _OPENED:
        _OPENED[id] = open_data(shipped_reference(id))
    return _OPENED[id]


_OPENED: dict[str, Dataset] = {}


def test_each_kind_of_name_is_as_frequent_as_the_others() -> None:
    kinds = np.bincount(np.concatenate([opened("names").arrays(split)["kind"] for split in ("train", "test")]))
    assert kinds.max() - kinds.min() <= 2


def test_no_message_of_the_test_has_an_address_that_was_trained_on() -> None:
    def addresses(split: str) -> set[str]:
        found = set()
        for text, labels in zip(rows("addresses", split, "message"), rows("addresses", split, "labels"), strict=True):
            words = WORDS.findall(text.lower())
            assert len(words) == len(labels.split())
            named = {label: word for word, label in zip(words, labels.split(), strict=True)}
            if {"B-STREET", "I-STREET", "B-CITY"} <= named.keys():
                found.add(
                    " ".join(w for w, mark in zip(words, labels.split(), strict=True) if "STREET" in mark)
                    + named["B-CITY"]
                )
        return found

    assert len(addresses("test")) > 100
    assert len(addresses("test") & addresses("train")) <= 0.02 * len(addresses("test"))


def test_the_answer_stands_where_the_passage_is_pointed_at() -> None:
    told = opened("facts").rows
    asked = [
        place
        for place, text in enumerate(told["question"])
        if str(text).startswith("Which city is the capital of Japan")
    ]
    assert asked
    for place in asked:
        words = WORDS.findall(str(told["passage"][place]))
        assert words[int(told["start"][place]) : int(told["end"][place]) + 1] == ["Tokyo"]


def test_english_sentences_have_the_spanish_ones_that_belong_to_them() -> None:
    told = opened("sentences").rows
    pairs = dict(zip(map(str, told["english"]), map(str, told["spanish"]), strict=True))
    known = [spanish for english, spanish in pairs.items() if "red house " in english]
    assert known
    assert all("casa roja" in spanish for spanish in known)


@pytest.mark.parametrize("read", [read_rows, read_lines])
def test_a_damaged_file_is_told_as_such(read: object, tmp_path: Path) -> None:
    path = tmp_path / "texts.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n\xff,1\n"))
    with pytest.raises(DataError, match="damaged"):
        read(path, DataReference("shipped:names"), lambda _: None)  # type: ignore[operator]


def test_rows_that_differ_in_length_are_told(tmp_path: Path) -> None:
    path = tmp_path / "texts.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\nx\n"))
    with pytest.raises(DataError, match="differ in length"):
        read_rows(path, DataReference("shipped:names"), lambda _: None)
