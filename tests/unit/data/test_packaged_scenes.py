"""The sets of scenes that come with the program: digits at random places, and slices of a brain."""

from __future__ import annotations

import numpy as np
import pytest

from nnstudio.data import open_data, packaged_scenes, shipped_reference
from nnstudio.data.dataset import Dataset


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged_scenes, "PARTS", (("train", 40, 0.8), ("validation", 10, 0.05), ("test", 10, 0.15)))


def opened(id: str) -> Dataset:
    return open_data(shipped_reference(id))


@pytest.mark.usefixtures("few")
def test_each_box_lies_around_the_pixels_of_its_digit() -> None:
    data = opened("digit-heaps")
    assert [data.count(part) for part in ("train", "validation", "test")] == [40, 10, 10]
    for objects, boxes in zip(data.columns["objects"].values, data.columns["boxes"].values, strict=True):
        there = boxes[boxes[:, 4] >= 0]
        assert len(there) == objects.max() >= 1
        for number, (x, y, width, height, _) in enumerate(there, 1):
            rows, columns = np.nonzero(objects == number)
            assert (columns.min() / 64, (columns.max() + 1) / 64) == pytest.approx((x - width / 2, x + width / 2))
            assert (rows.min() / 64, (rows.max() + 1) / 64) == pytest.approx((y - height / 2, y + height / 2))
    assert np.array_equal(data.columns["digit"].values, data.columns["objects"].values > 0)


@pytest.mark.usefixtures("few")
def test_scenes_are_the_same_each_time_and_digits_are_the_brightest_in_them() -> None:
    one, other = opened("digit-scenes"), opened("digit-scenes")
    assert np.array_equal(one.columns["image"].values, other.columns["image"].values)
    assert one.fields["boxes"].classes == tuple("0123456789")
    image, boxes = one.columns["image"].values[0, 0], one.columns["boxes"].values[0]
    covered = np.zeros((64, 64), bool)
    for x, y, width, height, code in boxes:
        if code >= 0:
            top, left = round(float(y - height / 2) * 64), round(float(x - width / 2) * 64)
            covered[top : top + round(float(height) * 64), left : left + round(float(width) * 64)] = True
    assert image[covered].max() > 120
    assert image[~covered].max() < 110


def test_slices_of_a_brain_are_split_in_blocks() -> None:
    data = opened("brain")
    assert data.fields["mask"].classes == ("outside", "fluid", "grey matter", "white matter")
    assert data.count("test") == 15
    brightness = [data.columns["image"].values[:, 0][data.columns["mask"].values == code].mean() for code in range(4)]
    assert brightness == sorted(brightness)
