"""The project file: what is saved comes back, and what is wrong with a file is said in one sentence."""

from __future__ import annotations

import dataclasses
import errno
import io
import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnstudio.data import DataReference
from nnstudio.graph import Network, Node, View, Wire
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.graph.network import is_node_name
from nnstudio.layers import Placeholder
from nnstudio.layers import load as catalogue
from nnstudio.project import archive, strict_json, tensors
from nnstudio.project.files import Loaded, ProjectError, load, load_sheet, save, thumbnail
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 4, 4) + b"\x08\0\0\0\0"


@pytest.fixture
def sheet() -> Sheet:
    net = NetworkBuilder()
    image = net.add("Input", name="image", field="image")
    scores = net.add("Linear", net.add("Flatten", image), name="scores", out_features=10)
    net.add("Output", scores, name="digit")
    view = View({id: (240.0 * at, -0.5) for at, id in enumerate(net.network.nodes)})
    return Sheet(net.network, view, Plan.make({"epochs": 7}), DataReference("shipped:digits"), "Ziffern", "Größe: 8×8")


@pytest.fixture
def weights() -> dict[str, Any]:
    return {
        "scores.weight": np.arange(12, dtype=np.float32).reshape(3, 4),
        "scores.count": np.array(3),
        "scores.mask": np.array([True, False, True]),
        "scores.half": np.array([0.5], np.float16),
        "scores.empty": np.zeros((0, 3), np.float64),
    }


