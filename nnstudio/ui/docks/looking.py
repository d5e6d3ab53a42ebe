"""Looking inside: which nodes and which sample are looked into, and what came of it.

While a run is under way its trainer tells, since torch's random state is shared by all threads, and what another one
did would show in the run. Else a background thread puts the sample through the network as it is drawn, with the weights
that were trained last, or with those it would start from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from nnstudio.data.reference import SPLITS
from nnstudio.train.events import Event, Inside, Insides
from nnstudio.ui.background import Job
from nnstudio.ui.docks.entries import Entries, entries_of
from nnstudio.ui.parts import capital

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import Compiled
    from nnstudio.data.dataset import Dataset
    from nnstudio.project.weights import Trained
    from nnstudio.train.history import History
    from nnstudio.ui.session import Session

    See = Callable[[Compiled, Dataset, int], dict[str, Inside]]


class Looking(QObject):
    """What is looked into. ``changed`` whenever anything of it does.

    nodes: by the ids that events use. split, sample: which row. insides: what was seen, by node; ``seen`` is the split
    and row it was seen with, ``how`` says with which weights. error: why nothing can be seen, as a sentence.
    """

    changed = Signal()
    #: whether an earlier moment of the run is shown when a person goes back to it
    follows = True

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.nodes: tuple[str, ...] = ()
        self.split, self.sample = SPLITS[0], 0
        self.insides: dict[str, Inside] = {}
        self.seen: tuple[str, int] = ("", -1)
        self.how = self.error = self.told = ""
        self.awake = False
        self._run: History | None = None  # the run that told of what was seen
        self._job: Job | None = None
        self._again = self._worst = self._was_past = False
        self._trained: Trained | None = None
        self._compiled_of: tuple[Any, ...] = (None,)
        self._entries: dict[str, Entries] = {}
        self._entries_of: tuple[Any, ...] = (None, None)
        session.events_arrived.connect(self._events)
        for signal in (session.resolved, session.run_changed, session.data_changed):
            signal.connect(self.ask)
        session.moment_changed.connect(self._moved)

    # --- choosing -----------------------------------------------------------------------------------------------

    @property
    def dataset(self) -> Dataset | None:
        """The data whose rows it looks with."""
        return self.session.dataset

    @property
    def rows(self) -> int:
        """How many rows the split has."""
        dataset = self.dataset
        return dataset.count(self.split) if dataset is not None else 0

    def wake(self, awake: bool) -> None:
        """Look from now on, or no longer: nobody sees it."""
        if awake != self.awake:
            self.awake = awake
            if awake:
                self.ask()
            else:
                self.session.training.look_into((), self.split, self.sample)

    def look(self, nodes: Iterable[str]) -> None:
        """Look into these nodes."""
        wanted = tuple(nodes)
        if wanted != self.nodes:
            self.nodes = wanted
            kept = {*wanted, *self.outputs()}
            self.insides = {node: inside for node, inside in self.insides.items() if node in kept}
            self.ask()

    def choose(self, split: str, sample: int) -> None:
        """Look with this row; where the split has fewer, with its last."""
        self.told = ""
        self.split = split
        self.sample = max(0, min(sample, self.rows - 1))
        self.ask()

    def choose_random(self) -> None:
        """Look with some row of the split, but not the one that is shown."""
        if self.rows > 1:
            step = int(np.random.default_rng().integers(1, self.rows))
            self.choose(self.split, (self.sample + step) % self.rows)

    def choose_worst(self) -> None:
        """Look with the row that the network does worst at, once it is found."""
        if self.rows:
            self._worst = True
            self.told = "looking for the row with the greatest loss …"
            self.changed.emit()
            self._start()

    def sequences(self) -> dict[str, tuple[str, ...]]:
        """The tokens of the sample that was seen, by field."""
        from nnstudio.ui.docks.sample import sequences_of

        dataset, (split, sample) = self.session.dataset, self.seen
        known = dataset is not None and split and sample < dataset.count(split)
        return sequences_of(dataset, split, sample) if known and dataset is not None else {}

    def picture(self) -> QImage:
        """The sample's picture; a null one where it has none."""
        from nnstudio.ui.docks.data_pictures import image_of, picture_field

        dataset, (split, sample) = self.session.dataset, self.seen
        field = picture_field(dataset) if dataset is not None else ""
        if dataset is None or not field or not split or sample >= dataset.count(split):
            return QImage()
        return image_of(dataset.pictures([int(dataset.indices(split)[sample])], field)[0])

    # --- the moment ---------------------------------------------------------------------------------------------

    @property
    def past(self) -> bool:
        """Whether what is shown is of an earlier moment of the run: as far as the run has told of it."""
        return self.follows and not self.session.moment.live

    def _moved(self) -> None:
        """A person went to another moment, or back to what is newest."""
        if self.past:
            self._recall()
        elif self._was_past:
            self._was_past = False
            self.insides, self.seen, self.how = {}, ("", -1), ""
            self.ask()

    def _recall(self) -> None:
        """Show what was seen with this row until the moment that is shown."""
        self._was_past = True
        at = self.session.moment.step or 0
        step, found = self.session.history.insides_at(at, self.split, self.sample)
        self.insides = self._labelled(found)
        self.seen, self.error = (self.split, self.sample), ""
        self.how = f"at step {step:,}" if step >= 0 else f"not looked into until step {at:,}"
        self.changed.emit()

    # --- looking ------------------------------------------------------------------------------------------------

    def ask(self, *_: object) -> None:
        """Have what is looked into worked out anew."""
        self.sample = max(0, min(self.sample, self.rows - 1))
        if self.awake and self.nodes and self.session.dataset is not None:
            wanted = (*self.nodes, *self.outputs())
            if self.session.training.look_into(dict.fromkeys(wanted), self.split, self.sample):
                self.error = ""
            elif self.past:
                pass
            elif self.session.run_state in ("idle", "paused") and not self.session.resolving:
                self._start()
        if self.past:
            self._recall()
        self.changed.emit()

    @property
    def answered(self) -> bool:
        """Whether what is wished for has been seen."""
        running = self.session.run_state == "running"
        known = self.seen == (self.split, self.sample) and set(self.nodes) <= self.insides.keys()
        return known and (not running or self._run is self.session.history)

    def outputs(self) -> tuple[str, ...]:
        """The ids of the network's outputs."""
        return tuple(node.id for node in self.session.sheet.network.of_role("output"))

    def _events(self, events: list[Event]) -> None:
        latest = next((event for event in reversed(events) if isinstance(event, Insides)), None)
        if self.past:
            return
        if latest is not None and (latest.split, latest.sample) == (self.split, self.sample):
            self._show(dict(latest.nodes), f"while training, step {latest.step:,}")

    def _show(self, insides: dict[str, Inside], how: str) -> None:
        if self.past:
            return
        self.insides, self.how, self.error = self._labelled(insides), how, ""
        self.seen = (self.split, self.sample)
        self._run = self.session.history if self.session.run_state == "running" else None
        self.changed.emit()

    def entries(self, node: str) -> Entries:
        """What the entries of an embedding stand for."""
        session = self.session
        known = (session.dataset, session.whole)
        if known != self._entries_of:
            self._entries_of, self._entries = known, {}
        if node not in self._entries:
            there = session.dataset is not None and session.whole is not None and node in session.whole.flat.nodes
            self._entries[node] = entries_of(session.dataset, session.whole.flat, node) if there else Entries()  # type: ignore[arg-type, union-attr]
        return self._entries[node]

    def _labelled(self, insides: Mapping[str, Inside]) -> dict[str, Inside]:
        """With the names of what embeddings have entries for."""
        made = dict(insides)
        for id, inside in insides.items():
            names = self.entries(id).names if inside.kind == "embedding" else ()
            if names:
                made[id] = replace(inside, labels=names[: len(inside.values)])
        return made

    def _start(self) -> None:
        """Begin to work it out, or do so again when what is under way is done."""
        if self._job is not None:
            self._again = True
            return
        session, dataset = self.session, self.dataset
        if dataset is None:
            return
        step = session.history.step if session.run_state != "idle" else None
        known = (session.sheet.network, session.training.weights, dataset, session.history, step)
        fits = step == self._compiled_of[-1] and all(
            a is b for a, b in zip(known[:-1], self._compiled_of, strict=False)
        )
        trained = self._trained if fits else None
        make, split, sample, worst = session.training.trained(), self.split, self.sample, self._worst
        see = self._seer(split, tuple(dict.fromkeys((*self.nodes, *self.outputs()))))
        self._again = self._worst = False

        def work(job: Job) -> tuple[Trained, int, str, dict[str, Inside]]:
            made, row, told = trained or make(), sample, ""
            data = made.data(dataset)
            if worst:
                row, told = _worst(made.compiled, data, split, sample, job)
            return made, row, told, see(made.compiled, data, row)

        self._job = self.session.background.run(
            work, lambda found: self._done(known, split, found), self._failed, name="inside"
        )  # fmt: skip

    def _seer(self, split: str, nodes: tuple[str, ...]) -> See:
        """What sees inside these nodes, for a background thread: it takes a compiled network, the data and a row of the
        split."""

        def see(made: Compiled, dataset: Dataset, row: int) -> dict[str, Inside]:
            from nnstudio.train.inside import insides

            return insides(made, batch_of(made, dataset, split, row), nodes)

        return see

    def _done(self, known: tuple[Any, ...], split: str, found: tuple[Trained, int, str, dict[str, Inside]]) -> None:
        self._job = None
        self._trained, row, told, insides = found
        self._compiled_of = known
        if told and split == self.split:
            self.sample, self.told = row, told
        trained = self.session.training.weights is not None or self.session.run_state == "paused"
        if (split, row) == (self.split, self.sample):
            how = "with the trained weights" if trained else "with the weights that training starts from"
            self._show(insides, self._running() or how)
        elif told:
            self.ask()
        self._go_on()

    def _running(self) -> str:
        """How a run that is under way is looked into; "" where there is none."""
        return f"while training, step {self.session.history.step:,}" if self.session.run_state == "running" else ""

    def _failed(self, error: BaseException) -> None:
        self._job = None
        if self.past:
            return
        self.insides = {}
        sentence = str(error) or type(error).__name__
        self.error = capital(sentence, self.session.network.by_name)
        self.told = ""
        self.changed.emit()
        self._go_on()

    def _go_on(self) -> None:
        if self._again:
            self._again = False
            self.ask()


