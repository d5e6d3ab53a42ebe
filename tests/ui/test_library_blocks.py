"""Blocks of the library on the canvas: found, typed, dragged, and brought into the project in one step."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog, QPushButton
from pytestqt.qtbot import QtBot

from nnstudio.graph import edits
from nnstudio.graph.blocks import in_block
from nnstudio.layers import load
from nnstudio.layers.blocks import Block
from nnstudio.project import library
from nnstudio.ui.canvas.view import CanvasView
from nnstudio.ui.offered import CLASSICAL, OWN, PROJECT, types_for
from nnstudio.ui.palette import PalettePanel
from nnstudio.ui.session import Session
from nnstudio.ui.shelf import Shelf


@pytest.fixture
def view(session: Session, qtbot: QtBot) -> CanvasView:
    made = CanvasView(session)
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    made.setFocus()
    return made


def typed(view: CanvasView, text: str) -> None:
    QTest.keyClick(view, Qt.Key.Key_Tab)
    QTest.keyClicks(view.quick_add_box.field, text)
    QTest.keyClick(view.quick_add_box.field, Qt.Key.Key_Return)


def blocks(session: Session) -> list[Block]:
    return [node.layer for node in session.network.nodes.values() if isinstance(node.layer, Block)]


def test_a_block_of_the_library_is_typed_with_its_parameters_and_comes_in_one_step(
    view: CanvasView, session: Session
) -> None:
    typed(view, "bottleneck 32 x3")
    (block,) = blocks(session)
    assert (block.definition, block.parameters["width"], block.repeat) == ("Bottleneck", 32, 3)
    assert set(session.network.blocks) == {"Bottleneck"}
    assert session.sheet.view.blocks["Bottleneck"].positions
    session.undo()
    assert not session.network.blocks
    assert not session.network.nodes


def test_a_chain_of_blocks_is_wired(view: CanvasView, session: Session) -> None:
    typed(view, "bottleneck projection width=64 stride=2 > bottleneck width=64 repeat=2")
    first, second = blocks(session)
    assert (first.definition, second.definition) == ("BottleneckProjection", "Bottleneck")
    assert (first.parameters["stride"], second.repeat) == (2, 2)
    assert [wire.output for wire in session.network.wires] == ["output"]


def test_a_word_of_its_field_finds_it(view: CanvasView) -> None:
    QTest.keyClick(view, Qt.Key.Key_Tab)
    QTest.keyClicks(view.quick_add_box.field, "resnet")
    model = view.quick_add_box.model
    assert "Bottleneck" in [model.index(row).data() for row in range(model.rowCount())]


def test_what_the_project_has_changed_is_kept_beside_the_one_of_the_library(view: CanvasView, session: Session) -> None:
    typed(view, "bottleneck")
    session.do("Change", in_block("Bottleneck", edits.add(load()["Dropout"].make({}))))
    view.session.select([])
    view.add_layer("library:classical/Bottleneck")
    assert [block.definition for block in blocks(session)] == ["Bottleneck", "Bottleneck2"]


def test_a_block_takes_the_place_of_a_layer(view: CanvasView, session: Session) -> None:
    typed(view, "conv 64")
    (id,) = session.network.nodes
    cls = view.type_of("library:classical/Residual")
    assert cls is not None
    view.editor.replace([id], cls.make({}))
    assert [block.definition for block in blocks(session)] == ["Residual"]
    assert "Residual" in session.network.blocks


def test_a_block_comes_into_a_block(view: CanvasView, session: Session) -> None:
    typed(view, "bottleneck")
    (id,) = session.network.nodes
    session.open_block(id)
    view.editor.add_chain([view.type_of("library:classical/Residual").make({})], QPointF(0, 300))  # type: ignore[union-attr]
    assert session.scope.block == "Bottleneck"
    assert set(session.sheet.network.blocks) == {"Bottleneck", "Residual"}
    assert session.sheet.view.blocks["Residual"].positions


def test_a_block_that_is_no_longer_in_the_library_is_said(view: CanvasView, session: Session, qtbot: QtBot) -> None:
    typed(view, "residual")
    library.save_block("Residual", session.sheet.network, session.sheet.view, name="Mine")
    cls = view.type_of("library:own/Mine")
    assert cls is not None
    library.delete_saved("Mine")
    with qtbot.waitSignal(session.notice) as said:
        assert view.editor.add_chain([cls.make({})], QPointF(0, 300)) == []
    assert "Mine" in said.args[1]


# -- in the palette


@pytest.fixture
def palette(session: Session, qtbot: QtBot) -> PalettePanel:
    made = PalettePanel(session)
    qtbot.addWidget(made)
    made.resize(216, 600)
    made.show()
    return made


def listed(palette: PalettePanel) -> dict[str, list[str]]:
    """Names by heading."""
    found: dict[str, list[str]] = {}
    heading = ""
    for row in range(palette.model.rowCount()):
        cls = palette.model.type_at(palette.model.index(row))
        if cls is None:
            heading = palette.model.index(row).data()
        found.setdefault(heading, []).extend([cls.type_name()] if cls is not None else [])
    return found


def entries(palette: PalettePanel, heading: str, name: str) -> dict[str, QAction]:
    """The context menu of a block, by title."""
    cls = next(
        cls for cls in types_for(palette.session.sheet.network)
        if cls.type_name() == name and getattr(cls, "section", "") == heading
    )  # fmt: skip
    menu = palette.shelf.menu_for(cls)
    assert menu is not None
    return {action.text(): action for action in menu.actions()}


def test_the_palette_has_the_projects_the_persons_and_the_classical_blocks(
    palette: PalettePanel, session: Session
) -> None:
    session.do("Bring", library.bring(library.block("classical/Residual"), session.network).edit)
    assert listed(palette)[PROJECT] == ["Residual"]
    assert "Residual" not in listed(palette)[CLASSICAL]
    assert OWN not in listed(palette)
    session.do("Change", in_block("Residual", edits.add(load()["Dropout"].make({}))))
    entries(palette, PROJECT, "Residual")["Save to my library"].trigger()
    session.do("Change", in_block("Residual", edits.add(load()["ReLU"].make({}))))
    palette.shelf.changed.emit()
    assert listed(palette)[OWN] == ["Residual"]


def test_blocks_are_renamed_and_deleted_from_the_palette(
    palette: PalettePanel, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.do("Bring", library.bring(library.block("classical/Residual"), session.network).edit)
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("Mine", True))
    entries(palette, PROJECT, "Residual")["Rename …"].trigger()
    assert set(session.network.blocks) == {"Mine"}
    entries(palette, PROJECT, "Mine")["Save to my library"].trigger()
    entries(palette, PROJECT, "Mine")["Delete"].trigger()
    assert not session.network.blocks
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("Yours", True))
    entries(palette, OWN, "Mine")["Rename in my library …"].trigger()
    assert listed(palette)[OWN] == ["Yours"]
    monkeypatch.setattr(Shelf, "_sure", lambda *_: False)
    entries(palette, OWN, "Yours")["Delete from my library …"].trigger()
    assert listed(palette)[OWN] == ["Yours"]
    monkeypatch.setattr(Shelf, "_sure", lambda *_: True)
    entries(palette, OWN, "Yours")["Delete from my library …"].trigger()
    assert OWN not in listed(palette)


def test_a_block_in_use_is_not_deleted_and_that_is_said(
    palette: PalettePanel, view: CanvasView, session: Session, qtbot: QtBot
) -> None:
    typed(view, "residual")
    with qtbot.waitSignal(session.notice) as said:
        entries(palette, PROJECT, "Residual")["Delete"].trigger()
    assert "is used in the drawing" in said.args[1]
    assert "Residual" in session.network.blocks


def own() -> dict[str, int]:
    """The person's blocks, with how many layers are in each."""
    return {block.name: len(block.network.nodes) for block in library.blocks() if block.own}


