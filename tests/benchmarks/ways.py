"""What the benchmark of instruments trains, and its ways of training, which take turns."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from training import Case as Digits
from training import Cnn, Mlp

from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.graph import Network
from nnstudio.graph.builder import NetworkBuilder, PortHandle
from nnstudio.layers import TensorType
from nnstudio.runs import Recorder
from nnstudio.runs.database import RunDatabase
from nnstudio.train.batches import Batches, Data, Rows
from nnstudio.train.evaluate import evaluate_rows
from nnstudio.train.events import RunFinished
from nnstudio.train.history import History
from nnstudio.train.losses import Losses
from nnstudio.train.plan import Plan
from nnstudio.train.state import State
from nnstudio.train.stepping import Stepper
from nnstudio.train.trainer import Trainer
from nnstudio.train.worker import Worker

DEVICE = torch.device("cpu")
#: More than a turn has time for.
EPOCHS = 1_000_000


class Waves:
    """Sequences of 32 steps of 16 noisy sines, of one of four frequencies: ``label`` says which."""

    types: Mapping[str, TensorType] = {
        "wave": TensorType.of("N T F", "N", 32, 16),
        "label": TensorType.of("N", "N", dtype="int64", classes=4),
    }

    def __init__(self) -> None:
        drawn = np.random.default_rng(0)
        self.splits = {"train": self._rows(drawn, 2000), "validation": self._rows(drawn, 200)}

    @staticmethod
    def _rows(drawn: np.random.Generator, count: int) -> dict[str, np.ndarray[Any, Any]]:
        label = drawn.integers(0, 4, count)
        phase = drawn.uniform(0, 2 * np.pi, (count, 1, 16))
        wave = np.sin(np.arange(32)[None, :, None] * (0.2 + 0.15 * label[:, None, None]) + phase)
        noisy = wave + drawn.normal(0, 0.5, wave.shape)
        return {"wave": noisy.astype(np.float32), "label": label.astype(np.int64)}

    def count(self, split: str) -> int:
        return len(self.splits[split]["label"]) if split in self.splits else 0

    def arrays(self, split: str) -> Mapping[str, np.ndarray[Any, Any]]:
        return self.splits[split]


def _lstm(net: NetworkBuilder, x: PortHandle) -> PortHandle:
    return net.add("LSTM", x, hidden_size=64, name="lstm").last


def _transformer(net: NetworkBuilder, x: PortHandle) -> PortHandle:
    x = net.add("PositionalEncoding", net.add("Linear", x, out_features=32, name="embed"), name="positions")
    for place in range(2):
        x = net.add("TransformerEncoderLayer", x, nhead=4, dim_feedforward=64, name=f"block{place}")
    return net.add("Mean", x, axes=(1,), name="pooled")


def waves(body: Callable[[NetworkBuilder, PortHandle], PortHandle]) -> Network:
    net = NetworkBuilder()
    wave, label = net.add("Input", field="wave", name="wave"), net.add("Input", field="label", name="label")
    scores = net.add("Linear", body(net, wave), out_features=4, name="scores")
    net.add("CrossEntropyLoss", scores, label, name="entropy")
    net.add("Accuracy", scores, label, name="accuracy")
    net.add("Output", scores, name="answer")
    return net.network


@dataclass
class Case:
    name: str
    network: Network
    data: Data
    types: Mapping[str, TensorType]
    plan: Plan
    digits: Digits | None = None

    def compiled(self) -> Compiled:
        return compile_network(self.network, self.types, seed=0)


def cases() -> list[Case]:
    """The four networks, each with a plan that trains for as long as it is let."""
    found = []
    for name, id, make in (("mlp", "digits-mlp", Mlp), ("cnn", "digits-cnn-small", Cnn)):
        digits = Digits.of(id, make, EPOCHS, 1)
        found.append(Case(name, digits.network, digits.data, digits.data.types, digits.plan, digits))
    data = Waves()
    plan = Plan(batch_size=32, optimizer="Adam", learning_rate=1e-3, threads=1, device="cpu", epochs=EPOCHS)
    for name, body in (("lstm", _lstm), ("transformer", _transformer)):
        found.append(Case(name, waves(body), data, Waves.types, plan))
    return found


@dataclass
class Turn:
    """What was done in a turn: steps, seconds, and seconds of the processor in the thread; how many of the steps were
    plain ones, and what those took on the processor."""

    steps: int
    seconds: float
    busy: float
    plain_steps: int = 0
    plain: float = 0.0


class OverError(BaseException):
    """The way's thread is to end."""


