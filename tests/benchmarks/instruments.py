"""What watching costs: training with every instrument live against the same loop with none, and against Lightning.

Run as ``python tests/benchmarks/instruments.py [--slices N] [--cases …] [--lightning FOLDER]``, or with ``--minutes N``
for the memory of a long run; prints a table and a line of JSON for each.

Ways of training the same network from the same start on the same data (two cores: one computes, one watches) take
turns of some seconds, each in a thread of its own that stands still meanwhile; of each pair of turns the ratio of
steps a second is taken, and the median of all pairs is told:

- live: the worker thread with every instrument (looking inside all layers too), its events drained 30 times a second by
  another thread that feeds a History, and a recorder that writes the run database.
- none: the trainer's own plain steps, losses, metrics and epochs, in a loop with no instrument and no event.
- lightning (for the digits networks): the model as written by hand in a LightningModule, with a DataLoader, and a
  TensorBoardLogger to which every 50 steps a histogram of each layer's output and of each weight, and the norm of each
  gradient, are written.

Lightning is no dependency of the project. Put it into a folder of its own, and name that folder:
``python -m pip install --target FOLDER --no-deps lightning pytorch-lightning lightning-utilities torchmetrics
tensorboard tensorboard-data-server absl-py grpcio markdown protobuf werkzeug markupsafe fsspec tqdm pyyaml packaging``

On a machine that has other work, steps a second say less than steps for each second of the processor's time that the
thread had (``by processor``).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import statistics
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parent))
from training import Case as Digits
from training import Cnn, Mlp

from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.graph import Network
from nnstudio.graph.builder import NetworkBuilder, PortHandle
from nnstudio.layers import TensorType
from nnstudio.runs import Recorder
from nnstudio.train.batches import Batches, Data, Rows
from nnstudio.train.environment import environment
from nnstudio.train.evaluate import evaluate_rows
from nnstudio.train.events import RunFinished
from nnstudio.train.history import History
from nnstudio.train.losses import Losses
from nnstudio.train.plan import Plan
from nnstudio.train.state import State
from nnstudio.train.stepping import Stepper
from nnstudio.train.worker import Worker

#: At least so many times the steps a second of the loop with none, and of Lightning.
LIVE, LIGHTNING = 0.97, {"mlp": 3.0, "cnn": 1.4}
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
    """What was done in a turn: steps, seconds, and seconds of the processor in the thread."""

    steps: int
    seconds: float
    busy: float


class OverError(BaseException):
    """The way's thread is to end."""


