"""The theme: colours, fonts and sizes in one place. Palette, style sheet and plots all derive from it.

Text has the size that the system asks for, times what the person chose. Sizes of the house are given in pixels at
100 %; fonts come scaled, and :func:`scaled` does so for what has to hold them.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication


@dataclass(frozen=True, slots=True)
class Tokens:
    """The colours of one theme as ``#RRGGBB``. ``families`` by the colour name of `layers.families.Family`."""

    name: str
    window: str
    canvas: str
    panel: str
    raised: str
    line: str
    text: str
    muted: str
    faint: str
    accent: str
    training: str
    validation: str
    good: str
    problem: str
    families: Mapping[str, str]


def _families(*colors: str) -> Mapping[str, str]:
    names = "io linear convolution pooling normalisation activation regularisation recurrent attention loss metric"
    names += " arithmetic block shape selection matrix reduction comparison"
    return MappingProxyType(dict(zip(names.split(), colors, strict=True)))


DARK = Tokens(
    "dark", "#15171C", "#191C22", "#1D2027", "#262A33", "#2E333D", "#E7E9EE", "#9FA8B6", "#646D7C",
    "#6C9BF5", "#6C9BF5", "#F0A860", "#58C08A", "#E8696F",
    _families("#8792A6", "#7F8CF0", "#5AA0E6", "#42B3C4", "#5BB98A", "#E0B04C", "#B0987A", "#A983E0", "#D078B4",
              "#E5706A", "#E58FA8", "#8E97A6", "#7FB5AE", "#86A5B5", "#9DB56B", "#8FA8F0", "#D09468", "#C79AD6"),
)  # fmt: skip
LIGHT = Tokens(
    "light", "#F3F4F7", "#FAFBFC", "#FFFFFF", "#F0F2F5", "#DDE1E8", "#1E232B", "#556070", "#8F98A6",
    "#2A64D8", "#2A64D8", "#A4590A", "#1A7A49", "#C43740",
    _families("#5E6A80", "#4E5CD6", "#2676C9", "#138A9C", "#2B8C5C", "#B5821A", "#86693F", "#7A4FC4", "#AE4590",
              "#C9443D", "#C25472", "#667084", "#2F756C", "#4A7186", "#5F7A24", "#4A68C8", "#A2582A", "#8A4FA0"),
)  # fmt: skip


class _Notifier(QObject):
    changed = Signal()


_notifier = _Notifier()
#: Emitted after the theme has changed; whatever paints itself repaints then.
changed = _notifier.changed

#: What a person can choose. ``system`` follows the colour scheme of the desktop.
THEMES = ("system", "dark", "light")

#: What a person can choose as the size of text, in percent.
TEXT_SCALES = (80, 90, 100, 110, 125, 150, 175, 200)
#: The height of the system's font in pixels where nobody asked for another, by Qt's name of the platform.
_USUAL_FONT = {"windows": 12.0, "cocoa": 13.0}
_USUAL_ELSEWHERE = 14.0
#: So far from the usual one, desktops differ without meaning it; and what is never passed.
_INDIFFERENT, _LARGEST = 0.15, 3.0

_state: dict[str, Any] = {"chosen": "dark", "tokens": DARK, "following": False, "percent": 100, "system": 1.0}


def current() -> Tokens:
    """The tokens of the theme that is shown."""
    tokens: Tokens = _state["tokens"]
    return tokens


def chosen() -> str:
    """What the person chose: one of :data:`THEMES`."""
    return str(_state["chosen"])


def set_theme(name: str) -> None:
    """Show this theme (one of :data:`THEMES`) in the whole program. ValueError where there is none of that name."""
    if name not in THEMES:
        raise ValueError(f"there is no theme {name!r}; there are {', '.join(THEMES)}")
    _state["chosen"] = name
    _follow_system()
    _apply()


def text_percent() -> int:
    """The size of text that the person chose, in percent of the system's."""
    return int(_state["percent"])