def test_every_change_of_the_library_can_be_taken_back(
    palette: PalettePanel, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shelf, "_sure", lambda *_: True)
    session.do("Bring", library.bring(library.block("classical/Residual"), session.network).edit)
    session.do("Change", in_block("Residual", edits.add(load()["Dropout"].make({}))))
    entries(palette, PROJECT, "Residual")["Save to my library"].trigger()
    saved = own()
    assert palette.shelf.take_back()
    assert own() == {}
    assert not palette.shelf.take_back(), "once is enough"
    entries(palette, PROJECT, "Residual")["Save to my library"].trigger()

    session.do("Change", in_block("Residual", edits.add(load()["ReLU"].make({}))))
    entries(palette, PROJECT, "Residual")["Save to my library"].trigger()
    assert own() != saved
    assert palette.shelf.take_back()
    assert own() == saved

    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("Mine", True))
    assert palette.shelf.rename("Residual")
    assert set(own()) == {"Mine"}
    assert palette.shelf.take_back()
    assert own() == saved

    assert palette.shelf.delete("Residual")
    assert own() == {}
    assert palette.shelf.take_back()
    assert own() == saved
    assert listed(palette)[OWN] == ["Residual"]


def test_what_was_changed_since_is_not_taken_back(palette: PalettePanel, session: Session, qtbot: QtBot) -> None:
    session.do("Bring", library.bring(library.block("classical/Residual"), session.network).edit)
    session.do("Change", in_block("Residual", edits.add(load()["Dropout"].make({}))))
    entries(palette, PROJECT, "Residual")["Save to my library"].trigger()
    (file,) = library.own_folder().glob("*.json")
    file.write_bytes(file.read_bytes() + b" ")
    with qtbot.waitSignal(session.notice) as said:
        assert not palette.shelf.take_back()
    assert "changed since" in said.args[1]
    assert file.exists()


def test_the_notice_has_a_button_that_takes_it_back(window) -> None:  # type: ignore[no-untyped-def]
    session = window.session
    window.file_actions.new()
    session.do("Bring", library.bring(library.block("classical/Residual"), session.network).edit)
    session.do("Change", in_block("Residual", edits.add(load()["Dropout"].make({}))))
    panel = window.workspace.palette_panel
    assert panel.shelf.save("Residual")
    (notice,) = window.notices.shown
    (undo,) = [button for button in notice.findChildren(QPushButton) if button.text() == "Undo"]
    undo.click()
    assert own() == {}
    assert panel.shelf.save("Residual")
    window.actions_table.trigger("undo_library")
    assert own() == {}
