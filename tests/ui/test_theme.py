"""The theme: tokens that can be read, a magnitude map that is even, and finding by a few letters."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor

from nnstudio.layers import load
from nnstudio.ui import theme
from nnstudio.ui.facts import Facts
from nnstudio.ui.fuzzy import ranked, score
from nnstudio.ui.icons import _PATHS, icon
from nnstudio.ui.parts import ElidedLabel, capital
from nnstudio.ui.settings import Settings


def luminance(color: str) -> float:
    """Relative luminance. Source: WCAG 2.2, definition of relative luminance."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in QColor(color).getRgbF()[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


BOTH = pytest.mark.parametrize("tokens", [theme.DARK, theme.LIGHT], ids=lambda t: t.name)


def surfaces(tokens) -> list[str]:
    return [tokens.window, tokens.canvas, tokens.panel, tokens.raised]


@BOTH
def test_whatever_is_read_has_aa_contrast_on_every_surface(tokens):
    for surface in surfaces(tokens):
        assert contrast(tokens.text, surface) >= 7
        for name in ("muted", "accent", "problem", "good", "training", "validation"):
            assert contrast(getattr(tokens, name), surface) >= 4.5, (name, surface)


@BOTH
def test_a_selected_row_can_be_read(tokens):
    ground = theme.row_selected(tokens).name()
    assert contrast(tokens.text, ground) >= 7
    assert contrast(tokens.muted, ground) >= 4.5


@BOTH
def test_what_has_the_focus_and_what_can_be_worked_stands_out(tokens):
    """WCAG 2.2, 1.4.11: at least 3 : 1 for what bounds a control and shows the focus."""
    for surface in (tokens.panel, tokens.raised, tokens.window):
        assert contrast(tokens.accent, surface) >= 3
    assert contrast(theme.mixed(tokens.canvas, tokens.accent, 0.7).name(), tokens.canvas) >= 3
    assert contrast(theme.control_edge(tokens).name(), tokens.panel) >= 3


@BOTH
def test_the_colours_of_families_stand_out_from_the_canvas(tokens):
    for name, color in tokens.families.items():
        assert contrast(color, tokens.canvas) >= 3, name


@BOTH
def test_a_button_of_the_accent_colour_can_be_read(tokens):
    assert contrast(theme.on_accent(tokens).name(), tokens.accent) >= 4.5


def test_the_size_of_text_is_chosen_within_limits_and_everything_follows(qapp):
    try:
        for percent in (80, 150, 200):
            theme.set_text_percent(percent)
            assert theme.ui_font(10).pixelSize() == theme.mono_font(10).pixelSize() == percent // 10
            assert qapp.font().pixelSize() == theme.scaled(13)
            assert f"font-size: {theme.scaled(12)}px" in qapp.styleSheet()
            assert theme.sheet_font(10).pixelSize() == 10, "the canvas is zoomed as a whole"
        theme.set_text_percent(1000)
        assert theme.text_percent() == 200
    finally:
        theme.set_text_percent(100)


def test_facts_that_are_shown_follow_the_size_of_text(qtbot):
    facts = Facts()
    qtbot.addWidget(facts)
    facts.show_facts([("Parameters", "12")])
    try:
        theme.set_text_percent(200)
        assert {value.font().pixelSize() for value in facts.findChildren(ElidedLabel)} == {24}
    finally:
        theme.set_text_percent(100)


@pytest.mark.parametrize(
    ("platform", "px", "scale"),
    [
        ("windows", 12, 1.0),
        ("windows", 18, 1.5),
        ("xcb", 13, 1.0),
        ("xcb", 15, 1.0),
        ("wayland", 21, 1.5),
        ("cocoa", 13, 1.0),
    ],
)
def test_a_larger_font_of_the_system_makes_all_text_larger(platform, px, scale):
    assert theme.system_scale(platform, px) == scale


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_magnitude_map_goes_evenly_from_dark_to_light(name):
    theme.set_theme(name)
    lightness = [luminance(theme.magnitude_color(at / 20).name()) for at in range(21)]
    assert lightness == sorted(lightness)
    assert len({theme.magnitude_color(at / 20).name() for at in range(21)}) == 21


def test_magnitudes_outside_the_map_are_clipped_and_nan_is_small():
    assert theme.magnitude_color(7) == theme.magnitude_color(1)
    assert theme.magnitude_color(-1) == theme.magnitude_color(float("nan")) == theme.magnitude_color(0)


def test_every_layer_type_has_a_colour_of_its_family_in_both_themes():
    for name in ("dark", "light"):
        theme.set_theme(name)
        for cls in load():
            assert theme.family_color(cls).name().upper() == theme.current().families[cls.family.color]


def test_a_change_of_theme_is_told(qtbot):
    with qtbot.waitSignal(theme.changed):
        theme.set_theme("light")
    assert theme.current() is theme.LIGHT
    with pytest.raises(ValueError, match="no theme 'blue'"):
        theme.set_theme("blue")


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("name", _PATHS)
def test_every_icon_draws_something_in_the_colour_of_the_theme(name):
    for shown in ("dark", "light"):
        theme.set_theme(shown)
        image = icon(name).pixmap(32, 32).toImage()
        drawn = [image.pixelColor(x, y) for x in range(32) for y in range(32) if image.pixelColor(x, y).alpha() > 250]
        assert QColor(theme.current().text) in drawn


def test_letters_in_order_find_and_better_fits_come_first():
    names = ["Batch normalisation", "Save as …", "Show log file", "Stop", "Step"]
    assert ranked("sa", names, str)[0] == "Save as …"
    assert ranked("sto", names, str)[0] == "Stop"
    assert ranked("", names, str) == names
    assert ranked("xyz", names, str) == []
    assert score("st", "Stop") > score("st", "Last step")


def test_other_words_find_too_but_after_names():
    assert ranked("dense", ["Linear", "Densely"], str, lambda n: "dense" if n == "Linear" else "") == [
        "Densely",
        "Linear",
    ]


def test_a_sentence_gets_its_capital_but_a_file_or_node_keeps_its_name():
    assert capital("nothing is wired") == "Nothing is wired"
    assert capital("data.csv is empty") == "data.csv is empty"
    assert capital("scores is fed twice", {"scores"}) == "scores is fed twice"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"recent": 3, "theme": 4}'])
def test_damaged_settings_count_as_not_there(tmp_path, content):
    path = tmp_path / "settings.json"
    path.write_text(content)
    settings = Settings(path)
    assert settings.recent == []
    assert settings.get("theme", "system") == "system"
    settings.set(theme="dark")
    assert Settings(path).get("theme", "system") == "dark"


def test_settings_that_cannot_be_written_are_kept_in_memory(tmp_path):
    settings = Settings(tmp_path / "no folder" / "settings.json")
    settings.set(theme="light")
    assert settings.get("theme", "system") == "light"
