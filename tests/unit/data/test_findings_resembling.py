"""Rows that are all but the same are found, also among very many, and mended: rounded numbers, pictures saved anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnstudio.data import DataReference, open_data, shipped_reference
from nnstudio.data import repeats as repeats_module
from nnstudio.data.dataset import Dataset
from nnstudio.data.findings import Finding, findings
from nnstudio.data.resemblance import alike, comparable

REPEATED = {"rows-in-two-splits", "repeated-rows"}
SPLITS = ("train", "validation", "test")


def repeats(data: Dataset) -> list[Finding]:
    return [each for each in findings(data) if each.code in REPEATED]


def cured(data: Dataset, title: str) -> Dataset:
    (one,) = repeats(data)
    (cure,) = [each for each in one.cures if each.title == title]
    return open_data(cure.change(data.reference))


def table(path: Path, numbers: np.ndarray, classes: np.ndarray) -> Dataset:
    lines = [",".join(map(repr, row)) + f",{kind}" for row, kind in zip(numbers.tolist(), classes, strict=True)]
    path.write_text(",".join("abcdef"[: numbers.shape[1]]) + ",target\n" + "\n".join(lines))
    return open_data(DataReference.file(path))


def picture(random: np.random.Generator, edge: int = 48) -> Image.Image:
    """Some coloured areas with a little noise."""
    areas = Image.fromarray((random.random((6, 6, 3)) * 255).astype(np.uint8)).resize((edge, edge))
    noisy = np.asarray(areas, int) + random.integers(-6, 7, (edge, edge, 3))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def alone(made: Image.Image, path: Path) -> None:
    """No copy."""


def folder(path: Path, copied: Callable[[Image.Image, Path], object]) -> Dataset:
    random = np.random.default_rng(1)
    for kind in "ab":
        (path / kind).mkdir(parents=True)
        for place in range(40):
            made = picture(random)
            made.save(path / kind / f"{place}.png")
            copied(made, path / kind / f"copy{place}")
    return open_data(DataReference.file(path))


@pytest.mark.parametrize("how", ["float32", "noise"])
def test_rows_that_differ_by_rounding_are_found_and_kept_together(tmp_path: Path, how: str) -> None:
    random = np.random.default_rng(0)
    numbers, classes = random.normal(size=(300, 4)), random.choice(["p", "q"], 300)
    again = (
        numbers.astype(np.float32).astype(float) if how == "float32" else numbers + random.normal(size=(300, 4)) / 1e9
    )
    data = table(tmp_path / "d.csv", np.concatenate([numbers, again]), np.tile(classes, 2))
    (one,) = repeats(data)
    assert one.code == "rows-in-two-splits"
    assert one.evidence["rows"] > 100
    (kept,) = repeats(cured(data, "Keep equal rows together"))
    assert kept.code == "repeated-rows"
    once = cured(data, "Use equal rows once")
    assert repeats(once) == []
    assert sum(once.count(split) for split in SPLITS) == pytest.approx(300, abs=3)


@pytest.mark.parametrize("numbers", ["whole", "far apart", "different"])
def test_rows_that_are_near_each_other_are_not_the_same(tmp_path: Path, numbers: str) -> None:
    random = np.random.default_rng(0)
    made = {
        "whole": 1.7e9 + np.arange(400.0)[:, None] * [1, 3],
        "far apart": np.exp(random.normal(size=(400, 2)) * 6),
        "different": random.normal(size=(400, 2)),
    }[numbers]
    assert repeats(table(tmp_path / "d.csv", made, random.choice(["p", "q"], 400))) == []


def test_rows_that_stand_twice_are_found_among_very_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    numbers, classes = random.normal(size=(6001, 3)).round(5), random.choice(["p", "q"], 6001)
    monkeypatch.setattr(repeats_module, "ROWS", 1500)
    monkeypatch.setattr(repeats_module, "BLOCK", 1000)
    data = table(tmp_path / "d.csv", np.tile(numbers, (2, 1)), np.tile(classes, 2))
    (one,) = repeats(data)
    assert one.evidence["share"] > 0.6
    assert one.evidence["rows"] < 400, "few were looked at"
    assert repeats(table(tmp_path / "e.csv", random.normal(size=(12002, 3)), np.tile(classes, 2))) == []


def test_texts_in_other_letters_and_spaces_are_the_same(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    words = ["Good", "bad", "Fine", "film", "plot", "story", "was", "very", "really", "the"]
    said = [" ".join(random.choice(words, 12)) for _ in range(200)]
    copies = [text.upper().replace(" ", "  ") for text in said]
    lines = [json.dumps({"text": text, "kind": "ab"[at % 2]}) for at, text in enumerate(said + copies)]
    path = tmp_path / "d.jsonl"
    path.write_text("\n".join(lines))
    data = open_data(DataReference.file(path))
    (one,) = repeats(data)
    assert one.code == "rows-in-two-splits"
    (kept,) = repeats(cured(data, "Keep equal rows together"))
    assert kept.code == "repeated-rows"
    assert repeats(cured(data, "Use equal rows once")) == []


@pytest.mark.parametrize(
    "saved",
    [
        lambda made, path: made.save(path.with_suffix(".jpg"), quality=85),
        lambda made, path: made.save(path.with_suffix(".bmp")),
        lambda made, path: made.save(path.with_suffix(".png"), compress_level=1),
        lambda made, path: made.resize((36, 36)).save(path.with_suffix(".png")),
        lambda made, path: made.resize((96, 96)).save(path.with_suffix(".jpg"), quality=70),
    ],
    ids=["jpeg", "bmp", "png", "smaller", "larger jpeg"],
)
def test_pictures_that_were_saved_anew_are_found_and_mended(tmp_path: Path, saved) -> None:
    data = folder(tmp_path / "p", saved)
    (one,) = repeats(data)
    assert one.code == "rows-in-two-splits"
    assert one.evidence["rows"] >= 20
    (kept,) = repeats(cured(data, "Keep equal rows together"))
    assert kept.code == "repeated-rows"
    once = cured(data, "Use equal rows once")
    assert sum(once.count(split) for split in SPLITS) == 80
    assert repeats(once) == []


def test_pictures_that_differ_in_what_they_show_or_in_colour_are_not_the_same(tmp_path: Path) -> None:
    assert repeats(folder(tmp_path / "p", alone)) == []

    def recoloured(made: Image.Image, path: Path) -> None:
        Image.fromarray(np.asarray(made)[:, :, ::-1].copy()).save(path.with_suffix(".png"))

    assert repeats(folder(tmp_path / "q", recoloured)) == []


@pytest.mark.parametrize("id", ["mnist", "digit-scenes", "brain"])
def test_shipped_pictures_are_all_different(id: str) -> None:
    data = open_data(shipped_reference(id))
    (column,) = [column for column in data.columns.values() if comparable(column)]
    rows = np.arange(min(2000, data.total))
    codes = alike(column, rows, lambda: True)
    assert codes is not None
    assert len(np.unique(codes)) == len(rows)


def test_blank_pictures_are_the_same_where_they_are_equal(tmp_path: Path) -> None:
    image = np.zeros((60, 1, 20, 20), np.uint8) + np.repeat(np.arange(3, dtype=np.uint8), 20)[:, None, None, None]
    np.savez(tmp_path / "d.npz", image=image, label=np.arange(60) % 2)
    data = open_data(DataReference.file(tmp_path / "d.npz"))
    codes = alike(data.columns["image"], np.arange(60), lambda: True)
    assert codes is not None
    assert len(np.unique(codes)) == 3


def test_looking_for_like_pictures_can_be_ended(tmp_path: Path) -> None:
    data = folder(tmp_path / "p", alone)
    assert alike(data.columns["image"], np.arange(data.total), lambda: False) is None