class Way:
    """A way of training, in a thread that stands still but for its turns. It calls :meth:`passes` from time to time."""

    def __init__(self, case: Case, folder: Path) -> None:
        self.case, self.folder = case, folder
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

    def passes(self, step: int) -> None:
        """In the thread: stand still where it is not the way's turn."""
        if not self._closing:
            return
        if self._begun is not None:
            step0, wall, busy = self._begun
            self.done = Turn(step - step0, time.perf_counter() - wall, time.thread_time() - busy)
        self._go.clear()
        self._stood.set()
        self._go.wait()
        if self.ended:
            raise OverError
        self._begun = (step, time.perf_counter(), time.thread_time())

    _begun: tuple[int, float, float] | None = None

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()
        assert self._stood.wait(60), "it does not begin"

    def _run(self) -> None:
        with contextlib.suppress(OverError):
            self.train()

    def train(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self.ended = True
        self._go.set()


class Nobody(Way):
    """The trainer's plain steps and epochs with nobody watching."""

    def train(self) -> None:
        compiled, plan, data = self.case.compiled(), self.case.plan, self.case.data
        with environment(plan, DEVICE):
            state = State(compiled, plan, DEVICE)
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
                    self.passes(state.progress.step)
                losses.fetch()
                state.epoch_figures(batches.sizes)
                evaluate_rows(compiled, held, plan.batch_size)
                losses.event(0, 0.0, step=0, time=0.0)  # they would pile up
                state.forget_epoch()
                state.progress.epoch, state.progress.batch = epoch + 1, 0


class Live(Way):
    """The worker with everything watching."""

    def start(self) -> None:
        compiled, self.history, self.over = self.case.compiled(), History(), threading.Event()
        self.recorder = Recorder(self.folder / f"{self.case.name}.sqlite")
        self.worker = Worker(
            lambda: compiled, self.case.data, self.case.plan,
            also=(self.recorder.put, lambda event: self.passes(event.step)),
        )  # fmt: skip
        self.worker.control.look_into(compiled.resolution.order, "validation", 0)
        self.watcher = threading.Thread(target=self._watch)
        self.watcher.start()
        self.worker.start()
        assert self._stood.wait(60), "it does not begin"

    def _watch(self) -> None:
        while not self.over.wait(1 / 30):
            for event in self.worker.stream.drain():
                self.history.feed(event)

    def close(self) -> None:
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


class Lightning(Way):
    """Lightning, with histograms and gradient norms every 50 steps."""

    def train(self) -> None:
        case, folder, passes = self.case, self.folder, self.passes
        import lightning as pl
        from lightning.pytorch.loggers import TensorBoardLogger
        from torch.utils.data import DataLoader, TensorDataset

        assert case.digits is not None
        digits, plan = case.digits, case.plan

        class Module(pl.LightningModule):
            def __init__(self) -> None:
                super().__init__()
                self.model = digits.make()
                self.model.load_state_dict(case.compiled().model.state_dict())
                self.criterion = nn.CrossEntropyLoss()
                self.seen: dict[str, torch.Tensor] = {}
                self.hooks: list[Any] = []

            def training_step(self, batch: Any, _: int) -> torch.Tensor:
                inputs, labels = batch
                if self.global_step % 50 == 0:
                    self.hooks = [
                        module.register_forward_hook(
                            lambda _m, _i, out, name=name: self.seen.update({name: out.detach()})
                        )
                        for name, module in self.model.named_children()
                    ]
                scores = self.model(inputs)
                for hook in self.hooks:
                    hook.remove()
                self.hooks = []
                loss = self.criterion(scores, labels)
                self.log("loss", loss, on_step=True, on_epoch=True)
                self.log("accuracy", (scores.argmax(1) == labels).float().mean(), on_epoch=True)
                return loss

            def on_before_optimizer_step(self, _: object) -> None:
                if not self.seen:
                    return
                board = self.logger.experiment  # type: ignore[union-attr]
                for name, out in self.seen.items():
                    board.add_histogram(f"activation/{name}", out, self.global_step)
                for name, parameter in self.model.named_parameters():
                    board.add_histogram(f"weight/{name}", parameter, self.global_step)
                    board.add_scalar(f"gradient/{name}", parameter.grad.norm(), self.global_step)
                self.seen.clear()

            def validation_step(self, batch: Any, _: int) -> None:
                scores = self.model(batch[0])
                self.log("validation_loss", self.criterion(scores, batch[1]))
                self.log("validation_accuracy", (scores.argmax(1) == batch[1]).float().mean())

            def configure_optimizers(self) -> Any:
                kind = getattr(torch.optim, plan.optimizer)
                optimizer = kind(self.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay)
                if plan.schedule != "one-cycle":
                    return optimizer
                cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, plan.learning_rate, total_steps=10**9)
                return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}

            def on_train_batch_end(self, *_: object) -> None:
                passes(self.global_step)

        loaders = []
        for split in ("train", "validation"):
            arrays = case.data.arrays(split)
            rows = TensorDataset(torch.tensor(arrays["image"]), torch.tensor(arrays["label"]))
            size = plan.batch_size if split == "train" else 256
            loaders.append(DataLoader(rows, batch_size=size, shuffle=split == "train"))
        module = Module()
        trainer = pl.Trainer(
            max_epochs=plan.epochs, accelerator="cpu", logger=TensorBoardLogger(folder, name="board"),
            enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False, log_every_n_steps=50,
            num_sanity_val_steps=0,
        )  # fmt: skip
        trainer.fit(module, *loaders)


