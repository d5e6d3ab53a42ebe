"""No node can take a name that a compiled module needs for itself."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import fx

from nnstudio.graph import naming
from nnstudio.graph.node_names import RESERVED_NAMES, is_node_name


def own_names() -> list[str]:
    module = torch.nn.Module()
    graph = fx.GraphModule(torch.nn.Module(), fx.Graph())
    return sorted({*dir(module), *vars(module), *dir(graph), *vars(graph)})


def test_names_of_the_module_itself_are_reserved() -> None:
    usable = [name for name in own_names() if is_node_name(name)]
    assert usable == [], "a node with one of these names would replace a part of the module"


def test_what_generated_code_names_is_reserved() -> None:
    assert {"self", "torch", "nn", "math"} <= RESERVED_NAMES


@pytest.mark.parametrize("name", ["conv1", "loss", "image", "x", "Größe", "weight", "input", "target"])
def test_names_that_people_choose_are_free(name: str) -> None:
    assert is_node_name(name)
    assert not hasattr(torch.nn.Module(), name)


class Asked(set[str]):
    """Names that are taken; counts how often it is asked."""

    count = 0

    def __contains__(self, name: object) -> bool:
        self.count += 1
        return super().__contains__(name)


@given(st.integers(0, 3000), st.sets(st.integers(0, 3000), max_size=4))
def test_a_free_name_among_thousands_is_found_at_a_few_looks(many, free):
    taken = Asked(f"n{number}" for number in range(many) if number not in free)
    found = naming.name_free_of(taken, "n5")
    assert found not in set(taken)
    assert taken.count < 150


@given(st.integers(1, 60))
def test_of_few_names_the_first_free_number_is_taken(many):
    taken = {f"n{number}" for number in range(1, many + 1)}
    assert naming.name_free_of(taken, "n1") == f"n{many + 1}"
    assert naming.name_free_of(taken | {"n"}, "n") == f"n{many + 1}"
