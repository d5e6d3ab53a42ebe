"""Trains small networks in processes that are killed, for ``test_train_killed.py``.

A configuration's name comes in on a line, what was found out about it goes out as JSON. Torch is imported once, with
one thread; each run is a fork of that (no other thread has been started by then), and a kill is a real SIGKILL.
"""

from __future__ import annotations

import gc
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import struct
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import torch

from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.data.augment import Noise
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import TensorType
from nnstudio.train import run_folder, trainer
from nnstudio.train.changing import goes_on
from nnstudio.train.control import Control
from nnstudio.train.events import EpochEnded, Event, RunFailed, RunFinished, RunPaused, RunStarted, Steps
from nnstudio.train.loop import run
from nnstudio.train.phases import Group, Phase
from nnstudio.train.plan import Plan

_found = importlib.util.spec_from_file_location("shared", Path(__file__).with_name("conftest.py"))
shared = importlib.util.module_from_spec(_found)
_found.loader.exec_module(shared)

trainer.SENDING = trainer.SLOWEST = 0.0  # an event after every step, so that what happens at a step can be chosen
EPOCHS = 3


class Sequences:
    """Fifty sequences of five steps; the class says whether they rise."""

    types: ClassVar = {
        "x": TensorType.of("N T F", "N", "T", 3),
        "label": TensorType.of("N", "N", dtype="int64", classes=2),
    }

    def __init__(self) -> None:
        drawn = np.random.default_rng(5)
        self.splits = {}
        for split, rows in (("train", 50), ("validation", 20), ("test", 10)):
            label = drawn.integers(0, 2, rows)
            rise = np.linspace(0, 1, 5)[None, :, None] * (2 * label - 1)[:, None, None]
            x = (drawn.normal(size=(rows, 5, 3)) + rise).astype(np.float32)
            self.splits[split] = {"x": x, "label": label.astype(np.int64)}

    def count(self, split: str) -> int:
        return len(self.splits[split]["label"])

    def arrays(self, split: str) -> dict[str, np.ndarray]:
        return self.splits[split]


class Augmented(shared.Blobs):
    """Points that get other noise in each epoch."""

    augment = (Noise(field="x", amount=0.3),)


def recurrent(kind: str) -> Compiled:
    net = NetworkBuilder()
    x, label = net.add("Input", field="x", name="x"), net.add("Input", field="label", name="label")
    states = net.add(kind, x, hidden_size=6, num_layers=2, dropout=0.3, name="cell")
    scores = net.add("Linear", states.last, out_features=2, name="scores")
    net.add("CrossEntropyLoss", scores, label, name="entropy")
    net.add("Accuracy", scores, label, name="accuracy")
    return compile_network(net.network, Sequences.types, 0)


def noisy() -> Compiled:
    """x and noise -> two scores: the noise is drawn anew for every batch."""
    net = NetworkBuilder()
    x, label = net.add("Input", field="x", name="x"), net.add("Input", field="label", name="label")
    both = net.add("Concatenate", x, net.add("Noise", shape=(3,), name="noise"), name="both")
    scores = net.add("Linear", shared.rich_body(net, both), out_features=2, name="scores")
    net.add("CrossEntropyLoss", scores, label, name="entropy")
    net.add("Accuracy", scores, label, name="accuracy")
    return compile_network(net.network, shared.Blobs.types, 0)


def plain() -> Compiled:
    return shared.classifier()


def rich() -> Compiled:
    return shared.classifier(shared.rich_body)


def two_headed() -> Compiled:
    return shared.two_headed(shared.rich_body, 0, ("norm",))


_PHASES = {
    "phases": (
        Phase(name="label", losses=("entropy",), trains=("hidden", "norm", "scores"), steps=2),
        Phase(name="value", losses=("error",), optimizer="SGD", learning_rate=0.002, momentum=0.5),
    ),
    "groups": (Group(nodes=("hidden",), learning_rate=0.1), Group(nodes=("scores",), weight_decay=0.01)),
}  # fmt: skip