def measure(case: Case, slices: int, seconds: float, with_lightning: bool) -> dict[str, float]:
    """Medians over interleaved turns."""
    kinds: dict[str, type[Way]] = {"none": Nobody, "live": Live}
    if with_lightning and case.digits is not None:
        kinds["lightning"] = Lightning
    with tempfile.TemporaryDirectory() as folder:
        ways = {name: kind(case, Path(folder)) for name, kind in kinds.items()}
        found: dict[str, list[Turn]] = {name: [] for name in ways}
        for way in ways.values():
            way.start()
        for turn in range(slices + 1):
            for name in list(ways)[:: -1 if turn % 2 else 1]:
                done = ways[name].turn(seconds)
                if turn:  # the first warms up
                    found[name].append(done)
        for way in ways.values():
            way.close()
        history = ways["live"].history  # type: ignore[attr-defined]
    made = {f"{name}_steps_per_second": statistics.median(t.steps / t.seconds for t in v) for name, v in found.items()}
    for name in [name for name in ways if name != "live"]:
        pairs = list(zip(found["live"], found[name], strict=True))
        made[f"live_to_{name}"] = statistics.median(a.steps / a.seconds / (b.steps / b.seconds) for a, b in pairs)
        made[f"live_to_{name}_by_processor"] = statistics.median(
            a.steps / a.busy / (b.steps / b.busy) for a, b in pairs
        )
    seen = {
        "activations": len(history.activation_steps), "insides": len(history.insides), "signal": len(history.signal),
        "weights": len(history.distributions), "timings": int(history.timings is not None),
    }  # fmt: skip
    return {**made, "watching": history.watching, **{f"seen_{name}": count for name, count in seen.items()}}


def compare(options: argparse.Namespace) -> None:
    with_lightning = options.lightning is not None
    if with_lightning:
        sys.path.append(str(options.lightning))
        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
        warnings.filterwarnings("ignore")
        try:
            import lightning  # noqa: F401
        except ImportError as error:
            sys.exit(f"Lightning is not in {options.lightning} ({error}); {__doc__[__doc__.index('Put it into') :]}")
    for case in cases():
        if options.cases and case.name not in options.cases:
            continue
        made = measure(case, options.slices, options.seconds, with_lightning)
        print(
            f"{case.name:12} live {made['live_steps_per_second']:6.0f} steps a second   to none "
            f"{made['live_to_none']:.3f} (≥ {LIVE})  by processor {made['live_to_none_by_processor']:.3f}   "
            f"watching {made['watching']:.1%}"
        )
        if "live_to_lightning" in made:
            print(
                f"{'':12} to Lightning {made['live_to_lightning']:.2f} (≥ {LIGHTNING[case.name]})  by processor "
                f"{made['live_to_lightning_by_processor']:.2f}"
            )
        print(json.dumps({"benchmark": "instruments", "case": case.name, **made}), flush=True)


def memory(minutes: float, alone: bool) -> None:
    """Train the digits MLP for so long with every instrument live, and tell how resident memory grows;
    ``alone``: with no History, which keeps an entry for each epoch and snapshots until it has 256 of a kind."""
    import psutil

    digits = Digits.of("digits-mlp", Mlp, EPOCHS, 1)
    case = Case("mlp", digits.network, digits.data, digits.data.types, digits.plan, digits)
    process, points, history, step = psutil.Process(), [], History(), 0
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder) / "runs.sqlite")
        compiled = case.compiled()
        worker = Worker(lambda: compiled, case.data, case.plan, also=(recorder.put,))
        worker.control.look_into(compiled.resolution.order, "validation", 0)
        worker.start()
        began = time.perf_counter()
        while (now := time.perf_counter() - began) < 60 * minutes:
            time.sleep(1 / 30)
            for event in worker.stream.drain():
                if not alone:
                    history.feed(event)
                step = event.step
            if not points or now >= points[-1][0] + 1.0:
                points.append((now, process.memory_info().rss / 2**20, step))
        worker.control.stop()
        worker.join()
        recorder.close()
    seconds, sizes, steps = np.asarray(points[len(points) // 3 :]).T  # what is taken at the beginning is no slope
    slope = np.polyfit(seconds, sizes, 1)[0] * 3600
    taken = np.polyfit(steps, sizes, 1)[0] * 2**20
    print(
        f"memory       {sizes[0]:.1f} → {sizes[-1]:.1f} MB over {seconds[-1] - seconds[0]:.0f} s and "
        f"{steps[-1] - steps[0]:.0f} steps: {slope:.1f} MB an hour, {taken:.1f} bytes a step"
    )
    print(json.dumps({"benchmark": "instruments", "case": "memory", "mb_per_hour": slope, "bytes_per_step": taken}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=12, help="turns of each way")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long a turn is")
    parser.add_argument("--cases", nargs="*", help="mlp, cnn, lstm, transformer")
    parser.add_argument("--lightning", type=Path, help="the folder that has it")
    parser.add_argument("--minutes", type=float, default=0.0, help="measure memory over so many minutes instead")
    parser.add_argument("--alone", action="store_true", help="memory of the run alone, with no History fed")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.minutes:
        memory(options.minutes, options.alone)
    else:
        compare(options)


if __name__ == "__main__":
    main()
