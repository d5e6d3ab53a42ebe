"""A layer type whose parameters changed still reads what was saved before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from nnstudio.layers import CATALOGUE, Call, Layer, Placeholder, Port, TensorType, layer, layer_from_json, param


@pytest.fixture
def renamed() -> Iterator[type[Layer]]:
    @layer(family="Linear", telling=("units",))
    class Dense(Layer):
        """Weigh every input."""

        version = 2
        input = Port("N F")
        output = Port("N F'")
        units: int = param(8, min=1, help="how many")

        def build(self, input: TensorType) -> Call:
            return Call("torch.nn.Linear", input.last(), self.units)

        @classmethod
        def upgrade(cls, parameters: dict[str, Any], version: int) -> dict[str, Any]:
            return {"units": parameters["width"]} if version < 2 else parameters

    yield Dense
    CATALOGUE.discard("Dense")


def test_an_older_file_is_read_by_the_new_names(renamed: type[Layer]) -> None:
    read = layer_from_json({"type": "Dense", "version": 1, "parameters": {"width": 5}})
    assert read == renamed.make({"units": 5})


@pytest.mark.usefixtures("renamed")
def test_a_newer_file_is_kept_as_it_is() -> None:
    saved = {"type": "Dense", "version": 3, "parameters": {"unknown": 5}}
    read = layer_from_json(saved)
    assert isinstance(read, Placeholder)
    assert read.saved == saved
    assert "newer" in read.reason


@pytest.mark.usefixtures("renamed")
def test_two_types_of_one_name_are_refused() -> None:
    class Dense(Layer):
        """Another."""

    Dense.__qualname__ = "Another"
    with pytest.raises(ValueError, match="two layer types are named Dense"):
        CATALOGUE.add(Dense)


def test_a_port_that_is_not_declared_is_refused() -> None:
    with pytest.raises(TypeError, match="'other', which is not a port"):

        @layer(family="Linear")
        class Broken(Layer):
            """Broken."""

            input = Port("N F")

            def build(self, other: TensorType) -> None:
                return None

    assert "Broken" not in CATALOGUE