#: By thread: the way that trains in it.
_WAYS: dict[int, Way] = {}


def clock() -> float:
    """Seconds, of which those in which this thread's way stood still are none."""
    way = _WAYS.get(threading.get_ident())
    return time.perf_counter() - (way.stood if way is not None else 0.0)


def busy() -> float:
    """This thread's seconds of the processor, of which those that its way's guests had are none."""
    way = _WAYS.get(threading.get_ident())
    return time.thread_time() - (way.lent if way is not None else 0.0)


def stand_still_between_turns() -> None:
    """From now on every way can stand still after each of its steps, and then its clocks do so too: else what is done
    every second would be done once for all the seconds in which others had their turns."""
    plain = Stepper.plain

    def stopping(stepper: Stepper) -> Callable[[Any], None]:
        step, way, progress = plain(stepper), _WAYS.get(threading.get_ident()), stepper.state.progress
        if way is not None:
            way.stepper = stepper

        def one(batch: Any) -> None:
            began = time.thread_time()
            step(batch)
            if way is not None:
                way.plain += time.thread_time() - began
                way.plain_steps += 1
                way.passes(progress.step)

        return one

    Stepper.plain = stopping  # type: ignore[method-assign, assignment]
    for name, module in list(sys.modules.items()):
        if name.startswith("nnstudio.train"):
            for timed, own in (("perf_counter", clock), ("thread_time", busy)):
                if hasattr(module, timed):
                    vars(module)[timed] = own