#: By name: the network, the data, the plan, and what changes of it after a number of steps.
CONFIGURATIONS: dict[str, tuple[Callable[[], Compiled], Any, dict[str, Any], dict[int, dict[str, Any]]]] = {
    "SGD with Nesterov's momentum, step": (
        plain, shared.Blobs, {"optimizer": "SGD", "nesterov": True, "schedule": "step", "step_epochs": 1}, {},
    ),
    "SGD, constant, dropout and batch norm": (rich, shared.Blobs, {"optimizer": "SGD", "momentum": 0.0}, {}),
    "Adam, cosine, dropout and batch norm": (rich, shared.Blobs, {"schedule": "cosine", "weight_decay": 0.01}, {}),
    "RMSprop, plateau, early stopping": (
        rich, shared.Blobs,
        {"optimizer": "RMSprop", "schedule": "reduce on plateau", "plateau_epochs": 1, "early_stopping": True}, {},
    ),
    "Adagrad, warm-up, clipping and L1": (
        rich, shared.Blobs,
        {"optimizer": "Adagrad", "schedule": "warm-up", "clip_norm": 0.5, "l1": 1e-3, "keep_best": False}, {},
    ),
    "AdamW, one cycle, LSTM": (
        lambda: recurrent("LSTM"), Sequences, {"optimizer": "AdamW", "schedule": "one-cycle"}, {},
    ),
    "RMSprop, cosine, GRU": (
        lambda: recurrent("GRU"), Sequences, {"optimizer": "RMSprop", "momentum": 0.0, "schedule": "cosine"}, {},
    ),
    "Adam, noise as an input": (noisy, shared.Blobs, {"schedule": "warm-up", "warmup_epochs": 2.0}, {}),
    "Adam, augmented": (rich, Augmented, {"schedule": "cosine"}, {}),
    "two phases, two optimizers, one cycle": (
        two_headed, shared.Blobs, {"schedule": "one-cycle", "clip_norm": 1.0, **_PHASES}, {},
    ),
    "a plan that changes midway": (
        rich, shared.Blobs, {"schedule": "cosine", "batch_size": 8},
        {
            4: {"learning_rate": 0.03, "weight_decay": 0.1, "batch_size": 10},
            9: {"optimizer": "AdamW", "epochs": 4},
            13: {"optimizer": "SGD", "momentum": 0.8},
            15: {"schedule": "step", "step_epochs": 1, "epochs": EPOCHS - 1},  # in the third: it is done to its end
        },
    ),
}  # fmt: skip


class Given:
    """One configuration, made ready before the forks."""

    def __init__(self, name: str) -> None:
        make, data, values, self.changes = CONFIGURATIONS[name]
        self.plan = Plan(
            **{"epochs": EPOCHS, "batch_size": 10, "learning_rate": 0.01, "threads": 1, "watching": 0.001, **values}
        )
        self.compiled, self.data = make(), data()
        with tempfile.TemporaryDirectory() as folder:  # once, so that what torch makes ready at first use is there
            self.run(Path(folder), nothing)
        self.compiled = make()
        gc.collect()
        gc.freeze()

    def run(self, folder: Path, at: Callable[[Event, Control], object], **options: Any) -> dict[str, Any]:
        """A run, or the rest of one, in which ``at`` is told every event; what came of it."""
        losses, epochs, start, ended = np.empty(0, np.float32), [], 0, None
        control = Control(paused=options.pop("paused", False))
        plan = self.plan
        if options.get("resume"):
            about = run_folder.latest(folder).about
            plan = goes_on(plan, Plan.from_json(about.given), Plan.from_json(about.later or about.plan))
        for event in run(self.compiled, self.data, plan, control, checkpoints=folder, run_id="it", **options):
            if isinstance(event, RunStarted) and not len(losses):
                start = event.step
            if isinstance(event, Steps):
                losses = np.concatenate([losses, event.losses])
                if event.step in self.changes:
                    control.change_plan(self.changes[event.step])
            if isinstance(event, EpochEnded):
                epochs.append([event.epoch, event.training, event.validation, event.learning_rate, event.best])
            if isinstance(event, RunFinished | RunFailed):
                ended = [type(event).__name__, getattr(event, "reason", getattr(event, "message", ""))]
            at(event, control)
        return {
            "start": start, "losses": losses.tobytes().hex(), "epochs": epochs, "ended": ended,
            "state": digest(run_folder.latest(folder, "it").path),
        }  # fmt: skip


