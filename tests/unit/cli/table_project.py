"""A small project on a table, for the tests of the command line."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nnstudio.data import describe_file
from nnstudio.graph import Network
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.files import save
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan

Said = tuple[int, list[str], list[str]]


def classifier(outputs: int = 2) -> Network:
    net = NetworkBuilder()
    x, kind = net.add("Input", field="features", name="x"), net.add("Input", field="kind", name="y")
    scores = net.add("Linear", x, out_features=outputs, name="scores")
    net.add("CrossEntropyLoss", scores, kind, name="loss")
    net.add("Output", scores, kind="class scores", name="answer")
    return net.network


def rows(count: int = 60, kinds: str = "xy") -> str:
    numbers = np.random.default_rng(0).normal(size=(count, 2))
    lines = (f"{a:.3f},{b:.3f},{kinds[i % len(kinds)]}" for i, (a, b) in enumerate(numbers))
    return "a,b,kind\n" + "\n".join(lines) + "\n"


def made(text: str | None = None, outputs: int = 2, **plan: Any) -> str:
    """A project on table.csv, with two epochs."""
    Path("table.csv").write_text(text or rows())
    data = describe_file("table.csv", Path.cwd())
    sheet = Sheet(network=classifier(outputs), plan=Plan(**{"epochs": 2, "batch_size": 8, **plan}), data=data)
    save(Path("p.nnstudio"), sheet)
    return "p.nnstudio"


def changed(project: str, edit: Callable[[dict[str, Any]], object]) -> None:
    """Edit the JSON of a project file."""
    with zipfile.ZipFile(project) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    content = json.loads(members["project.json"])
    edit(content)
    members["project.json"] = json.dumps(content).encode()
    with zipfile.ZipFile(project, "w") as written:
        for name, data in members.items():
            written.writestr(name, data)
