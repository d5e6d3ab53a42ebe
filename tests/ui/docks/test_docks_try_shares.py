"""Shares beside an answer: of classes, of labels, of the areas of a mask."""

from __future__ import annotations

import numpy as np

from nnstudio.ui.docks.scene_marks import AreasLegend
from nnstudio.ui.docks.try_answers import AnswersView, ClassBars, more_of


def test_each_label_is_told_with_a_probability_of_its_own(show):
    view = AnswersView()
    show(view, 500, 200)
    shares = {"red": 0.9, "round": 0.004, "large": 0.8}
    view.show_answers({"mark": {"labels": ["red", "large"], "probabilities": shares, "right": "red"}})
    assert view.headlines == {"mark": "red, large"}
    bars = view.findChild(ClassBars)
    assert dict(zip(dict(bars.rows), bars.told, strict=True)) == {"red": "90 %", "large": "80 %", "round": "0.4 %"}
    view.show_answers({"mark": {"labels": [], "probabilities": dict.fromkeys(shares, 0.1)}})
    assert view.headlines == {"mark": "None of them"}


def test_the_bars_of_classes_add_up_as_they_are_told(show):
    bars = ClassBars()
    show(bars, 300, 60)
    bars.show_shares({"yes": 0.996, "no": 0.004})
    assert bars.told == ["99.6 %", "0.4 %"]


def test_areas_that_no_class_is_named_for_are_numbers_of_objects(qtbot):
    legend = AreasLegend()
    qtbot.addWidget(legend)
    legend.show_areas(np.array([[0, 1], [2, 2]]), ("background", "digit"))
    assert [text for _, text in legend.rows] == ["object 2 50 %", "object 1 25 %"]
    legend.show_areas(np.array([[0, 1], [1, 1]]), ("background", "digit"))
    assert [text for _, text in legend.rows] == ["digit 75 %"]


def test_what_is_in_the_data_has_the_unit_of_the_answer() -> None:
    assert more_of({"value": 118_247.0, "unit": "€", "right": "113,278"}) == "in the data: 113,278 €"
    assert more_of({"class": "paid", "right": "paid"}) == "in the data: paid"
