"""Every layer type has a form that a person can fill in."""

from __future__ import annotations

from typing import Any

import pytest
from families import by_family

from nnstudio.layers import Layer, load

pytest.importorskip("PySide6")

TYPES = list(load())


@by_family(TYPES)
def test_a_form_has_a_row_for_each_parameter_and_shows_its_value(cls: type[Layer], qtbot: Any) -> None:
    from nnstudio.ui.forms import Form, fillable, title_of

    form = Form(cls.type_name(), cls.params)
    qtbot.addWidget(form)
    edits: list[tuple[str, Any]] = []
    form.edited.connect(lambda name, value: edits.append((name, value)))
    form.show_values(cls().values())
    assert list(form.fields) == fillable(cls.params)
    assert not edits, "showing values is no edit"
    for name in fillable(cls.params):
        declared = cls.params[name]
        field = form.fields[name]
        hidden = declared.when is not None and getattr(cls(), declared.when[0]) not in declared.when[1]
        assert field.isHidden() == hidden
        assert declared.help.lower()[:20] in field.toolTip().lower()
        assert not form.error(name)
        assert title_of(name, declared)[0].isupper()


@by_family(TYPES)
def test_titles_in_a_form_differ(cls: type[Layer]) -> None:
    from nnstudio.ui.forms import title_of

    titles = [title_of(name, declared) for name, declared in cls.params.items()]
    assert len(titles) == len(set(titles))
