"""Try it in little room: fields stand in columns and answers beside one another rather than out of sight."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QScrollArea, QWidget

from nnstudio.project.neighbours import Neighbour
from nnstudio.project.project import Project
from nnstudio.project.ranking import Ranked
from nnstudio.ui.docks.try_answers import AnswersView
from nnstudio.ui.docks.try_editors import NumberEditor
from nnstudio.ui.docks.try_fields import Fields
from nnstudio.ui.docks.try_panel import TryPanel
from nnstudio.ui.docks.try_views import RankingView, in_columns
from nnstudio.ui.session import Session

#: The panel in a window of 1280 × 800.
WIDE, HIGH = 1280, 198


@pytest.fixture
def session(qapp) -> Iterator[Session]:
    assert qapp is not None
    made = Session()
    yield made
    made.shut_down()


@pytest.fixture
def panel(session, qtbot, tmp_path) -> Iterator[Callable[[str], TryPanel]]:
    made: list[TryPanel] = []

    def opened(id: str) -> TryPanel:
        session.open(Project.new(id).save(tmp_path / f"{id}.nnstudio"))
        qtbot.waitUntil(lambda: session.settled and session.dataset is not None, timeout=60_000)
        panel = TryPanel(session)
        made.append(panel)
        qtbot.addWidget(panel)
        panel.resize(WIDE, HIGH)
        panel.show()
        qtbot.waitUntil(lambda: bool(panel.answers.headlines), timeout=60_000)
        return panel

    yield opened
    for each in made:
        each.hide()


def hidden(panel: QWidget) -> list[str]:
    """The parts of a panel of which something is out of sight."""
    areas = [each for each in panel.findChildren(QScrollArea) if each.isVisible()]
    return [each.accessibleName() for each in areas if each.verticalScrollBar().maximum() > 0]


@pytest.mark.parametrize("id", ["line", "small-net", "fraud", "credit"])
def test_all_fields_of_a_table_are_seen_at_once(panel, qtbot, id: str) -> None:
    made = panel(id)
    qtbot.waitUntil(lambda: hidden(made) == [], timeout=5000)
    for editor in made.editors:
        where = editor.mapTo(made, QPoint(0, 0))
        assert made.left.geometry().contains(where)
        assert where.x() + editor.width() <= made.left.geometry().right() + 1
        assert editor.width() > 100
        if isinstance(editor, NumberEditor):
            text = editor.field.fontMetrics().horizontalAdvance("0.1234")
            assert editor.field.width() >= text + 20, "numbers are seen whole"


def test_fields_give_way_to_a_layer_that_is_looked_into(panel, qtbot) -> None:
    made = panel("fraud")
    assert isinstance(made.fields, Fields)
    qtbot.waitUntil(lambda: made.fields.columns > 1, timeout=5000)
    before = made.left.width()
    hidden_layer = next(n.id for n in made.session.network.nodes.values() if n.layer.type_name() == "Linear")
    made.session.select([hidden_layer])
    qtbot.waitUntil(lambda: made.fields.columns == 1, timeout=5000)
    assert made.left.width() < before


def answers() -> dict[str, dict[str, object]]:
    shares = {f"speaker {at}": 1.0 / (at + 1) for at in range(9)}
    near = tuple(Neighbour(at, 0.1 * at, f"speaker {at}") for at in range(8))
    return {
        "who": {"class": "speaker 0", "probability": 1.0, "probabilities": shares},
        "voice": {"value": np.zeros(4), "neighbours": near},
    }


def test_answers_stand_beside_one_another_where_there_is_room(show, qtbot) -> None:
    view = AnswersView()
    view.show_answers(answers())
    show(view, 900, 192)
    who, voice = (view._parts[name]["name"] for name in ("who", "voice"))
    qtbot.waitUntil(lambda: voice.x() > who.x() + 200, timeout=5000)
    assert abs(voice.y() - who.y()) <= 2
    assert view.minimumSizeHint().height() <= 192
    view.resize(400, 600)
    qtbot.waitUntil(lambda: voice.y() > who.y() + 50, timeout=5000)
    assert voice.x() == who.x()


def test_a_long_list_stands_in_two_columns_where_there_is_room(show) -> None:
    view = RankingView()
    view.show_rows([(f"film {at}", 5.0 - at) for at in range(10)])
    show(view, 300, 100)
    tall = view.height()
    view.resize(600, 100)
    assert view.height() == pytest.approx(tall / 2, abs=2)
    boxes = in_columns(10, 600, 220)
    assert [box.top() for box in boxes[:5]] == [box.top() for box in boxes[5:]]
    assert boxes[5].left() > boxes[4].right()


def test_a_ranking_stands_beside_the_number_that_is_answered(show, qtbot) -> None:
    view = AnswersView()
    ranked = Ranked("film", tuple((f"film {at}", 5.0 - at) for at in range(10)), 3)
    view.show_answers({"guess": {"value": 3.4, "ranking": ranked}})
    show(view, 960, 192)
    head, ranking = view._parts["guess"]["head"], view._parts["guess"]["ranking"]
    qtbot.waitUntil(lambda: ranking.x() > head.x() + 100, timeout=5000)
    assert view.minimumSizeHint().height() <= 192
