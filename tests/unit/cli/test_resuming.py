"""``train --resume``: a run goes on as it was begun."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from table_project import Said, made

from nnstudio.project.files import load


def test_a_run_goes_on_with_the_seed_that_it_was_begun_with(say: Callable[..., Said]) -> None:
    whole = made()
    assert say("train", whole, "--seed", "7", "--epochs", "4")[0] == 0
    expected = load(whole).weights
    Path("cut").mkdir()
    cut = str(Path(whole).rename("cut/p.nnstudio").with_name("q.nnstudio"))
    Path(made()).rename(cut)
    Path("table.csv").rename("cut/table.csv")
    assert say("train", cut, "--seed", "7", "--epochs", "2")[0] == 0
    status, lines, told = say("train", cut, "--resume", "--epochs", "4", "--json")
    assert status == 0, told
    assert [event["epoch"] for event in map(json.loads, lines) if event["event"] == "epoch"] == [3, 4]
    found = load(cut).weights
    assert expected is not None
    assert found is not None
    assert all(np.array_equal(expected[name], found[name]) for name in expected)


def test_a_run_cannot_go_on_with_another_seed(say: Callable[..., Said], refused: Callable[..., str]) -> None:
    project = made()
    assert say("train", project, "--seed", "7")[0] == 0
    assert refused("train", project, "--resume", "--seed", "8") == (
        "The last run was begun with seed 7 and cannot go on with seed 8; leave the seed out, or train from the "
        "beginning."
    )
