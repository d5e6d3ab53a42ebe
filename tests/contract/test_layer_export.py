"""Every layer type is printed as Python that computes what the trained model computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nnstudio.export import source
from nnstudio.layers import Layer, load

LAYERS = [cls for cls in load() if cls.role == "layer"]

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("cls", LAYERS, ids=lambda cls: cls.type_name())
def test_the_printed_code_gives_the_same_numbers_as_the_model(
    cls: type[Layer], working: Callable[..., tuple[Any, ...]]
) -> None:
    import torch

    for case in working(cls, 3):
        compiled = case.compiled
        text = source(compiled, name="exported")
        namespace: dict[str, Any] = {"__name__": "exported"}
        exec(compile(text, "exported.py", "exec"), namespace)
        exported = namespace["Exported"]()
        exported.load_state_dict(compiled.model.state_dict())
        fed = case.fed(compiled.model_inputs)
        with torch.no_grad():
            expected, found = compiled.model.eval()(**fed), exported.eval()(**fed)
        assert type(found) is type(expected)
        for name in expected if isinstance(expected, dict) else [None]:
            one, other = (value if name is None else value[name] for value in (expected, found))
            assert one.dtype == other.dtype
            assert torch.equal(one, other), text
