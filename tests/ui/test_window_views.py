"""The window's looks and ways: size of text, focus by keys, the menu by Alt, and how plots are looked at."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QPushButton, QTabBar, QWidget

from nnstudio.project.gallery import template
from nnstudio.ui import theme
from nnstudio.ui.docks.live import Live
from nnstudio.ui.parts import ElidedLabel
from nnstudio.ui.settings import Settings
from nnstudio.ui.window import MainWindow

Key = Qt.Key


@pytest.fixture
def digits(window, qtbot):
    window.file_actions.open_template(template("digits-mlp"))
    qtbot.waitUntil(lambda: window.in_workspace and window.session.settled, timeout=60_000)
    window.activateWindow()
    yield window
    theme.set_text_percent(100)


def page_made(window) -> None:
    """The inspector shows what is selected, which it does a moment after the canvas."""
    assert window.workspace.inspector.page is not None
    QApplication.processEvents()


def cut(window) -> list[str]:
    """The texts that are seen and have less room than they need. What gives way on purpose says all in its tooltip."""
    found = []
    for widget in window.findChildren(QWidget):
        if not widget.isVisible() or widget.visibleRegion().isEmpty() or isinstance(widget, ElidedLabel):
            continue
        needed = widget.minimumSizeHint()
        if isinstance(widget, QTabBar):
            ends = [widget.tabRect(at).right() for at in range(widget.count())]
            found += [f"tab {widget.tabText(at)}" for at, end in enumerate(ends) if end > widget.width()]
            continue
        told = isinstance(widget, QPushButton | QCheckBox) or (type(widget) is QLabel and not widget.wordWrap())
        if told and widget.text() and (widget.width() < needed.width() or widget.height() < needed.height()):
            found.append(f"{type(widget).__name__} {widget.text()}")
    return found


@pytest.mark.parametrize("percent", [80, 100, 150, 200])
def test_nothing_is_cut_at_any_size_of_text(digits, percent):
    digits.resize(*((1600, 1000) if percent > 150 else (1280, 800)))
    theme.set_text_percent(percent)
    digits.session.select([digits.session.network.by_name["hidden1"].id])
    for name in ("outline", "history", "layers"):
        digits.workspace.side.show_tab(name)
        QApplication.processEvents()
        assert not cut(digits), name
    page = digits.workspace.inspector.page
    assert page.minimumSizeHint().width() <= digits.workspace.inspector.width()
    digits.session.select(())
    page_made(digits)
    assert not cut(digits)


def test_text_is_made_larger_and_smaller_by_keys_and_that_is_remembered(digits, qtbot):
    held = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
    digits.session.select([digits.session.network.by_name["hidden1"].id])
    before = digits.workspace.inspector.page.name.fontInfo().pixelSize()
    QApplication.processEvents()
    qtbot.keyClick(digits.workspace.canvas, Key.Key_Equal, held)
    assert theme.text_percent() == 110
    assert Settings(digits.settings.path).get("text_percent", 0) == 110
    QApplication.processEvents()
    qtbot.keyClick(digits.workspace.canvas, Key.Key_Equal, held)
    qtbot.keyClick(digits.workspace.canvas, Key.Key_Equal, held)
    assert theme.text_percent() == 150
    assert digits.workspace.inspector.page.name.fontInfo().pixelSize() == round(15 * 1.5) > before * 1.3
    qtbot.keyClick(digits.workspace.canvas, Key.Key_Minus, held)
    assert theme.text_percent() == 125
    digits.actions_table.trigger("text_normal")
    assert theme.text_percent() == 100


def test_the_actual_size_of_the_canvas_is_that_of_the_text(digits):
    theme.set_text_percent(150)
    digits.actions_table.trigger("zoom_reset")
    assert digits.workspace.canvas.scale_now() == 1.5
    theme.set_text_percent(100)
    assert digits.workspace.canvas.scale_now() == 1.0


@pytest.mark.parametrize(
    ("key", "place"),
    [(Key.Key_1, "canvas"), (Key.Key_2, "outline"), (Key.Key_3, "palette"), (Key.Key_4, "inspector"),
     (Key.Key_5, "history"), (Key.Key_6, "panels")],
)  # fmt: skip
def test_every_part_of_the_window_is_reached_by_a_key(digits, qtbot, key, place):
    workspace = digits.workspace
    parts = {"canvas": workspace.canvas, "outline": workspace.side.outline, "palette": workspace.palette_panel,
             "inspector": workspace.inspector, "history": workspace.side.history,
             "panels": workspace.panels}  # fmt: skip
    digits.actions_table.trigger("canvas_only")
    QApplication.processEvents()
    qtbot.keyClick(workspace.canvas, key, Qt.KeyboardModifier.AltModifier)
    focus = QApplication.focusWidget()
    assert focus is parts[place] or parts[place].isAncestorOf(focus)


def test_alt_alone_opens_the_menu_and_alt_with_another_key_does_not(digits, qtbot):
    canvas = digits.workspace.canvas
    qtbot.keyPress(canvas, Key.Key_Alt)
    qtbot.keyPress(canvas, Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    qtbot.keyRelease(canvas, Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    qtbot.keyRelease(canvas, Key.Key_Alt)
    QApplication.processEvents()
    assert QApplication.activePopupWidget() is None
    qtbot.keyPress(canvas, Key.Key_Alt)
    qtbot.keyRelease(canvas, Key.Key_Alt)
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None)
    assert [name for name, menu in digits.menus.items() if menu.isVisible()] == ["File"]
    digits.menus["File"].close()
    digits._menu.close()


def test_how_the_loss_is_looked_at_is_remembered(digits, qtbot):
    panel = digits.workspace.panels.panel(0)
    panel.loss.log.setChecked(True)
    panel.loss.smoothing.setValue(2)
    again = MainWindow(Settings(digits.settings.path))
    qtbot.addWidget(again)
    again.show()
    qtbot.waitUntil(lambda: again.warm, timeout=60_000)
    plot = again.workspace.panels.panel(0).loss
    assert (plot.drawing.log, plot.drawing.smoothing, plot.log.isChecked()) == (True, 2, True)
    again.close()


@pytest.mark.parametrize("damaged", [{}, {"log": 3, "smoothing": 99, "by_step": "x"}, {"quantity": -4}])
def test_damaged_choices_of_a_plot_are_passed_over(digits, damaged):
    for place in range(3):
        panel = digits.workspace.panels.panel(place)
        assert isinstance(panel, Live)
        panel.choose_again(damaged)


def test_nothing_is_announced_for_a_node_that_a_run_tells_nothing_of(digits):
    histogram, gradient = digits.workspace.inspector._live
    for name, activations, gradients in (
        ("image", False, False), ("hidden1", True, True), ("relu1", True, False), ("loss", False, False),
    ):  # fmt: skip
        digits.session.select([digits.session.network.by_name[name].id])
        page_made(digits)
        assert (not histogram.isHidden(), not gradient.isHidden()) == (activations, gradients), name
