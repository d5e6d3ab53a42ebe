"""How runs are stored: every loss stays, however many there are, whatever happens to the process and to old files."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import epoch, finished, losses, started, steps, whole

from nnstudio.runs import Recorder, RunDatabase
from nnstudio.runs.encoding import encode
from nnstudio.runs.replaying import Replay, load
from nnstudio.train.events import Event, Gradients, RunPaused, RunStarted
from nnstudio.train.history import KEPT, History
from nnstudio.train.series import BLOCK

#: How far to go back before the next losses come (as a share of what is there), and how many come.
pieces = st.lists(st.tuples(st.sampled_from((1.0, 1.0, 1.0, 0.4)), st.integers(0, 90_000)), min_size=1, max_size=6)


def replayed(events: list[Event]) -> History:
    history = History()
    for event in events:
        history.feed(event)
    return history


def rows(path: Path, table: str) -> int:
    with sqlite3.connect(path) as raw:
        count = raw.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
    raw.close()
    return int(count)


@settings(max_examples=25, deadline=None)
@given(pieces, st.booleans())
def test_every_loss_is_read_as_it_was_written(tmp_path_factory, pieces, parts) -> None:
    path = tmp_path_factory.mktemp("runs") / "runs.sqlite"
    live, until = History(), 0
    names = ("a", "b") if parts else ()
    with RunDatabase(path) as database:
        for number, (share, count) in enumerate(pieces):
            until = int(until * share)
            events = [started(step=until)] if share < 1 or not number else []
            events.append(losses(until, np.arange(count) + 1000.0 * number, names))
            until += count
            for event in events:
                live.feed(event)
            database.write_all(events)
    for again in (load(path, "one"), replayed(RunDatabase(path).events("one"))):
        assert np.array_equal(again.losses, live.losses)
        assert np.array_equal(again.learning_rates, live.learning_rates)
        assert {id: np.array_equal(part, live.parts[id]) for id, part in again.parts.items()} == (
            dict.fromkeys(live.parts, True) if until else {}
        )


def test_small_pieces_are_put_together_as_the_run_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    with RunDatabase(path) as database:
        database.begin(started())
        for first in range(0, BLOCK + 2014, 50):
            database.write(steps(first, 50))
        assert rows(path, "steps") < 60
        assert rows(path, "blocks") == 2
        database.write(finished(BLOCK + 2014))
    assert rows(path, "steps") == 1
    assert np.array_equal(load(path, "one").losses, np.arange(BLOCK + 2014))


def test_a_learning_rate_that_stays_takes_no_room(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    with RunDatabase(path) as database:
        database.write_all([started(), losses(0, np.full(4 * BLOCK, 3.0))])
        assert database.sizes()["one"] < 50_000
    assert (load(path, "one").losses[:] == 3).all()


def test_an_old_run_is_shown_as_it_was_while_it_was_live(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    looks = [
        Gradients(step=step, time=step / 10, gradients={"n": step + 1.0}, weights={"n": 1.0}) for step in range(2000)
    ]
    events = [*whole()[:3], *looks, RunPaused(step=2000, time=200.0)]
    live = replayed(events)
    with RunDatabase(path) as database:
        database.write_all(events)
    again = load(path, "one")
    assert (again.started, again.epochs, again.paused) == (live.started, live.epochs, True)
    assert again.gradients == live.gradients  # the latest look, though few of them are stored
    kept, _ = again.gradient_history("n")
    assert 100 < len(kept) <= KEPT + 1
    assert np.diff(kept).max() < 50
    assert again.steps_per_second == live.steps_per_second


def test_the_line_of_a_run_that_went_back_is_what_it_was_there(tmp_path: Path) -> None:
    with RunDatabase(tmp_path / "runs.sqlite") as database:
        database.write_all(whole())
        database.write(started(step=15))
        (run,) = database.runs()
        assert (run.epochs, run.best_epoch, run.steps, run.outcome) == (1, 1, 15, "")
        assert run.best == {"loss": 0.9}


def test_a_run_is_written_until_its_process_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    child = """
        import sys, time
        from pathlib import Path
        sys.path.insert(0, sys.argv[1])
        from made_up import started, steps
        from nnstudio.runs import Recorder
        recorder = Recorder(Path(sys.argv[2]))
        recorder.put(started())
        first = 0
        while True:
            recorder.put(steps(first, 700))
            first += 700
            time.sleep(0.002)
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(child), str(Path(__file__).parent), str(path)]) as it:
        try:
            wait(lambda: path.exists() and rows_or_none(path) > 100_000)
            with RunDatabase(path) as database:
                assert database.runs()[0].state == "running"
        finally:
            os.kill(it.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    with RunDatabase(path) as database:
        (run,) = database.runs()
        assert run.state == "interrupted"
        assert run.outcome == ""
    history = load(path, "one")
    assert len(history.losses) == run.steps > 100_000
    assert np.array_equal(history.losses, np.arange(run.steps))
    assert not list(tmp_path.glob("*.writing"))


def rows_or_none(path: Path) -> int:
    with RunDatabase(path) as database:
        records = database.runs()
    return records[0].steps if records else 0


def wait(until) -> None:
    end = time.monotonic() + 60
    while not until():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_recorder_that_is_closed_writes_no_longer(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    recorder = Recorder(path)
    recorder.keep("h", b"drawn")
    recorder.put(started(network="h"))
    recorder.put(steps(0, 5))
    wait(lambda: path.exists() and rows_or_none(path))
    with RunDatabase(path) as database:
        assert database.runs()[0].state == "running"
        recorder.close()
        assert database.runs()[0].state == "interrupted"
        assert database.runs()[0].network == "h"
        assert database.network("h") == b"drawn"


def test_a_run_is_followed_while_another_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    with RunDatabase(path) as writer:
        writer.write_all([started(), steps(0, 5)])
        replay = Replay(path, "one")
        replay.load()
        assert replay.follow() == ([], False)
        for first in range(5, 2 * BLOCK, 9000):
            writer.write_all([steps(first, 9000), epoch(1 + first // 9000, 1.0)])
            events, again = replay.follow()
            assert not again
            for event in events:
                replay.history.feed(event)
        assert np.array_equal(replay.history.losses, np.arange(len(replay.history.losses)))
        assert len(replay.history.losses) > 2 * BLOCK
        assert [each.epoch for each in replay.history.epochs] == list(range(1, len(replay.history.epochs) + 1))
        writer.write_all([started(step=50), steps(50, 3)])
        assert replay.follow() == ([], True)
        assert len(replay.load().losses) == 53
    replay.close()


def test_a_deleted_run_can_be_taken_out_of_the_bin_until_it_is_emptied(tmp_path: Path) -> None:
    with RunDatabase(tmp_path / "runs.sqlite") as database:
        for run in ("one", "two"):
            database.keep_network(f"net-{run}", b"drawn")
            database.write_all(whole(run, network=f"net-{run}"))
        database.bin(["one"])
        assert [run.id for run in database.runs()] == ["two"]
        assert [run.id for run in database.runs(binned=True)] == ["one"]
        assert database.empty_bin() == 0  # it was put there just now
        database.take_out(["one"])
        assert len(database.runs()) == 2
        database.bin(["one"])
        assert database.empty_bin(0.0) == 1
        assert database.events("one") == []
        assert database.network("net-one") is None
        assert database.network("net-two") is not None
        assert len(database.runs()) == 1


def test_checkpoints_of_a_deleted_run_stay_until_the_bin_is_emptied(tmp_path: Path) -> None:
    kept = {run: tmp_path / "checkpoints" / run / "000000009-last.safetensors" for run in ("one", "two")}
    with RunDatabase(tmp_path / "runs.sqlite") as database:
        for run, file in kept.items():
            database.write_all(whole(run))
            file.parent.mkdir(parents=True)
            file.write_bytes(b"weights")
        database.bin(["one"])
        assert database.empty_bin() == 0  # undo must find all of it
        assert kept["one"].exists()
        assert database.empty_bin(0.0) == 1
    assert not kept["one"].parent.exists()
    assert kept["two"].exists()


def test_a_file_shrinks_when_a_run_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    with RunDatabase(path) as database:
        database.write_all([started(), losses(0, np.random.default_rng(0).random(6 * BLOCK))])
    full = path.stat().st_size
    with RunDatabase(path) as database:
        database.delete("one")
    assert path.stat().st_size < full / 4


def test_names_tags_and_notes_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    with RunDatabase(path) as database:
        database.write_all(whole())
        assert database.runs()[0].title == "Run 1"
        database.describe("one", name="wider", tags=["good", "good", "wide"], note="twice as wide")
        database.describe("one", note="2× as wide")
    with RunDatabase(path) as database:
        (run,) = database.runs()
    assert (run.title, run.tags, run.note) == ("wider", ("good", "wide"), "2× as wide")


def version_1(path: Path, events: list[Event]) -> None:
    """A database as the first version made it."""
    raw = sqlite3.connect(path)
    raw.executescript("""
        CREATE TABLE runs (
            id TEXT PRIMARY KEY, started REAL NOT NULL, ended REAL, outcome TEXT NOT NULL DEFAULT '',
            header TEXT NOT NULL, epochs INTEGER NOT NULL DEFAULT 0, best_epoch INTEGER NOT NULL DEFAULT 0,
            figures TEXT NOT NULL DEFAULT '{}', seconds REAL NOT NULL DEFAULT 0);
        CREATE TABLE events (
            number INTEGER PRIMARY KEY, run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
            kind TEXT NOT NULL, step INTEGER NOT NULL, time REAL NOT NULL, header TEXT NOT NULL, data BLOB NOT NULL);
        CREATE INDEX events_of_run ON events (run, number);
        PRAGMA user_version = 1;
    """)
    for event in events:
        kind, header, data = encode(event)
        if isinstance(event, RunStarted):
            raw.execute("INSERT OR IGNORE INTO runs (id, started, header) VALUES (?, 1.0, ?)", (event.run, header))
        raw.execute(
            "INSERT INTO events (run, kind, step, time, header, data) VALUES ('one', ?, ?, ?, ?, ?)",
            (kind, event.step, event.time, header, data),
        )
    raw.commit()
    raw.close()


def test_a_database_of_the_first_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    events = [started(), steps(0, 70_000), epoch(1, 0.5, True), started(step=66_000), losses(66_000, np.ones(10))]
    version_1(path, events)
    with RunDatabase(path) as database:
        assert database.runs()[0].steps == 66_010
        again = replayed(database.events("one"))
    assert np.array_equal(again.losses, [*range(66_000), *([1.0] * 10)])
    assert again.epochs == [events[2]]
    assert rows(path, "blocks") == 2


def test_a_file_that_fails_while_it_is_brought_up_to_date_stays_as_it_was(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "runs.sqlite"
    version_1(path, [started(), steps(0, 10)])

    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("disk full")

    monkeypatch.setattr("nnstudio.runs.losses.put", broken)
    with pytest.raises(ValueError, match="disk full"):
        RunDatabase(path)
    monkeypatch.undo()
    with RunDatabase(path) as database:
        assert len(replayed(database.events("one")).losses) == 10


def test_of_very_many_epochs_some_are_shown_and_the_best_among_them(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("nnstudio.runs.replaying.EPOCHS_KEPT", 50)
    path = tmp_path / "runs.sqlite"
    with RunDatabase(path) as database:
        database.write_all([started(), *(epoch(n, 1.0, n == 334) for n in range(1, 1001)), finished(10_000)])
    history = load(path, "one")
    assert 50 <= len(history.epochs) <= 51
    assert (history.epochs[0].epoch, history.epochs[-1].epoch) == (1, 1000)
    assert history.best_epoch is not None
    assert history.best_epoch.epoch == 334


def test_a_process_that_ends_writes_what_waits(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    child = """
        import sys
        from pathlib import Path
        sys.path.insert(0, sys.argv[1])
        from made_up import whole
        from nnstudio.runs import Recorder
        recorder = Recorder(Path(sys.argv[2]))
        for event in whole():
            recorder.put(event)
        recorder.close(0.0)
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(child), str(Path(__file__).parent), str(path)], check=True, timeout=60
    )
    with RunDatabase(path) as database:
        assert database.runs()[0].state == "completed"


def test_a_forked_run_begins_where_it_was_forked(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    with RunDatabase(path) as database:
        database.write_all(whole())
        database.write_all([started("two", 20, 2.0, parent="one", parent_step=20), steps(20, BLOCK), finished()])
        record = database.record("two")
    assert record is not None
    assert (record.parent, record.parent_step, record.steps) == ("one", 20, BLOCK + 20)


def test_a_forked_run_shows_what_the_other_was_until_then(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    with RunDatabase(path) as database:
        database.write_all([*whole()[:-1], losses(30, np.full(2 * BLOCK, -1.0)), finished(30 + 2 * BLOCK)])
        fork = started("two", 20, 2.0, parent="one", parent_step=20)
        database.write_all([fork, steps(20, BLOCK), epoch(3, 0.1), finished()])
        at = BLOCK + 10
        again = started("three", at, 2.0, parent="two", parent_step=at)
        database.write_all([again, losses(at, np.full(5, 7.0))])
    history = load(path, "two")
    assert np.array_equal(history.losses.values, np.arange(BLOCK + 20))
    assert [event.validation["loss"] for event in history.epochs] == [0.9, 0.5, 0.1]
    assert history.started == fork
    third = load(path, "three")
    assert np.array_equal(third.losses.values, [*range(at), 7, 7, 7, 7, 7])
    assert third.ended is None
    with RunDatabase(path) as database:
        database.delete("one")
    history = load(path, "two")
    assert np.isnan(history.losses[:20]).all()
    assert np.array_equal(history.losses[20:], np.arange(20, BLOCK + 20))
