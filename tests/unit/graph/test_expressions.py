"""Expressions in number fields are arithmetic over named parameters, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnstudio.graph.expressions import ExpressionError, evaluate, is_plain, names_in, renamed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2*64", 128), ("4*width", 256), ("width // 3", 21), ("width / 2", 32), ("-1 + 2**5", 31), ("3 × 4", 12),
        ("max(width, 100)", 100), ("round(width / 3)", 21), ("ceil(7 / 2)", 4), ("0.5", 0.5), ("(1 + 2) * 3", 9),
    ],
)  # fmt: skip
def test_arithmetic_over_parameters_has_a_value(text, value):
    assert evaluate(text, {"width": 64}) == value
    assert isinstance(evaluate(text, {"width": 64}), type(value))


@pytest.mark.parametrize(
    "text",
    [
        "", "2*", "depth", "__import__('os')", "width.real", "[1]", "'a'", "True", "1 if 1 else 2", "9**9**9", "1/0",
        "lambda: 1", "width(3)", "1e999", "2**0.5j", "a" * 300, "(" * 150 + ")" * 150, "min()", "1 < 2",
    ],
)  # fmt: skip
def test_anything_else_is_refused_in_one_sentence(text):
    with pytest.raises(ExpressionError) as refused:
        evaluate(text, {"width": 64})
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 200


def test_a_name_that_is_not_there_is_told():
    with pytest.raises(ExpressionError, match="nothing is called depth; there is width") as refused:
        evaluate("depth * 2", {"width": 64})
    assert refused.value.unknown == "depth"


@given(st.text(max_size=60))
def test_no_text_raises_anything_but_a_refusal(text):
    try:
        value = evaluate(text, {"width": 64})
    except ExpressionError:
        return
    assert abs(value) <= 1e15


@given(st.integers(-1000, 1000), st.integers(1, 1000))
def test_renaming_a_parameter_does_not_change_values(a, b):
    text = f"({a}) * width + {b}"
    assert evaluate(renamed(text, "width", "hidden"), {"hidden": 7}) == evaluate(text, {"width": 7})
    assert names_in(renamed(text, "width", "hidden")) == {"hidden"}


def test_a_number_alone_needs_no_remembering():
    assert is_plain("64")
    assert is_plain("1e-3")
    assert not is_plain("2*32")


@pytest.mark.parametrize("text", ["round(5, -10000000)", "round(5, 10000000)"])
def test_what_would_take_very_long_is_refused_at_once(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text)
