"""A picture that a prediction is asked for is what it would have been in training."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nnstudio.data import describe_file, open_data
from nnstudio.data.dataset import Dataset
from nnstudio.data.reference import DataReference
from nnstudio.project.errors import ProjectError
from nnstudio.project.inputs import read_inputs

SIZES = ((60, 30), (20, 40), (32, 32), (40, 36))


def drawn(path: Path, size: tuple[int, int], seed: int, mode: str = "RGB") -> None:
    """A picture of soft colours."""
    small = np.random.default_rng(seed).integers(0, 255, (6, 6, 3)).astype(np.uint8)
    made = Image.fromarray(small).resize(size).convert(mode)
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save(path)


def asked(dataset: Dataset, reference: DataReference, path: Path) -> Any:
    (rows,) = read_inputs([str(path)], dataset, ["image"], reference)
    return np.asarray(rows["image"])


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_picture_of_a_folder_by_class_is_cut_as_in_training(tmp_path: Path, mode: str) -> None:
    for place in range(12):
        drawn(tmp_path / "data" / "ab"[place % 2] / f"{place}.png", SIZES[place % 4], place, mode)
    reference = describe_file(tmp_path / "data")
    dataset = open_data(reference)
    files: Any = dataset.columns["image"].values
    for row, name in enumerate(files.paths):
        assert np.array_equal(asked(dataset, reference, tmp_path / "data" / name), files[row : row + 1]), name


def test_a_picture_of_a_folder_with_masks_is_whole_as_in_training(tmp_path: Path) -> None:
    for place in range(8):
        drawn(tmp_path / "data" / "images" / f"{place}.png", SIZES[place % 4], place)
        drawn(tmp_path / "data" / "masks" / f"{place}.png", SIZES[place % 4], place, "1")
    reference = describe_file(tmp_path / "data")
    dataset = open_data(reference)
    files: Any = dataset.columns["image"].values
    assert reference.options["format"] == "masks"
    for row, name in enumerate(files.paths):
        assert np.array_equal(asked(dataset, reference, tmp_path / "data" / name), files[row : row + 1]), name


def test_a_picture_of_such_a_folder_that_is_damaged_is_told(tmp_path: Path) -> None:
    for place in range(8):
        drawn(tmp_path / "data" / "ab"[place % 2] / f"{place}.png", (16, 16), place)
    reference = describe_file(tmp_path / "data")
    (tmp_path / "bad.png").write_bytes((tmp_path / "data" / "a" / "0.png").read_bytes()[:60])
    with pytest.raises(ProjectError, match=r"bad\.png is cut short, or no picture that can be read"):
        asked(open_data(reference), reference, tmp_path / "bad.png")


@pytest.fixture
def arrays(tmp_path: Path) -> tuple[Dataset, DataReference]:
    """Grey pictures of 8×8 as arrays."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (40, 1, 8, 8)).astype(np.uint8)
    np.savez(tmp_path / "digits.npz", image=pixels, label=np.arange(40) % 2)
    reference = describe_file(tmp_path / "digits.npz")
    return open_data(reference), reference


def test_every_kind_of_picture_file_gives_the_same_as_a_png(arrays: Any, tmp_path: Path) -> None:
    dataset, reference = arrays
    drawn(tmp_path / "it.png", (16, 16), 3, "L")
    wanted = asked(dataset, reference, tmp_path / "it.png")
    grey = np.asarray(Image.open(tmp_path / "it.png"))
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    Image.open(tmp_path / "it.png").save(tmp_path / "it.tif")
    Image.open(tmp_path / "it.png").save(tmp_path / "it.pgm")
    stored = io.BytesIO()
    Image.open(tmp_path / "it.png").save(stored, "bmp")
    (tmp_path / "named.png").write_bytes(stored.getvalue())
    for name in ("deep.png", "it.tif", "it.pgm", "named.png"):
        assert np.allclose(asked(dataset, reference, tmp_path / name), wanted, atol=0.01), name


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.array(3.0), "holds single numbers alone"),
        (np.zeros((0, 1, 8, 8), np.float32), "holds no rows"),
    ],
)
def test_an_array_without_rows_is_told(arrays: Any, tmp_path: Path, array: Any, said: str) -> None:
    dataset, reference = arrays
    np.save(tmp_path / "none.npy", array)
    with pytest.raises(ProjectError, match=said):
        asked(dataset, reference, tmp_path / "none.npy")
