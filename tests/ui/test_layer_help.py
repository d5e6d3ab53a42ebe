"""The help page of every layer type: drawn, complete, readable in both themes."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QImage, QPainter, QTextDocument

from nnstudio.layers import load
from nnstudio.layers.help_page import HelpPage, help_page
from nnstudio.ui import theme
from nnstudio.ui.formulas import FORMULA, FormulaError, drawn, renderer
from nnstudio.ui.layer_help import AboutLayer, write_page

FAMILIES = list(dict.fromkeys(cls.family.title for cls in load()))


def document(page: HelpPage, width: float = 640) -> QTextDocument:
    made = QTextDocument()
    made.setDocumentMargin(24)
    made.setTextWidth(width)
    write_page(made, page)
    return made


def formulas_in(made: QTextDocument) -> int:
    return sum(
        1
        for block in (made.findBlockByNumber(at) for at in range(made.blockCount()))
        for shape in block.textFormats()
        if shape.format.objectType() == FORMULA
    )


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("family", FAMILIES)
def test_the_page_of_every_layer_is_whole(family: str) -> None:
    for cls in (cls for cls in load() if cls.family.title == family):
        page = help_page(cls)
        made = document(page)
        text = made.toPlainText()
        assert text.startswith(f"{page.title}\n{page.family}\n{page.summary}")
        assert formulas_in(made) == len(page.formulas), f"a formula of {page.title} is not drawn"
        for port in (*page.inputs, *page.outputs):
            assert port.name in text
            assert port.shape in text
        for parameter in page.parameters:
            assert parameter.name in text
            assert parameter.help in text
        assert made.idealWidth() <= 640, f"something of {page.title} does not fit the width"
        assert "```" not in text
        assert "Formula:" not in text


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("name", ["dark", "light"])
def test_a_formula_is_painted_in_the_colour_of_the_text(name: str) -> None:
    theme.set_theme(name)
    latex = r"y = \frac{1}{n} \sum_i x_i"
    shape = drawn(latex)
    image = QImage(int(shape.width * 4), int(shape.height * 4), QImage.Format.Format_ARGB32)
    image.fill(QColor(theme.current().panel))
    painter = QPainter(image)
    renderer(latex, theme.current().text).render(painter)
    painter.end()
    seen = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    assert QColor(theme.current().text).name() in seen


@pytest.mark.usefixtures("qapp")
def test_a_long_formula_is_made_smaller_and_not_cut() -> None:
    from dataclasses import replace

    page = help_page(load()["Mean"])
    long = " + ".join(f"x_{{{number}}}" for number in range(60))
    made = document(replace(page, body=(("math", long),)), width=400)
    assert drawn(long).width > 400
    assert made.idealWidth() <= 400


@pytest.mark.usefixtures("qapp")
def test_what_is_no_formula_is_said_in_letters(expected_log: list[str]) -> None:
    from dataclasses import replace

    expected_log.append("cannot be drawn")
    with pytest.raises(FormulaError, match="cannot be drawn"):
        drawn(r"\frac{1}{")
    made = document(replace(help_page(load()["Mean"]), body=(("math", r"\frac{1}{"),)))
    assert "frac" in made.toPlainText() or "1" in made.toPlainText()


def test_beside_the_form_the_formula_comes_from_the_background(session, qtbot) -> None:
    from nnstudio.ui import formulas

    formulas._known.clear()
    about = AboutLayer(load()["Mean"], session.background)
    qtbot.addWidget(about)
    assert "Σ" in about.toPlainText(), "until it is drawn, it is there in signs"
    qtbot.waitUntil(lambda: formulas_in(about.document()) == 1, timeout=30_000)
    assert about.height() >= about.document().size().height()
