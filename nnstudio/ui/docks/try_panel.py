"""Try it: an input made by hand or taken from the data, what the network answers, what its layers do with it, live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from nnstudio.ui import theme
from nnstudio.ui.docks.controls import Choice, RowField, tool
from nnstudio.ui.docks.data_rows import SPLIT_TITLES
from nnstudio.ui.docks.empty import EmptyState
from nnstudio.ui.docks.inside import NodeInside
from nnstudio.ui.docks.live import SNAPSHOTS, Live
from nnstudio.ui.docks.rows import Row, selected
from nnstudio.ui.docks.try_answers import AnswersView
from nnstudio.ui.docks.try_editors import CategoryEditor, Editor, NumberEditor, PictureEditor, TextEditor, editor
from nnstudio.ui.docks.try_fields import COLUMN, GAP, Fields
from nnstudio.ui.docks.try_sliders import NoiseEditor
from nnstudio.ui.docks.try_sound import SoundEditor
from nnstudio.ui.docks.trying import Trying
from nnstudio.ui.parts import button, column, empty, label, line, row

if TYPE_CHECKING:
    from nnstudio.ui.session import Session

#: Columns that are offered for editing at most, and layers that are looked into beside the answer.
COLUMNS, LAYERS = 60, 2
TYPICAL = "The data is not there. This begins with what it taught: means, and what was most frequent."
#: Editors that take what height there is, and those of one line.
TALL, SMALL = (PictureEditor, TextEditor, SoundEditor), (NumberEditor, CategoryEditor)
#: Pixels at 100 %: how wide the input is at least, the answers where there are layers or many columns beside them, and
#: where there are none; how wide a hint can be read; how high the line above the input is.
INPUT, ANSWERS, ALONE, HINT, PICKER = 316, 290, 430, 150, 44


class TryPanel(Live):
    """The input at the left, the answer beside it, and at the right what the selected layers do with it."""

    pace = SNAPSHOTS

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.trying = Trying(session, self)
        self.editors: list[Editor] = []
        self.fields: Fields | None = None
        self.noises: list[NoiseEditor] = []
        self._shown: tuple[object, ...] = ()
        self._splits: list[str] = []
        self.empty = EmptyState("", "")
        self.answers = AnswersView()
        self.answers.row_chosen.connect(self.trying.choose_row)
        self.answers.rank_chosen.connect(self.trying.rank)
        self.how = QLabel(wordWrap=True)
        self.how.setProperty("role", "faint")
        self.views: list[NodeInside] = []
        self.stack = QStackedLayout(self)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self._lay_out())
        self.trying.changed.connect(self.refresh_soon)
        for signal in (session.selection_changed, session.changed, session.data_changed, session.run_changed):
            signal.connect(self.refresh_soon)

    def _lay_out(self) -> QWidget:
        self.form = QVBoxLayout()
        self.form.setSpacing(6)
        self.form.setContentsMargins(0, 0, 12, 4)
        self.typical = label(TYPICAL, "faint", wrap=True)
        left = column(self._make_picker(), self.typical, self._scrolled(self.form, "The input"), spacing=6)
        left.setStretch(2, 1)
        self.left = QWidget()
        self.left.setLayout(left)
        middle = QVBoxLayout()
        middle.setSpacing(6)
        middle.setContentsMargins(0, 0, 12, 4)
        self.write = button("Write", self._write, "primary")
        self.write.setObjectName("try_write")
        self.write.setToolTip("Have the network write, token by token, from this input; once more: differently")
        self.written = label("", wrap=True)
        self.written.setObjectName("try_written")
        self.written.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.written.setAlignment(Qt.AlignmentFlag.AlignTop)
        middle.addLayout(row(self.write, 1))
        self.invitation = label("", "faint", wrap=True)
        middle.addWidget(self.invitation)
        middle.addWidget(self.written, 1)
        middle.addWidget(self.answers, 1)
        middle.addWidget(self.how)
        self.middle = self._scrolled(middle, "What the network answers")
        self.layers = row(spacing=0)
        self.hint = label("Select a layer on the canvas to see what it does with this input", "faint", wrap=True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.layers.addWidget(self.hint, 1)
        beside = QWidget()
        beside.setLayout(self.layers)
        filled = QWidget()
        parts = (self.left, line(vertical=True), self.middle, line(vertical=True), beside)
        layout = row(*parts, spacing=14, margins=(16, 6, 0, 0))
        layout.setStretch(4, 1)
        filled.setLayout(layout)
        return filled

    def _make_picker(self) -> QWidget:
        self.split = Choice("Which rows it begins with", px=12, weight=600)
        self.split.chosen.connect(lambda index: self.trying.choose(self._splits[index], 0))
        self.number, self.many = RowField("Which row of them"), QLabel()
        self.number.chosen.connect(lambda number: self.trying.choose(self.trying.split, number - 1))
        self.many.setProperty("role", "faint")
        self.random = tool("Random", "Another row, whichever")
        self.random.clicked.connect(self.trying.choose_random)
        self.again = tool("Reset", "The row as the data has it")
        self.again.clicked.connect(lambda: self.trying.choose(self.trying.split, self.trying.sample))
        made = QWidget()
        made.setLayout(row(self.split, self.number, self.many, 1, self.random, self.again, spacing=2))
        return made

    def _scrolled(self, layout: QVBoxLayout, name: str) -> QScrollArea:
        inside = QWidget()
        inside.setProperty("role", "scrolled")
        inside.setLayout(layout)
        made = QScrollArea(widgetResizable=True)
        made.setFrameShape(QScrollArea.Shape.NoFrame)
        made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        made.setAccessibleName(name)
        made.setWidget(inside)
        return made

    # --- following ------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        self.trying.awake = True
        super().showEvent(event)
        self.trying.ask()

    def hideEvent(self, event: QHideEvent) -> None:
        self.trying.awake = False
        super().hideEvent(event)

    def restyle(self) -> None:
        self._fit()
        self.answers.restyle()
        self.number.setFixedWidth(theme.scaled(56))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """While no layer is looked into, its room is for the input, where that has more fields than fit under one
        another, and for the answers, where there are several."""
        looked, room = bool(self.trying.nodes), self.width() - 76
        input, answers = theme.scaled(INPUT), theme.scaled(ANSWERS if looked else ALONE)
        columns = 1
        if self.fields is not None:
            wide, high = room - theme.scaled(ANSWERS), self.height() - theme.scaled(PICKER)
            alone = not looked and len(self.fields.editors) == len(self.editors)
            columns = self.fields.wanted(high, wide) if alone else 1
            self.fields.arrange(columns)
        if columns > 1:
            input = max(input, columns * theme.scaled(COLUMN + GAP) + theme.scaled(12))
            answers = min(answers, max(theme.scaled(ANSWERS), room - input))
        elif not looked:
            answers = max(answers, min(theme.scaled(self.answers.wants), room - input))
        self.left.setFixedWidth(input)
        self.middle.setFixedWidth(answers)
        self.hint.setVisible(not looked and room - input - answers >= theme.scaled(HINT))

    def refresh(self) -> None:
        session, trying = self.session, self.trying
        if not self._ready():
            return
        trying.settle()
        self.stack.setCurrentIndex(1)
        self._show_input()
        self._show_layers()
        self._show_answers()
        told = trying.error or ". ".join([*trying.told_of_input, trying.how if trying.answers else ""]).strip(". ")
        if trying.asking and not (trying.answers or trying.error):
            told = "The network is being asked …"
        if session.run_state not in ("idle", "paused"):
            told = "A run is under way; pause it to try the network as it is now."
        self.how.setText(told)
        self.how.setProperty("role", "problem" if trying.error or trying.told_of_input else "faint")
        self.how.style().polish(self.how)

    def _show_answers(self) -> None:
        trying, writes = self.trying, self.trying.writes
        for part in (self.write, self.written):
            part.setVisible(writes)
        self.write.setText("Stop" if trying.writing else "Write")
        self.write.setEnabled(self.session.run_state in ("idle", "paused"))
        self.invitation.setText(_invitation(trying.fed))
        self.invitation.setVisible(writes and not (trying.written or trying.writing))
        self.written.setText(trying.written + ("▌" if trying.writing else ""))
        self.answers.picture, self.answers.classes = trying.picture(), trying.classes()
        self.answers.dataset, self.answers.units, self.answers.ranks = (
            trying.dataset,
            trying.units(),
            trying.ranks,
        )
        self.answers.show_answers({} if writes else trying.answers, trying.samples)
        self.answers.setVisible(bool(trying.answers) and not writes)
        self._fit()

    def _write(self) -> None:
        if self.trying.writing:
            self.trying.stop_writing()
        else:
            self.trying.write()

    def _ready(self) -> bool:
        """Whether there is anything to try; else it is said what to do."""
        session = self.session
        if self.trying.dataset is None:
            reading = session.data_job is not None
            self.empty.say("The data is being read" if reading else "No data yet",
                           session.data_error or "Choose data: a row of it is where you begin.")  # fmt: skip
        elif not self.trying.outputs():
            self.empty.say("Nothing answers yet", "Add an Output and wire it: what it says is shown here.")
        elif not (self.trying.columns() or self.trying.writes or self.trying.noises()):
            self.empty.say("Nothing to put in", "No Input that the Output depends on takes a field of the data.")
        else:
            return True
        self.stack.setCurrentIndex(0)
        return False

    def _show_input(self) -> None:
        trying, dataset = self.trying, self.trying.dataset
        assert dataset is not None
        there = self.session.dataset is not None
        self._splits = [split for split in SPLIT_TITLES if dataset.count(split)]
        self.split.offer([SPLIT_TITLES[split][0].capitalize() for split in self._splits])
        self.split.show_index(self._splits.index(trying.split) if trying.split in self._splits else 0)
        self.number.show_value(trying.sample + 1, trying.rows)
        self.many.setText(f"of {trying.rows:,}")
        self.again.setEnabled(bool(trying.own))
        self.typical.setVisible(not there)
        for part in (self.split, self.number, self.many, self.random):
            part.setVisible(there)
        columns, noises = trying.columns(), trying.noises()
        shown = (dataset, tuple(each.name for each in columns), tuple(noises))
        if shown != self._shown:
            self._shown = shown
            self._build(columns[:COLUMNS], len(columns), noises)
        for noise in self.noises:
            noise.show_values(trying.noise(noise.node, noise.count))
        at = (dataset, trying.split, trying.sample)
        for each in self.editors:
            if each.column.name not in trying.own and getattr(each, "at", None) != at:
                each.show_value(trying.value(each.column))
                each.at = at  # type: ignore[attr-defined]
            elif each.column.name in trying.own:
                each.at = None  # type: ignore[attr-defined]

    def _build(self, columns: list, count: int, noises: list[tuple[str, str, int]]) -> None:
        dataset = self.trying.dataset
        assert dataset is not None
        empty(self.form)
        self.editors, self.fields = [], None
        fail = lambda sentence: self.session.notice.emit("warning", sentence)  # noqa: E731
        beside = row(spacing=10)  # two pictures stand side by side, and a picture and noise
        paired = sum(each.kind == "image" for each in columns) + len(noises) > 1
        for each in columns:
            made = editor(each, dataset, self.trying.put, fail)
            self.editors.append(made)
            if isinstance(made, SMALL):
                continue
            if paired and isinstance(made, PictureEditor):
                beside.addLayout(column(label(each.name, "muted"), made, spacing=6))
                continue
            self.form.addWidget(label(each.name, "muted"))
            self.form.addWidget(made, 1 if isinstance(made, TALL) else 0)
        small = [each for each in self.editors if isinstance(each, SMALL)]
        if small:
            self.fields = Fields(small)
            self.form.addWidget(self.fields)
        if paired:
            self.form.addLayout(beside, 1 if any(isinstance(each, PictureEditor) for each in self.editors) else 0)
        if count > len(columns):
            self.form.addWidget(label(f"and {count - len(columns)} more, as the row has them", "faint", wrap=True))
        self.noises = [NoiseEditor(*each, self.trying.set_latent, self.trying.draw) for each in noises]
        for noise in self.noises:
            if paired:
                beside.addWidget(noise, 0, Qt.AlignmentFlag.AlignTop)
            else:
                self.form.addWidget(noise)
        if not any(isinstance(each, TALL) for each in self.editors):
            self.form.addStretch(1)

    def _show_layers(self) -> None:
        whole = self.session.whole
        nodes = whole.flat.nodes if whole is not None else {}
        chosen = selected(self.session)
        able = [id for id in nodes if id in chosen and nodes[id].layer.role in ("layer", "output")]
        telling = [id for id in able if "ttention" in nodes[id].layer.type_name()]  # of a block what tells most
        wanted = (able if len(able) <= LAYERS else telling or able)[:LAYERS]
        self.trying.look(wanted)
        while len(self.views) < len(wanted):
            view = NodeInside(self.trying)
            self.views.append(view)
            self.layers.addWidget(view, 1)
        self._fit()
        for place, view in enumerate(self.views):
            view.setVisible(place < len(wanted))
            if place < len(wanted):
                node = nodes[wanted[place]]
                view.show_row(Row(node.id, node.name, theme.family_color(node.layer).name()))


def _invitation(fed: str) -> str:
    """What the button does. fed: the field that is written, where the network answers another."""
    if not fed:
        return "“Write” has the network go on with this text, token by token."
    told = "“Write” has the network answer, token by token."
    return f"{told} “{fed}” is what is right; change it to say how the answer begins."
