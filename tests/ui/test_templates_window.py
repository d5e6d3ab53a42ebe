"""The classical networks in the window: each opens without problems, is seen as a whole, and can be edited."""

from __future__ import annotations

import itertools

import pytest
from pytestqt.qtbot import QtBot

from nnstudio.graph import edits
from nnstudio.project.gallery import CLASSICAL_ORDER, classical, template
from nnstudio.ui.window import MainWindow


def opened(window: MainWindow, qtbot: QtBot, id: str) -> None:
    window.resize(1440, 900)
    window.file_actions.open_template(template(id))
    qtbot.waitUntil(lambda: window.in_workspace and window.session.settled, timeout=120_000)


@pytest.mark.parametrize("id", CLASSICAL_ORDER)
def test_it_opens_without_problems_fits_and_covers_nothing(window: MainWindow, qtbot: QtBot, id: str) -> None:
    opened(window, qtbot, id)
    session, canvas = window.session, window.workspace.canvas
    assert session.resolution is not None
    assert session.resolution.problems == ()
    assert not session.document.modified
    qtbot.waitUntil(lambda: canvas.seen().contains(canvas.canvas.content_rect()))
    boxes = [canvas.canvas.box_with_margin(node) for node in session.network.nodes]
    shrunk = [box.adjusted(9, 9, -9, -9) for box in boxes]
    assert not any(a.intersects(b) for a, b in itertools.combinations(shrunk, 2))


def test_a_part_of_it_is_edited_and_undone(window: MainWindow, qtbot: QtBot) -> None:
    opened(window, qtbot, "resnet-18")
    session = window.session
    session.open_block("layer2")
    qtbot.waitUntil(lambda: session.settled, timeout=120_000)
    assert session.do("Widen", edits.set_params("conv1", kernel_size=5, padding=2))
    qtbot.waitUntil(lambda: session.settled and session.whole is not None, timeout=120_000)
    assert session.whole is not None
    assert session.whole.parameters > 11_689_512
    session.undo()
    qtbot.waitUntil(lambda: session.settled and session.whole.parameters == 11_689_512, timeout=120_000)


def test_it_is_found_by_name_under_new_from_template(window: MainWindow, qtbot: QtBot) -> None:
    window.actions_table.trigger("new_from_template")
    chooser = window._palette
    assert chooser is not None
    titles = [chooser.list.item(row).text() for row in range(chooser.list.count())]
    assert titles[: len(classical())] == [each.title for each in classical()]
    qtbot.keyClicks(chooser.field, "lenet")
    chooser._run()
    qtbot.waitUntil(lambda: window.in_workspace and window.session.settled, timeout=60_000)
    assert window.run_bar.title.text() == "lenet-5"
