"""A CSV file larger than is comfortable: memory and rows a second of training, beside a DataLoader over pandas rows.

Run as ``python tests/benchmarks/tables.py [--megabytes 1024] [--folder DIR] [--seconds 20]``; prints a table, and a
line of JSON for each way. The file is made in a temporary folder: 8 columns of numbers, 2 categories, a class, a number
of the row.
Each way runs in a process of its own, one after the other, with the same network (two hidden layers of 64), batches of
256 and Adam, on one thread of the processor:

- studio: ``open_data`` from a cold cache, with the time until the first rows are there, then training by `train.loop`.
- again: the same, when the file was read before.
- pandas: ``DataLoader(shuffle=True)`` over a ``Dataset`` whose rows are ``frame.iloc[i]``; it needs pandas, which is no
  dependency of the project (``pip install pandas``, or ``--pandas FOLDER`` where it lies).

Times are told by the processor's time of the process as well, since other programs may be running.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

WAYS = ("studio", "again", "pandas")
BATCH, WIDTH = 256, 64
#: The issue's figures: gigabytes of memory, seconds until the first rows are seen, times the rows a second of pandas.
MEMORY, FIRST, TIMES = 2.0, 1.0, 5.0
COLOURS = ("red", "green", "blue", "amber", "violet", "black")
NUMBERS = 8


def made(path: Path, size: int) -> int:
    """Write a file of about so many bytes; how many rows it has."""
    random, rows = np.random.default_rng(0), 0
    with path.open("w") as file:
        file.write("id," + ",".join(f"x{column}" for column in range(NUMBERS)) + ",colour,city,class\n")
        while file.tell() < size:
            x = random.normal(size=(50_000, NUMBERS))
            colour, city = random.integers(0, len(COLOURS), len(x)), random.integers(0, 40, len(x))
            yes = x[:, 0] + x[:, 1] * x[:, 2] > 0
            file.writelines(
                f"{rows + i},{','.join(f'{value:.6f}' for value in x[i])},{COLOURS[colour[i]]},city{city[i]},"
                f"{'yes' if yes[i] else 'no'}\n"
                for i in range(len(x))
            )
            rows += len(x)
    return rows


def gigabytes() -> float:
    """The most memory that this process had, shared pages of files among it."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


