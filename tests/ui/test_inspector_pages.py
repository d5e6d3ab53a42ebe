"""The inspector keeps its pages by type of layer: whichever node is chosen, its page shows that node as it is now."""

from __future__ import annotations

import gc

import pytest
import shiboken6
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QFrame, QLabel, QLineEdit, QWidget

from nnstudio.data import shipped_reference
from nnstudio.data.reference import DataReference
from nnstudio.graph import edits
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.sheet import Sheet
from nnstudio.ui import theme
from nnstudio.ui.docks.node import NodeGradient
from nnstudio.ui.inspect_nodes import NodePage
from nnstudio.ui.inspect_phases import Records
from nnstudio.ui.inspect_project import ProjectPage
from nnstudio.ui.inspect_several import _AT_ONCE, SeveralPage
from nnstudio.ui.inspector import Inspector


@pytest.fixture
def drawn(session, qtbot):
    net = NetworkBuilder()
    x = net.add("Input", shape=(3, 32, 32), name="image")
    x = net.add("Conv2d", x, out_channels=4, name="first")
    x = net.add("ReLU", x, name="relu")
    x = net.add("Conv2d", x, out_channels=8, kernel_size=5, bias=False, name="second")
    x = net.add("Flatten", x, name="flat")
    net.add("Linear", x, out_features=10, name="scores")
    net.add("Conv2d", x, out_channels=16, name="wrong")
    session.do("Build", lambda _: net.network)
    qtbot.waitUntil(lambda: session.settled, timeout=60_000)
    return session


@pytest.fixture
def inspector(drawn, show):
    made = Inspector(drawn)
    made.resize(320, 800)
    show(made)
    return made


def page_of(inspector, session, name) -> NodePage:
    session.select([session.network.by_name[name].id])
    page = inspector.page
    assert isinstance(page, NodePage)
    QApplication.processEvents()  # what was added to it is laid out
    return page


def said(page: NodePage) -> list[object]:
    """All that a page says of its node, but for its costs and cures, which come later, and the help."""
    parts = (page.name, page._kind, page.form, page.flags, page.trained, page.facts)
    found: list[object] = []
    for part in parts:
        for widget in (part, *part.findChildren(QWidget)) if part is not None else ():
            if isinstance(widget, QAbstractButton) and widget.isVisibleTo(page):
                found.append((widget.text(), widget.isChecked()))
            elif isinstance(widget, QLabel | QLineEdit) and widget.isVisibleTo(page):
                found.append(widget.text())
            elif isinstance(widget, QComboBox) and widget.isVisibleTo(page):
                found.append(widget.currentText())
    return found


def as_if_new(session, show, name) -> list[object]:
    """What an inspector that was only just made says of a node."""
    fresh = Inspector(session)
    show(fresh)
    return said(page_of(fresh, session, name))


def test_types_that_arrive_after_it_was_closed_do_not_concern_it(drawn, qtbot):
    shiboken6.delete(Inspector(drawn))
    with qtbot.captureExceptions() as caught:
        drawn.resolved.emit(drawn.resolution)
    assert not caught


def test_every_node_is_shown_as_by_a_new_inspector_however_often_pages_change(drawn, inspector, show):
    order = ("first", "second", "relu", "second", "scores", "first", "wrong", "flat", "first")
    told = [said(page_of(inspector, drawn, name)) for name in order]
    assert told == [as_if_new(drawn, show, name) for name in order]
    assert "first" in told[0]
    assert "3 × 3" in told[0]
    assert "5 × 5" in told[1]
    assert told[1] == told[3] != told[0]


def test_a_node_of_the_same_type_is_shown_by_the_page_that_is_there(drawn, inspector):
    first = page_of(inspector, drawn, "first")
    assert page_of(inspector, drawn, "relu") is not first
    assert page_of(inspector, drawn, "second") is first


def test_a_problem_goes_with_the_node_that_has_it(drawn, inspector):
    assert page_of(inspector, drawn, "wrong").findChildren(QFrame, "problem")
    page = page_of(inspector, drawn, "first")
    assert page.problems.isHidden()
    assert page_of(inspector, drawn, "wrong") is page
    assert not page.problems.isHidden()


def test_what_was_edited_while_another_page_was_seen_is_shown(drawn, inspector):
    page_of(inspector, drawn, "first")
    page_of(inspector, drawn, "scores")
    ids = {name: node.id for name, node in drawn.network.by_name.items()}
    drawn.do("Set", edits.set_params(ids["first"], out_channels=32))
    drawn.do("Rename", edits.rename(ids["first"], "stem"))
    drawn.do("Freeze", edits.set_frozen([ids["first"]], True))
    page = page_of(inspector, drawn, "stem")
    assert page.name.text() == "stem"
    assert page.form.fields["out_channels"].line.text() == "32"
    assert page.flags.boxes["frozen"].isChecked()
    drawn.undo()
    assert not page.flags.boxes["frozen"].isChecked()


