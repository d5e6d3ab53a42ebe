"""Project files that are damaged or forged: refused in one sentence, or opened without the part that is not sound."""

from __future__ import annotations

import dataclasses
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tampering import refused, rewritten, with_members

from nnstudio.graph import View
from nnstudio.graph.node_names import is_node_name
from nnstudio.project import archive, strict_json, tensors
from nnstudio.project.files import ProjectError, load, save
from nnstudio.project.sheet import Sheet


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
