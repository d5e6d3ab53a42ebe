"""Folders of pictures: by class, by part, flat; and pictures that cannot be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnstudio.data import DataError, DataReference, describe_file, open_data, pictures, pictures_decode
from nnstudio.data.dataset import Dataset


def draw(path: Path, value: int | tuple[int, int, int] = 200, size: tuple[int, int] = (8, 6)) -> None:
    """A picture of one colour, size as width and height."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L" if isinstance(value, int) else "RGB", size, value).save(path)


@pytest.fixture
def animals(tmp_path: Path) -> Path:
    for place in range(20):
        draw(tmp_path / "cats" / f"{place}.png", 10)
        draw(tmp_path / "dogs" / f"{place}.png", 250)
    return tmp_path


def opened(folder: Path, **options: object) -> Dataset:
    reference = describe_file(folder)
    return open_data(reference.with_(options={**reference.options, **options}))


def test_folders_are_classes_and_pictures_become_arrays(animals: Path) -> None:
    data = opened(animals)
    assert data.fields["label"].classes == ("cats", "dogs")
    assert data.fields["label"].role == "target"
    assert data.types["image"].sizes[1:] == (1, 6, 8)
    images, labels = data.arrays("train")["image"][:], data.arrays("train")["label"]
    assert images.dtype == np.float32
    bright = images.mean(axis=(1, 2, 3)) > 0.5
    assert np.array_equal(bright.astype(np.int64), labels)
    assert sum(data.count(split) for split in ("train", "validation", "test")) == 40
    assert data.pictures([0, 25]).shape == (2, 6, 8)


def test_folders_of_parts_make_the_split(tmp_path: Path) -> None:
    for part, count in (("train", 20), ("test", 6)):
        for place in range(count):
            draw(tmp_path / part / ("a" if place % 2 else "b") / f"{place}.png", place)
    data = opened(tmp_path)
    assert data.count("test") == 6
    assert data.count("train") + data.count("validation") == 20
    assert data.count("validation") >= 3
    assert "part" not in data.fields


def test_colours_and_sizes_are_those_of_the_pictures_or_as_asked(tmp_path: Path) -> None:
    draw(tmp_path / "a" / "1.png", (255, 0, 0), (40, 20))
    draw(tmp_path / "b" / "2.jpg", 90, (24, 24))
    data = opened(tmp_path)
    assert data.types["image"].sizes[1:] == (3, 16, 16)
    assert any("brought to 16×16 pixels" in text for text in data.warnings)
    assert opened(tmp_path, size=32, color="grey").types["image"].sizes[1:] == (1, 32, 32)
    with pytest.raises(DataError, match="edge of a picture"):
        DataReference("file:x", options={"size": 1})


def test_pictures_that_cannot_be_read_are_left_out_and_told(animals: Path) -> None:
    whole = (animals / "cats" / "0.png").read_bytes()
    (animals / "cats" / "0.png").write_bytes(whole[:45])
    (animals / "dogs" / "1.png").write_bytes(b"not a picture")
    (animals / "dogs" / "2.png").write_bytes(b"")
    data = opened(animals)
    assert data.total == 37
    assert any(text.startswith("3 pictures are left out") and "“cats/0.png”" in text for text in data.warnings)


def test_a_picture_of_too_many_pixels_is_not_decoded(animals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures_decode, "MOST_PIXELS", 100)
    draw(animals / "cats" / "0.png", 3, (20, 20))
    data = opened(animals)
    assert data.total == 39
    assert any("megapixels" in text for text in data.warnings)


def test_in_a_large_folder_what_cannot_be_read_is_grey_and_known(
    animals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "TRIED", 5)
    (animals / "cats" / "3.png").write_bytes(b"not a picture")
    data = opened(animals)
    assert data.total == 40
    source = data.columns["image"].values
    assert (source[np.arange(40)] == 128).all(axis=(1, 2, 3)).sum() == 1
    ((_, why),) = source.broken.items()  # type: ignore[attr-defined]
    assert "“cats/3.png” cannot be read" in why


def test_one_class_is_told_and_nothing_at_all_is_refused(tmp_path: Path) -> None:
    for place in range(5):
        draw(tmp_path / "one" / "cats" / f"{place}.png", place)
    assert any("only one class" in text for text in opened(tmp_path / "one").warnings)
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="no data was found"):
        describe_file(tmp_path / "none")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "x.png").write_bytes(b"x")
    with pytest.raises(DataError, match="None of the 1 pictures"):
        describe_file(tmp_path / "bad")


def test_a_folder_that_changed_is_told(animals: Path) -> None:
    reference = describe_file(animals)
    draw(animals / "cats" / "new.png", 1)
    assert any("has changed" in text for text in open_data(reference).warnings)


def test_kept_or_not_the_same_pictures_come(animals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = opened(animals).arrays("train")["image"]
    first = kept[:]
    monkeypatch.setattr(pictures.Pictures, "KEPT", 0)
    assert np.array_equal(first, opened(animals).arrays("train")["image"][:])
    assert np.array_equal(first, kept[:])
