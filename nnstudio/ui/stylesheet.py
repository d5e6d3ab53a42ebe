"""The Qt style sheet, derived from the tokens of a theme.

Widgets say what they are by a dynamic property ``role``: for labels ``title``, ``heading``, ``muted``, ``faint``,
``problem``, ``good``, ``mono``; for buttons ``primary``, ``quiet``, ``link``; for frames ``panel``, ``card``, ``line``.
"""

from __future__ import annotations

import re
from string import Template

from nnstudio.ui.theme import Tokens, control_edge, mixed, mono_font, on_accent, row_selected, scaled

_SHEET = Template("""
* { outline: none; }
QWidget { color: $text; selection-background-color: $accent; selection-color: $on_accent; }
QMainWindow, QDialog, QMessageBox, #welcome { background: $window; }
QToolTip { background: $raised; color: $text; border: 1px solid $line; padding: 5px 8px; font-size: 12px; }

QFrame[role="panel"], QWidget[role="panel"] { background: $panel; }
QFrame[role="canvas"] { background: $canvas; }
QGraphicsView#canvas { border: 1px solid transparent; }
QGraphicsView#canvas:focus { border-color: $quiet_focus; }
QFrame[role="card"] { background: $panel; border: 1px solid $line; border-radius: 8px; }
QFrame[role="popup"] { background: $panel; border: 1px solid $line; }
QFrame[role="notice"] { background: $raised; border: 1px solid $edge; border-radius: 8px; }
QFrame[role="notice"] QLabel { font-size: 12px; }
QFrame[role="pressable"] { background: transparent; border: 1px solid transparent; border-radius: 8px; }
QFrame[role="pressable"]:hover { background: $panel; border-color: $line; }
QFrame[role="pressable"]:focus { border-color: $accent; }
QFrame[role="field"] { background: $raised; border: 1px solid $line; border-radius: 6px; }
QFrame[role="field"]:hover { border-color: $edge; }
QFrame[role="field"] QLabel { background: transparent; }
QFrame[role="line"] { background: $line; border: none; }
QLabel { background: transparent; }
QLabel[role="title"] { font-size: 15px; font-weight: 600; }
QLabel[role="display"] { font-size: 26px; font-weight: 600; }
QLabel[role="heading"] { font-size: 12px; font-weight: 600; }
QLabel[role="strong"] { font-weight: 600; }
QLabel[role="muted"] { color: $muted; font-size: 12px; }
QLabel[role="faint"] { color: $muted; font-size: 11px; }
QLabel[role="good"] { color: $good; }
QLabel[role="problem"] { color: $problem; font-size: 12px; }
QLabel[role="failure"] { color: $problem; font-weight: 600; }
QLabel[role="mono"] { font-family: "$mono"; font-size: 12px; }
QLabel[role="figure"] { font-size: 12px; font-weight: 500; }

QPushButton { background: $raised; border: 1px solid $line; border-radius: 6px; padding: 5px 14px; font-weight: 500;
  min-height: 18px; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $line; }
QPushButton:focus { border-color: $accent; }
QPushButton:disabled { color: $faint; background: $panel; }
QPushButton::menu-indicator { image: url(icons:chevron-$name.svg); width: 12px; height: 12px;
  subcontrol-origin: padding; subcontrol-position: center right; right: 6px; }
QPushButton[opens="true"] { padding-right: 24px; }
QPushButton[role="primary"] { background: $accent; border-color: $accent; color: $on_accent; font-weight: 600; }
QPushButton[role="primary"]:hover { background: $accent_hover; border-color: $accent_hover; }
QPushButton[role="primary"]:focus { border-color: $text; }
QPushButton[role="primary"]:disabled { background: $accent_off; border-color: $accent_off; color: $muted; }
QPushButton[role="quiet"] { background: transparent; border-color: transparent; padding: 4px 8px; font-weight: 400; }
QPushButton[role="quiet"]:hover { background: $raised; }
QPushButton[role="quiet"]:focus { border-color: $accent; }
QPushButton[role="pick"] { text-align: left; padding: 5px 8px; font-weight: 400; }
QPushButton[role="link"] { background: transparent; border: none; color: $accent; padding: 2px 0; text-align: left;
  font-weight: 500; }
QPushButton[role="link"][opens="true"] { padding-right: 16px; }
QPushButton[role="link"]::menu-indicator { subcontrol-origin: border; right: 0; }
QPushButton[role="link"]:hover, QPushButton[role="link"]:focus { text-decoration: underline; }
QToolButton { background: transparent; border: 1px solid transparent; border-radius: 6px; padding: 4px 8px; }
QToolButton:hover { background: $raised; }
QToolButton:pressed, QToolButton:checked { background: $line; }
QToolButton:focus { border-color: $accent; }
QToolButton[role="section"] { padding: 4px 0; font-size: 12px; font-weight: 600; text-align: left; border: none; }
QToolButton[role="tool"] { font-size: 11px; }
QToolButton[role="choice"] { font-size: 12px; }
QToolButton[role="way"] { font-size: 12px; color: $muted; padding: 2px 4px; }
QToolButton[role="way"]:hover { color: $text; }
QToolButton[role="close"] { padding: 1px; border-radius: 4px; }
QToolButton[strong="true"] { font-weight: 600; }
QToolButton[role="section"]:checked { background: transparent; }
QToolButton[role="section"]:hover { background: transparent; color: $accent; }
QToolButton[role="section"]:focus { color: $accent; }
QToolButton::menu-indicator { image: none; }

QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox, QComboBox { background: $raised; border: 1px solid $line;
  border-radius: 6px; padding: 4px 8px; min-height: 18px; }
QPlainTextEdit, QTextEdit { padding: 4px; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QAbstractSpinBox:focus, QComboBox:focus, QComboBox:on {
  border-color: $accent; }
QPlainTextEdit[role="code"] { background: $panel; border: 1px solid transparent; border-radius: 0; padding: 0; }
QPlainTextEdit[role="code"]:focus { border-color: $quiet_focus; }
QLineEdit[role="mono"] { font-family: "$mono"; font-size: 12px; }
QComboBox[role="small"] { font-size: 12px; }
QLineEdit[role="large"] { font-size: 14px; padding: 6px 10px; }
QLineEdit[role="name"] { background: transparent; border-color: transparent; font-size: 15px; font-weight: 600;
  padding: 2px 6px; }
QLineEdit[role="name"]:hover { background: $raised; }
QLineEdit[role="name"]:focus { background: $raised; border-color: $accent; }
QLineEdit[role="inline"] { padding: 0 4px; border-color: $accent; border-radius: 4px; }
QLineEdit:disabled, QComboBox:disabled { color: $faint; }
QLineEdit[refused="true"] { border-color: $problem; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: url(icons:chevron-$name.svg); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: $raised; border: 1px solid $line; padding: 4px; }
QCheckBox, QRadioButton { spacing: 8px; background: transparent; }
QCheckBox::indicator, QRadioButton::indicator { width: 16px; height: 16px; border: 1px solid $control;
  border-radius: 4px;
  background: $raised; }
QRadioButton::indicator { border-radius: 9px; }
QCheckBox::indicator:hover, QCheckBox::indicator:focus, QRadioButton::indicator:hover { border-color: $accent; }
QCheckBox, QRadioButton { border: 1px solid transparent; border-radius: 4px; padding: 1px 4px 1px 1px; }
QCheckBox:focus, QRadioButton:focus { border-color: $accent; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent; image: url(icons:check-$name.svg); }
QCheckBox::indicator:indeterminate { background: $accent_off; border-color: $accent; }
QListView::indicator, QTableView::indicator { width: 14px; height: 14px; border: 1px solid $control;
    border-radius: 4px; background: $raised; }
QListView::indicator:checked, QTableView::indicator:checked { background: $accent; border-color: $accent;
    image: url(icons:check-$name.svg); }
QCheckBox::indicator:disabled { background: $panel; border-color: $line; }
QRadioButton::indicator:checked { background: $on_accent; border: 5px solid $accent; width: 8px; height: 8px; }
QDialogButtonBox, QMessageBox { dialogbuttonbox-buttons-have-icons: 0; }
QMessageBox #qt_msgbox_informativelabel { min-width: 260px; }

QSlider::groove:horizontal { height: 4px; background: $control; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal { background: $text; width: 12px; height: 12px; margin: -4px 0; border-radius: 6px; }
QSlider::handle:horizontal:focus { background: $accent; border: 2px solid $text; width: 10px; height: 10px;
  margin: -5px 0; border-radius: 7px; }
QProgressBar { background: $line; border: none; border-radius: 2px; height: 4px; max-height: 4px; text-align: center; }
QProgressBar::chunk { background: $accent; border-radius: 2px; }

QTabWidget::pane { border: none; }
QTabBar { background: transparent; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: $muted; padding: 8px 4px 7px 4px; margin: 0 12px 0 0;
  border: none; border-bottom: 2px solid transparent; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; font-weight: 600; }
QTabBar:focus { background: $raised; }
QTabBar::tab:focus { color: $accent; }

QMenuBar { background: $panel; padding: 2px 6px; }
QMenuBar::item { background: transparent; padding: 4px 9px; border-radius: 4px; }
QMenuBar::item:selected { background: $raised; }
QMenu { background: $raised; border: 1px solid $line; padding: 5px; }
QMenu::item { padding: 5px 26px 5px 12px; border-radius: 4px; }
QMenu::item:selected { background: $accent; color: $on_accent; }
QMenu::item:disabled { color: $faint; background: transparent; }
QMenu::separator { height: 1px; background: $line; margin: 5px 6px; }
QMenu::icon { padding-left: 8px; }
QMenu::indicator { width: 14px; height: 14px; margin-left: 6px; }
QMenu::indicator:checked { image: url(icons:tick-$name.svg); }

QSplitter::handle { background: $line; }
QSplitter::handle:hover { background: $accent; }
QScrollArea, QScrollArea > QWidget > QWidget[role="scrolled"] { background: transparent; border: none; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: $edge; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QAbstractItemView { background: $panel; border: none; alternate-background-color: $raised; gridline-color: $line; }
QListView::item, QTreeView::item { padding: 4px 8px; border-radius: 5px; }
QTreeView { show-decoration-selected: 0; }
QTreeView::branch { background: transparent; }
#outline::item, #outline::item:selected, #outline::item:hover, #outline::branch:selected { background: transparent; }
QListView::item:hover, QTreeView::item:hover { background: $raised; }
QListView::item:selected, QTreeView::item:selected { background: $selected; color: $text; }
QTableView::item { padding: 0 8px; }
QTableView::item:selected { background: $selected; color: $text; }
QHeaderView { background: $panel; }
QHeaderView::section { background: $panel; color: $muted; border: none; border-bottom: 1px solid $line;
  padding: 5px 8px; font-size: 12px; }
QTableCornerButton::section { background: $panel; border: none; }
QTextBrowser { background: $panel; border: none; }
""")


#: What follows the size of text: heights of letters and of what holds a line of them.
_FOLLOWS = re.compile(r"\b(font-size|min-height): (\d+)px")


def stylesheet(tokens: Tokens) -> str:
    """The style sheet of a theme, at the present size of text."""
    accent = tokens.accent
    made = _SHEET.substitute(
        name=tokens.name, window=tokens.window, canvas=tokens.canvas, panel=tokens.panel, raised=tokens.raised,
        line=tokens.line, text=tokens.text, muted=tokens.muted, faint=tokens.faint, accent=accent, good=tokens.good,
        problem=tokens.problem, on_accent=on_accent(tokens).name(), mono=mono_font().family(),
        hover=mixed(tokens.raised, tokens.text, 0.06).name(), edge=mixed(tokens.line, tokens.text, 0.18).name(),
        accent_hover=mixed(accent, tokens.text, 0.15).name(), accent_off=mixed(tokens.panel, accent, 0.25).name(),
        quiet_focus=mixed(tokens.canvas, accent, 0.7).name(),
        control=control_edge(tokens).name(), selected=row_selected(tokens).name(),
    )  # fmt: skip
    return _FOLLOWS.sub(lambda found: f"{found[1]}: {scaled(int(found[2]))}px", made)
