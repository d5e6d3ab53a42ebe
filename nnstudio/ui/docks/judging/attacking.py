"""Attack: how accuracy falls as inputs are changed more, beside noise of the same size, and the changed samples."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStackedLayout, QTableWidget, QTableWidgetItem, QWidget

from nnstudio.project.judging.asking import why_not_attacked
from nnstudio.project.judging.attacks import Attack, Attacked, attacked
from nnstudio.project.judging.judge import Judge, Judged, Progress
from nnstudio.project.judging.telling import changes
from nnstudio.ui import theme
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.controls import Choice, tool
from nnstudio.ui.docks.curves import y_range
from nnstudio.ui.docks.empty import EmptyState
from nnstudio.ui.docks.judging.assessing import Assessing
from nnstudio.ui.docks.judging.page import Page, heard
from nnstudio.ui.docks.judging.pictures import PictureFrame
from nnstudio.ui.docks.judging.plotting import Lines
from nnstudio.ui.docks.overlays import Label
from nnstudio.ui.parts import ElidedLabel, button, column, line, row

#: Numbers of a changed sample that are shown at most.
MOST = 200
WAYS, NORMS = {"fgsm": "FGSM", "pgd": "PGD"}, {"inf": "L∞", "2": "L2"}
EMPTY = (
    "How small a change fools it?",
    "Inputs are changed against the network, a little more each time; accuracy beside noise of the same size, and the "
    "samples that were changed least, are shown here.",
)
EMPTY_OF_NUMBERS = (
    "How far does a small change throw it off?",
    "Inputs are changed against the network, a little more each time; the error beside noise of the same size, and the "
    "changed samples, are shown here.",
)


class AttackPage(Page):
    """The curve at the left, a changed sample at the right."""

    title = "Attack"
    kinds = ("classes", "numbers", "places", "boxes")

    def __init__(self, assessing: Assessing) -> None:
        super().__init__(assessing)
        self.found: Attacked | None = None
        self.at = 0
        self._order: list[int] = []
        self._of: Judged | None = None
        self.way, self.norm = (
            Choice("How it is attacked: by one step along the slope (FGSM), or by ten (PGD)", px=12),
            Choice("How changes are measured: the largest (L∞), or all together (L2)", px=12),
        )
        self.way.offer(list(WAYS.values()))
        self.norm.offer(list(NORMS.values()))
        for choice in (self.way, self.norm):
            choice.show_index(0)
            choice.chosen.connect(lambda _: self.attack() if self.found is not None else None)
        self.again = button("Attack", self.attack, "quiet")
        self.empty = EmptyState(*EMPTY, "Attack the network", self.attack)
        self.curve = Lines("Accuracy under attack", "strength of the change")
        self.sample = ElidedLabel("", "heading")
        before, after = tool("‹", "The sample that took less to fool"), tool("›", "The sample that took more to fool")
        before.clicked.connect(lambda: self._step(-1))
        after.clicked.connect(lambda: self._step(1))
        self.frames = (PictureFrame("Original"), PictureFrame("Change"), PictureFrame("Changed"))
        self.columns = _table()
        pictures, inside, right, left, filled = QWidget(), QWidget(), QWidget(), QWidget(), QWidget()
        side_by_side = row(*self.frames, spacing=0)
        for place in range(3):
            self.frames[place].setMinimumWidth(80)
            side_by_side.setStretch(place, 1)
        pictures.setLayout(side_by_side)
        self.pages = QStackedLayout(inside)
        self.pages.addWidget(pictures)
        self.pages.addWidget(self.columns)
        head = row(before, after, self.sample, spacing=4, margins=(8, 4, 8, 0))
        head.setStretch(2, 1)
        right.setLayout(column(head, inside, spacing=2))
        right.layout().setStretch(1, 1)
        for control in (self.way, self.norm, self.again):
            self.curve.add_control(control)
        left.setLayout(column(self.curve, spacing=0))
        whole = row(left, line(vertical=True), right, spacing=0)
        whole.setStretch(0, 1)
        whole.setStretch(2, 1)
        filled.setLayout(whole)
        self.stack = QStackedLayout(self)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(filled)

    def draw(self) -> None:
        """Another split or network: what was found is of the one before."""
        judged = self.judged
        if self.found is not None and judged is not None and self._of is judged:
            self._show(self.found)
            return
        self.found = None
        judge = self.assessing.judge
        why = why_not_attacked(judge, judged.subject.name) if judge is not None and judged is not None else ""
        usual = EMPTY_OF_NUMBERS if judged is not None and judged.kind == "numbers" else EMPTY
        self.empty.say(*(("It cannot be attacked", why) if why else usual))
        self.empty.button.setVisible(not why)
        self.stack.setCurrentIndex(0)

    def attack(self) -> None:
        """Attack with what is chosen."""
        judged = self.judged
        if judged is None:
            return
        chosen = Attack(list(WAYS)[self.way.index], list(NORMS)[self.norm.index])
        split, name = judged.split, judged.subject.name

        def work(judge: Judge, progress: Progress) -> Attacked:
            return attacked(judge, chosen, split, name, progress=progress)

        def done(found: Attacked) -> None:
            if judged is self.judged:
                self._of = judged
                self._show(found)

        self.assessing.do("attack", f"Attacking by {chosen.way.upper()}", work, done)

    # --- what was found -----------------------------------------------------------------------------------------

    def _show(self, found: Attacked) -> None:
        assert self.judged is not None
        self.found = found
        tokens, numeric = theme.current(), self.judged.kind == "numbers"
        found_most = "Pictures with most objects found, under attack"
        by_place = f"Accuracy by {'pixel' if self.judged.target.ndim > 2 else 'place'} under attack"
        usual = {"boxes": found_most, "places": by_place}.get(self.judged.kind, "Accuracy under attack")
        self.curve.rename("Error under attack" if numeric else usual)
        self.curve.plot.left.show_scale(percent=not numeric)
        last = float(found.strengths[-1]) or 1.0
        y = y_range([found.right, found.noise], log=False) if numeric else (0.0, 1.02)
        self.curve.show_lines(
            {"attacked": (found.strengths, found.right, tokens.problem),
             "noise": (found.strengths, found.noise, tokens.muted)},
            (0.0, 1.16 * last), y,
            [Label(last, float(found.right[-1]), "attacked", tokens.problem),
             Label(last, float(found.noise[-1]), "noise", tokens.muted)],
        )  # fmt: skip
        self.curve.dots.show_points(
            list(zip(found.strengths.tolist(), found.right.tolist(), strict=True)), tokens.problem
        )
        count = numbers.count(len(found.places), "row")
        if numeric:
            self.curve.note.setText(count)
        elif not (found.smallest > 0).any():
            self.curve.note.setText(f"none of {count} was right to begin with")
        elif np.isfinite(found.median):
            self.curve.note.setText(f"half of the right fooled at {numbers.figure(found.median)} · {count}")
        else:
            self.curve.note.setText(f"{int(found.fooled.sum()):,} of {count} fooled")
        order = np.argsort(np.where(found.fooled, found.smallest, np.inf), kind="stable")
        self._order = [int(place) for place in order if found.fooled[place] or numeric]
        self.at = 0
        self._show_sample()
        pressed = self.empty.button.hasFocus()
        self.stack.setCurrentIndex(1)
        if pressed:  # what has the focus goes: it is not left to what happens to come next
            self.again.setFocus()

    def _step(self, by: int) -> None:
        if self._order:
            self.at = (self.at + by) % len(self._order)
            self._show_sample()

    def _show_sample(self) -> None:
        found, judged = self.found, self.judged
        if found is None or judged is None or not self._order:
            self.sample.setText("No sample was fooled by changes of this size")
            for frame in self.frames:
                frame.hide()
            self.columns.setRowCount(0)
            return
        row_at = self._order[self.at]
        self.sample.setText(f"{self.at + 1} of {len(self._order)}: {self._said(found, row_at)}")
        field = next((name for name, array in found.original.items() if array.ndim == 4), "")
        if field:
            before, after = found.original[field][row_at], found.changed[field][row_at]
            if heard(self.assessing.session.dataset, field):
                before, after = before[:, ::-1], after[:, ::-1]  # high tones on top
            span = (float(min(0.0, before.min())), float(max(1.0, before.max())))
            for frame in self.frames:
                frame.show()
            self.frames[0].show_photograph(before, span)
            self.frames[1].show_picture(after - before)
            self.frames[2].show_photograph(after, span)
            self.pages.setCurrentIndex(0)
        else:
            self._show_columns(found, row_at)
            self.pages.setCurrentIndex(1)

    def _said(self, found: Attacked, place: int) -> str:
        assert self.judged is not None
        before, after = float(found.before[place]), float(found.after[place])
        if self.judged.kind == "classes":
            names = self.judged.classes
            size = numbers.figure(float(found.smallest[place]))
            return f"{names[int(before)]} becomes {names[int(after)]}, change {size}"
        if self.judged.kind == "boxes":
            return f"{numbers.count(int(before), 'object')} found, {int(after)} after a change"
        if self.judged.kind == "places":
            return f"more than half becomes wrong, change {numbers.figure(float(found.smallest[place]))}"
        many = "an error of " if self.judged.target.shape[1] != 1 else ""
        return f"{many}{numbers.figure(before)} becomes {numbers.figure(after)}"

    def _show_columns(self, found: Attacked, place: int) -> None:
        dataset = self.assessing.session.dataset
        if dataset is None:
            return
        rows = [
            (name, numbers.figure(was), numbers.figure(now), _signed(now - was))
            for field, array in found.original.items()
            for name, was, now in changes(dataset, field, array[place], found.changed[field][place])[:MOST]
        ]
        self.columns.setFont(theme.ui_font(12))
        self.columns.verticalHeader().setDefaultSectionSize(theme.scaled(24))
        self.columns.setRowCount(len(rows))
        for line_at, cells in enumerate(rows):
            for at, text in enumerate(cells):
                item = QTableWidgetItem(text)
                if at:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.columns.setItem(line_at, at, item)
        for at, wide in enumerate((230, 90, 90, 90)):
            self.columns.setColumnWidth(at, theme.scaled(wide))


def _signed(value: float) -> str:
    """A change: ``+0.0012``, ``−3.4``."""
    return f"{'+' if value > 0 else ''}{numbers.figure(value)}"


def _table() -> QTableWidget:
    """Of each column what it was and what it was changed to."""
    made = QTableWidget(0, 4)
    made.setHorizontalHeaderLabels(["column", "was", "changed to", "by"])
    made.setAccessibleName("What was changed")
    made.setShowGrid(False)
    made.setTabKeyNavigation(False)
    made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    made.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    made.horizontalHeaderItem(0).setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    made.horizontalHeader().setHighlightSections(False)
    made.verticalHeader().hide()
    made.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    return made
