"""The run database: what was trained can be read again, by others and after a crash."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
import threading
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nnstudio.runs import Recorder, RunDatabase, RunsError
from nnstudio.runs.encoding import KINDS, decode, encode
from nnstudio.train.events import (
    Activations,
    CheckpointSaved,
    Diagnosis,
    EpochEnded,
    Event,
    FlightRecorded,
    Forecasted,
    Gradients,
    Histogram,
    Inside,
    Insides,
    NetworkChanged,
    PlanChanged,
    PrivacySpent,
    RunFailed,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    Samples,
    Steps,
    Timings,
    Weights,
)
from nnstudio.train.history import History
from nnstudio.train.plan import Plan

floats32 = arrays.arrays(np.float32, st.integers(0, 40), elements=st.floats(width=32, allow_nan=False))
histogram = st.builds(
    Histogram, arrays.arrays(np.float32, 5, elements=st.floats(0, 1e6, width=32)), st.floats(-9, 0), st.floats(0, 9),
    st.floats(-9, 9), st.floats(0, 9), st.floats(0, 1), st.integers(0, 9), st.floats(0, 1), st.floats(0, 1),
)  # fmt: skip
names = st.text(min_size=1, max_size=8)
figures = st.dictionaries(names, st.floats(allow_nan=False, allow_infinity=False), max_size=3)
where = {"step": st.integers(0, 10**9), "time": st.floats(0, 1e6)}
events = st.one_of(
    st.builds(Steps, **where, first=st.integers(0, 99), losses=floats32, learning_rates=floats32,
              parts=st.dictionaries(names, floats32, max_size=2), epoch=st.integers(0, 9)),
    st.builds(Activations, **where, layers=st.dictionaries(names, histogram, max_size=3)),
    st.builds(Gradients, **where, gradients=figures, weights=figures, updates=figures, signal=figures),
    st.builds(Weights, **where, layers=st.dictionaries(
        names, st.dictionaries(names, histogram, min_size=1, max_size=2), max_size=2)),
    st.builds(Timings, **where, forward=figures, backward=figures),
    st.builds(Insides, **where, split=names, sample=st.integers(0, 9), nodes=st.dictionaries(names, st.builds(
        Inside, st.sampled_from(("maps", "states")), arrays.arrays(np.float32, (2, 3)), st.integers(0, 9),
        st.lists(names, max_size=2).map(tuple)), max_size=2)),
    st.builds(PlanChanged, **where, before=figures, after=figures),
    st.builds(NetworkChanged, **where, kept=st.tuples(names), cut=st.tuples(), fresh=st.tuples(names, names)),
    st.builds(EpochEnded, **where, epoch=st.integers(1, 9), training=figures, validation=figures,
              learning_rate=st.floats(0, 1), seconds=st.floats(0, 9), best=st.booleans()),
    st.builds(Samples, **where, indices=arrays.arrays(np.int64, 3),
              outputs=st.dictionaries(names, floats32, max_size=2)),
    st.builds(Diagnosis, **where, code=names, message=names, hint=names, node=names),
    st.builds(CheckpointSaved, **where, path=names, epoch=st.integers(0, 9), kind=names),
    st.builds(FlightRecorded, **where, node=names, what=names, value=names, epoch=st.integers(0, 9),
              batch=st.integers(0, 9), rows=arrays.arrays(np.int64, 3), sample=st.integers(-1, 9),
              steps=arrays.arrays(np.int64, 2), nodes=st.tuples(names), losses=floats32, outputs=floats32,
              gradients=floats32, weights=floats32),
    st.builds(Forecasted, **where, seconds=st.floats(0, 9), memory=st.integers(0, 10**12)),
    st.builds(RunPaused, **where), st.builds(RunResumed, **where),
    st.builds(PrivacySpent, **where, epsilon=st.floats(0, 9), delta=st.floats(0, 1), planned=st.floats(0, 9),
              rows=st.floats(0, 99), of=st.integers(0, 99), noise=st.floats(0, 9), norm=st.floats(0, 9)),
    st.builds(RunFailed, **where, message=names, hint=names, node=names, detail=names),
    st.builds(RunFinished, **where, reason=names, epochs=st.integers(0, 9), best_epoch=st.integers(0, 9),
              seconds=st.floats(0, 9)),
)  # fmt: skip


def started(run: str = "one", step: int = 0, time: float = 0.0) -> RunStarted:
    return RunStarted(
        step=step, time=time, run=run, device="cpu", threads=1, epochs=3, steps_per_epoch=10, batch_size=8,
        samples={"train": 80, "validation": 20}, nodes={"n": "hidden"}, trained=("n",), losses=("l",), metrics=(),
        parameters=42, plan=Plan().to_json(), environment={"torch": "2"},
    )  # fmt: skip


def steps(first: int, count: int) -> Steps:
    values = np.arange(first, first + count, dtype=np.float32)
    return Steps(step=first + count, time=float(first), first=first, losses=values, learning_rates=values)


def epoch(number: int, loss: float, best: bool) -> EpochEnded:
    return EpochEnded(
        step=number * 10, time=float(number), epoch=number, training={"loss": loss}, validation={"loss": loss},
        learning_rate=0.1, seconds=1.0, best=best,
    )  # fmt: skip


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if isinstance(one, Histogram | Inside):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and one == other


@given(events)
def test_an_event_is_read_as_it_was_written(event: Event) -> None:
    kind, header, data = encode(event)
    again = decode(kind, event.step, event.time, header, data)
    assert type(again) is type(event)
    for f in fields(event):
        assert same(getattr(again, f.name), getattr(event, f.name)), f.name


def test_every_kind_of_event_can_be_stored() -> None:
    """Those that the test above draws, and the one that begins a run."""
    drawn = {
        Steps, Activations, Gradients, EpochEnded, Samples, Diagnosis, CheckpointSaved, RunPaused, RunResumed,
        RunFailed, RunFinished, Weights, Timings, Insides, PlanChanged, NetworkChanged,
        FlightRecorded, Forecasted, PrivacySpent,
    }  # fmt: skip
    assert set(KINDS.values()) == {*drawn, Event, RunStarted}
    begun = started()
    assert decode(*_stored(begun)) == begun


def _stored(event: Event) -> tuple[str, int, float, str, bytes]:
    kind, header, data = encode(event)
    return kind, event.step, event.time, header, data


def test_a_run_is_listed_with_its_best_figures(tmp_path: Path) -> None:
    with RunDatabase(tmp_path / "runs.sqlite") as database:
        database.begin(started("first"))
        database.write(epoch(1, 0.5, True))
        database.write(epoch(2, 0.7, False))
        database.write(RunFinished(step=20, time=2.5, reason="stopped", epochs=2, best_epoch=1, seconds=2.5))
        database.begin(started("second"))
        latest, first = database.runs()
    assert (latest.id, latest.outcome, latest.epochs) == ("second", "", 0)
    assert (first.id, first.outcome, first.epochs, first.best_epoch) == ("first", "stopped", 2, 1)
    assert first.figures["validation"] == {"loss": 0.5}
    assert (first.device, first.parameters, first.samples["train"]) == ("cpu", 42, 80)
    assert Plan.from_json(first.plan) == Plan()


def test_an_old_run_is_shown_by_the_code_that_shows_a_live_one(tmp_path: Path) -> None:
    live, again = History(), History()
    happened = [started(), steps(0, 10), epoch(1, 0.5, True), steps(10, 5), RunPaused(step=15, time=2.0)]
    with RunDatabase(tmp_path / "runs.sqlite") as database:
        for event in happened:
            live.feed(event)
            database.write(event)
    with RunDatabase(tmp_path / "runs.sqlite") as database:
        for event in database.events("one"):
            again.feed(event)
    assert np.array_equal(again.losses, live.losses)
    assert again.epochs == live.epochs
    assert again.started == live.started
    assert again.paused


def test_a_failed_run_says_why(tmp_path: Path) -> None:
    with RunDatabase(tmp_path / "runs.sqlite") as database:
        database.write_all([started(), RunFailed(step=3, time=1.0, message="it broke")])
        assert database.runs()[0].outcome == "failed: it broke"


def test_deleting_a_run_takes_its_events_along_and_leaves_the_others(tmp_path: Path) -> None:
    with RunDatabase(tmp_path / "runs.sqlite") as database:
        database.write_all([started("one"), steps(0, 5)])
        database.write_all([started("two"), steps(0, 3)])
        database.delete("one")
        assert [run.id for run in database.runs()] == ["two"]
        assert database.events("one") == []
        assert len(database.events("two")) == 2


def test_a_resumed_run_goes_on_under_its_name(tmp_path: Path) -> None:
    with RunDatabase(tmp_path / "runs.sqlite") as database:
        database.write_all(
            [
                started(),
                steps(0, 10),
                RunFinished(step=10, time=1.0, reason="stopped", epochs=1, best_epoch=1, seconds=1.0),
            ]
        )
        database.write_all([started(step=6, time=0.6), steps(6, 10)])
        (run,) = database.runs()
        assert run.outcome == ""
        history = History()
        for event in database.events("one"):
            history.feed(event)
    assert list(history.losses) == list(range(16))


def test_a_long_run_keeps_its_snapshots_more_rarely_and_every_loss(tmp_path: Path) -> None:
    def look(second: float) -> Gradients:
        return Gradients(step=int(second * 10), time=second, gradients={"n": 1.0}, weights={"n": 1.0})

    with RunDatabase(tmp_path / "runs.sqlite") as database:
        database.begin(started())
        database.write_all([look(tenth / 10) for tenth in range(50_000)])
        kept = [event for event in database.events("one") if isinstance(event, Gradients)]
    assert 250 < len(kept) <= 512
    assert kept[0].time == 0.0
    assert kept[-1].time > 4_900


def test_a_process_that_is_killed_leaves_a_run_that_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    child = """
        import importlib.util, os, signal, sys
        from pathlib import Path
        spec = importlib.util.spec_from_file_location("shared", sys.argv[1])
        shared = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(shared)
        database = shared.RunDatabase(Path(sys.argv[2]))
        database.write(shared.started())
        for first in range(0, 1000, 10):
            database.write(shared.steps(first, 10))
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(child), __file__, str(path)],
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode != 0
    with RunDatabase(path) as database:
        (run,) = database.runs()
        history = History()
        for event in database.events(run.id):
            history.feed(event)
    assert run.outcome == ""
    assert np.array_equal(history.losses, np.arange(1000))


