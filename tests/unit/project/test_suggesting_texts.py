"""A network that is suggested for long texts says what they are about, in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnstudio.compile.resolve import resolve
from nnstudio.data import open_data
from nnstudio.data.dataset import Dataset
from nnstudio.data.opening import open_file
from nnstudio.data.steps.texts import Tokens
from nnstudio.project.project import Project
from nnstudio.project.suggesting import suggest


def letters(folder: Path, length: int, different: int) -> Dataset:
    """Letters of so many words: those of complaints hold some words that praise does not, among many that both have."""
    random = np.random.default_rng(4)
    rows = ["letter,mood"]
    for place in range(400):
        mood = ("praise", "complaint")[place % 2]
        words = [f"word{code}" for code in random.integers(0, different, length)]
        for at in random.integers(0, length, 3):
            words[at] = f"{mood}{random.integers(0, 5)}"
        rows.append(f"{' '.join(words[: length - place % 5])},{mood}")
    path = folder / "letters.csv"
    path.write_text("\n".join(rows))
    return open_file(path)


@pytest.mark.parametrize(
    ("length", "different", "read"),
    [(120, 1_500, "MaskedPool"), (20, 1_500, "GRU"), (120, 60, "GRU")],
    ids=["long", "short", "few words"],
)
def test_of_a_long_text_in_words_the_gist_is_taken_and_others_are_read_in_their_order(
    tmp_path: Path, length: int, different: int, read: str
) -> None:
    found = suggest(letters(tmp_path, length, different))
    kinds = {node.layer.type_name() for node in found.sheet.network.nodes.values()}
    assert {"MaskedPool", "GRU"} & kinds == {read}
    assert any(("the mean of them" if read == "MaskedPool" else "by a GRU") in sentence for sentence in found.told)


def test_the_gist_of_long_texts_tells_them_apart(tmp_path: Path) -> None:
    found = suggest(letters(tmp_path, 120, 1_500))
    dataset = open_data(found.sheet.data, tmp_path)
    assert resolve(found.sheet.network, dataset.types).problems == ()
    project = Project(found.sheet)
    project.train()
    assert project.evaluate("test")["accuracy"] >= 0.85


def test_texts_alone_are_said_to_become_tokens_by_a_suggestion_and_do(tmp_path: Path) -> None:
    path = tmp_path / "letters.csv"
    path.write_text("letter\n" + "\n".join(f"dear reader number {at} of this letter" for at in range(80)))
    dataset = open_file(path)
    assert dataset.warnings == (
        "“letter” holds texts; “Suggest a network” or the step “Text to tokens” makes tokens of them",
    )
    assert [type(step) for step in suggest(dataset).sheet.data.steps] == [Tokens]
