"""The doctor judged by runs of which it is known what ails them. See `labelled/make_runs.py` for how they were made."""

from __future__ import annotations

import pytest
from labelled.judging import Judgement, judged, told
from labelled.recording import FOLDER, Recording, load

from nnstudio.diagnose.titles import TITLES

#: What precision and recall must be, over pairs of a run and a code.
WANTED = 0.95


@pytest.fixture(scope="module")
def recorded() -> list[Recording]:
    """The runs by which the rules were tuned."""
    return [load(path) for path in sorted(FOLDER.glob("*.run"))]


def show(found: Judgement) -> str:
    text = found.table()
    print(text)  # noqa: T201  pytest shows it with -s
    return text


def test_the_set_has_many_sick_and_many_healthy_runs_of_every_illness(recorded: list[Recording]) -> None:
    assert sum(not run.healthy for run in recorded) >= 50
    assert sum(run.healthy for run in recorded) >= 25
    ill = {code for run in recorded for code in run.must}
    assert ill == set(TITLES) - {"not-finite"}  # which the failure itself tells


def test_the_doctor_names_what_ails_a_run_and_nothing_else(recorded: list[Recording]) -> None:
    found = judged(recorded)
    text = show(found)
    assert found.precision >= WANTED, text
    assert found.recall >= WANTED, text


def test_so_it_does_for_runs_of_another_seed_and_size_by_which_no_rule_was_tuned() -> None:
    found = judged(load(path) for path in sorted((FOLDER.parent / "held_out").glob("*.run")))
    text = show(found)
    assert found.precision >= WANTED, text
    assert found.recall >= WANTED, text


def test_a_healthy_run_has_no_card_at_all(recorded: list[Recording]) -> None:
    assert {run.name: [one.code for one in told(run)] for run in recorded if run.healthy and told(run)} == {}


def test_every_finding_says_what_it_rests_on(recorded: list[Recording]) -> None:
    for run in recorded:
        for one in told(run) if not run.healthy else ():
            assert one.evidence, one.code
            assert not one.message.endswith("."), one.code
            assert one.hint or one.code == "not-finite", one.code
