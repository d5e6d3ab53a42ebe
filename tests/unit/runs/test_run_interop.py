"""Runs as files of other programs, read back by what those programs document."""

from __future__ import annotations

import csv
import struct
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import finished, losses, started, whole

from nnstudio.runs import RunDatabase, RunsError
from nnstudio.runs.mlflow import send
from nnstudio.runs.tables import write_csv
from nnstudio.runs.tensorboard import POINTS, crc32c, read_records, write_events
from nnstudio.train.events import Activations, Event, Gradients, Histogram, Weights
from nnstudio.train.history import History

LOOK = Histogram(counts=np.array([1, 3, 4], np.float32), low=-1.0, high=2.0, mean=0.5, std=0.8, zeros=0.0)


def history(*events: Event) -> History:
    made = History()
    for event in events:
        made.feed(event)
    return made


@pytest.fixture
def seen() -> History:
    where = {"step": 12, "time": 1.2}
    looks = [
        Activations(**where, layers={"n": LOOK}), Weights(**where, layers={"n": {"weight": LOOK}}),
        Gradients(**where, gradients={"n": 0.25}, weights={"n": 1.0}),
    ]  # fmt: skip
    events = whole()
    return history(*events[:4], *looks, *events[4:])


def fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of a protocol buffer, as its encoding is documented: number and value (bytes where it is long)."""
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = data[place]
            place += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while place < len(data):
        key = varint()
        size = {1: 8, 5: 4}.get(key & 7)
        if key & 7 == 0:
            yield key >> 3, varint()
            continue
        count = varint() if size is None else size
        part = data[place : place + count]
        place += count
        yield key >> 3, part if size is None else struct.unpack("<d" if size == 8 else "<f", part)[0]


def told(path: Path) -> list[tuple[int, str, Any]]:
    """Step, tag and value of each summary in an event file."""
    found = []
    for record in read_records(path.read_bytes()):
        event = dict(fields(record))
        if 5 in event:
            value = dict(fields(dict(fields(event[5]))[1]))
            found.append((event.get(2, 0), value[1].decode(), value.get(2, value.get(5))))
    return found


def test_tensorboard_files_have_every_step_epoch_and_histogram(tmp_path: Path, seen: History) -> None:
    (path,) = write_events(tmp_path, [("Run 1", 1000.0, seen)])
    assert path.name.startswith("events.out.tfevents.")
    first = dict(fields(next(iter(read_records(path.read_bytes())))))
    assert (first[1], first[3]) == (1000.0, b"brain.Event:2")
    by_tag: dict[str, list[tuple[int, Any]]] = {}
    for step, tag, value in told(path):
        by_tag.setdefault(tag, []).append((step, value))
    assert by_tag["loss/step"] == [(step + 1, float(step)) for step in range(30)]
    assert [step for step, _ in by_tag["loss/validation"]] == [10, 20, 30]
    assert [value for _, value in by_tag["loss/validation"]] == pytest.approx([0.9, 0.5, 0.6])
    assert by_tag["gradient norm/hidden"] == [(12, 0.25)]
    assert {"learning rate", "loss/training", "activations/hidden", "weights/hidden.weight"} <= by_tag.keys()
    step, packed = by_tag["activations/hidden"][0]
    histogram = dict(fields(packed))
    assert step == 12
    assert [histogram[field] for field in (1, 2, 3, 4)] == [-1.0, 2.0, 8.0, 4.0]
    assert np.frombuffer(histogram[6], "<f8").tolist() == [0.0, 1.0, 2.0]
    assert np.frombuffer(histogram[7], "<f8").tolist() == [1.0, 3.0, 4.0]


def test_a_damaged_event_file_is_noticed(tmp_path: Path, seen: History) -> None:
    (path,) = write_events(tmp_path, [("Run 1", 1000.0, seen)])
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    with pytest.raises(ValueError, match="damaged"):
        list(read_records(bytes(data)))


def test_the_checksum_is_the_one_of_the_standard() -> None:
    """RFC 3720, appendix B.4."""
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(bytes([0xFF] * 32)) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E


def test_runs_of_one_name_have_folders_of_their_own(tmp_path: Path, seen: History) -> None:
    written = write_events(tmp_path, [("a/b: c", 1.0, seen), ("a-b- c", 2.0, seen), ("..", 3.0, seen)])
    assert [path.parent.name for path in written] == ["a-b- c", "a-b- c-2", "run"]
    assert all(path.is_relative_to(tmp_path) for path in written)


def test_of_very_long_runs_evenly_spread_steps_are_written(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("nnstudio.runs.tensorboard.POINTS", 100)
    (path,) = write_events(tmp_path, [("long", 1.0, history(started(), losses(0, np.arange(1234))))])
    steps = [step for step, tag, _ in told(path) if tag == "loss/step"]
    assert 90 < len(steps) <= 101
    assert steps[-1] == 1234
    assert POINTS > 1000


def test_csv_has_a_row_for_each_step(tmp_path: Path, seen: History) -> None:
    other = history(started("two"), losses(0, [1.5, np.nan], ("n",)), finished(2))
    path = tmp_path / "runs.csv"
    assert write_csv(path, [("Run 1", seen), ("=2, “wide”", other)]) == 32
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "run", "step", "epoch", "loss", "learning rate", "hidden", "training loss", "validation loss",
    ]  # fmt: skip
    first = rows[:30]
    assert [float(row["loss"]) for row in first] == list(range(30))
    assert [row["validation loss"] for row in first if row["validation loss"]] == ["0.9", "0.5", "0.6"]
    assert first[9]["epoch"] == "1"
    assert [(row["run"], row["step"], row["loss"], row["hidden"]) for row in rows[30:]] == [
        ("=2, “wide”", "1", "1.5", "3.0"), ("=2, “wide”", "2", "", ""),
    ]  # fmt: skip


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_losses_in_csv_are_exact(tmp_path_factory, values) -> None:
    path = tmp_path_factory.mktemp("csv") / "runs.csv"
    write_csv(path, [("Run 1", history(started(), losses(0, values)))])
    with path.open(newline="", encoding="utf-8") as file:
        again = [np.float32(row["loss"]) for row in csv.DictReader(file)]
    assert np.array_equal(np.array(again, np.float32), np.array(values, np.float32))


def test_without_mlflow_it_is_said_how_to_get_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(RunsError, match=r"pip install \"nnstudio\[mlflow\]\""):
        send("experiment", [])


def test_runs_are_logged_to_mlflow(tmp_path: Path, monkeypatch, seen: History) -> None:
    logged: dict[str, Any] = {"params": {}, "metrics": []}

    class Client:
        def __init__(self, tracking_uri: str | None = None) -> None:
            logged["uri"] = tracking_uri

        def get_experiment_by_name(self, name: str) -> None:
            return None

        def create_experiment(self, name: str) -> str:
            logged["experiment"] = name
            return "7"

        def create_run(self, experiment: str, start_time: int, tags: dict[str, str]) -> Any:
            logged["run"] = (experiment, tags)
            return types.SimpleNamespace(info=types.SimpleNamespace(run_id="abc"))

        def log_batch(self, run: str, metrics: Any = (), params: Any = ()) -> None:
            assert len(metrics) <= 1000
            assert len(params) <= 100
            logged["metrics"] += metrics
            logged["params"].update(params)

        def set_terminated(self, run: str, status: str, end_time: int) -> None:
            logged["ended"] = status

    module: Any = types.ModuleType("mlflow")
    module.tracking = types.SimpleNamespace(MlflowClient=Client)
    module.entities = types.SimpleNamespace(Metric=lambda *values: values, Param=lambda *values: values)
    module.exceptions = types.SimpleNamespace(MlflowException=type("MlflowException", (Exception,), {}))
    monkeypatch.setitem(sys.modules, "mlflow", module)
    with RunDatabase(tmp_path / "runs.sqlite") as database:
        database.write_all(whole())
        database.describe("one", tags=["wide"])
        assert send("digits", [(database.runs()[0], seen)], "file:x") == ["abc"]
    assert (logged["experiment"], logged["uri"], logged["ended"]) == ("digits", "file:x", "FINISHED")
    assert logged["run"][1]["mlflow.runName"] == "Run 1"
    assert logged["run"][1]["wide"] == "true"
    assert logged["params"]["optimizer"] == "Adam"
    assert [value for name, value, *_ in logged["metrics"] if name == "validation loss"] == [0.9, 0.5, 0.6]
    assert len([name for name, *_ in logged["metrics"] if name == "loss"]) == 30
