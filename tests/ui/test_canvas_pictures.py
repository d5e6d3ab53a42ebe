"""The drawing as a picture, and two versions of it laid over each other."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hands import LEFT, Hands, small_network
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest

from nnstudio.graph import Network, View, edits
from nnstudio.project.sheet import Sheet
from nnstudio.ui.canvas.lit import Hit
from nnstudio.ui.canvas.tips import tip_for


def texts(svg: bytes) -> str:
    root = ElementTree.fromstring(svg)
    return " ".join(text.strip() for text in root.itertext() if text.strip())


def test_the_svg_holds_every_name_as_text_and_of_a_selection_only_its_own(hands: Hands) -> None:
    whole = texts(hands.view.picture().svg("net"))
    for name in hands.names():
        assert name in whole
    part = texts(hands.view.picture([hands.id("hidden"), hands.id("active")]).svg())
    assert "hidden" in part
    assert "scores" not in part


def test_the_picture_shows_all_nodes_and_is_alike_whatever_is_selected_or_seen(hands: Hands) -> None:
    image = hands.view.picture().image()
    hands.session.select([hands.id("hidden")])
    hands.view.zoom_to(0.2)
    assert hands.view.picture().image() == image
    assert image.width() > image.height() > 100


@pytest.mark.parametrize("ending", [".svg", ".png"])
def test_a_picture_is_written_whole(hands: Hands, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"drawing{ending}"
    hands.view.picture().write(path)
    image = QImage(str(path))
    assert image.width() > 500
    assert list(tmp_path.iterdir()) == [path]


def test_both_kinds_go_to_the_clipboard(hands: Hands) -> None:
    QGuiApplication.clipboard().setMimeData(hands.view.picture().mime(vector=False))
    assert QGuiApplication.clipboard().image().width() > 500
    QGuiApplication.clipboard().setMimeData(hands.view.picture().mime(vector=True))
    assert "<svg" in QGuiApplication.clipboard().text()
    assert QGuiApplication.clipboard().mimeData().hasFormat("image/svg+xml")


def test_an_empty_canvas_has_an_empty_picture(hands: Hands) -> None:
    hands.show(Network())
    assert hands.view.picture().empty
    assert not hands.view.picture().image().isNull()


def compared(hands: Hands) -> Sheet:
    """The version before: then ``active`` goes, ``more`` comes and ``hidden`` is widened."""
    before = Sheet(hands.session.network, View(hands.view.canvas.places))
    hands.session.do("Delete", edits.remove([hands.id("active")]))
    hands.session.do("Add", edits.add(small_network().named("active").layer, name="more"))
    hands.session.do("Widen", edits.set_params(hands.id("hidden"), out_features=77))
    hands.view.canvas.comparison.begin(before, "the saved version")
    return before


def test_a_comparison_counts_and_colours_and_follows_each_edit(hands: Hands) -> None:
    before = compared(hands)
    comparison = hands.view.canvas.comparison
    assert comparison.counts() == {"added": 1, "removed": 1, "changed": 1}
    assert hands.view.comparison_bar.isVisible()
    assert "1 gone" in hands.view.comparison_bar.accessibleName()
    shown = hands.view.viewport().grab().toImage()
    hands.session.undo()
    assert comparison.counts() == {"added": 1, "removed": 1, "changed": 0}
    assert hands.view.viewport().grab().toImage() != shown
    hands.session.undo()
    hands.session.undo()
    assert not comparison.difference, "it is the version before again"
    assert hands.session.network is before.network


def test_the_tip_says_what_was_changed(hands: Hands) -> None:
    compared(hands)
    assert "out_features: 32 → 77" in tip_for(hands.view.canvas, Hit(hands.id("hidden")))
    assert "not in the saved version" in tip_for(hands.view.canvas, Hit(hands.id("more")))


def test_the_bar_says_what_was_changed_of_the_layer_that_keys_come_to(hands: Hands) -> None:
    compared(hands)
    hands.session.select([hands.id("features")])
    bar = hands.view.comparison_bar
    assert bar.told.isHidden()
    hands.view.setFocus()
    hands.key(Qt.Key.Key_Right)
    assert hands.selected() == {"hidden"}
    assert bar.told.isVisible()
    assert bar.told.text() == "hidden: out_features: 32 → 77"
    assert bar.accessibleDescription() == bar.told.text()
    hands.session.select([hands.id("more")])
    assert "not in the saved version" in bar.told.text()
    hands.view.canvas.comparison.end()
    assert not bar.isVisible()


def test_the_window_says_and_lists_what_differs(window) -> None:  # type: ignore[no-untyped-def]
    session = window.session
    session.new(Sheet(small_network()))
    window.show_workspace()
    canvas = window.workspace.canvas
    before = Sheet(session.network, View(canvas.canvas.places))
    active, hidden = (session.network.named(name).id for name in ("active", "hidden"))
    session.do("Delete", edits.remove([active]))
    session.do("Widen", edits.set_params(hidden, out_features=77))
    session.select([hidden])
    canvas.canvas.comparison.begin(before, "the saved version")
    assert "compared, hidden: out_features: 32 → 77" in canvas.accessibleDescription()
    session.select(())
    window.actions_table.refresh()
    window.actions_table.trigger("list_differences")
    found = [window._palette.list.item(row).text() for row in range(window._palette.list.count())]
    assert found == ["~ hidden: out_features: 32 → 77", "− active: only in the saved version"]
    QTest.keyClick(window._palette.field, Qt.Key.Key_Return)
    assert session.selection == {hidden}
    canvas.pan(4000, 4000)
    window.actions_table.trigger("list_differences")
    QTest.keyClicks(window._palette.field, "active")
    QTest.keyClick(window._palette.field, Qt.Key.Key_Return)
    assert canvas.seen().intersects(canvas.canvas.comparison.area(active))


def test_after_fit_nothing_lies_under_the_bar_and_what_is_gone_is_seen(hands: Hands) -> None:
    compared(hands)
    hands.view.fit()
    bar = hands.view.mapToScene(hands.view.comparison_bar.geometry()).boundingRect()
    assert not hands.view.canvas.inside(bar)
    assert hands.view.seen().contains(hands.view.canvas.comparison.extent())
    assert not hands.view.canvas.comparison.extent().isEmpty()


def test_what_is_gone_covers_nothing_where_the_saved_version_has_no_places(hands: Hands) -> None:
    before = Sheet(hands.session.network)
    hands.session.do("Delete", edits.remove([hands.id("active")]))
    hands.view.canvas.comparison.begin(before, "the saved version")
    assert not hands.view.canvas.inside(hands.view.canvas.comparison.extent())


def test_a_comparison_ends_by_its_button_and_with_another_project(hands: Hands) -> None:
    plain = compared(hands)
    QTest.mouseClick(hands.view.comparison_bar.button, LEFT)
    assert not hands.view.canvas.comparison.shown
    assert not hands.view.comparison_bar.isVisible()
    hands.view.canvas.comparison.begin(plain, "the saved version")
    hands.show(small_network())
    assert not hands.view.canvas.comparison.shown


def test_the_window_compares_with_the_saved_version_and_writes_the_drawing(window, qtbot, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    session, path = window.session, tmp_path / "net.nnstudio"
    session.new(Sheet(small_network()))
    window.show_workspace()
    session.save(path)
    qtbot.waitUntil(lambda: path.exists() and session.path == path and session.settled, timeout=20_000)
    session.do("Rename", edits.rename(session.network.named("hidden").id, "wide"))
    window.actions_table.trigger("compare_saved")
    comparison = window.workspace.canvas.canvas.comparison
    qtbot.waitUntil(lambda: comparison.shown, timeout=20_000)
    assert comparison.counts() == {"added": 0, "removed": 0, "changed": 1}
    window.actions_table.trigger("end_comparison")
    assert not comparison.shown
    window.drawing_actions.write(tmp_path / "net.svg")
    assert "wide" in (tmp_path / "net.svg").read_text()
    with qtbot.waitSignal(session.notice) as told:
        window.drawing_actions.write(tmp_path / "no such folder" / "net.svg")
    assert told.args[0] == "error"
    assert "choose another folder" in told.args[1]
