"""The rules. Each looks at a history and yields what it finds; each is right about a healthy run: it says nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import perf_counter

import numpy as np

from nnstudio.train.events import Diagnosis, EpochEnded, Event, RunFailed, RunFinished
from nnstudio.train.history import History

#: Snapshots that a rule judges by: one bad batch is no illness.
LATELY = 5
#: A gradient this much smaller than the network's largest hardly moves its weights.
VANISHED = 1e-4
#: A gradient this long throws weights about, whatever the learning rate is for.
EXPLODED = 1e3
#: Share of exact zeros from which on a layer's output counts as dead.
DEAD = 0.99
#: Steps that make up one window of the loss, and how much higher than the best window it must be to count as risen.
WINDOW, RISEN = 100, 3.0
#: Epochs since the best validation loss, and how much higher it must be by now, to count as overfitting.
EPOCHS_SINCE_BEST, HIGHER = 5, 1.1

#: Seconds between two visits of the doctor, and how much longer than the last visit took it stays away.
PAUSE, SPACING = 1.0, 50.0

Rule = Callable[[History], Iterator[Diagnosis]]


def vanishing_gradients(history: History) -> Iterator[Diagnosis]:
    """A layer's gradient has been tiny beside the others' lately."""
    lately = _gradients_lately(history)
    if lately is None:
        return
    nodes, norms = lately
    largest = norms.max(axis=1, keepdims=True)
    share = np.divide(norms, largest, out=np.ones_like(norms), where=largest > 0)
    for place, node in enumerate(nodes):
        typical = float(np.median(share[:, place]))
        if typical < VANISHED:
            yield _diagnosis(
                history, "vanishing-gradient", node,
                f"The gradient of “{_name(history, node)}” vanishes: it is {typical:.0e} of the largest, so this layer "
                "hardly learns",
                "use ReLU in place of Sigmoid or Tanh, add normalisation, or lead a connection past the layers between",
            )  # fmt: skip


def exploding_gradients(history: History) -> Iterator[Diagnosis]:
    """A layer's gradient has been huge lately."""
    lately = _gradients_lately(history)
    if lately is None:
        return
    nodes, norms = lately
    for place, node in enumerate(nodes):
        typical = float(np.median(norms[:, place]))
        if typical > EXPLODED:
            yield _diagnosis(
                history, "exploding-gradient", node,
                f"The gradient of “{_name(history, node)}” explodes: its length is {typical:.0e}",
                "clip the gradient (1.0 is a common bound), lower the learning rate, or add normalisation",
            )  # fmt: skip


def dead_outputs(history: History) -> Iterator[Diagnosis]:
    """Nearly all that a layer puts out has been exactly zero lately."""
    losses = history.started.losses if history.started else ()
    for node in history.activations:
        seen = [look for look in history.activation_history(node)[-LATELY:] if look is not None]
        if node not in losses and len(seen) >= LATELY and min(look.zeros for look in seen) >= DEAD:
            share = float(np.median([look.zeros for look in seen]))
            yield _diagnosis(
                history, "dead-output", node,
                f"{share:.0%} of what “{_name(history, node)}” puts out is zero: it passes hardly anything on",
                "lower the learning rate, use LeakyReLU in place of ReLU, or start the weights with He initialisation",
            )  # fmt: skip


def rising_loss(history: History) -> Iterator[Diagnosis]:
    """The training loss has risen far above what it was."""
    losses = history.losses
    count = len(losses) // WINDOW
    if count < 3:
        return
    windows = np.asarray(losses[len(losses) - count * WINDOW :], np.float64).reshape(count, WINDOW).mean(axis=1)
    lowest = float(np.min(windows[:-1]))
    if lowest > 0 and windows[-1] > RISEN * lowest and windows[-1] > 1.05 * windows[0]:
        yield _diagnosis(
            history, "rising-loss", "",
            f"The training loss rises: {windows[-1]:.3g} over the last {WINDOW} steps, after it had been {lowest:.3g}",
            "lower the learning rate, or let it warm up",
        )  # fmt: skip


