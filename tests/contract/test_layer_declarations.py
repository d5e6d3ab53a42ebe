"""Every layer type declares what the program derives everything else from."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from families import by_family

from nnstudio.layers import Layer, Param, ParameterError, Placeholder, layer_from_json, layer_to_json, load
from nnstudio.layers.families import FAMILIES
from nnstudio.layers.help_page import help_page

TYPES = list(load())
Drawn = Callable[[type[Layer]], tuple[Any, ...]]


@by_family(TYPES)
def test_help_begins_with_a_sentence_and_says_where_it_comes_from(cls: type[Layer]) -> None:
    summary = cls.summary()
    assert summary[0].isupper()
    assert summary.endswith((".", "?"))
    assert len(summary) <= 110, "the first sentence goes into one line of the palette"
    assert len(cls.help()) > len(summary) + 20, "the help says no more than its first sentence"


@by_family(TYPES)
def test_help_has_a_formula_shapes_when_to_use_it_and_a_source(cls: type[Layer]) -> None:
    page = help_page(cls)
    assert page.formulas, "no formula"
    assert re.search(r"`N[×`]", page.shapes), "no shapes with axes"
    told = " ".join(text for kind, text in page.body if kind == "text")
    assert re.search(r"\b([Uu]se (it|one)|Put it|When to use it:)\b", told), "it does not say when to use it"
    named = r'"[^"]+" \((19|20)\d\d\)|PyTorch (`torch|indexing)|(scikit-learn|TorchMetrics|Keras|TorchVision), `'
    assert re.search(named, page.source), "the source names neither a paper nor a page of a library"


@by_family(TYPES)
def test_family_is_one_of_the_palette(cls: type[Layer]) -> None:
    assert cls.family in FAMILIES
    assert cls.family.title != "Unknown"
    assert cls.icon
    assert cls.role in ("layer", "input", "output", "loss", "metric", "block", "shared", "port")


@by_family(TYPES)
def test_every_parameter_is_explained(cls: type[Layer]) -> None:
    for name, declared in cls.params.items():
        assert declared.help, f"{name} has no help"
        assert not declared.help.endswith("."), f"the help of {name} is a phrase, without a full stop"
        assert declared.checked(cls.type_name(), name, declared.default) == declared.default
        if declared.when:
            other, values = declared.when
            for value in values:
                cls.params[other].checked(cls.type_name(), other, value)


@by_family(TYPES)
def test_every_layer_is_made_with_its_defaults(cls: type[Layer]) -> None:
    made = cls()
    assert made == cls.make({})
    assert hash(made) == hash(cls())
    assert made.values() == {name: declared.default for name, declared in cls.params.items()}


@by_family(TYPES)
def test_has_ports_that_fit_its_role(cls: type[Layer]) -> None:
    match cls.role:
        case "loss":
            assert cls.inputs
            if "prediction" in cls.inputs:
                assert list(cls.inputs)[:2] == ["prediction", "target"]
            assert [port.pattern for port in cls.outputs.values()] == [""]
            assert "weight" in cls.params
        case "metric":
            assert list(cls.inputs)[:2] == ["prediction", "target"]
            assert set(cls.inputs) <= {"prediction", "target", "padding", "prediction_lengths"}
            assert not cls.outputs
        case "input":
            assert not cls.inputs
            assert list(cls.outputs) == ["output"]
        case "output":
            assert cls.inputs
            assert not cls.outputs
        case "block" | "shared":
            assert not cls.inputs, "its ports are those of what it stands for"
            assert not cls.outputs
        case "port":
            assert len({**cls.inputs, **cls.outputs}) == 1
        case _:
            assert cls.inputs
            assert cls.outputs
    assert not set(cls.params) & {*cls.inputs, *cls.outputs}, "a port and a parameter share a name"


@by_family(TYPES)
def test_saved_by_name_and_read_back(cls: type[Layer], drawn: Drawn) -> None:
    for made in (case.layer for case in drawn(cls)):
        saved = layer_to_json(made)
        read = layer_from_json(json.loads(json.dumps(saved, allow_nan=False)))
        assert read == made
        assert set(saved["parameters"]) == set(cls.params)


@by_family(TYPES)
def test_a_parameter_that_is_missing_from_a_file_takes_its_default(cls: type[Layer]) -> None:
    assert layer_from_json({"type": cls.type_name(), "version": cls.version, "parameters": {}}) == cls()


@by_family(TYPES)
def test_what_a_file_says_wrongly_is_kept_and_named(cls: type[Layer]) -> None:
    for saved in (
        {"type": cls.type_name(), "version": cls.version, "parameters": {"no_such_parameter": 1}},
        {"type": cls.type_name(), "version": cls.version + 1, "parameters": {}},
        {"type": cls.type_name(), "version": cls.version, "parameters": [1, 2]},
    ):
        read = layer_from_json(saved)
        assert isinstance(read, Placeholder)
        assert layer_to_json(read) == saved
        assert cls.type_name() in read.reason
    read = layer_from_json({"type": cls.type_name(), "parameters": {"no_such_parameter": 1}})
    assert isinstance(read, Placeholder)
    assert "no_such_parameter" in read.reason


@by_family(TYPES)
def test_older_parameters_are_upgraded(cls: type[Layer]) -> None:
    for version in range(1, cls.version + 1):
        values = cls.upgrade(cls().values(), version)
        assert set(values) <= set(cls.params)
        assert isinstance(cls.make(values), cls)


def bad_values(declared: Param) -> Iterator[Any]:
    """Values that a parameter must refuse."""
    wrong_kind: dict[str, list[Any]] = {
        "int": ["7", True, 1.5, [1], math.nan],
        "float": ["0.5", False, math.nan, math.inf, -math.inf, [0.5]],
        "bool": [1, 0, "yes"],
        "choice": ["no such choice", True, {}, ""],
        "text": [3, ["a"]],
        "ints": ["3", 3, [1.5], [True], [None]],
        "node": [3, ["a"]],
        "values": [3, [1], {"width": "wide"}, {"width": True}, [["width", math.nan]]],
        "floats": ["3", 3.0, ["a"], [True], [None], [math.nan], [math.inf]],
        "size": ["3", True, 1.5, [1.5] * max(declared.axes, 1), (1,) * (declared.axes + 1), ()],
    }
    yield from wrong_kind[declared.kind]
    if not declared.optional:
        yield None
    beyond = []
    if declared.min is not None:
        beyond.append(declared.min - 1)
    if declared.exclusive_min is not None:
        beyond.append(declared.exclusive_min)
    if declared.max is not None:
        beyond.append(declared.max + 1)
    for value in beyond:
        number = value if declared.kind in ("float", "floats") else int(value)
        yield [number] if declared.kind in ("ints", "floats") else number
        if declared.kind == "size":
            yield (number,) * declared.axes


@by_family(TYPES)
def test_bad_values_are_refused_by_the_name_of_the_parameter(cls: type[Layer]) -> None:
    for name, declared in cls.params.items():
        for value in bad_values(declared):
            with pytest.raises(ParameterError, match=rf"^{cls.type_name()}\.{name} must be ") as caught:
                cls.make({name: value})
            assert caught.value.parameter == name
            with pytest.raises(ParameterError, match=name):
                cls().with_(**{name: value})


@by_family(TYPES)
def test_unknown_parameters_are_refused_by_name(cls: type[Layer]) -> None:
    with pytest.raises(ParameterError, match=rf"^{cls.type_name()}\.no_such is not a parameter"):
        cls.make({"no_such": 1})


@by_family(TYPES)
def test_the_subtitle_fits_under_a_name(cls: type[Layer], drawn: Drawn) -> None:
    for subtitle in (case.layer.subtitle() for case in drawn(cls)):
        assert subtitle.startswith(cls.type_name()) or cls.role in ("block", "shared"), "what it stands for may be told"
        assert len(subtitle) <= 32
        assert "None" not in subtitle
        assert not subtitle.endswith("· ")
