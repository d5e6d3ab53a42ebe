"""The library of blocks: classical ones, the person's own, and how they come into a network."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from nnstudio.compile.resolve import resolve
from nnstudio.graph import Network, View, edits
from nnstudio.graph.blocks import in_block
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import load
from nnstudio.project import library
from nnstudio.project.library import LibraryError
from nnstudio.project.part import from_text
from nnstudio.resources import resource_path

CLASSICAL = [block for block in library.blocks() if not block.own]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNSTUDIO_CONFIG_DIR", str(tmp_path / "settings"))


@pytest.fixture
def project() -> Network:
    """A network with a block ``Gate`` that uses a block ``Squeeze``."""
    inner = NetworkBuilder(width=8)
    x = inner.add("BlockInput", name="input")
    inner.add("BlockOutput", inner.add("Linear", x, name="squeeze", out_features="width"), name="output")
    outer = NetworkBuilder()
    outer.define("Squeeze", inner)
    x = outer.add("BlockInput", name="input")
    outer.add("BlockOutput", outer.add("Block", x, definition="Squeeze", name="inside"), name="output")
    net = NetworkBuilder()
    net.define("Gate", outer)
    return net.network


def own() -> list[str]:
    return [block.name for block in library.blocks() if block.own]


# -- the classical ones


def test_the_classical_blocks_are_all_there_in_order() -> None:
    assert [block.name for block in CLASSICAL] == list(library.ORDER)
    assert library.troubles() == []


def test_their_files_are_what_the_script_makes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, resource_path("blocks", "make.py"), tmp_path], check=True)
    for block in CLASSICAL:
        assert (tmp_path / block.path.name).read_text("utf-8") == block.path.read_text("utf-8")


@pytest.mark.parametrize("block", CLASSICAL, ids=lambda block: block.name)
def test_each_works_as_it_comes_says_what_it_is_and_is_drawn(block: library.LibraryBlock) -> None:
    inside = resolve(block.part.network).definition(block.name)
    assert inside.errors == ()
    assert inside.parameters > 0
    assert block.network.parameters
    assert block.title
    assert block.summary.endswith(".")
    assert block.view.positions.keys() == block.network.nodes.keys()
    (note,) = block.view.notes.values()
    assert "Source: " in note.text
    assert block.summary in note.text


@pytest.mark.parametrize("block", CLASSICAL, ids=lambda block: block.name)
def test_each_parameter_changes_something(block: library.LibraryBlock) -> None:
    named = " ".join(text for node in block.network.nodes.values() for _, text in node.expressions)
    assert all(name in named for name in block.network.parameters)


def test_a_file_of_the_library_can_be_pasted_as_it_is() -> None:
    part = from_text(library.block("classical/Bottleneck").path.read_text("utf-8"))
    assert set(part.network.blocks) == {"Bottleneck"}


# -- coming into a network


def test_what_is_there_already_is_used_and_what_differs_gets_a_free_name() -> None:
    block = library.block("classical/Bottleneck")
    network = library.bring(block, Network()).edit(Network())
    again = library.bring(block, network)
    assert (again.name, again.edit(network)) == ("Bottleneck", network)
    changed = in_block("Bottleneck", edits.add(load()["Dropout"].make({})))(network)
    beside = library.bring(block, changed)
    assert beside.name == "Bottleneck2"
    assert beside.edit(changed).blocks["Bottleneck2"] == block.network
    assert beside.view(View()).blocks["Bottleneck2"] == block.view


def test_a_block_whose_inner_block_differs_is_another_block(project: Network) -> None:
    saved = library.save_block("Gate", project, View())
    other = in_block("Squeeze", edits.add(load()["ReLU"].make({})))(project)
    brought = library.bring(saved, other)
    after = brought.edit(other)
    assert brought.name == "Gate2"
    assert {node.layer.values().get("definition") for node in after.blocks["Gate2"].nodes.values()} > {"Squeeze2"}


# -- the person's own


def test_a_block_is_kept_with_all_that_it_uses_for_the_next_project(project: Network) -> None:
    saved = library.save_block("Gate", project, View())
    assert own() == ["Gate"]
    assert set(saved.needs) == {"Squeeze"}
    after = library.bring(library.block("own/Gate"), Network()).edit(Network())
    assert after.blocks == project.blocks


def test_it_is_renamed_and_deleted(project: Network) -> None:
    library.save_block("Gate", project, View())
    library.rename_saved("Gate", "Door")
    assert own() == ["Door"]
    library.delete_saved("Door")
    assert own() == []
    with pytest.raises(LibraryError, match="no block Door"):
        library.delete_saved("Door")


def test_another_block_of_the_same_name_is_replaced_only_when_that_is_wanted(project: Network) -> None:
    library.save_block("Gate", project, View())
    library.save_block("Gate", project, View())  # the same again is no trouble
    other = in_block("Gate", edits.add(load()["ReLU"].make({})))(project)
    with pytest.raises(LibraryError, match="another block named Gate"):
        library.save_block("Gate", other, View())
    library.save_block("Gate", other, View(), replacing_other=True)
    assert library.block("own/Gate").network == other.blocks["Gate"]


@pytest.mark.parametrize("name", ["../x", "", "2nd", "a b", "class"])
def test_a_name_that_cannot_be_used_is_refused(project: Network, name: str) -> None:
    with pytest.raises(LibraryError, match=r"cannot be named" if name else r"."):
        library.save_block("Gate" if name else "Missing", project, View(), name=name)


def test_names_that_differ_in_capitals_alone_are_one(project: Network) -> None:
    library.save_block("Gate", project, View())
    library.save_block("Gate", project, View(), name="GATE", replacing_other=True)
    assert own() == ["GATE"]


def test_a_block_that_uses_what_is_not_there_is_not_kept(project: Network) -> None:
    broken = replace(project, blocks={"Gate": project.blocks["Gate"]})
    with pytest.raises(LibraryError, match="Squeeze"):
        library.save_block("Gate", broken, View())


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": "nnstudio part", "version": 99}', '{"format": "nnstudio part", "version": 2}']
)
def test_a_broken_file_is_said_in_one_sentence_and_the_others_are_there(project: Network, text: str) -> None:
    saved = library.save_block("Gate", project, View())
    (saved.path.parent / "Broken.json").write_text(text, "utf-8")
    assert own() == ["Gate"]
    (trouble,) = library.troubles()
    assert trouble.startswith("Broken.json")
    assert trouble.count(". ") == 0


def test_a_file_that_is_no_text_is_said_too(project: Network) -> None:
    saved = library.save_block("Gate", project, View())
    (saved.path.parent / "Broken.json").write_bytes(b"\xff\xfe\x00nnstudio part")
    assert own() == ["Gate"]
    assert len(library.troubles()) == 1


def test_a_folder_that_cannot_be_written_is_said(project: Network, tmp_path: Path) -> None:
    (tmp_path / "settings").write_text("a file where the folder should be")
    with pytest.raises(LibraryError, match="cannot be written"):
        library.save_block("Gate", project, View())