def batch_of(
    compiled: Compiled, dataset: Dataset, split: str, row: int, own: Mapping[str, NDArray[Any]] | None = None
) -> tuple[torch.Tensor, ...]:
    """One row (more, where the network cannot take one alone) as a batch. own: fields, encoded, one row each, that
    stand in the place of the row's."""
    from nnstudio.train.batches import Rows
    from nnstudio.train.evaluate import device_of
    from nnstudio.train.inside import rows_needed

    arrays, rows = dataset.arrays(split), dataset.count(split)
    places = [(row + more) % rows for more in range(rows_needed(compiled))]
    needed = {spec.field for spec in compiled.inputs if spec.draw is None} & arrays.keys()
    taken = {name: arrays[name][places] for name in needed}
    for name, values in (own or {}).items():
        if name in taken:
            taken[name] = np.repeat(values, len(places), axis=0)
    source = Rows(compiled.inputs, taken, len(places), device_of(compiled.training))
    return source.gather(slice(0, len(places)), len(places), row)


def _worst(compiled: Compiled, dataset: Dataset, split: str, sample: int, job: Job) -> tuple[int, str]:
    """The row with the greatest loss, and what is said of it."""
    from nnstudio.train.worst import worst_row
    from nnstudio.ui.docks import numbers

    row, loss, tried = worst_row(compiled, dataset, split, lambda: job.cancelled)
    if row < 0:
        return sample, "The network has no loss to judge rows by"
    among = "all" if tried == dataset.count(split) else f"{tried:,}"
    return row, f"loss {numbers.figure(loss)}, the greatest of {among} rows"