class Pace:
    """Rows a second from the first step on."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.rows = seconds, 0
        self.wall, self.processor = time.perf_counter(), time.process_time()

    def told(self) -> dict[str, float]:
        wall, processor = time.perf_counter() - self.wall, time.process_time() - self.processor
        return {"rows": self.rows, "rows/s": self.rows / wall, "rows/processor s": self.rows / processor}

    @property
    def over(self) -> bool:
        return time.perf_counter() - self.wall > self.seconds


def studio(path: Path, seconds: float) -> dict[str, Any]:
    """Train by NN Studio; the figures."""
    began = time.perf_counter()
    seen: list[tuple[float, float]] = []
    from nnstudio.data.opening import open_file

    data = open_file(path, first=lambda _: seen.append((time.perf_counter() - began, time.process_time())))
    opened, processor = time.perf_counter() - began, time.process_time()

    import torch

    import nnstudio as nns
    from nnstudio.train.control import Control
    from nnstudio.train.events import RunFailed, RunStarted, Steps
    from nnstudio.train.loop import run
    from nnstudio.train.plan import Plan

    torch.set_num_threads(1)
    net = nns.Network()
    x = net.add("Input", field="features")
    for _ in range(2):
        x = net.add("ReLU", net.add("Linear", x, out_features=WIDTH))
    scores = net.add("Linear", x, out_features=2)
    net.add("CrossEntropyLoss", scores, net.add("Input", field="class"))
    from nnstudio.compile.lower import compile_network

    compiled = compile_network(net.network, data.types, 0)
    control, pace = Control(), None
    loss = []
    for event in run(compiled, data, Plan.make({"epochs": 100, "batch_size": BATCH, "device": "cpu"}), control):
        if isinstance(event, RunStarted):
            pace = Pace(seconds)
        if isinstance(event, RunFailed):
            raise SystemExit(event.message)
        if isinstance(event, Steps) and pace is not None:
            pace.rows = event.step * BATCH
            loss.append(float(event.losses.mean()))
            if pace.over:
                break
    assert pace is not None
    return {
        "first rows s": round(seen[0][0], 3) if seen else 0.0,
        "first rows processor s": round(seen[0][1], 3) if seen else 0.0, "open s": round(opened, 2),
        "open processor s": round(processor, 2), "memory GB": round(gigabytes(), 2),
        "samples": data.count("train"), "loss": round(loss[-1], 3), **pace.told(),
    }  # fmt: skip


def by_pandas(path: Path, seconds: float) -> dict[str, Any]:
    """Train by the usual loop over a DataLoader; the figures."""
    import pandas as pd
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, Dataset

    torch.set_num_threads(1)
    began = time.perf_counter()
    frame = pd.read_csv(path).drop(columns="id")
    for name in ("colour", "city", "class"):
        frame[name] = frame[name].astype("category").cat.codes
    numbers = [f"x{column}" for column in range(NUMBERS)]
    mean, std = frame[numbers].mean(), frame[numbers].std()
    frame[numbers] = (frame[numbers] - mean) / std
    opened = time.perf_counter() - began

    class Rows(Dataset):  # type: ignore[type-arg]
        def __len__(self) -> int:
            return int(0.7 * len(frame))

        def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
            row = frame.iloc[index]
            x = torch.zeros(NUMBERS + len(COLOURS) + 40)
            x[:NUMBERS] = torch.tensor(row[numbers].to_numpy(dtype="float32"))
            x[NUMBERS + int(row["colour"])] = 1.0
            x[NUMBERS + len(COLOURS) + int(row["city"])] = 1.0
            return x, int(row["class"])

    net = nn.Sequential(
        nn.Linear(NUMBERS + len(COLOURS) + 40, WIDTH),
        nn.ReLU(),
        nn.Linear(WIDTH, WIDTH),
        nn.ReLU(),
        nn.Linear(WIDTH, 2),
    )
    optimizer, criterion = torch.optim.Adam(net.parameters()), nn.CrossEntropyLoss()
    pace, loss = Pace(seconds), torch.zeros(())
    for x, y in DataLoader(Rows(), BATCH, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
        pace.rows += len(y)
        if pace.over:
            break
    return {
        "open s": round(opened, 2), "memory GB": round(gigabytes(), 2), "samples": len(Rows()),
        "loss": round(float(loss.detach()), 3), **pace.told(),
    }  # fmt: skip


DOING: dict[str, Callable[[Path, float], dict[str, Any]]] = {"studio": studio, "again": studio, "pandas": by_pandas}


def measured(way: str, path: Path, arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """What a way needs, in a process of its own."""
    paths = [str(Path(__file__).parents[2]), arguments.pandas, os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ, "NNSTUDIO_CACHE_DIR": str(folder / "cache"), "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }  # fmt: skip
    command = [sys.executable, __file__, "--way", way, "--path", str(path), "--seconds", str(arguments.seconds)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"way": way, "failed": (done.stderr.strip().splitlines() or ["?"])[-1]}
    return {"way": way, **json.loads(done.stdout.splitlines()[-1])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--seconds", type=float, default=20.0, help="of training, each way")
    parser.add_argument("--folder", help="where the file is made, and found again")
    parser.add_argument("--pandas", default="", help="a folder in which pandas is")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        print(json.dumps(DOING[arguments.way](arguments.path, arguments.seconds)))
        return
    with tempfile.TemporaryDirectory(prefix="nnstudio-tables-") as name:
        folder = Path(arguments.folder or name)
        path = folder / f"table-{arguments.megabytes}.csv"
        if not path.exists():
            print(f"{made(path, arguments.megabytes << 20):,} rows made", flush=True)
        print(f"{path.stat().st_size / 2**30:.2f} GiB")
        found = {}
        for way in WAYS:
            found[way] = measured(way, path, arguments, Path(name))
            print(json.dumps(found[way]), flush=True)
    told(found)


def told(found: dict[str, dict[str, Any]]) -> None:
    """The figures beside those that were asked for."""
    ours, theirs = found["studio"], found["pandas"]
    if "failed" in ours:
        raise SystemExit(ours["failed"])
    rows = [
        ("memory", f"{ours['memory GB']:.2f} GB", f"< {MEMORY:g} GB", ours["memory GB"] < MEMORY),
        *(
            (
                f"first rows{unit}",
                f"{ours[f'first rows{unit} s']} s",
                f"<= {FIRST:g} s",
                ours[f"first rows{unit} s"] <= FIRST,
            )
            for unit in ("", " processor")
        ),
    ]
    for unit in ("rows/s", "rows/processor s") if "failed" not in theirs else ():
        times = ours[unit] / theirs[unit]
        rows.append((unit, f"{ours[unit]:,.0f}, {times:.0f} times pandas", f">= {TIMES:g}", times >= TIMES))
    for row in rows:
        print("  ".join((f"{row[0]:<22}", f"{row[1]:<32}", f"{row[2]:<10}", "passed" if row[3] else "MISSED")))


if __name__ == "__main__":
    main()