def rewritten(path: Path, change: Callable[[dict[str, Any]], Any], member: str = "project.json") -> Path:
    """The project with what ``change`` made of one of its JSON members."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    value = json.loads(members[member])
    members[member] = json.dumps(change(value) or value).encode()
    with zipfile.ZipFile(path, "w") as new:
        for name, content in members.items():
            new.writestr(name, content)
    return path


def with_members(path: Path, members: list[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members:
            file.writestr(name, content)
    return path


def refused(path: Path) -> str:
    """What is said of a file that cannot be opened: one sentence that names it."""
    with pytest.raises(ProjectError) as caught:
        load(path)
    text = str(caught.value)
    assert path.name in text
    assert text.endswith(".")
    assert "\n" not in text
    return text


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


def test_a_file_that_was_cut_off_anywhere_is_refused(tmp_path: Path, sheet: Sheet, weights: dict[str, Any]) -> None:
    path = tmp_path / "a.nnstudio"
    save(path, sheet, weights)
    whole = path.read_bytes()
    for length in range(0, len(whole), 37):
        path.write_bytes(whole[:length])
        refused(path)


def test_a_file_with_a_changed_byte_opens_or_is_refused(tmp_path: Path, sheet: Sheet, weights: dict[str, Any]) -> None:
    path = tmp_path / "a.nnstudio"
    save(path, sheet, weights)
    whole = path.read_bytes()
    for at in range(0, len(whole), 3):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            loaded = load(path)
        except ProjectError:
            continue
        assert loaded.sheet.network.nodes.keys() == sheet.network.nodes.keys()


@pytest.mark.parametrize("content", [b"", b"hello", b"PK", b"\x89PNG\r\n\x1a\n" * 9, b"PK\x05\x06" + bytes(18)])
def test_what_is_no_project_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.nnstudio").write_bytes(content)
    refused(tmp_path / "a.nnstudio")


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    assert "no project" in refused(tmp_path / "a.nnstudio")
    (tmp_path / "b.nnstudio").mkdir()
    refused(tmp_path / "b.nnstudio")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda p: p.update(extra=1), "extra"),
        (lambda p: p.pop("network"), "network"),
        (lambda p: p["plan"].update(epochs=-1), "epochs"),
        (lambda p: p["plan"].update(epochs="many"), "epochs"),
        (lambda p: p["network"]["nodes"][2].update(name=7), "nodes[2].name"),
        (lambda p: p["network"]["nodes"].append(p["network"]["nodes"][0]), "two nodes"),
        (lambda p: p["network"]["wires"][0].pop("target"), "wires[0].target"),
        (lambda p: p["data"].update(source="http://example.org"), "data"),
        (lambda p: p.update(format="1"), "format"),
        (lambda _: ["list"], "format"),
    ],
)
def test_what_is_wrong_in_the_json_is_named(
    tmp_path: Path, sheet: Sheet, change: Callable[[dict[str, Any]], Any], told: str
) -> None:
    path = tmp_path / "a.nnstudio"
    save(path, sheet)

    def edit(project: dict[str, Any]) -> Any:
        found = change(project)
        return found if found == ["list"] else project

    assert told in refused(rewritten(path, edit))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b"[" * 100_000, "nested"),
        (b"[" * 70 + b"]" * 70, "nested"),
        (b'{"a": "\\ud800"}', "half a character"),
        (b'{"a": 1', "line 1"),
        (b"\xff\xfe", "UTF-8"),
    ],
)
def test_json_that_is_not_sound_is_refused(tmp_path: Path, text: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        strict_json.parse(text)
    assert "project.json" in refused(with_members(tmp_path / "a.nnstudio", [("project.json", text)]))


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "project.json/", "code.py", "weights.pkl", "PROJECT.JSON"])
def test_a_member_that_no_project_has_is_refused(tmp_path: Path, name: str) -> None:
    path = with_members(tmp_path / "a.nnstudio", [("project.json", b"{}"), (name, b"x")])
    assert "which no project does" in refused(path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.nnstudio"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("project.json", b" " * 50_000_000)
    assert "not sound" in refused(path)


def test_members_over_one_another_are_refused(tmp_path: Path, sheet: Sheet) -> None:
    path = tmp_path / "a.nnstudio"
    save(path, sheet)
    content = bytearray(path.read_bytes())
    entries = [at for at in range(len(content)) if content[at : at + 4] == b"PK\x01\x02"]
    first, second = entries[:2]
    content[second + 16 : second + 20] = content[first + 16 : first + 20]  # its checksum, sizes ...
    content[second + 20 : second + 28] = content[first + 20 : first + 28]
    content[second + 42 : second + 46] = content[first + 42 : first + 46]  # ... and place are the first one's
    path.write_bytes(content)
    refused(path)


def test_a_directory_of_very_many_entries_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = with_members(tmp_path / "a.nnstudio", [(f"{n:04}" * 30, b"") for n in range(5000)])
    assert "more entries" in refused(path)


def test_a_member_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        path = with_members(tmp_path / "a.nnstudio", [("project.json", b"{}"), ("project.json", b"{}")])
    assert "twice" in refused(path)


def test_what_compresses_extremely_well_can_still_be_opened(tmp_path: Path, sheet: Sheet) -> None:
    large = dataclasses.replace(sheet, summary="a" * 100_000)
    big = {f"n{n}": (0.0, 0.0) for n in range(10)}
    save(tmp_path / "a.nnstudio", dataclasses.replace(large, view=View(big)))
    assert load(tmp_path / "a.nnstudio").sheet.summary == large.summary
    packed = io.BytesIO()
    archive.write(packed, {"project.json": b" " * 3_000_000})
    assert len(archive.read(packed)["project.json"]) == 3_000_000


def header_of(entries: str, body: bytes = bytes(16)) -> bytearray:
    return bytearray(struct.pack("<Q", len(entries)) + entries.encode() + body)


@pytest.mark.parametrize(
    "data",
    [
        bytearray(b"abc"),
        bytearray(struct.pack("<Q", 2**60) + b"{}"),
        header_of('{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}'),
        header_of('{"a":{"dtype":"F32","shape":[8],"data_offsets":[0,32]}}'),
        header_of('{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,16]}}'),
        header_of('{"a":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}}'),
        header_of('{"a":{"dtype":"O","shape":[4],"data_offsets":[0,16]}}'),
        header_of('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[3],"data_offsets":[4,16]}}'),
        header_of('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'),
        header_of('{"a":{"dtype":"F32","shape":[4.0],"data_offsets":[0,16]}}'),
        header_of('{"a":7}'),
        header_of("[]"),
    ],
)  # fmt: skip
def test_weights_that_are_not_sound_are_left_out_and_the_rest_opens(
    tmp_path: Path, sheet: Sheet, data: bytearray
) -> None:
    with pytest.raises(ValueError, match=r"."):
        tensors.parse(data)
    path = tmp_path / "a.nnstudio"
    save(path, sheet)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("weights.safetensors", bytes(data))
    loaded = load(path)
    assert loaded.sheet == sheet
    assert loaded.weights is None
    assert "weights" in loaded.notes[0]


def test_a_view_that_cannot_be_read_costs_the_places_alone(tmp_path: Path, sheet: Sheet) -> None:
    path = tmp_path / "a.nnstudio"
    save(path, sheet)
    rewritten(path, lambda view: view.update(positions={"x": [1, None]}), "view.json")
    loaded = load(path)
    assert loaded.sheet.network == sheet.network
    assert not loaded.sheet.view.positions
    assert "arranged anew" in loaded.notes[0]


def test_a_name_that_cannot_be_used_any_more_is_changed_and_said(tmp_path: Path, sheet: Sheet) -> None:
    path = tmp_path / "a.nnstudio"
    save(path, sheet)
    rewritten(path, lambda project: project["network"]["nodes"][0].update(name="forward"))
    loaded = load(path)
    assert "forward" in loaded.notes[0]
    assert all(is_node_name(name) for name in loaded.sheet.network.by_name)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("exists", [True, False])
def test_after_any_failure_the_file_is_the_old_or_the_new_one(
    tmp_path: Path, sheet: Sheet, weights: dict[str, Any], monkeypatch: pytest.MonkeyPatch, code: int, exists: bool
) -> None:
    """Every call that writes fails once, each in its turn, until a save meets none that fails."""
    path = tmp_path / "a.nnstudio"
    old = dataclasses.replace(sheet, title="old")
    save(path, old)
    old_bytes = path.read_bytes()
    for failing in range(1000):
        path.write_bytes(old_bytes)
        if not exists:
            path.unlink()
        with monkeypatch.context() as patch:
            count = Faults(patch, failing, code)
            try:
                save(path, sheet, weights)
                saved = True
            except ProjectError:
                saved = False
        if saved:
            found = load(path)
            assert found.sheet == sheet
            assert found.weights is not None
            assert found.weights.keys() == weights.keys()
        else:
            assert (path.read_bytes() if path.exists() else None) == (old_bytes if exists else None)
        assert [file.name for file in tmp_path.iterdir()] == ([path.name] if saved or exists else [])
        if not count.failed:
            break
    assert count.calls > 8
    assert saved


class Faults:
    """The call with this number fails, of those that open, write, sync and rename."""

    def __init__(self, patch: pytest.MonkeyPatch, number: int, code: int) -> None:
        self.number, self.code, self.calls, self.failed = number, code, 0, False
        real_open, faults = Path.open, self

        def opened(path: Path, *arguments: Any, **options: Any) -> Any:
            writing = any("x" in str(item) or "w" in str(item) for item in arguments)
            if writing:
                self.count()
            file = real_open(path, *arguments, **options)
            return Faulty(file, faults) if writing else file

        patch.setattr(Path, "open", opened)
        for name in ("fsync", "replace"):
            patch.setattr(os, name, self.counted(getattr(os, name)))

    def count(self) -> None:
        self.calls += 1
        if self.calls - 1 == self.number:
            self.failed = True
            raise OSError(self.code, os.strerror(self.code))

    def counted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.count()
            return real(*arguments)

        return call


class Faulty:
    """A file whose calls may fail."""

    def __init__(self, file: Any, faults: Faults) -> None:
        self._file, self._faults = file, faults

    def __enter__(self) -> Faulty:
        return self

    def __exit__(self, *exception: Any) -> None:
        self._file.close()
        if exception[0] is None:
            self._faults.count()

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._file, name)
        return self._faults.counted(real) if name in ("write", "flush", "seek", "tell") else real


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, sheet: Sheet) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ProjectError, match="not allowed"):
        save(tmp_path / "a.nnstudio", sheet)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path, sheet: Sheet) -> None:
    with pytest.raises(ProjectError, match="folder does not exist"):
        save(tmp_path / "none" / "a.nnstudio", sheet)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_said(sheet: Sheet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open
    monkeypatch.setattr(
        Path, "open", lambda path, mode="r": real(Path("/dev/full"), "wb") if "x" in mode else real(path, mode)
    )
    with pytest.raises(ProjectError, match="disk is full"):
        save(tmp_path / "a.nnstudio", sheet)


def test_a_link_stays_a_link(tmp_path: Path, sheet: Sheet) -> None:
    save(tmp_path / "real.nnstudio", Sheet())
    link = tmp_path / "link.nnstudio"
    try:
        link.symlink_to(tmp_path / "real.nnstudio")
    except OSError:
        pytest.skip("links are not allowed here")
    save(link, sheet)
    assert link.is_symlink()
    assert load(tmp_path / "real.nnstudio").sheet == sheet