def set_text_percent(percent: int) -> None:
    """Show all text in this size, of :data:`TEXT_SCALES` or between them."""
    wanted = max(TEXT_SCALES[0], min(TEXT_SCALES[-1], percent))
    if wanted != _state["percent"]:
        _state["percent"] = wanted
        _apply()


def text_scale() -> float:
    """How much larger than at 100 % text is: what the system asks for times what the person chose."""
    return min(_LARGEST, _state["percent"] / 100 * _state["system"])


def scaled(px: float) -> int:
    """A size in pixels at 100 % that has to follow the size of text."""
    return round(px * text_scale())


def look() -> tuple[str, float]:
    """What a widget's fonts and colours depend on: the theme's name and the size of text."""
    return current().name, text_scale()


def system_scale(platform: str, px: float) -> float:
    """How much larger than usual the system's font is, of ``px`` pixels on a platform of this name (of Qt)."""
    ratio = px / _USUAL_FONT.get(platform, _USUAL_ELSEWHERE)
    return 1.0 if platform == "offscreen" or abs(ratio - 1) <= _INDIFFERENT else max(0.8, min(2.0, round(ratio, 2)))


def _system_scale() -> float:
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    return system_scale(QGuiApplication.platformName(), float(QFontInfo(font).pixelSize()))


def _follow_system() -> None:
    hints = QGuiApplication.styleHints() if QGuiApplication.instance() is not None else None
    if hints is not None and not _state["following"]:
        hints.colorSchemeChanged.connect(_system_changed)
        _state["following"] = True


def _system_changed() -> None:
    if _state["chosen"] == "system":
        _apply()


def _tokens_of(name: str) -> Tokens:
    if name == "system":
        app = QGuiApplication.instance()
        light = app is not None and QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light
        return LIGHT if light else DARK
    return LIGHT if name == "light" else DARK


def _apply() -> None:
    tokens = _tokens_of(chosen())
    _state["tokens"] = tokens
    app = QApplication.instance()
    if isinstance(app, QApplication):
        _state["system"] = _system_scale()
        from nnstudio.ui.stylesheet import stylesheet

        wanted = stylesheet(tokens)
        if app.styleSheet() != wanted:  # it names all colours and sizes; each widget is styled anew
            if app.style().objectName() != "fusion":
                app.setStyle("Fusion")
            app.setPalette(palette(tokens))
            app.setFont(ui_font(13))
            app.setStyleSheet(wanted)
    changed.emit()


def color(value: str, alpha: float = 1.0) -> QColor:
    """A colour of ``#RRGGBB`` with an opacity from 0 to 1."""
    made = QColor(value)
    made.setAlphaF(alpha)
    return made


def mixed(first: str, second: str, share: float) -> QColor:
    """``share`` (0 to 1) of the second colour in the first."""
    a, b = QColor(first), QColor(second)
    parts = ((a.redF(), b.redF()), (a.greenF(), b.greenF()), (a.blueF(), b.blueF()))
    return QColor.fromRgbF(*(x + (y - x) * share for x, y in parts))


def palette(tokens: Tokens) -> QPalette:
    """The Qt palette of a theme, for what the style sheet does not reach."""
    roles = QPalette.ColorRole
    made = QPalette()
    for role, value in (
        (roles.Window, tokens.window), (roles.WindowText, tokens.text), (roles.Base, tokens.panel),
        (roles.AlternateBase, tokens.raised), (roles.Text, tokens.text), (roles.Button, tokens.raised),
        (roles.ButtonText, tokens.text), (roles.BrightText, tokens.text), (roles.Highlight, tokens.accent),
        (roles.HighlightedText, on_accent(tokens).name()), (roles.ToolTipBase, tokens.raised),
        (roles.ToolTipText, tokens.text), (roles.PlaceholderText, tokens.muted), (roles.Link, tokens.accent),
        (roles.LinkVisited, tokens.accent), (roles.Light, tokens.raised), (roles.Midlight, tokens.line),
        (roles.Mid, tokens.line), (roles.Dark, tokens.line), (roles.Shadow, tokens.window),
    ):  # fmt: skip
        made.setColor(role, QColor(value))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(tokens.faint))
    return made


