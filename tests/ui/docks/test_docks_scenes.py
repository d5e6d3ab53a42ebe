"""Boxes and masks over pictures in the data panel and in answers; broken pictures that are found in the background."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QColor, QImage

from nnstudio.data import DataReference, describe_file, pictures
from nnstudio.data.columns import Column, Source
from nnstudio.data.dataset import Dataset
from nnstudio.data.objects import packed
from nnstudio.ui.docks.data import DataPanel
from nnstudio.ui.docks.data_pictures import PicturesView
from nnstudio.ui.docks.rows import color_apart
from nnstudio.ui.docks.try_answers import AnswersView


def scenes(kind: str) -> Dataset:
    """Black pictures in which a quarter is marked."""
    boxes = packed([[(0.25, 0.25, 0.5, 0.5, 1.0)]] * 6)
    mask = np.zeros((6, 16, 16), np.uint8)
    mask[:, :8, :8] = 2
    marked = {
        "boxes": Column("boxes", "boxes", boxes, ("cat", "dog"), role="target"),
        "mask": Column("mask", "mask", mask, ("none", "cat", "dog"), role="target"),
    }[kind]
    columns = {"image": Column("image", "image", np.zeros((6, 1, 16, 16), np.uint8), divisor=255.0), kind: marked}
    rows = {name: column.values for name, column in columns.items()}
    return Dataset(DataReference("file:scenes"), Source(columns, 6, False, rows), "scenes")


def shown(widget: Any, qtbot: Any) -> QImage:
    qtbot.addWidget(widget)
    widget.resize(500, 300)
    widget.show()
    qtbot.waitExposed(widget)
    return widget.grab().toImage()


def share_of(image: QImage, color: QColor, off: int = 40) -> float:
    points = [image.pixelColor(x, y) for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)]
    near = [abs(p.red() - color.red()) + abs(p.green() - color.green()) + abs(p.blue() - color.blue()) for p in points]
    return sum(each < off for each in near) / len(near)


@pytest.mark.parametrize(("kind", "strength", "least"), [("boxes", 1.0, 0.002), ("mask", 130 / 255, 0.02)])
def test_what_is_marked_lies_over_the_pictures_of_the_data(
    kind: str, strength: float, least: float, qtbot: Any
) -> None:
    view = PicturesView()
    view.show_dataset(scenes(kind))
    color = QColor(color_apart(1))
    dimmed = QColor(*(round(part * strength) for part in (color.red(), color.green(), color.blue())))
    assert share_of(shown(view, qtbot), dimmed) > least


def test_an_answer_of_boxes_is_drawn_in_the_picture_and_counted(qtbot: Any) -> None:
    view = AnswersView()
    view.classes = ("cat", "dog")
    box = {"class": "dog", "x": 0.5, "y": 0.5, "width": 0.5, "height": 0.5, "score": 0.9}
    view.show_answers({"found": {"boxes": [box, box]}})
    image = shown(view, qtbot)
    assert view.headlines["found"] == "2 objects"
    assert share_of(image, QColor(color_apart(1))) > 0.002


def test_an_answer_of_areas_is_drawn(qtbot: Any) -> None:
    view = AnswersView()
    view.show_answers({"tissue": {"mask": [[0, 1], [1, 1]]}})
    color = QColor(color_apart(0))
    dimmed = QColor(*(round(part * 130 / 255) for part in (color.red(), color.green(), color.blue())))
    assert share_of(shown(view, qtbot), dimmed) > 0.1


def test_the_colours_of_areas_are_told_with_how_much_they_cover(qtbot: Any) -> None:
    view, data = AnswersView(), scenes("mask")
    view.dataset, view.units = data, {"tissue": "mask"}
    mask = np.zeros((10, 10), np.int64)
    mask[:3], mask[3:4, :5] = 2, 1
    view.show_answers({"tissue": {"mask": mask.tolist()}})
    image = shown(view, qtbot)
    legend = view._parts["tissue"]["areas"]
    assert [text for _, text in legend.rows] == ["dog 30 %", "cat 5 %"]
    assert legend.isVisible()
    assert share_of(image.copy(legend.geometry()), QColor(color_apart(1))) > 0.001


def test_broken_pictures_of_a_large_folder_are_told_in_the_panel(qtbot, session, show, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(pictures, "TRIED", 3)
    for place in range(8):
        path = tmp_path / "ab"[place % 2] / f"{place}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("L", (8, 8), place).save(path)
    path.write_bytes(b"no picture")
    monkeypatch.setattr(session, "_load_data", lambda again=False: session.data_loading.load(again=again))
    panel = DataPanel(session)
    show(panel, 900, 300)
    session.do("Choose data", data=describe_file(tmp_path))
    qtbot.waitUntil(lambda: "1 picture cannot be read" in panel.title.toolTip(), timeout=20000)
