"""Folders of pictures: by class, by part, flat; and pictures that cannot be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnstudio.data import DataError, DataReference, describe_file, open_data, pictures, pictures_decode
from nnstudio.data.dataset import Dataset
from nnstudio.data.opening import open_file


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


def test_pictures_that_cannot_be_read_are_told_by_the_reason(animals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures_decode, "MOST_PIXELS", 2_000_000)
    for place in (3, 7):
        (animals / "cats" / f"{place}.png").write_bytes(b"not a picture")
    draw(animals / "dogs" / "5.png", size=(2000, 2000))
    (animals / "dogs" / "6.png").unlink()
    (animals / "dogs" / "6.png").mkdir()
    data = opened(animals)
    assert data.total == 36
    left = [text for text in data.warnings if "left out" in text]
    assert left[:2] == [
        "2 pictures are left out, since they are cut short or no pictures: “cats/3.png”, “cats/7.png”",
        "1 picture is left out, since they have more than 2 megapixels: “dogs/5.png”",
    ]
    assert left[2].startswith("1 picture is left out, since they cannot be opened (")
    assert left[2].endswith("“dogs/6.png”")


def test_where_no_picture_can_be_read_each_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures_decode, "MOST_PIXELS", 2_000_000)
    (tmp_path / "1.png").write_bytes(b"x")
    (tmp_path / "2.png").write_bytes(b"x")
    with pytest.raises(DataError, match="can be read, since they are cut short or no pictures; make or copy"):
        describe_file(tmp_path)
    draw(tmp_path / "3.png", size=(2000, 2000))
    with pytest.raises(DataError, match="2 since they are cut short or no pictures and 1 since they have more than 2"):
        describe_file(tmp_path)


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


def test_a_large_folder_shows_some_of_each_class_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "SOME", 5)
    for name in ("a", "b"):
        for place in range(9):
            draw(tmp_path / name / f"{place}.png", place)
    seen: list[Dataset] = []
    data = open_file(tmp_path, first=seen.append)
    assert (seen[0].total, data.total) == (10, 18)
    assert seen[0].fields["label"].classes == ("a", "b")
    few: list[Dataset] = []
    monkeypatch.setattr(pictures, "SOME", 60)
    open_file(tmp_path, first=few.append)
    assert not few


def test_broken_pictures_of_a_large_folder_are_told_once_it_was_looked_through(
    animals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "TRIED", 5)
    for place in (3, 7):
        (animals / "cats" / f"{place}.png").write_bytes((animals / "cats" / "0.png").read_bytes()[:50])
    data = opened(animals)
    assert not any("cannot be read" in text for text in data.warnings)
    data.look_through(lambda: True)
    assert not any("cannot be read" in text for text in data.warnings)
    data.look_through(lambda: False)
    (told,) = (text for text in data.warnings if "cannot be read" in text)
    assert told.startswith("2 pictures cannot be read and are grey all over: “cats/3.png”, “cats/7.png”")


@pytest.mark.parametrize("form", ["L.png", "RGB.png", "L.jpg", "RGB.jpg", "P.png", "RGBA.png", "I;16.png", "CMYK.jpg"])
def test_pictures_of_every_form_are_as_pillow_reads_them(tmp_path: Path, form: str) -> None:
    mode, _, ending = form.partition(".")
    random = np.random.default_rng(1)
    values = random.integers(0, 256, (9, 7, 3), np.uint8)
    image = Image.fromarray(values).convert(mode if mode != "I;16" else "L")
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 200)
    for name in ("1", "2"):
        path = tmp_path / f"{name}.{ending}"
        image.save(path)
    for color, other in (("grey", "L"), ("rgb", "RGB")):
        with Image.open(path) as file:
            expected = np.asarray(file.convert(other))
        read = opened(tmp_path, color=color).columns["image"].values[1]
        assert np.array_equal(read.transpose(1, 2, 0).squeeze(), expected)


def test_a_photograph_that_was_turned_is_turned(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    picture = Image.fromarray(np.tile(np.arange(8, dtype=np.uint8) * 30, (8, 1)))
    for name in ("1", "2"):
        picture.save(tmp_path / f"{name}.jpg", exif=exif)
    shown = opened(tmp_path).columns["image"].values[0][0]
    assert shown[7].mean() > shown[0].mean() + 100
