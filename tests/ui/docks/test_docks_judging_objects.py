"""Evaluate, for networks that find objects and for those that cannot be attacked."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtTest import QTest

from nnstudio.data.columns import Column, Source
from nnstudio.data.dataset import Dataset
from nnstudio.data.reference import DataReference, Split
from nnstudio.project.judging.judge import Judged
from nnstudio.project.judging.subjects import NOWHERE, Subject
from nnstudio.ui.docks.judging import attacking
from nnstudio.ui.docks.judging.attacking import AttackPage
from nnstudio.ui.docks.judging.objects import ObjectsPage

ROWS = 6


@pytest.fixture
def scenes() -> SimpleNamespace:
    """Six pictures with one object each, of which the network finds those with even numbers."""
    true = np.zeros((ROWS, 1, 5), np.float32)
    true[:, 0] = [[0.5, 0.5, 0.4, 0.4, row % 3] for row in range(ROWS)]
    said = np.concatenate([true, np.full((ROWS, 1, 1), 0.9, np.float32)], axis=2)
    said[1::2, 0, :2] = 0.1
    columns = {
        "image": Column("image", "image", np.zeros((ROWS, 1, 16, 16), np.float32)),
        "boxes": Column("boxes", "boxes", true, ("cat", "dog", "cow"), role="target"),
    }
    source = Source(columns, ROWS, False, {name: column.values for name, column in columns.items()})
    split = Split.make({"train": 1.0, "validation": 0.0, "test": 0.0})
    dataset = Dataset(DataReference(source="shipped:none", split=split), source, "scenes")
    subject = Subject("found", "boxes", "none", "o", "m", NOWHERE, NOWHERE, "boxes", ("cat", "dog", "cow"))
    none, losses = np.zeros(0), np.arange(ROWS, dtype=np.float64)
    judged = Judged(subject, "train", np.arange(ROWS), losses, true, said, np.zeros((ROWS, 0)), none, none)
    return SimpleNamespace(dataset=dataset, judged=judged)


class Assessed(QObject):
    changed = Signal()

    def __init__(self, scenes, judge=None) -> None:
        super().__init__()
        self.session, self.judge, self.judged = SimpleNamespace(dataset=scenes.dataset), judge, scenes.judged

    def do(self, _name, _title, work, done) -> None:
        done(work(self.judge, lambda _: None))


def test_a_click_on_a_class_shows_where_its_objects_are_missed_the_worst_first(show, scenes):
    page = ObjectsPage(Assessed(scenes))
    show(page, 1100, 300)
    page.show_judged(scenes.judged)
    assert [page.classes.text(1, at) for at in range(5)] == ["dog", "2", "1", "1", "1"]
    assert page.samples.places == [5, 3, 1]
    at = page.classes.visualRect(page.classes.model().index(1, 0)).center()
    QTest.mouseClick(page.classes.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert page.samples.places == [1]
    assert page.samples.title.text() == "dog: missed or made up"
    assert page.samples.grid.label(0) == "0 found, 1 made up"
    rows = []
    page.explained.connect(rows.append)
    QTest.mouseClick(page.samples.grid, Qt.MouseButton.LeftButton, pos=page.samples.at(0))
    assert rows == [1]


def test_a_network_that_cannot_be_attacked_says_why_in_place_of_the_button(show, scenes, monkeypatch):
    monkeypatch.setattr(attacking, "why_not_attacked", lambda *_: "It takes tokens alone.")
    page = AttackPage(Assessed(scenes, judge=object()))
    show(page, 900, 300)
    page.show_judged(scenes.judged)
    assert page.empty.title.text() == "It cannot be attacked"
    assert page.empty.sentence.text() == "It takes tokens alone."
    assert page.empty.button.isHidden()
    monkeypatch.setattr(attacking, "why_not_attacked", lambda *_: "")
    page.draw()
    assert not page.empty.button.isHidden()
