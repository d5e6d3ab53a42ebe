"""What the help of every layer type says: when to use it, its formula, its shapes, its source."""

from __future__ import annotations

import pytest

from nnstudio.layers import Layer, load
from nnstudio.layers.formula_text import plain
from nnstudio.layers.help_page import as_text, help_page

by_type = pytest.mark.parametrize("cls", list(load()), ids=lambda cls: cls.type_name())


@by_type
def test_the_page_says_when_to_use_it_how_it_works_and_where_it_comes_from(cls: type[Layer]) -> None:
    page = help_page(cls)
    assert any(kind == "text" for kind, _ in page.body), "nothing says when to use it"
    if cls.role in ("layer", "loss", "metric"):
        assert page.inputs
        assert page.formulas or any(kind == "words" for kind, _ in page.body), (
            "no formula, and no word why there is none"
        )
        assert page.source, "no source"


@by_type
def test_formulas_are_read_out_in_signs(cls: type[Layer]) -> None:
    for latex in help_page(cls).formulas:
        said = plain(latex)
        assert said
        assert not set(said) & set("\\{}$"), said


@by_type
def test_the_page_is_printed_whole(cls: type[Layer]) -> None:
    page = help_page(cls)
    text = as_text(page)
    for said in (page.title, page.family, *(row.name for row in (*page.inputs, *page.outputs, *page.parameters))):
        assert said in text
    assert "```" not in text
    assert all(line == line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize(
    ("latex", "said"),
    [
        (r"y = \frac{1}{n} \sum_{i=1}^{n} x_i", "y = 1 / n Σ_(i=1)^n x_i"),
        (r"y = \tfrac12 x", "y = 1 / 2 x"),
        (r"y = \sqrt{\max(x, \varepsilon)}", "y = √(max(x, ε))"),
        (r"y = x W^{\top} + b", "y = x Wᵀ + b"),
        (r"\lVert x \rVert_2", "‖ x ‖_2"),
    ],
)
def test_a_formula_in_signs(latex: str, said: str) -> None:
    assert plain(latex) == said
