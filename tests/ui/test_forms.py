"""Forms from declarations: what is typed, chosen and refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt

from nnstudio.layers import load, param
from nnstudio.layers.params import Declared, declared
from nnstudio.train.plan import Plan
from nnstudio.ui.field_texts import parsed, shown
from nnstudio.ui.fields import SwitchField, TextField
from nnstudio.ui.forms import Form, fillable


@declared
class Example(Declared):
    count: int = param(3, min=1, max=99, help="how many", unit="px")
    rate: float = param(0.5, exclusive_min=0.0)
    kernel: int = param(3, axes=2, min=1)
    on: bool = param(True)
    kind: str = param("one", choices=("one", "two"))
    only_two: int = param(1, when=("kind", ("two",)))
    shape: tuple[int, ...] = param((), kind="ints", min=1, optional=True)
    classes: int = param(None, kind="int", min=1)


@pytest.fixture
def form(show):
    made = Form("Example", Example.params)
    made.edits = []
    made.edited.connect(lambda name, value: made.edits.append((name, value)))
    made.show_values(Example().values())
    show(made)
    return made


def line(form, name):
    return form.fields[name].line


def retype(qtbot, field, text):
    field.setFocus()
    field.selectAll()
    qtbot.keyClick(field, Qt.Key.Key_Backspace)
    qtbot.keyClicks(field, text)


def test_every_parameter_has_a_row_with_its_value(form):
    assert line(form, "count").text() == "3"
    assert line(form, "kernel").text() == "3 × 3"
    assert form.fields["on"].box.isChecked()
    assert form.fields["kind"].box.currentText() == "one"
    assert "how many" in form.fields["count"].line.toolTip().lower()


def test_typing_an_allowed_value_tells_of_it_at_once(qtbot, form):
    retype(qtbot, line(form, "count"), "16")
    assert form.edits == [("count", 1), ("count", 16)]


def test_a_refused_value_is_explained_and_the_old_one_stays(qtbot, form):
    retype(qtbot, line(form, "count"), "0")
    assert form.edits == []
    qtbot.keyClick(line(form, "count"), Qt.Key.Key_Return)
    assert form.error("count") == "Count: must be a whole number from 1 to 99, not 0; 3 stays"
    assert line(form, "count").text() == "3"


def test_the_explanation_goes_when_the_value_is_mended(qtbot, form):
    retype(qtbot, line(form, "rate"), "-1")
    qtbot.waitUntil(lambda: form.error("rate") != "")
    retype(qtbot, line(form, "rate"), "0.25")
    assert form.error("rate") == ""
    assert form.edits[-1] == ("rate", 0.25)


@pytest.mark.parametrize(
    ("typed", "value"), [("5", 5), ("3x5", (3, 5)), ("3 × 5", (3, 5)), ("3, 5", (3, 5)), ("4 4", 4)]
)
def test_a_size_can_be_written_in_any_way_people_write_it(qtbot, form, typed, value):
    retype(qtbot, line(form, "kernel"), typed)
    assert form.edits[-1] == ("kernel", value)


def test_a_list_of_sizes_may_be_empty_and_a_number_may_be_not_set(qtbot, form):
    retype(qtbot, line(form, "shape"), "1, 8, 8")
    assert form.edits[-1] == ("shape", (1, 8, 8))
    retype(qtbot, line(form, "shape"), "")
    assert form.edits[-1] == ("shape", ())
    retype(qtbot, line(form, "classes"), "10")
    retype(qtbot, line(form, "classes"), "")
    assert form.edits[-1] == ("classes", None)


def test_arrow_keys_count(qtbot, form):
    line(form, "count").setFocus()
    qtbot.keyClick(line(form, "count"), Qt.Key.Key_Up)
    qtbot.keyClick(line(form, "count"), Qt.Key.Key_Up)
    qtbot.keyClick(line(form, "count"), Qt.Key.Key_Down)
    assert form.edits == [("count", 4), ("count", 5), ("count", 4)]


def test_a_row_is_hidden_while_it_has_no_effect(form):
    assert form.fields["only_two"].isHidden()
    form.show_values(Example(kind="two").values())
    assert not form.fields["only_two"].isHidden()


def test_a_switch_and_a_choice_tell_of_their_edits(qtbot, form):
    switch = form.fields["on"].box
    qtbot.mouseClick(switch, Qt.MouseButton.LeftButton, pos=QPoint(8, switch.height() // 2))
    form.fields["kind"].box.setFocus()
    qtbot.keyClick(form.fields["kind"].box, Qt.Key.Key_Down)
    assert form.edits == [("on", False), ("kind", "two")]


def test_values_that_differ_between_layers_say_so(form):
    form.show_values(Example().values(), frozenset({"count", "on", "kind"}))
    assert line(form, "count").text() == ""
    assert line(form, "count").placeholderText() == "several values"
    assert form.fields["on"].box.checkState() == Qt.CheckState.PartiallyChecked


@pytest.mark.parametrize("cls", [*load(), Plan], ids=lambda cls: cls.__name__)
def test_every_layer_type_and_the_plan_have_a_form_that_shows_their_defaults(show, cls):
    made = Form(cls.__name__, cls.params)
    show(made)
    made.show_values({name: declared.default for name, declared in cls.params.items()})
    assert list(made.fields) == fillable(cls.params)
    for name, field in made.fields.items():
        if isinstance(field, TextField):
            assert parsed(cls.params[name], field.line.text()) == cls.params[name].default
        elif isinstance(field, SwitchField):
            assert field.box.isChecked() == cls.params[name].default
        else:
            assert field.box.currentData() == cls.params[name].default


@given(st.one_of(st.integers(1, 10**6), st.tuples(st.integers(1, 99), st.integers(1, 99))))
def test_what_a_size_field_shows_is_read_back_as_the_same_size(size):
    declared_param = Example.params["kernel"]
    back = parsed(declared_param, shown(declared_param, size))
    assert back == (size[0] if isinstance(size, tuple) and size[0] == size[1] else size)
