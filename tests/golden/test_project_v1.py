"""A project that was saved in format 1 loads in every later version, whole."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from nnstudio.layers import Placeholder
from nnstudio.project.files import load

HERE = Path(__file__).parent
spec = importlib.util.spec_from_file_location("make_project_v1", HERE / "make_project_v1.py")
assert spec is not None
assert spec.loader is not None
made = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made)


def test_a_project_of_format_1_loads_whole() -> None:
    loaded = load(HERE / "project_v1.nnstudio")
    assert loaded.sheet == made.sheet()
    assert loaded.weights is not None
    assert loaded.weights.keys() == made.weights().keys()
    assert all(np.array_equal(loaded.weights[name], array) for name, array in made.weights().items())


def test_its_unknown_layer_is_kept_and_said() -> None:
    loaded = load(HERE / "project_v1.nnstudio")
    strange = loaded.sheet.network.named("strange").layer
    assert isinstance(strange, Placeholder)
    assert strange.saved == made.UNKNOWN
    assert len(loaded.notes) == 1
    assert "FromTheFuture" in loaded.notes[0]
