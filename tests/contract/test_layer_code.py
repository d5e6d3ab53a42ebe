"""Every layer type is read back from its code: unchanged it changes nothing; a copy of its lines is such a layer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from nnstudio.compile.resolve import resolve
from nnstudio.export.code_editing import edited
from nnstudio.export.python_source import Source, written
from nnstudio.layers import Layer, load

#: A vector has no axes to permute, and what then is printed could be no layer.
LAYERS = [cls for cls in load() if cls.role == "layer" and cls.type_name() != "Permute"]


def copied(source: Source, id: str) -> str:
    """The text with the lines of a node a second time, as ``again``."""
    mine = {span.line for span in source.spans if id in span.nodes}
    lines, held = [], []
    for place, line in enumerate(source.text.split("\n")):
        if place not in mine and held:
            lines += held
            held = []
        lines.append(line)
        if place in mine and "nn.init." not in line and not line.strip().startswith("return"):
            held.append(re.sub(r"\bit(_\w+)?\b", r"again\1", line))
    return "\n".join(lines)


@pytest.mark.parametrize("cls", LAYERS, ids=lambda cls: cls.type_name())
def test_the_code_is_read_back(cls: type[Layer], working: Callable[..., tuple[Any, ...]]) -> None:
    for case in working(cls, 2):
        network, fields, id = case.wired
        resolution = resolve(network, fields)
        if resolution.errors:
            continue
        source = written(resolution, ends=True)
        assert edited(source, source.text.replace('    """Takes', '    """Told')).network is network
        again = edited(source, copied(source, id)).network
        made = next(node for node in again.nodes.values() if node.id not in network.nodes)
        assert {key: again.nodes[key] for key in network.nodes} == network.nodes
        assert resolve(again, fields).nodes[made.id].built == resolution.nodes[id].built, source.text