def overfitting(history: History) -> Iterator[Diagnosis]:
    """The validation loss has risen for some epochs while the training loss went on falling."""
    epochs, validation = history.series("loss", "validation")
    _, training = history.series("loss", "training")
    if len(validation) <= EPOCHS_SINCE_BEST or len(training) != len(validation):
        return
    best = int(np.nanargmin(validation)) if np.isfinite(validation).any() else len(validation) - 1
    waited = len(validation) - 1 - best
    recent = float(np.median(validation[-3:]))
    falling = training[-1] < training[best]
    if waited >= EPOCHS_SINCE_BEST and validation[best] > 0 and recent > HIGHER * validation[best] and falling:
        yield _diagnosis(
            history, "overfitting", "",
            f"The network learns the training data by heart: since epoch {epochs[best]} the validation loss has risen "
            f"from {validation[best]:.3g} to {recent:.3g} while the training loss fell",
            "switch early stopping on, add Dropout or weight decay, make the network smaller, or add data",
        )  # fmt: skip


def not_finite(history: History) -> Iterator[Diagnosis]:
    """The run ended because numbers were no longer finite."""
    ended = history.ended
    if isinstance(ended, RunFailed) and "finite number" in ended.message:
        yield _diagnosis(history, "not-finite", ended.node, ended.message, ended.hint)


RULES: tuple[Rule, ...] = (
    not_finite, exploding_gradients, vanishing_gradients, dead_outputs, rising_loss, overfitting,
)  # fmt: skip


def diagnose(history: History) -> list[Diagnosis]:
    """All that the rules find in a history as it is now."""
    return [found for rule in RULES for found in rule(history)]


class Doctor:
    """Looks at a history from time to time and tells each thing once a run."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._told: set[tuple[str, str]] = set()
        self._run = ""
        self._next = 0.0

    def visit(self, events: Iterable[Event]) -> list[Diagnosis]:
        """What :meth:`look` finds, where among the events that were just fed an epoch ended (at a gentle pace: it may
        be called in the window's thread) or the run did; else nothing."""
        kinds = {type(event) for event in events}
        if not kinds & {RunFinished, RunFailed} and (EpochEnded not in kinds or perf_counter() < self._next):
            return []
        start = perf_counter()
        found = self.look()
        now = perf_counter()
        self._next = now + max(PAUSE, SPACING * (now - start))
        return found

    def look(self) -> list[Diagnosis]:
        """What was found since the last look. Feed it to the history and the run database like any event."""
        run = self.history.started.run if self.history.started else ""
        if run != self._run:
            self._run = run
            self._told.clear()
        found = [one for one in diagnose(self.history) if (one.code, one.node) not in self._told]
        self._told.update((one.code, one.node) for one in found)
        ended = self.history.ended
        told = ended.message if isinstance(ended, RunFailed) else None  # the failure itself has said it
        return [one for one in found if one.message != told]


def _gradients_lately(history: History) -> tuple[list[str], np.ndarray[tuple[int, int], np.dtype[np.float64]]] | None:
    """The trained nodes and their gradient norms in the last snapshots, shape (snapshots, nodes); None where there
    are too few, or they are not finite."""
    nodes = list(history.gradients)
    columns = [history.gradient_history(node)[1][-LATELY:] for node in nodes]
    if not columns or len(columns[0]) < LATELY:
        return None
    norms = np.stack(columns, axis=1)
    return (nodes, norms) if np.isfinite(norms).all() else None


def _name(history: History, node: str) -> str:
    return history.started.nodes.get(node, node) if history.started else node


def _diagnosis(history: History, code: str, node: str, message: str, hint: str) -> Diagnosis:
    return Diagnosis(step=history.step, time=history.time, code=code, node=node, message=message, hint=hint)
