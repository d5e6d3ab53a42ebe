"""Trying the network out: one input that a person made, what the network answers, and what its layers do with it.

It begins as a row of the data (a typical one, where the data is not there), of which any column can be given another
value. What is answered is worked out in a
background thread, the newest wish first, whenever nothing runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer
from PySide6.QtGui import QImage

from nnstudio.data.reference import SPLITS
from nnstudio.project.answers import target_field
from nnstudio.project.ranking import rankable
from nnstudio.ui.docks.data_pictures import image_of
from nnstudio.ui.docks.looking import Looking, batch_of
from nnstudio.ui.docks.sample import named
from nnstudio.ui.docks.try_beside import Beside
from nnstudio.ui.docks.try_noise import more_noise, painted, with_noise
from nnstudio.ui.docks.try_typical import Typical
from nnstudio.ui.parts import capital

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from nnstudio.compile.lower import Compiled
    from nnstudio.data.columns import Column
    from nnstudio.data.dataset import Dataset
    from nnstudio.train.events import Inside
    from nnstudio.ui.background import Job
    from nnstudio.ui.docks.looking import See
    from nnstudio.ui.session import Session

#: Milliseconds between two looks at what is being written.
TICK_MS = 60
Answers = Mapping[str, Mapping[str, Any]]


class Trying(Looking):
    """What is tried. own: by column, what stands in the place of the row's value. answers: by output's name, as
    `project.answers` gives them and with what `try_beside` adds; empty until there are any. written: what a network
    that writes has written so far. drawn: which noise is drawn; latent: numbers in its place, by source and place.
    samples: pictures from other noise, by output's name. told_of_input: what is odd about the input, a sentence each.
    """

    follows = False

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(session, parent)
        self.split = "test"
        self._asked = "test"
        self.own: dict[str, Any] = {}
        self.drawn = 0
        self.latent: dict[str, dict[int, float]] = {}
        self.samples: dict[str, NDArray[np.float32]] = {}
        self.beside = Beside()
        self.told_of_input: tuple[str, ...] = ()
        self.answers: Answers = {}
        self._latest: Answers = {}
        self._unknown: tuple[str, ...] = ()
        self._sequences: dict[str, tuple[str, ...]] = {}
        self._painted: dict[str, NDArray[np.float32]] = {}
        self.written = ""
        self._writing: Job | None = None
        self._seed = 0
        self._ticking = QTimer(self, interval=TICK_MS)
        self._ticking.timeout.connect(self._read_along)

        self.typical = Typical(session, self.ask)
        self._data: Dataset | None = session.dataset
        session.data_changed.connect(self._begin_anew)

    def _begin_anew(self, *_: object) -> None:
        """Other data has come: what was put in is of the data before."""
        dataset = self.session.dataset
        if dataset is None or dataset is self._data:
            return
        if self._data is not None:
            self.own.clear()
            self.latent.clear()
            self.stop_writing()
            self.written, self.answers, self.samples, self.told_of_input = "", {}, {}, ()
            self._asked = "test"
        self._data = dataset

    @property
    def dataset(self) -> Dataset | None:
        """The data whose rows it begins with: the session's, else that of a typical row."""
        return self.session.dataset or self.typical.dataset

    # --- the input ------------------------------------------------------------------------------------------------

    @property
    def ranks(self) -> tuple[str, ...]:
        """The columns whose values can be ranked for the others."""
        dataset = self.dataset
        return rankable(dataset, [each.name for each in self.columns()]) if dataset is not None else ()

    def units(self) -> dict[str, str]:
        """By output's name the field of the data that it answers."""
        network = self.session.sheet.network
        return {node.name: target_field(network, node.id) for node in network.of_role("output")}

    def columns(self) -> list[Column]:
        """The columns that the prediction takes, in the order of the data."""
        dataset = self.dataset
        if dataset is None:
            return []
        names: set[str] = set()
        for name in self._fields():
            own = dataset.fields[name].columns if name in dataset.fields else ()
            made = bool(own) and all(column in dataset.columns for column in own)  # of windows over time: the window
            names.update(own if made else dataset.takes(name) if own else ())
        return [column for name, column in dataset.columns.items() if name in names]

    def noises(self) -> list[tuple[str, str, int]]:
        """The sources of noise that the outputs depend on: id, name and how many numbers each draws."""
        network = self.session.sheet.network
        needed, shapes = network.ancestors(self.outputs()), {}
        for node in network.of_role("input"):
            if node.id in needed and node.layer.type_name() == "Noise":
                shapes[node.id] = (node.id, node.name, int(np.prod(getattr(node.layer, "shape", (1,)))))
        return list(shapes.values())

    def noise(self, node: str, count: int) -> NDArray[np.float32]:
        """The numbers that a source of noise gives: as they are drawn, some of them as the person set them."""
        made = np.random.default_rng((self.drawn, count)).standard_normal(count).astype(np.float32)
        for place, value in self.latent.get(node, {}).items():
            made[place] = value
        return made

    def set_latent(self, node: str, place: int, value: float) -> None:
        """Have a source of noise give this number at a place."""
        self.latent.setdefault(node, {})[place] = value
        self.ask()

    def draw(self) -> None:
        """Draw other noise."""
        self.drawn += 1
        self.latent.clear()
        self.ask()

    def choose_row(self, row: int) -> None:
        """Begin with a row of the file, whichever split it is in."""
        dataset = self.dataset
        for split in SPLITS if dataset is not None else ():
            places = np.flatnonzero(np.asarray(dataset.indices(split)) == row)
            if len(places):
                self.choose(split, int(places[0]))
                return

    def rank(self, column: str) -> None:
        """Rank the values of this column."""
        self.beside.column = column
        self.ask()

    def _fields(self) -> list[str]:
        """Fields that the outputs depend on."""
        network = self.session.sheet.network
        needed = network.ancestors(self.outputs())
        return [str(getattr(node.layer, "field", "")) for node in network.of_role("input") if node.id in needed]

    def value(self, column: Column) -> Any:
        """What a column has now: as it would stand in the file, or as an array."""
        if column.name in self.own:
            return self.own[column.name]
        dataset = self.dataset
        return raw(column, int(dataset.indices(self.split)[self.sample])) if dataset is not None else None

    def picture(self) -> QImage:
        """The first picture of the input as it is now; a null one where there is none."""
        column = next((each for each in self.columns() if each.kind == "image"), None)
        value = self.value(column) if column is not None else None
        if column is None or value is None:
            return QImage()
        pixels = (np.clip(np.asarray(value, np.float64) / column.divisor, 0, 1) * 255).astype(np.uint8)
        return image_of(np.moveaxis(pixels[:3], 0, 2) if len(pixels) >= 3 else pixels[0])

    def sequences(self) -> dict[str, tuple[str, ...]]:
        return self._sequences

    def classes(self) -> tuple[str, ...]:
        """The classes of the data's boxes."""
        columns = self.dataset.columns.values() if self.dataset is not None else ()
        return next((column.categories for column in columns if column.kind == "boxes"), ())

    def put(self, column: str, value: Any) -> None:
        """Give a column another value."""
        self.own[column] = value
        self.stop_writing()
        self.ask()

    def choose(self, split: str, sample: int) -> None:
        """Begin again with a row of a split."""
        self._asked = split
        self.own.clear()
        self.stop_writing()
        self.written = ""
        super().choose(split, sample)

    @property
    def asking(self) -> bool:
        """Whether an answer is being worked out."""
        return self._job is not None

    # --- writing --------------------------------------------------------------------------------------------------

    @property
    def writes(self) -> bool:
        """Whether an output of the network writes: it feeds an Input with its own tokens."""
        layers = [node.layer for node in self.session.sheet.network.of_role("output")]
        return any(getattr(layer, "kind", "") == "tokens" and getattr(layer, "feeds", "") for layer in layers)

    @property
    def fed(self) -> str:
        """The field that the network writes, where it answers another; "" where it goes on with a text."""
        network = self.session.sheet.network
        feeds = {str(getattr(node.layer, "feeds", "")) for node in network.of_role("output")} - {""}
        own = {str(getattr(node.layer, "field", "")) for node in network.of_role("input") if node.name in feeds}
        return next(iter(own), "") if set(self._fields()) - own else ""

    @property
    def writing(self) -> bool:
        """Whether it is being written."""
        return self._writing is not None

    def write(self) -> None:
        """Have the network write, token by token, from the input as it is; ``written`` grows with ``changed``."""
        session, dataset = self.session, self.dataset
        if dataset is None or self.writing or session.run_state not in ("idle", "paused"):
            return
        make, split, row = session.training.trained(), self.split, self.sample
        columns, own = self.columns(), dict(self.own)
        self.written, self._seed = "", self._seed + 1
        seed = self._seed

        def work(job: Job) -> None:
            from nnstudio.train.generating import Writer

            made = make()
            writer, data = Writer(made.compiled), made.data(dataset)
            at = int(data.indices(split)[row])
            given = {column.name: [own.get(column.name, raw(column, at))] for column in columns}
            fields = {
                name: np.array(array[row : row + 1]) for name, array in data.arrays(split).items()
                if name in writer.takes
            }  # fmt: skip
            fields.update(data.encode(given) if own else {})
            fed = writer.fed.field
            if not writer.takes:  # it goes on with a text
                fields.setdefault(fed, np.array(data.arrays(split)[fed][row : row + 1]))
            elif not set(data.takes(fed)) & own.keys():  # it begins anew
                fields.pop(fed, None)
            codes: list[int] = []
            for token in writer.stream(fields, seed=seed):
                if job.cancelled:
                    return
                codes.append(token.code)
                job.early = str(data.decode(fed, np.array([codes]))[0])

        def done(_: object) -> None:
            self._read_along()
            self.stop_writing()

        def failed(error: BaseException) -> None:
            self.error = capital(str(error), session.network.by_name)
            done(None)

        self.error = ""
        self._writing = session.background.run(work, done, failed, name="writing")
        self._ticking.start()
        self.changed.emit()

    def _read_along(self) -> None:
        """Take what has been written so far: only of what is being written now, as another may not have stopped yet."""
        if self._writing is not None and self._writing.early is not None:
            self.written = self._writing.early
        self.changed.emit()

    def stop_writing(self) -> None:
        """End what is being written; what is there stays."""
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
            self._ticking.stop()
            self.changed.emit()

    # --- what comes of it -----------------------------------------------------------------------------------------

    def ask(self, *_: object) -> None:
        """Have it worked out anew; while a run is under way nothing is."""
        self.typical.look()
        self.settle()
        ready = self.session.run_state in ("idle", "paused") and not self.session.resolving
        if self.awake and self.outputs() and self.dataset is not None and self.rows and ready:
            self._start()
        self.changed.emit()

    def settle(self) -> None:
        """Have split and row be ones that the data has."""
        dataset = self.dataset
        if dataset is not None and dataset.count(self._asked):
            self.split = self._asked
        elif dataset is not None and not dataset.count(self.split):
            self.split = next((split for split in reversed(SPLITS) if dataset.count(split)), SPLITS[0])
        self.sample = max(0, min(self.sample, self.rows - 1))

    def _events(self, events: object) -> None:
        """A run's own looks are not at what is tried."""

    def _seer(self, split: str, nodes: tuple[str, ...]) -> See:
        columns, own = self.columns(), dict(self.own)
        there = self.session.dataset is not None
        needed = set(self._fields())
        noises = {id: self.noise(id, count) for id, _, count in self.noises()}
        many = {id: more_noise(self.drawn, count) for id, _, count in self.noises()}

        def see(made: Compiled, dataset: Dataset, row: int) -> dict[str, Inside]:
            from nnstudio.project.answers import answers
            from nnstudio.project.steps_counted import steps_counted
            from nnstudio.train.inside import insides, predictions

            at = int(dataset.indices(split)[row])
            given = {column.name: own.get(column.name, raw(column, at)) for column in columns}
            encoded = dataset.encode({name: [value] for name, value in given.items()}) if own and columns else {}
            batch = with_noise(made, batch_of(made, dataset, split, row, encoded), noises)
            said = {made.name(id): values[:1] for id, values in predictions(made, batch).items()}
            steps = {name: found[:1] for name, found in steps_counted(made, batch).items()}
            self._latest = next(iter(answers(made.network, dataset, said, steps)), {}) if said else {}
            fields = {
                name: encoded[name] if name in encoded else dataset.arrays(split)[name][row : row + 1]
                for name in dataset.fields if name in needed
            }  # fmt: skip
            if there:
                self._latest = self.beside.told(made, dataset, self._latest, given, fields, at, own=bool(own))
            self._unknown = dataset.prepared.unknown({name: [value] for name, value in given.items() if name in own})
            self._painted = painted(made, batch, many)
            self._sequences = {
                name: tuple(named(dataset, name, np.asarray(array)[0].reshape(-1).tolist()))
                for name, array in fields.items() if dataset.fields[name].kind == "codes"
            }  # fmt: skip
            return insides(made, batch, nodes)

        return see

    def _show(self, insides: dict[str, Inside], how: str) -> None:
        self.answers, self.samples, self.told_of_input = self._latest, self._painted, self._unknown
        super()._show(insides, how)

    def _failed(self, error: BaseException) -> None:
        self.answers, self.samples, self.told_of_input = {}, {}, ()
        super()._failed(error)


def raw(column: Column, row: int) -> Any:
    """A column's value in a row of the data, as it would stand in the file; None where it is missing."""
    value = column.values[row]
    if column.kind == "category":
        return column.categories[int(value)] if int(value) >= 0 else None
    if column.kind in ("number", "time"):
        return None if np.isnan(value) else float(value)
    return value
