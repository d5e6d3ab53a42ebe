"""Try it where the data is gone: it begins with what the data taught."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from nnstudio.data import describe_file, open_data
from nnstudio.data.fitted import Fitted
from nnstudio.data.reference import ColumnChoice
from nnstudio.data.typical import typical
from nnstudio.project.project import Project
from nnstudio.project.suggesting import suggest
from nnstudio.ui.docks.try_editors import CategoryEditor, NumberEditor
from nnstudio.ui.docks.try_panel import TYPICAL, TryPanel
from nnstudio.ui.session import Session


@pytest.fixture
def flats(tmp_path: Path) -> Path:
    """A trained project of flats and their rents."""
    random = np.random.default_rng(3)
    rows = []
    for size in random.normal(70, 20, 80):
        town = random.choice(["Bonn", "Ulm", "Ulm", "Ulm"])
        rows.append(f"{size:.1f},{town},{8 * size + (300 if town == 'Bonn' else 0):.0f}")
    (tmp_path / "flats.csv").write_text("size,town,rent\n" + "\n".join(rows) + "\n")
    asked = describe_file(tmp_path / "flats.csv")
    asked = asked.with_(fields={"rent": ColumnChoice.make({"role": "target"})})
    found = suggest(open_data(asked))
    project = Project(found.sheet, tmp_path / "flats.nnstudio")
    project.train(epochs=3)
    return project.save(tmp_path / "flats.nnstudio")


@pytest.fixture
def session(qapp):
    assert qapp is not None
    made = Session()
    yield made
    made.shut_down()


def test_the_first_row_is_what_the_data_taught_and_is_answered(session: Session, qtbot, flats: Path) -> None:
    data = Project.open(flats).dataset
    mean = float(data.columns["size"].values[data.indices("train")].mean())
    (flats.parent / "flats.csv").unlink()
    session.open(flats)
    qtbot.waitUntil(lambda: session.settled and bool(session.data_error), timeout=60_000)
    panel = TryPanel(session)
    qtbot.addWidget(panel)
    panel.resize(1000, 320)
    panel.show()
    qtbot.waitUntil(lambda: bool(panel.answers.headlines), timeout=60_000)
    assert panel.typical.isVisible()
    assert panel.typical.text() == TYPICAL
    assert panel.number.isHidden(), "there is one row alone"
    assert panel.split.isHidden()
    size = next(each for each in panel.editors if isinstance(each, NumberEditor))
    town = next(each for each in panel.editors if isinstance(each, CategoryEditor))
    assert panel.trying.value(size.column) == pytest.approx(mean)
    assert panel.trying.value(town.column) == "Ulm"
    before = dict(panel.answers.headlines)
    size.slider.setFocus()
    QTest.keyClick(size.slider, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: panel.answers.headlines != before, timeout=60_000)
    spread = float(data.columns["size"].values[data.indices("train")].std())
    assert panel.trying.value(size.column) == pytest.approx(mean + 2 * spread, rel=0.01)
    panel.hide()


@pytest.mark.parametrize("id", ["recommend", "rnn-names", "speech", "ner", "anomaly"])
def test_a_typical_row_is_prepared_as_those_of_the_data(id: str) -> None:
    data = Project.new(id).dataset
    row = typical(Fitted.from_json(data.fitted.to_json()), "gone")
    assert row is not None
    assert row.types == data.types
    for name, array in row.arrays("test").items():
        assert array.shape == (1, *data.arrays("test")[name].shape[1:])
        assert np.isfinite(array).all()


def test_a_row_that_is_cut_from_longer_ones_is_not_made_up() -> None:
    assert typical(Project.new("forecast").dataset.fitted, "gone") is None