def on_accent(tokens: Tokens) -> QColor:
    """Text on a surface of the accent colour: the better readable of white and the window's darkest."""
    return QColor("#FFFFFF") if QColor(tokens.accent).lightnessF() < 0.6 else QColor("#0E1420")


def control_edge(tokens: Tokens) -> QColor:
    """What bounds a control that is known by its outline alone: a box to check, the groove of a slider."""
    return mixed(tokens.line, tokens.text, 0.5)


def row_selected(tokens: Tokens) -> QColor:
    """The ground of a row that is selected."""
    return mixed(tokens.panel, tokens.accent, 0.22)


def family_color(layer: object) -> QColor:
    """The colour of a layer's family (of a layer, a layer type or a `Family`)."""
    family: Any = getattr(layer, "family", layer)
    name = str(getattr(family, "color", ""))
    tokens = current()
    return QColor(tokens.families.get(name, tokens.problem))


#: Control points of a perceptually even map from dark violet over magenta to pale orange (after matplotlib's magma,
#: van der Walt and Smith 2015, CC0), at equal distances.
_MAGMA = ("#000004", "#1D1147", "#51127C", "#832681", "#B73779", "#E75263", "#FC8961", "#FEC488", "#FCFDBF")
#: The part of the map that stands out from the surfaces of each theme.
_VISIBLE = {"dark": (0.24, 0.88), "light": (0.16, 0.84)}


@functools.lru_cache(maxsize=1024)
def _magnitude(name: str, place: int) -> QColor:
    low, high = _VISIBLE[name]
    at = (low + (high - low) * place / 255) * (len(_MAGMA) - 1)
    left = min(int(at), len(_MAGMA) - 2)
    return mixed(_MAGMA[left], _MAGMA[left + 1], at - left)


def magnitude_color(share: float) -> QColor:
    """The colour of a magnitude from 0 (small) to 1 (large); values outside are clipped, NaN is small."""
    place = round(255 * min(1.0, max(0.0, share))) if share == share else 0
    return QColor(_magnitude(current().name, place))


@functools.cache
def _family_installed(*wanted: str) -> str:
    for family in wanted:
        if QFontDatabase.hasFamily(family):
            return family
    return ""


def ui_font(px: int = 13, weight: int = 400) -> QFont:
    """The interface font (Inter where it is installed, else the system's) with tabular figures, scaled."""
    return _sized(_ui_face(), scaled(px), weight)


def mono_font(px: int = 12, weight: int = 400) -> QFont:
    """The monospaced face for numbers, types and code, scaled."""
    return _sized(_mono_face(), scaled(px), weight)


def sheet_font(px: int = 13, weight: int = 400, *, mono: bool = False) -> QFont:
    """A font for what is drawn on the canvas, which is zoomed as a whole: of the size that is asked for."""
    return _sized(_mono_face() if mono else _ui_face(), px, weight)


def _ui_face() -> QFont:
    font = QFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont))
    inter = _family_installed("Inter", "Inter Variable")
    if inter:
        font.setFamily(inter)
    return font


def _mono_face() -> QFont:
    font = QFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    known = _family_installed("JetBrains Mono", "Cascadia Mono", "SF Mono", "DejaVu Sans Mono", "Consolas", "Menlo")
    if known:
        font.setFamily(known)
    font.setStyleHint(QFont.StyleHint.Monospace)
    return font


def _sized(font: QFont, px: int, weight: int) -> QFont:
    font.setPixelSize(px)
    font.setWeight(QFont.Weight(weight))
    font.setFeature(QFont.Tag("tnum"), 1)
    return font
