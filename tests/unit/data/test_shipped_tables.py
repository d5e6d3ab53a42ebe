"""Tables and series that come with the program: every row is there, split so that no figure is too good."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nnstudio.data import ColumnChoice, DataReference, Dataset, open_data, shipped_reference

Opened = Callable[[str], Dataset]


@pytest.fixture(scope="module")
def opened() -> Opened:
    kept: dict[str, Dataset] = {}

    def find(id: str) -> Dataset:
        if id not in kept:
            kept[id] = open_data(shipped_reference(id))
        return kept[id]

    return find


@pytest.mark.parametrize(
    ("id", "rows"),
    [("phishing", 1250), ("credit", 4454), ("shuttle", 49097), ("ratings", 100004), ("demand", 17520),
     ("vowels", 640), ("molecules", 7807), ("engines", 15931), ("words", 1038)],
)  # fmt: skip
def test_every_row_is_there_and_nothing_is_amiss(id: str, rows: int, opened: Opened) -> None:
    found = opened(id)
    assert found.total == rows
    assert found.warnings == ()


def test_the_shuttle_is_trained_on_normal_moments_alone(opened: Opened) -> None:
    label = {split: opened("shuttle").arrays(split)["label"] for split in ("train", "validation", "test")}
    assert not label["train"].any()
    assert label["validation"].any()
    assert label["test"].any()


def test_an_engine_and_a_family_of_voices_are_in_one_part(opened: Opened) -> None:
    for id, column, whole in (("engines", "engine", str), ("words", "voice", _family)):
        found = opened(id)
        names, codes = found.columns[column].categories, found.columns[column].values
        seen = [{whole(names[code]) for code in codes[found.indices(split)]} for split in ("train", "test")]
        assert seen[0]
        assert not seen[0] & seen[1]


def _family(voice: str) -> str:
    return voice.partition(" (")[0].rstrip("0123456789").lower()


def test_a_recorded_word_is_as_long_as_it_was_spoken(opened: Opened) -> None:
    sound = opened("words").columns["sound"]
    assert sound.values.shape[-1] / sound.rate == 0.75


def test_a_film_is_known_by_its_title(opened: Opened) -> None:
    films = opened("ratings").fields["film"].classes
    assert len(films) > 9000
    assert "Toy Story (1995)" in films


def test_an_array_that_the_reference_names_keeps_its_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", user=np.arange(40) % 4, film=np.arange(40) % 3)
    plain = open_data(DataReference.file(tmp_path / "a.npz"))
    named = open_data(DataReference.file(tmp_path / "a.npz", fields={"user": ColumnChoice.make({"kind": "category"})}))
    assert "label" in plain.fields
    assert "user" in named.fields
