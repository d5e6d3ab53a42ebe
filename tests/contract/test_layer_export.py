"""Every layer type is printed as Python that computes what the trained model computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import Phase, given, settings

from nnstudio.compile.lower import compile_network
from nnstudio.export import source
from nnstudio.layers import Layer, load

LAYERS = [cls for cls in load() if cls.role == "layer"]


@pytest.mark.parametrize("cls", LAYERS, ids=lambda cls: cls.type_name())
@settings(max_examples=3, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(data=st.data())
def test_the_printed_code_gives_the_same_numbers_as_the_model(
    cls: type[Layer],
    drawn: Callable[[type[Layer]], st.SearchStrategy[Any]],
    tensors: Callable[..., dict[str, Any]],
    data: st.DataObject,
) -> None:
    import torch

    case = data.draw(drawn(cls))
    network, fields, _ = case.wired()
    compiled = compile_network(network, fields, seed=0)
    text = source(compiled, name="exported")
    namespace: dict[str, Any] = {"__name__": "exported"}
    exec(compile(text, "exported.py", "exec"), namespace)
    exported = namespace["Exported"]()
    exported.load_state_dict(compiled.model.state_dict())
    ranges = {spec.name: case.ranges()[spec.field] for spec in compiled.model_inputs if spec.field in case.ranges()}
    given = tensors({spec.name: spec.type for spec in compiled.model_inputs}, ranges)
    with torch.no_grad():
        expected, found = compiled.model.eval()(**given), exported.eval()(**given)
    assert type(found) is type(expected)
    for name in expected if isinstance(expected, dict) else [None]:
        one, other = (value if name is None else value[name] for value in (expected, found))
        assert one.dtype == other.dtype
        assert torch.equal(one, other), text
