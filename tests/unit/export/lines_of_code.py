"""A drawing of which one line of code is replaced, and what that gives in torch and as a drawing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from inspect import signature

import torch

from nnstudio.compile.lower import compile_network
from nnstudio.compile.resolve import resolve
from nnstudio.export.code_editing import edited
from nnstudio.export.python_source import written
from nnstudio.graph import Network, edits
from nnstudio.layers import load

#: What a line of code may be fed with.
INPUTS: Mapping[str, tuple[int, ...]] = {"image": (4, 6, 8), "other": (4, 6, 8), "series": (5, 8), "vector": (12,)}


def drawing_of_lines() -> Network:
    """Four inputs, and an Add whose line is replaced; the rest has the shape of one of the inputs."""
    types = load()
    made = [edits.add(types["Input"](field=name, shape=shape), name=name, id=name) for name, shape in INPUTS.items()]
    made += [edits.add(types["Identity"](), name=f"{name}_", id=f"{name}_") for name in INPUTS]
    made += [edits.connect(name, "output", f"{name}_", "input") for name in INPUTS]
    made += [edits.add(types["Flatten"](), name="y", id="y"), edits.add(types["Output"](), name="out", id="out")]
    made += [edits.connect("image_", "output", "y", "input"), edits.connect("y", "output", "out", "input")]
    for name in ("other", "series", "vector"):
        made += [
            edits.add(types["Output"](), name=f"{name}_out", id=f"{name}_out"),
            edits.connect(f"{name}_", "output", f"{name}_out", "input"),
        ]
    return edits.chain(*made)(Network())


def outputs_of(network: Network, text: str, name: str = "out") -> tuple[torch.Tensor, torch.Tensor]:
    """What the code gives in plain torch, and what the drawing that is made of it gives."""
    source = written(resolve(network), ends=True)
    made = edited(source, text).network
    fed = {name: torch.randn(3, *shape, generator=torch.Generator().manual_seed(7)) for name, shape in INPUTS.items()}
    space: dict[str, object] = {"F": torch.nn.functional, "math": math}
    exec(compile(text, "<code>", "exec"), space)
    plain = space["Model"]()  # type: ignore[operator]
    model = compile_network(made).model
    own = dict(plain.named_parameters())
    if own:
        model.load_state_dict(plain.state_dict())
    with torch.no_grad():
        fed_plain, fed_drawn = (
            {key: fed[key] for key in signature(each.forward).parameters} for each in (plain, model)
        )
        fed_plain = {key: value.clone() for key, value in fed_plain.items()}
        return plain.eval()(**fed_plain)[name], model.eval()(**fed_drawn)[name]


def with_line(network: Network, *lines: str) -> str:
    """The code with these lines in the place of the one that computes ``y``."""
    text = written(resolve(network), ends=True).text
    [line] = [line for line in text.split("\n") if line.strip().startswith("y = ")]
    return text.replace(line, "\n".join(f"        {line}" for line in lines))
