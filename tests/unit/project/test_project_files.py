"""The project file: what is saved comes back, and what is wrong with a file is said in one sentence."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tampering import refused, rewritten

from nnstudio.graph import Network, Node, View, Wire
from nnstudio.graph.node_names import is_node_name
from nnstudio.layers import Placeholder
from nnstudio.layers import load as catalogue
from nnstudio.project.files import Loaded, load, load_sheet, save, thumbnail
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 4, 4) + b"\x08\0\0\0\0"


def test_what_is_saved_comes_back(tmp_path: Path, sheet: Sheet, weights: dict[str, Any]) -> None:
    path = tmp_path / "größe.nnstudio"
    save(path, sheet, weights, PNG)
    loaded = load(path)
    assert loaded.sheet == sheet
    assert loaded.notes == ()
    assert loaded.weights is not None
    assert loaded.weights.keys() == weights.keys()
    for name, array in weights.items():
        assert loaded.weights[name].dtype == array.dtype
        assert loaded.weights[name].shape == array.shape
        assert np.array_equal(loaded.weights[name], array)
    assert thumbnail(path) == PNG
    assert load_sheet(path).title == "Ziffern"


def test_the_same_project_gives_the_same_bytes(tmp_path: Path, sheet: Sheet, weights: dict[str, Any]) -> None:
    save(tmp_path / "a.nnstudio", sheet, weights)
    save(tmp_path / "b.nnstudio", load(tmp_path / "a.nnstudio").sheet, dict(reversed(weights.items())))
    assert (tmp_path / "a.nnstudio").read_bytes() == (tmp_path / "b.nnstudio").read_bytes()


names = st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True).filter(is_node_name)
place = st.floats(-1e6, 1e6, allow_nan=False)


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    types = sorted(catalogue(), key=lambda cls: cls.type_name())
    chosen = draw(st.lists(st.tuples(names, st.sampled_from(types)), max_size=6, unique_by=lambda pair: pair[0]))
    nodes = {f"id-{name}": Node(f"id-{name}", name, cls.make({})) for name, cls in chosen}
    ends = [(id, port) for id, node in nodes.items() for port in node.layer.outputs]
    starts = [(id, port) for id, node in nodes.items() for port in node.layer.inputs]
    wires: list[Wire] = []
    if ends and starts:
        pairs = draw(st.lists(st.tuples(st.sampled_from(ends), st.sampled_from(starts)), max_size=6))
        wires = [Wire(*source, *target) for source, target in pairs]
    network = Network(nodes, tuple(wires), {"block": Network(nodes)} if draw(st.booleans()) else {})
    view = View({id: (draw(place), draw(place)) for id in nodes})
    return Sheet(network, view, Plan.make({"epochs": draw(st.integers(1, 99))}), None, draw(st.text(max_size=20)))


@given(sheets())
def test_any_network_comes_back(tmp_path_factory: pytest.TempPathFactory, drawn: Sheet) -> None:
    path = tmp_path_factory.getbasetemp() / "any.nnstudio"
    try:
        drawn.title.encode()
    except UnicodeEncodeError:
        return
    save(path, drawn)
    assert load(path) == Loaded(drawn, None, ())


def test_a_layer_of_an_unknown_type_is_kept_and_named(tmp_path: Path, sheet: Sheet) -> None:
    path = tmp_path / "a.nnstudio"
    save(path, sheet)
    strange = {"type": "Quantum", "version": 3, "parameters": {"qubits": [1, 2], "spin": "up"}}
    rewritten(path, lambda project: project["network"]["nodes"][1].update(layer=strange))
    loaded = load(path)
    assert len(loaded.notes) == 1
    assert "flatten" in loaded.notes[0]
    assert "Quantum" in loaded.notes[0]
    save(tmp_path / "b.nnstudio", loaded.sheet)
    kept = next(
        node.layer for node in load(tmp_path / "b.nnstudio").sheet.network.nodes.values() if node.name == "flatten"
    )
    assert isinstance(kept, Placeholder)
    assert kept.saved == strange
    assert loaded.sheet.network.wires == sheet.network.wires


def test_a_newer_file_asks_for_an_update(tmp_path: Path, sheet: Sheet) -> None:
    path = tmp_path / "a.nnstudio"
    save(path, sheet)
    rewritten(path, lambda project: project.update(format=99, something_new=[1]))
    assert "newer" in refused(path)
    assert "update" in refused(path).lower()
