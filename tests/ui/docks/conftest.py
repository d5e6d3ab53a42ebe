"""A session without torch or data, a made-up run, and a way to show panels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from nnstudio.graph import edits
from nnstudio.layers.catalogue import load
from nnstudio.train.events import Activations, EpochEnded, Event, Gradients, Histogram, RunStarted, Steps
from nnstudio.ui import theme
from nnstudio.ui.session import Session

#: id, layer type, name: in the order of the drawing.
NODES = (
    ("i", "Input", "image"), ("a", "Conv2d", "conv1"), ("r", "ReLU", "relu1"), ("b", "BatchNorm2d", "bn1"),
    ("f", "Linear", "scores"), ("l", "CrossEntropyLoss", "loss"),
)  # fmt: skip
STEPS_PER_EPOCH = 10


def histogram(values: np.ndarray) -> Histogram:
    """A histogram of these values."""
    low, high = float(values.min()), float(values.max())
    counts, _ = np.histogram(values, 32, (low, high))
    return Histogram(
        counts=counts.astype(np.float32), low=low, high=high, mean=float(values.mean()), std=float(values.std()),
        zeros=float((values == 0).mean()),
    )  # fmt: skip


def run_started(run: str = "first", epochs: int = 20, step: int = 0) -> RunStarted:
    """The first event of a made-up run of the network of NODES."""
    return RunStarted(
        step=step, time=0.0, run=run, device="cpu", threads=1, epochs=epochs, steps_per_epoch=STEPS_PER_EPOCH,
        batch_size=32, samples={"training": 320}, nodes={id: name for id, _, name in NODES}, trained=("a", "b", "f"),
        losses=("l",), metrics=(), parameters=100, plan={},
    )  # fmt: skip


def steps(first: int, losses: np.ndarray | list[float]) -> Steps:
    """Losses of the steps from ``first`` on."""
    values = np.asarray(losses, dtype=np.float32)
    return Steps(
        step=first + len(values), time=1.0, first=first, losses=values,
        learning_rates=np.full(len(values), 0.001, np.float32), steps_per_second=400.0, seconds_left=3.0,
    )  # fmt: skip


def snapshot(step: int) -> list[Event]:
    """Activations of every layer and gradients of those with weights: conv1 1e-4, bn1 1e-3, scores 1e-2."""
    spread = np.linspace(-2, 2, 400)
    layers = {"a": histogram(spread), "r": histogram(np.maximum(spread, 0)), "b": histogram(spread / 2)}
    layers["f"] = histogram(spread + 0.01 * step)
    sizes = {"a": 1e-4, "b": 1e-3, "f": 1e-2}
    return [
        Activations(step=step, time=1.0, layers=layers),
        Gradients(
            step=step, time=1.0, gradients=sizes, weights=dict.fromkeys(sizes, 2.0), updates=dict.fromkeys(sizes, 0.002)
        ),
    ]


def epoch(number: int, training: float, validation: float) -> EpochEnded:
    """The figures of an epoch: loss, and accuracy as one minus half of it."""
    return EpochEnded(
        step=number * STEPS_PER_EPOCH, time=1.0, epoch=number, learning_rate=0.001, seconds=1.0,
        training={"loss": training, "accuracy": 1 - training / 2},
        validation={"loss": validation, "accuracy": 1 - validation / 2},
    )  # fmt: skip


def made_up(epochs: int = 5) -> list[Event]:
    """A run that goes well: the loss of step s is 2 · 0.97^s, the validation loss of epoch e is 2 · 0.8^e."""
    events: list[Event] = [run_started()]
    for number in range(1, epochs + 1):
        first = (number - 1) * STEPS_PER_EPOCH
        events.append(steps(first, 2 * 0.97 ** np.arange(first, first + STEPS_PER_EPOCH)))
        events += snapshot(first + STEPS_PER_EPOCH)
        events.append(epoch(number, 2 * 0.75**number, 2 * 0.8**number))
    return events


@pytest.fixture
def made() -> SimpleNamespace:
    """What made-up runs are put together from."""
    return SimpleNamespace(
        histogram=histogram, run_started=run_started, steps=steps, snapshot=snapshot, epoch=epoch, run=made_up,
        steps_per_epoch=STEPS_PER_EPOCH,
    )  # fmt: skip


@pytest.fixture
def session(qapp) -> Iterator[Session]:
    """A session with the network of NODES, in which nothing runs."""
    assert qapp is not None
    theme.set_theme("dark")
    made = Session(asleep=True)
    place = [edits.add(load()[kind](), name=name, id=id) for id, kind, name in NODES]
    made.do("Draw", edits.chain(*place))
    yield made
    made.shut_down()


@pytest.fixture
def tell(session: Session) -> Callable[[list[Event]], None]:
    """Tell the session what a run does, as its worker would."""

    def feed(events: list[Event]) -> None:
        for event in events:
            session.history.feed(event)
        session.events_arrived.emit(events)

    return feed


@pytest.fixture
def show(qtbot) -> Callable[..., None]:
    """Show a widget at a size and wait until it is there."""

    def present(widget: QWidget, width: int = 1400, height: int = 280) -> None:
        qtbot.addWidget(widget)
        widget.setProperty("role", "panel")
        widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        widget.resize(width, height)
        with qtbot.waitExposed(widget):
            widget.show()

    return present
