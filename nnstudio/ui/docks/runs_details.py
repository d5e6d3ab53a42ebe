"""What is known of the run that is chosen, or what differs between two, beside what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from nnstudio.project.compared import Row, plan_of, plan_text, plan_title
from nnstudio.train.plan import Plan
from nnstudio.ui import theme
from nnstudio.ui.docks import numbers
from nnstudio.ui.docks.live import Live
from nnstudio.ui.docks.runs_model import started_text
from nnstudio.ui.parts import column, label

if TYPE_CHECKING:
    from nnstudio.project.compared import Compared
    from nnstudio.runs import RunRecord
    from nnstudio.ui.session import Session

_STRETCH, _FIT = QHeaderView.ResizeMode.Stretch, QHeaderView.ResizeMode.ResizeToContents
SIGNS = {"added": "+ ", "removed": "− ", "changed": "~ "}
NOTHING = "Choose a run to see its plan and figures, or two to see what differs between them."


class RunDetails(Live):
    """A tree of a few sections. With two runs chosen, each row has both values; what came of them stands first."""

    pace = 100

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.title = label("", "heading")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.hint = label(NOTHING, "muted", wrap=True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName("What differs")
        self.tree.setRootIsDecorated(False)
        self.tree.setIndentation(10)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.tree.setUniformRowHeights(True)
        self.tree.setFrameShape(QTreeWidget.Shape.NoFrame)
        self.tree.header().setStretchLastSection(False)
        self.setLayout(column(self.title, self.hint, self.tree, spacing=4, margins=(12, 6, 12, 6)))
        self._asked: tuple[object, ...] | None = None
        session.runs.changed.connect(self.refresh_soon)

    def restyle(self) -> None:
        self._asked = None
        self.tree.setFont(theme.ui_font(12))

    def refresh(self) -> None:
        runs = self.session.runs
        records = [record for id in runs.chosen if (record := runs.record(id)) is not None]
        known = tuple(records)
        if known == self._asked:
            return
        self._asked = known
        self.tree.setVisible(len(records) in (1, 2))
        self.hint.setVisible(not self.tree.isVisibleTo(self))
        if len(records) == 2:
            records.sort(key=lambda record: record.started)
            self.title.setText(f"{records[0].title} and {records[1].title}")
            runs.compare(records[0].id, records[1].id, lambda found: self._show_compared(known, records, found))
        elif records:
            self.title.setText(records[0].title if len(records) == 1 else f"{len(records)} runs")
            if len(records) == 1:
                self._show_one(records[0])
        else:
            self.title.setText("")
        self.title.setVisible(bool(records))
        self.hint.setText(NOTHING if len(records) < 3 else "Choose two of them to see what differs between them.")

    def _show_compared(self, known: tuple[object, ...], records: list[RunRecord], found: Compared) -> None:
        if known != self._asked:
            return  # others were chosen meanwhile
        self._begin(["", records[0].title, records[1].title])
        self._section("What came of it", found.figures)
        self._section("Plan", found.plan, "The plans are the same")
        unknown = "The network of one of them was not kept, as older versions did not"
        self._section("Network", found.network, "The networks are the same" if found.known else unknown)
        self._section("Besides", found.rest)
        self._fit()

    def _show_one(self, record: RunRecord) -> None:
        self._begin(["", ""])
        self._section("What came of it", [*self._figures(record)])
        usual, plan = Plan.make({}).to_json(), plan_of(record).to_json()
        changed = [Row(plan_title(n), plan_text(v), "") for n, v in plan.items() if usual.get(n) != v]
        self._section("Plan", changed, "All as it usually is")
        self._section("Where", [*self._about(record)])
        self._fit()

    def _figures(self, record: RunRecord) -> Iterable[Row]:
        if record.reason:
            yield Row("why", record.reason, "")
        for split in ("validation", "training"):
            for name, value in record.figures.get(split, {}).items():
                yield Row(f"{split} {name}", numbers.figure(value), "")
        yield Row("best epoch", f"{record.best_epoch or '–'} of {record.epochs}", "")
        yield Row("steps", f"{record.steps:,}", "")

    def _about(self, record: RunRecord) -> Iterable[Row]:
        yield Row("started", started_text(record), "")
        yield Row("parameters", f"{record.parameters:,}", "")
        yield Row("samples", ", ".join(f"{count:,} {split}" for split, count in record.samples.items()), "")
        yield Row("device", record.device, "")
        if record.environment.get("torch"):
            yield Row("PyTorch", str(record.environment["torch"]), "")
        if record.parent:
            parent = self.session.runs.record(record.parent)
            name = parent.title if parent is not None else record.parent
            yield Row("forked from", f"{name} at step {record.parent_step:,}", "")
        if record.note:
            yield Row("note", record.note, "")

    # the tree

    def _begin(self, heads: list[str]) -> None:
        self.tree.clear()
        self.tree.setColumnCount(len(heads))
        self.tree.setHeaderLabels(heads)
        self.tree.setHeaderHidden(len(heads) < 3)

    def _section(self, title: str, rows: Iterable[Row], otherwise: str = "") -> None:
        tokens = theme.current()
        rows = list(rows)
        if not rows and not otherwise:
            return
        head = QTreeWidgetItem([title])
        head.setFont(0, theme.ui_font(11, 600))
        head.setForeground(0, QColor(tokens.muted))
        head.setFlags(Qt.ItemFlag.ItemIsEnabled)
        self.tree.addTopLevelItem(head)
        colors = {"added": tokens.good, "removed": tokens.problem, "changed": tokens.validation}
        for row in rows or [Row(otherwise, "", "")]:
            item = QTreeWidgetItem([SIGNS.get(row.kind, "") + row.what, row.before, row.after])
            for place in range(3):
                item.setToolTip(place, f"{row.what}: {row.before}{f' → {row.after}' if row.after else ''}")
            if row.kind:
                item.setForeground(0, QColor(colors[row.kind]))
            if not rows:
                item.setForeground(0, QColor(tokens.muted))
            head.addChild(item)
            if not rows:
                item.setFirstColumnSpanned(True)
        head.setFirstColumnSpanned(True)
        head.setExpanded(True)

    def _fit(self) -> None:
        head, count = self.tree.header(), self.tree.columnCount()
        stretched = 0 if count > 2 else count - 1
        for place in range(count):
            head.setSectionResizeMode(place, _STRETCH if place == stretched else _FIT)