class Way:
    """A way of training, in a thread that stands still but for its turns. It calls :meth:`passes` from time to time.

    stood, lent: seconds by the wall in which it stood still, and of the processor that guests had meanwhile.
    """

    stepper: Stepper

    def __init__(self, case: Case, folder: Path) -> None:
        self.case, self.folder, self.stood, self.lent = case, folder, 0.0, 0.0
        self.plain, self.plain_steps = 0.0, 0
        self.guest: Guest | None = None
        self._go, self._stood = threading.Event(), threading.Event()
        self._closing, self.ended, self.done = True, False, Turn(0, 0.0, 0.0)

    def turn(self, seconds: float) -> Turn:
        """Let it train for about so long."""
        self._closing = False
        self._stood.clear()
        self._go.set()
        time.sleep(seconds)
        self._closing = True
        assert self._stood.wait(60), "it does not stand still"
        return self.done

    def visited(self, guest: Guest) -> None:
        """Have the thread, which stands still, work for a guest."""
        self.guest = guest
        self._go.set()

    def passes(self, step: int) -> None:
        """In the thread: stand still where it is not the way's turn."""
        if not self._closing:
            return
        if self._begun is not None:
            step0, wall, spent, plain_steps, plain = self._begun
            self.done = Turn(
                step - step0, time.perf_counter() - wall, time.thread_time() - spent, self.plain_steps - plain_steps,
                self.plain - plain,
            )  # fmt: skip
        began, spent = time.perf_counter(), time.thread_time()
        self._go.clear()
        self._stood.set()
        self._go.wait()
        while (guest := self.guest) is not None:
            self.guest = None
            self._go.clear()
            _WAYS[threading.get_ident()] = guest
            guest.visit(self)
            _WAYS[threading.get_ident()] = self
            self._go.wait()
        self.stood += time.perf_counter() - began
        self.lent += time.thread_time() - spent
        if self.ended:
            raise OverError
        self._begun = (step, time.perf_counter(), time.thread_time(), self.plain_steps, self.plain)

    _begun: tuple[int, float, float, int, float] | None = None

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()
        assert self._stood.wait(60), "it does not begin"

    def _run(self) -> None:
        self.enter()
        with contextlib.suppress(OverError):
            self.train()

    def enter(self) -> None:
        """In the thread that trains, before its first step."""
        _WAYS[threading.get_ident()] = self

    def train(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self.ended = True
        self._go.set()


class Guest(Way):
    """The trainer's plain steps and epochs with nobody watching, on another way's network and optimizer and in its
    thread: so that both work on the very same arrays, at the same places in memory."""

    host: Way

    def start(self) -> None:
        self._steps = self.steps()

    def turn(self, seconds: float) -> Turn:
        self._closing = False
        self._stood.clear()
        self.host.visited(self)
        time.sleep(seconds)
        self._closing = True
        assert self._stood.wait(60), "it does not end its visit"
        return self.done

    def visit(self, host: Way) -> None:
        """In the host's thread: train until the turn is over."""
        plain_steps, plain = self.plain_steps, self.plain
        wall, spent = time.perf_counter(), time.thread_time()
        steps = 0
        for _ in self._steps:
            steps += 1
            if self._closing:
                break
        self.done = Turn(
            steps, time.perf_counter() - wall, time.thread_time() - spent, self.plain_steps - plain_steps,
            self.plain - plain,
        )  # fmt: skip
        self._stood.set()

    def passes(self, step: int) -> None:
        """It ends by itself."""

    def close(self) -> None:
        """Nothing is left of it."""

    def steps(self) -> Iterator[None]:
        """Train, a step at a time."""
        of, plan, data = self.host.stepper.state, self.case.plan, self.case.data
        compiled = of.compiled
        state = State(compiled, plan, DEVICE)
        for track, other in zip(state.tracks.all, of.tracks.all, strict=True):
            track.optimizer = other.optimizer
        losses = Losses(state)
        rows = Rows(compiled.inputs, data.arrays("train"), data.count("train"), DEVICE)
        held = Rows(compiled.inputs, data.arrays("validation"), data.count("validation"), DEVICE)
        batches = Batches(rows, plan.batch_size, plan.seed)
        stepper = Stepper(compiled, state, losses, batches.steps_per_epoch)
        compiled.train()
        for epoch in range(plan.epochs):
            step = stepper.plain()
            for batch in batches.epoch(epoch):
                step(batch)
                yield
            losses.fetch()
            state.epoch_figures(batches.sizes)
            figures, _ = evaluate_rows(compiled, held, plan.batch_size)
            Trainer._judge(SimpleNamespace(state=state, plan=plan), figures["loss"])  # type: ignore[arg-type]
            losses.event(0, 0.0, step=0, time=0.0)  # they would pile up
            state.forget_epoch()
            state.progress.epoch, state.progress.batch = epoch + 1, 0


class Live(Way):
    """The worker with everything watching. What other threads do of it (taking events in, writing them down) is done in
    its turns too."""

    def start(self) -> None:
        compiled, self.history, self.over = self.case.compiled(), History(), threading.Event()
        self.on = threading.Event()
        self.recorder = _Recorder(self.folder / f"{self.case.name}.sqlite", self.on)
        self.worker = Worker(
            lambda: compiled, self.case.data, self.case.plan,
            also=(self.recorder.put, lambda _: self.enter()),
        )  # fmt: skip
        self.worker.control.look_into(compiled.resolution.order, "validation", 0)
        self.watcher = threading.Thread(target=self._watch)
        self.watcher.start()
        self.worker.start()
        assert self._stood.wait(60), "it does not begin"

    def turn(self, seconds: float) -> Turn:
        self.on.set()
        done = super().turn(seconds)
        self.on.clear()
        return done

    def _watch(self) -> None:
        while not self.over.wait(1 / 30):
            self.on.wait()
            for event in self.worker.stream.drain():
                self.history.feed(event)

    def close(self) -> None:
        self.on.set()
        self.worker.control.stop()
        self._closing = False
        self._go.set()
        self.worker.join()
        self.over.set()
        self.watcher.join()
        self.recorder.close()
        for event in self.worker.stream.drain():
            self.history.feed(event)
        assert isinstance(self.history.ended, RunFinished), self.history.ended
        assert not self.recorder.error, self.recorder.error


class _Recorder(Recorder):
    """A recorder that writes while ``on`` is set."""

    def __init__(self, path: Path, on: threading.Event) -> None:
        self._on = on
        super().__init__(path)

    def _write(self, database: RunDatabase) -> None:
        self._on.wait()
        super()._write(database)
