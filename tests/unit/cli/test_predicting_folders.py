"""``predict`` on a folder: one file that cannot be read does not keep the others from being answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from table_project import Said


@pytest.fixture
def animals(say: Callable[..., Said]) -> str:
    """A project on a folder of pictures by class, trained."""
    draw = np.random.default_rng(0)
    for place in range(12):
        path = Path("animals") / ("cats", "dogs")[place % 2] / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 255, (8, 8), dtype=np.uint8)).save(path)
    assert say("new", "--data", "animals", "-o", "animals.nnstudio")[0] == 0
    assert say("train", "animals.nnstudio", "--epochs", "1")[0] == 0
    return "animals.nnstudio"


def asked(*broken: int) -> str:
    """A folder of three pictures, some of them broken."""
    folder = Path("asked")
    folder.mkdir()
    for place in range(3):
        path = folder / f"{place}.png"
        Image.new("L", (8, 8), 60 * place).save(path)
        if place in broken:
            path.write_bytes(path.read_bytes()[:30])
    return str(folder)


def test_a_broken_picture_of_a_folder_is_named_and_the_others_are_answered(
    animals: str, say: Callable[..., Said]
) -> None:
    folder = asked(1)
    status, lines, told = say("predict", animals, folder)
    assert status == 0
    assert [line.partition(" ")[0] for line in lines] == ["0.png", "2.png"]
    assert told == ["nnstudio: 1.png is cut short, or no picture that can be read; save it again as PNG."]
    status, lines, _ = say("predict", animals, folder, "--json")
    found = [json.loads(line) for line in lines]
    assert status == 0
    assert [(Path(each["input"]).name, "outputs" in each) for each in found] == [
        ("0.png", True), ("1.png", False), ("2.png", True),
    ]  # fmt: skip
    assert "cut short" in found[1]["unread"]


def test_a_folder_of_broken_pictures_alone_and_a_broken_picture_that_is_named_are_refused(
    animals: str, refused: Callable[..., str]
) -> None:
    folder = asked(0, 1, 2)
    assert "cut short" in refused("predict", animals, folder)
    assert "0.png is cut short" in refused("predict", animals, f"{folder}/0.png", "animals/cats/0.png")