def digest(path: Path) -> str:
    """Of all tensors and numbers of a checkpoint: weights, optimizers, metrics, random state, place; not of times."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    about = json.loads(header.pop("__metadata__")["nnstudio"])
    progress = {name: value for name, value in about["progress"].items() if name != "seconds"}
    told = json.dumps([header, progress, about["inside"], about["plan"], about["later"]], sort_keys=True)
    return hashlib.sha256(told.encode() + content[8 + length :]).hexdigest()


def forked(work: Callable[[], Any]) -> Any:
    """Do this in a fork and give what it returns; None where the fork was killed."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            os.close(read)
            with os.fdopen(write, "w") as out:
                json.dump(work(), out)
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    with os.fdopen(read) as answer:
        told = answer.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return None
    assert status == 0, f"a run ended with {status}"
    return json.loads(told)


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def nothing(_: Event, __: Control) -> None: ...


def killed(given: Given, folder: Path, step: int, later: int) -> None:
    """A run that writes a checkpoint after ``step`` steps and is killed so many steps later."""

    def at(event: Event, control: Control) -> None:
        if isinstance(event, Steps) and event.step >= step + later > step:
            kill()
        if isinstance(event, Steps) and event.step == step:
            control.checkpoint()
        if type(event).__name__ == "CheckpointSaved" and not later:
            kill()

    assert forked(lambda: given.run(folder, at)) is None, "the run outlived its kill"


def killed_while_writing(given: Given, folder: Path, step: int) -> None:
    """A run that wrote a checkpoint a step before, and is killed while it writes another."""

    def at(event: Event, control: Control) -> None:
        if isinstance(event, Steps) and event.step in (step - 1, step):
            if event.step == step:
                os.replace = lambda *_: kill()
            control.checkpoint()

    assert forked(lambda: given.run(folder, at)) is None, "the run outlived its kill"


def stopped(given: Given, folder: Path, step: int) -> None:
    """A run that is stopped, as by closing the window."""

    def at(event: Event, control: Control) -> None:
        if isinstance(event, Steps) and event.step == step:
            control.stop()

    forked(lambda: given.run(folder, at))


def one_step_at_a_time(event: Event, control: Control) -> None:
    if isinstance(event, RunPaused):
        control.step_once()


def differences(whole: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """In what a run that went on differs from the whole one."""
    start = other["start"]
    found = [name for name in ("state", "ended") if whole[name] != other[name]]
    found += ["losses"] if whole["losses"][8 * start :] != other["losses"] else []
    done = len(whole["epochs"]) - len(other["epochs"])
    return found + (["epochs"] if done < 0 or whole["epochs"][done:] != other["epochs"] else [])


def tried(given: Given, whole: dict[str, Any], cut: Callable[[Path], object], start: int | None = None) -> list[str]:
    """Cut a run off in a folder of its own, go on, and compare with the whole one."""
    folder = Path(tempfile.mkdtemp())
    try:
        cut(folder)
        rest = forked(lambda: given.run(folder, nothing, resume=True))
        wrong = differences(whole, rest)
        return wrong + ([f"went on at {rest['start']}"] if start is not None and rest["start"] != start else [])
    finally:
        shutil.rmtree(folder)


def examined(name: str, every: int) -> dict[str, Any]:
    """Kill a configuration's run after every ``every``-th step of its epochs; by kind of cut and step, what differs."""
    given, folder = Given(name), Path(tempfile.mkdtemp())
    try:
        whole = forked(lambda: given.run(folder / "whole", nothing))
        paused = forked(lambda: given.run(folder / "paused", one_step_at_a_time, paused=True))
    finally:
        shutil.rmtree(folder)
    steps = len(whole["losses"]) // 8
    wrong = {"paused at every step": differences(whole, paused)}
    kills = 0
    for step in range(1, steps + 1):
        if step % every == 0 or step == steps:
            kills += 1
            later = min(step % 3, steps - step)
            wrong[f"killed {later} steps after step {step}"] = tried(
                given, whole, lambda at, s=step, n=later: killed(given, at, s, n), step
            )
    for step in (2, steps // 2, steps - 1):
        wrong[f"killed while writing at step {step}"] = tried(
            given, whole, lambda at, s=step: killed_while_writing(given, at, s), step - 1
        )
        wrong[f"stopped at step {step}"] = tried(given, whole, lambda at, s=step: stopped(given, at, s), step)
    return {
        "ended": whole["ended"], "steps": steps, "kills": kills,
        "wrong": {how: what for how, what in wrong.items() if what},
    }  # fmt: skip


if __name__ == "__main__":
    torch.set_num_threads(1)
    every = int(sys.argv[1])
    for line in sys.stdin:
        sys.stdout.write(json.dumps(examined(line.strip(), every)) + "\n")
        sys.stdout.flush()
