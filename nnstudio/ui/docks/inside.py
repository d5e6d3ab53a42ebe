"""Inside: what the selected layers do with one sample, while training, after it and before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QImage, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from nnstudio.ui import theme
from nnstudio.ui.docks.attending import names_behind, said, sides
from nnstudio.ui.docks.controls import Choice, RowField, tool
from nnstudio.ui.docks.data_rows import SPLIT_TITLES
from nnstudio.ui.docks.empty import EmptyState
from nnstudio.ui.docks.inside_views import TILES, BarsFrame, MapFrame, Sight, SightFrame, TilesFrame
from nnstudio.ui.docks.live import SNAPSHOTS, Live
from nnstudio.ui.docks.looking import Looking
from nnstudio.ui.docks.rows import Row, selected
from nnstudio.ui.docks.sample import SampleView, answers, code_of

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

#: Nodes that are looked into at most; pixels that one needs at least, at 100 %.
MOST, LEAST = 6, 230


class NodeInside(Live):
    """One node: draws what was seen inside it, in the way that suits it."""

    pace = SNAPSHOTS

    def __init__(self, looking: Looking, parent: QWidget | None = None) -> None:
        super().__init__(looking.session, parent)
        self.looking = looking
        self.row: Row | None = None
        self.frames: dict[str, SightFrame] = {}
        self.waiting = QLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self.waiting.setProperty("role", "muted")
        self.stack = QStackedLayout(self)
        self.stack.addWidget(self.waiting)
        looking.changed.connect(self.refresh_soon)

    def show_row(self, row: Row) -> None:
        """Look into this node."""
        self.row = row
        self.refresh_soon()

    def _frame(self, kind: str) -> SightFrame:
        kind = "tiles" if kind in TILES else kind
        if kind not in self.frames:
            made: SightFrame
            if kind == "embedding":
                made = MapFrame(self.session.background.run)
            else:
                made = TilesFrame() if kind == "tiles" else BarsFrame()
            made.restyle()
            made.failed.connect(lambda sentence: self.session.notice.emit("error", sentence))
            made.saved.connect(lambda path: self.session.notice.emit("info", f"Saved {path}"))
            made.plot.view.sigResized.connect(self.refresh_soon)
            self.frames[kind] = made
            self.stack.addWidget(made)
        return self.frames[kind]

    def restyle(self) -> None:
        for frame in self.frames.values():
            frame.restyle()

    def refresh(self) -> None:
        row, dataset = self.row, self.session.dataset
        if row is None:
            return
        inside = self.looking.insides.get(row.node)
        if inside is None or dataset is None:
            self.waiting.setText(f"{row.name}\n{self._why()}")
            self.stack.setCurrentWidget(self.waiting)
            return
        frame = self._frame(inside.kind)
        names, marked = inside.labels, -1
        split, sample = self.looking.seen
        if inside.kind == "vector" and not names and self._answers(row.node):
            classes, code = code_of(dataset, split, sample)
            if len(classes) == len(inside.values):
                names, marked = classes, code
        when = self.looking.how if self.looking.past else ""
        sight = Sight(replace(row, name=f"{row.name} · {when}") if when else row, inside, names, marked)
        if inside.kind in ("attention", "states") and not names:
            sight = self._named(sight)
        elif inside.kind == "embedding":
            known = self.looking.entries(row.node)
            sight = replace(sight, known=known, used=known.used(dataset, split, sample))
        if inside.kind != "embedding":
            sight = replace(
                sight, said=", ".join(f"{name} {text}" for name, text, _ in answers(dataset, split, sample, None))
            )
        frame.show_sight(sight)
        self.stack.setCurrentWidget(frame)

    def _named(self, sight: Sight) -> Sight:
        """With the tokens that attention or states are of, or the picture."""
        whole, node = self.session.whole, sight.row.node
        network = whole.flat if whole is not None else self.session.sheet.network
        sequences = self.looking.sequences()
        if node not in network.nodes:
            return sight
        values = sight.inside.values
        if sight.inside.kind == "states":
            names = names_behind(network, node, sequences, len(values))
            long = said(names) if names else len(values)
            return replace(sight, names=names[:long], inside=replace(sight.inside, values=values[:long]))
        _, queries, keys = values.shape
        down, across = sides(network, node, sequences, queries, keys)
        high, wide = said(down) if down else queries, said(across) if across else keys
        shown = replace(sight.inside, values=values[:, :high, :wide])
        picture = QImage() if across else self.looking.picture()
        return replace(sight, names=across[:wide], down=down[:high], inside=shown, picture=picture)

    def _answers(self, node: str) -> bool:
        """Whether what a node puts out is what the network says: it is an output, or goes into one or into a loss."""
        whole = self.session.whole
        if whole is None or node not in whole.flat.nodes:
            return False
        ends = ("output", "loss")
        onwards = [wire.target for wire in whole.flat.outgoing.get(node, ())]
        return any(whole.flat.nodes[id].layer.role in ends for id in (node, *onwards))

    def _why(self) -> str:
        """Why there is nothing to see."""
        if self.looking.past:
            when = self.session.moment.when
            return f"was not looked into {when}; the run keeps what is selected here while it trains"
        if self.looking.insides or self.looking.error:
            return self.looking.error or "nothing of it can be seen: no loss, metric or output depends on it"
        running = self.session.run_state == "running"
        return "comes with the next look at the run" if running else "is being worked out …"


class InsidePanel(Live):
    """The sample at the left, the nodes that are selected (else those that were) beside it."""

    pace = SNAPSHOTS

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.looking = Looking(session, self)
        self.views: list[NodeInside] = []
        self._splits: list[str] = []
        self.empty = EmptyState("", "")
        self.picker = self._make_picker()
        self.nodes = QHBoxLayout()
        self.nodes.setContentsMargins(0, 0, 0, 0)
        self.nodes.setSpacing(0)
        inside = QWidget()
        inside.setProperty("role", "scrolled")
        inside.setLayout(self.nodes)
        self.strip = QScrollArea(widgetResizable=True)
        self.strip.setFrameShape(QScrollArea.Shape.NoFrame)
        self.strip.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.strip.setAccessibleName("What the selected layers do with the sample")
        self.strip.setWidget(inside)
        filled = QWidget()
        beside = QHBoxLayout(filled)
        beside.setContentsMargins(16, 4, 0, 0)
        beside.setSpacing(8)
        beside.addWidget(self.picker)
        beside.addWidget(self.strip, 1)
        self.stack = QStackedLayout(self)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(filled)
        self.filled = filled
        self.looking.changed.connect(self.refresh_soon)
        for signal in (session.selection_changed, session.changed, session.data_changed, session.run_changed):
            signal.connect(self.refresh_soon)

    def _make_picker(self) -> QWidget:
        self.split = Choice("Which rows are looked with", px=12, weight=600)
        self.split.chosen.connect(self._choose_split)
        self.number, self.many = RowField("Which row of them"), QLabel()
        self.number.chosen.connect(lambda number: self.looking.choose(self.looking.split, number - 1))
        self.many.setProperty("role", "faint")
        self.before = tool("‹", "The row before")
        self.before.clicked.connect(lambda: self.number.step(-1))
        self.after = tool("›", "The next row")
        self.after.clicked.connect(lambda: self.number.step(1))
        self.random = tool("Random", "Another row, whichever")
        self.random.clicked.connect(self.looking.choose_random)
        self.worst = tool("Worst", "The row with the greatest loss")
        self.worst.clicked.connect(self.looking.choose_worst)
        self.sample = SampleView()
        self.how = QLabel(wordWrap=True)
        self.how.setProperty("role", "faint")
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(0, 0, 0, 8)
        column.setSpacing(4)
        for widgets in ((self.split, self.random, self.worst), (self.before, self.number, self.many, self.after)):
            line = QHBoxLayout()
            line.setSpacing(2)
            for widget in widgets:
                line.addWidget(widget, 1 if widget is self.number else 0)
                if widget is self.split:
                    line.addStretch(1)
            column.addLayout(line)
        column.addWidget(self.sample, 1)
        column.addWidget(self.how)
        return made

    # --- choosing -----------------------------------------------------------------------------------------------

    @property
    def choices(self) -> dict[str, object]:
        return {"split": self.looking.split}

    def choose_again(self, choices: Mapping[str, object]) -> None:
        split = choices.get("split")
        if split in SPLIT_TITLES:
            self.looking.split = str(split)

    def _choose_split(self, index: int) -> None:
        self.looking.choose(self._splits[index], 0)
        self.chose.emit()

    # --- drawing ------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        self.looking.awake = True
        super().showEvent(event)
        self.looking.ask()

    def hideEvent(self, event: QHideEvent) -> None:
        self.looking.wake(False)
        super().hideEvent(event)

    def restyle(self) -> None:
        self.picker.setFixedWidth(theme.scaled(216))

    def refresh(self) -> None:
        session, looking = self.session, self.looking
        rows = self._wanted()
        if session.dataset is None or not rows:
            self._invite()
            return
        self.stack.setCurrentWidget(self.filled)
        looking.look(row.node for row in rows)
        self._show_sample()
        while len(self.views) < len(rows):
            view = NodeInside(looking)
            self.views.append(view)
            self.nodes.addWidget(view, 1)
        for place, view in enumerate(self.views):
            view.setVisible(place < len(rows))
            view.setMinimumWidth(theme.scaled(LEAST))
            if place < len(rows) and rows[place] != view.row:
                view.show_row(rows[place])

    def _wanted(self) -> list[Row]:
        """The nodes to look into: those that are selected, else those that were, as far as they are there."""
        chosen = selected(self.session)
        order = self.session.whole.flat.nodes if self.session.whole is not None else self.session.sheet.network.nodes
        ids = [id for id in order if id in chosen and order[id].layer.role in ("layer", "output", "input")]
        if not ids:
            ids = [id for id in self.looking.nodes if id in order]
        return [
            Row(id, order[id].name, theme.family_color(order[id].layer).name()) for id in ids[:MOST]
        ]  # fmt: skip

    def _invite(self) -> None:
        session = self.session
        if session.dataset is None:
            reading = session.data_job is not None
            title = "The data is being read" if reading else "No data yet"
            self.empty.say(title, session.data_error or "A layer is looked into with a row of the data: choose some.")
        else:
            self.empty.say(
                "Nothing to look into yet",
                "Select a layer on the canvas: what it does with one row of the data is shown here, as feature maps, "
                "attention, states, an embedding or plain values, while training, after it and before it.",
            )
        self.stack.setCurrentWidget(self.empty)

    def _show_sample(self) -> None:
        looking, dataset = self.looking, self.session.dataset
        assert dataset is not None
        self._splits = [split for split in SPLIT_TITLES if dataset.count(split)]
        if looking.split not in self._splits:
            looking.choose(self._splits[0], 0)
        self.split.offer([SPLIT_TITLES[split][0].capitalize() for split in self._splits])
        self.split.show_index(self._splits.index(looking.split))
        still = self.session.run_state in ("idle", "paused")
        self.worst.setEnabled(still and not looking.past)
        why = "" if still else "; pause the run to look for it"
        why = "; go back to what is newest to look for it" if looking.past else why
        self.worst.setToolTip("The row with the greatest loss" + why)
        self.number.show_value(looking.sample + 1, looking.rows)
        self.many.setText(f"of {looking.rows:,}")
        row = int(np.asarray(dataset.indices(looking.split))[looking.sample])
        current = looking.seen == (looking.split, looking.sample)
        output = next((looking.insides[id] for id in looking.outputs() if id in looking.insides), None)
        self.sample.show_row(dataset, row, answers(dataset, looking.split, looking.sample, output if current else None))
        how = looking.how if current and (looking.insides or looking.past) else ""
        self.how.setText(looking.error or " · ".join(part for part in (how, looking.told) if part))