def test_a_run_can_be_followed_while_another_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    with RunDatabase(path) as writer, RunDatabase(path) as reader:
        writer.write_all([started(), steps(0, 5)])
        assert len(reader.events("one")) == 2
        writer.write(steps(5, 5))
        assert len(reader.events("one")) == 3


def test_writing_fails_whole(tmp_path: Path) -> None:
    with RunDatabase(tmp_path / "runs.sqlite") as database:
        database.write(started())
        with pytest.raises(KeyError):
            database.write_all([steps(0, 5), epoch(1, 0.5, True), "no event"])  # type: ignore[list-item]
        assert len(database.events("one")) == 1
        database.write(steps(0, 5))
        assert len(database.events("one")) == 2


def test_a_damaged_event_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    with RunDatabase(path) as database:
        database.write_all([started(), steps(0, 5), steps(5, 5)])
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE steps SET header = '{', data = x'00' WHERE first = 0")
    raw.close()
    with RunDatabase(path) as database:
        assert [type(event) for event in database.events("one")] == [RunStarted, Steps]


def test_what_is_no_database_and_what_is_newer_are_told_in_a_sentence(tmp_path: Path) -> None:
    text = tmp_path / "text.sqlite"
    text.write_text("not a database, not at all, but long enough to have a header of its own" * 40)
    with pytest.raises(RunsError, match="cannot be opened"):
        RunDatabase(text)
    newer = tmp_path / "newer.sqlite"
    RunDatabase(newer).close()
    with sqlite3.connect(newer) as raw:
        raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(RunsError, match="newer NN Studio"):
        RunDatabase(newer)
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(RunsError, match="cannot be opened"):
        RunDatabase(blocked / "runs.sqlite")


def test_a_recorder_writes_beside_the_trainer(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "runs.sqlite")
    threads = threading.active_count()
    recorder.put(started())
    for first in range(0, 500, 5):
        recorder.put(steps(first, 5))
    recorder.put(RunFinished(step=500, time=1.0, reason="completed", epochs=1, best_epoch=1, seconds=1.0))
    assert recorder.close()
    assert threading.active_count() == threads - 1
    with RunDatabase(tmp_path / "runs.sqlite") as database:
        found = database.events("one")
        assert database.runs()[0].outcome == "completed"
    assert sum(len(event.losses) for event in found if isinstance(event, Steps)) == 500


def test_a_recorder_that_cannot_write_says_so_and_disturbs_nobody(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    recorder = Recorder(blocked / "runs.sqlite")
    recorder.put(started())
    assert recorder.close()
    assert "cannot be opened" in recorder.error
    recorder.put(steps(0, 1))


def test_the_run_database_needs_no_torch() -> None:
    code = "import sys, nnstudio.runs, nnstudio.diagnose; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
