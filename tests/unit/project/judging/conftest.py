"""A small table and networks on it whose weights are set by hand, so that what is right can be worked out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstudio.compile.lower import compile_network
from nnstudio.data import open_data
from nnstudio.data.reference import DataReference
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.judging.judge import Judge

ROWS = 240
Make = Callable[..., Judge]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Networks this small are slower with several."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two numbers, a region, an amount that follows from the numbers, and a kind of three; noise in the last two."""
    random = np.random.default_rng(7)
    a, b = random.normal(3, 2, ROWS), random.normal(-1, 0.5, ROWS)
    amount = 2 * a - 5 * b + random.normal(0, 1, ROWS)
    kind = np.array(["low", "middle", "top"])[np.clip(np.digitize(amount, [8, 13]), 0, 2)]
    wrong = random.random(ROWS) < 0.1
    kind[wrong] = "low"
    region = np.array(["north", "south", "west"])[random.integers(0, 3, ROWS)]
    path = tmp_path_factory.mktemp("judging") / "table.csv"
    rows = [f"{a[i]:.5f},{b[i]:.5f},{region[i]},{amount[i]:.5f},{kind[i]}" for i in range(ROWS)]
    path.write_text("\n".join(["a,b,region,amount,kind", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def judge(table: Path) -> Make:
    """Makes a judge: of one linear layer on a and b that predicts ``target`` with these weights, through ``loss``."""

    def make(
        target: str, weights: Sequence[Sequence[float]], bias: Sequence[float], loss: str = "CrossEntropyLoss",
        kind: str = "class scores", choices: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Judge:  # fmt: skip
        import torch

        reference = DataReference.file(table)
        roles = {name: {"role": "ignored"} for name in ("region", "amount", "kind")}
        roles = {**roles, target.removesuffix("_01"): {"role": "target"}, **(choices or {})}
        for column, chosen in roles.items():
            reference = reference.with_choice(column, **chosen)
        dataset = open_data(reference)
        net = NetworkBuilder()
        features, right = net.add("Input", field="features"), net.add("Input", field=target, name="right")
        scores = net.add("Linear", features, out_features=len(bias), name="scores")
        net.add(loss, scores, right, name="loss")
        net.add("Output", scores, kind=kind, name="answer")
        compiled = compile_network(net.network, dataset.types, seed=0)
        linear: Any = next(module for module in compiled.modules.values() if isinstance(module, torch.nn.Linear))
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(weights))
            linear.bias.copy_(torch.tensor(bias))
        return Judge(compiled, dataset)

    return make


@pytest.fixture
def kinds(judge: Make) -> Judge:
    """Three classes, told apart rather well."""
    return judge("kind", [[-1.5, 0.9], [0.2, -0.1], [1.4, -1.0]], [0.3, 0.2, -0.6])


@pytest.fixture
def amounts(judge: Make) -> Judge:
    """A number, predicted with an error that is known: in standard deviations 0.8 a − 0.4 b + 0.1."""
    return judge("amount", [[0.8, -0.4]], [0.1], "MSELoss", "number")
