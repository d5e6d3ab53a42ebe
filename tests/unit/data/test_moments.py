"""What is learned of numbers from the training rows: all of them, in memory and on disk, as NumPy finds it at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstudio.data import DataReference, moments, open_data
from nnstudio.data.dataset import Dataset

ROWS = 6000
#: Of each scaling what is taken off and what is then divided by, as NumPy finds them.
BY_HAND: dict[str, Any] = {
    "standardise": (np.nanmean, np.nanstd),
    "min–max": (np.nanmin, lambda x, axis: np.nanmax(x, axis=axis) - np.nanmin(x, axis=axis)),
    "robust": (np.nanmedian, lambda x, axis: np.subtract(*np.nanquantile(x, [0.75, 0.25], axis=axis))),
}


def rare(*shape: int) -> np.ndarray[Any, Any]:
    """Numbers far from 0, of which a few rows tell most: no sample of them sees those."""
    random = np.random.default_rng(0)
    made: np.ndarray[Any, Any] = random.normal(1e4, 1, (ROWS, *shape))
    made[random.integers(0, ROWS, 9)] += 500
    made[random.integers(0, ROWS, 40), 0] = np.nan
    return made


def opened(path: Path, reading: str, scaling: str) -> Dataset:
    reference = DataReference.file(path, options={"reading": reading})
    reference = reference.with_choice("features", scaling="standardise")
    if scaling != "standardise":
        from nnstudio.data.steps.numbers import Scale

        reference = reference.with_(steps=(Scale.make({"columns": ("features",), "how": scaling}),))
    return open_data(reference)


@pytest.mark.parametrize("scaling", list(BY_HAND))
@pytest.mark.parametrize("reading", ["memory", "disk"])
def test_scales_are_those_of_every_training_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scaling: str, reading: str
) -> None:
    monkeypatch.setattr(moments, "TOGETHER", 700)
    values = rare(3)
    np.savez(tmp_path / "d.npz", features=values, y=np.arange(ROWS) % 3)
    data = opened(tmp_path / "d.npz", reading, scaling)
    train = values[data.indices("train")]
    first, second = (of(train, axis=0) for of in BY_HAND[scaling])
    encoding = data.prepared.columns["features"]
    np.testing.assert_allclose(encoding.mean, first, rtol=1e-12)
    np.testing.assert_allclose(encoding.std, second, rtol=1e-9)


def test_pictures_of_which_each_is_a_file_are_learned_from_a_part(tmp_path: Path) -> None:
    from PIL import Image

    for place in range(12):
        folder = tmp_path / "ab"[place % 2]
        folder.mkdir(exist_ok=True)
        Image.new("L", (8, 8), place).save(folder / f"{place}.png")
    data = open_data(DataReference.file(tmp_path))
    assert moments.is_costly(data.columns["image"].values)
