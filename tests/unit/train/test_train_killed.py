"""A run that is killed after any of its steps and goes on is the run that was not killed, bit for bit: losses, figures,
weights, optimizers, metrics, random state. So is one that is paused at every step, and one that is stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
KILLING = Path(__file__).with_name("killing.py")
NAMES = (
    "SGD with Nesterov's momentum, step",
    "SGD, constant, dropout and batch norm",
    "Adam, cosine, dropout and batch norm",
    "RMSprop, plateau, early stopping",
    "Adagrad, warm-up, clipping and L1",
    "AdamW, one cycle, LSTM",
    "RMSprop, cosine, GRU",
    "Adam, noise as an input",
    "Adam, augmented",
    "two phases, two optimizers, one cycle",
    "a plan that changes midway",
)


@pytest.fixture(scope="module")
def examine() -> Iterator[Callable[[str], dict[str, Any]]]:
    """One process that has imported torch examines one configuration after the other."""
    child = subprocess.Popen(
        [sys.executable, str(KILLING), "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(KILLING.parents[3])},
    )  # fmt: skip
    assert child.stdin is not None
    assert child.stdout is not None

    def asked(name: str) -> dict[str, Any]:
        child.stdin.write(f"{name}\n")  # type: ignore[union-attr]
        child.stdin.flush()  # type: ignore[union-attr]
        answer = child.stdout.readline()  # type: ignore[union-attr]
        assert answer, "the process ended"
        found: dict[str, Any] = json.loads(answer)
        return found

    yield asked
    child.stdin.close()
    child.stdout.close()
    child.wait(30)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_that_is_killed_at_any_step_goes_on_exactly(name: str, examine: Callable[[str], dict[str, Any]]) -> None:
    found = examine(name)
    assert found["ended"][0] == "RunFinished", found["ended"]
    assert found["kills"] == found["steps"] >= 10
    assert found["wrong"] == {}
