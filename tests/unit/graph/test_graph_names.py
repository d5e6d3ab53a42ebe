"""No node can take a name that a compiled module needs for itself."""

from __future__ import annotations

import pytest
import torch
from torch import fx

from nnstudio.graph.network import RESERVED_NAMES, is_node_name


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
