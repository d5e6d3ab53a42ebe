"""The files that come with the program are found wherever it is installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nnstudio import resources


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    (tmp_path / "site" / "nnstudio").mkdir(parents=True)
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "site" / "nnstudio" / "resources.py"))
    resources.resources.cache_clear()
    yield tmp_path
    resources.resources.cache_clear()


def test_in_a_checkout_they_stand_beside_the_package():
    assert resources.resource_path("datasets", "iris.csv").is_file()


@pytest.mark.parametrize("place", ["site/nnstudio/_resources", "site/resources", "bundle/resources"])
def test_they_are_found_in_a_wheel_in_a_checkout_and_in_a_bundle(elsewhere: Path, place, monkeypatch):
    (elsewhere / place).mkdir(parents=True)
    monkeypatch.setattr(sys, "_MEIPASS", str(elsewhere / "bundle"), raising=False)
    assert resources.resource_path("help") == elsewhere.resolve() / place / "help"


@pytest.mark.usefixtures("elsewhere")
def test_where_they_are_missing_it_is_said():
    with pytest.raises(FileNotFoundError, match="install it again"):
        resources.resources()