def test_typing_on_a_kept_page_changes_the_node_that_it_shows(drawn, inspector, qtbot):
    page_of(inspector, drawn, "first")
    page = page_of(inspector, drawn, "second")
    field = page.form.fields["out_channels"].line
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "24")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert drawn.network.by_name["second"].layer.out_channels == 24
    assert drawn.network.by_name["first"].layer.out_channels == 4


@pytest.mark.parametrize("change", ["text", "theme"])
def test_a_page_that_was_away_has_the_present_text_size_and_theme(drawn, inspector, show, change):
    page_of(inspector, drawn, "first")
    page_of(inspector, drawn, "relu")
    if change == "text":
        theme.set_text_percent(150)
    else:
        theme.set_theme("light" if theme.current().name == "dark" else "dark")
    kept = page_of(inspector, drawn, "second")
    fresh = Inspector(drawn)
    fresh.resize(inspector.size())
    show(fresh)
    new = page_of(fresh, drawn, "second")
    for mine, other in ((kept, new), (kept.name, new.name), (kept._kind, new._kind)):
        assert mine.font().pixelSize() == other.font().pixelSize()
        assert mine.palette().color(mine.foregroundRole()) == other.palette().color(other.foregroundRole())
    assert kept.form.fields["out_channels"].sizeHint() == new.form.fields["out_channels"].sizeHint()


def test_of_very_many_selected_layers_the_page_says_the_same_a_little_later(session, show, qtbot):
    net = NetworkBuilder()
    for place in range(_AT_ONCE + 2):
        net.add("Linear", out_features=8 if place else 9, bias=True)
    session.do("Build", lambda _: net.network)
    shown = Inspector(session)
    show(shown)
    session.select(session.network.nodes)
    page = shown.page
    assert isinstance(page, SeveralPage)
    bias, width = page.form.fields["bias"].box, page.form.fields["out_features"].line
    qtbot.waitUntil(lambda: bias.checkState() == Qt.CheckState.Checked)
    assert width.text() == ""  # they have different ones
    qtbot.waitUntil(lambda: page.flags.isVisible() and page.trained.isVisible())
    one = next(iter(session.network.nodes))
    session.do("Set", edits.set_params(one, bias=False))
    qtbot.waitUntil(lambda: bias.checkState() == Qt.CheckState.PartiallyChecked)


def test_nothing_of_the_project_s_page_outlives_it(qapp, session):
    before = {id(widget) for widget in qapp.allWidgets() if isinstance(widget, Records)}
    page = ProjectPage(session)
    assert page.phases.isHidden(), "its section is closed"
    page.deleteLater()
    del page
    gc.collect()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not [each for each in qapp.allWidgets() if isinstance(each, Records) and id(each) not in before]


def test_the_page_of_another_project_is_made_once_and_after_its_drawing_is_there(drawn, inspector, qtbot, monkeypatch):
    made = []

    def counted(session):
        made.append(ProjectPage(session))
        return made[-1]

    monkeypatch.setattr("nnstudio.ui.inspector.ProjectPage", counted)
    drawn.replace_sheet(Sheet(data=shipped_reference("line")))
    assert not made, "the drawing can be shown before"
    qtbot.waitUntil(lambda: drawn.settled and drawn.dataset is not None, timeout=60_000)
    assert inspector.page is made[0]
    assert len(made) == 1


def test_what_is_to_be_known_of_the_data_stands_in_lines_of_its_own(session, show, qtbot, tmp_path):
    path = tmp_path / "rent.csv"
    path.write_text("Rents of the town\n\narea,rent\n" + "".join(f"{n} m²,{n * 9} €\n" for n in range(20, 60)), "utf-8")
    inspector = Inspector(session)
    show(inspector)
    session.choose_data(DataReference(f"file:{path.as_posix()}"))
    qtbot.waitUntil(lambda: session.settled and session.dataset is not None, timeout=60_000)
    assert len(session.dataset.warnings) == 3
    told = "\n".join(session.dataset.warnings)
    qtbot.waitUntil(lambda: told in [part.text() for part in inspector.page.findChildren(QLabel)], timeout=10_000)


def test_what_shows_the_run_is_seen_on_the_page_of_its_layer_and_nowhere_before(drawn, inspector):
    view = NodeGradient(drawn)
    inspector.add_live(view)
    drawn.select([drawn.network.by_name["first"].id])
    assert isinstance(inspector.findChild(ProjectPage), ProjectPage)
    assert not view.isVisible()  # the page of the layer comes when the canvas has shown what was chosen
    assert inspector.page.isAncestorOf(view)
    assert view.isVisible()
    drawn.select(())
    assert not inspector.page.isAncestorOf(view)
    assert not view.isVisible()


def test_a_page_that_was_about_to_be_refreshed_is_left_alone_when_its_layer_goes(drawn, inspector, qtbot):
    page = page_of(inspector, drawn, "first")
    drawn.run_changed.emit()
    qtbot.wait(1)
    drawn.do("Delete", edits.remove([page.id]))
    qtbot.waitUntil(
        lambda: inspector.findChild(ProjectPage) is not None and inspector.findChild(ProjectPage).isVisible()
    )
    assert not page.isVisible()
