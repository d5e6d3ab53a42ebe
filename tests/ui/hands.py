"""A person at the canvas, for the tests of the window: real mouse and key events on what is seen."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nnstudio.compile.resolve import resolve
from nnstudio.graph import Network
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import TensorType
from nnstudio.project.sheet import Sheet
from nnstudio.ui.canvas import CanvasView
from nnstudio.ui.layer_list import LAYER_MIME
from nnstudio.ui.session import Session

FIELDS = {
    "features": TensorType.of("N F", "N", 4),
    "label": TensorType.of("N", "N", dtype="int64", classes=3),
}
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
SHIFT, CTRL, ALT = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
)


def small_network() -> Network:
    net = NetworkBuilder()
    features, label = net.add("Input", field="features"), net.add("Input", field="label")
    hidden = net.add("Linear", features, name="hidden")
    active = net.add("ReLU", hidden, name="active")
    scores = net.add("Linear", active, out_features=3, name="scores")
    net.add("CrossEntropyLoss", scores, label, name="loss")
    return net.network


class Hands:
    """A person at the canvas: looks nodes up by name and works with mouse and keyboard."""

    def __init__(self, session: Session, view: CanvasView) -> None:
        self.session, self.view = session, view

    def show(self, network: Network) -> None:
        self.session.replace_sheet(Sheet(network=network))
        self.resolve()

    def resolve(self) -> None:
        self.session._take_resolution(resolve(self.session.network, FIELDS))

    def id(self, name: str) -> str:
        return self.session.network.named(name).id

    def names(self) -> set[str]:
        return set(self.session.network.by_name)

    def wires(self) -> set[tuple[str, str, str]]:
        nodes = self.session.network.nodes
        return {(nodes[w.source].name, nodes[w.target].name, w.input) for w in self.session.network.wires}

    def selected(self) -> set[str]:
        return {self.session.network.nodes[id].name for id in self.session.selection}

    def place(self, name: str) -> tuple[float, float]:
        return self.view.canvas.places[self.id(name)]

    def at(self, name: str, side: str = "", port: str = "") -> QPoint:
        scene = self.view.canvas
        spot = scene.port_at(self.id(name), side, port) if side else scene.items_by_id[self.id(name)].pos()
        return self.view.mapFromScene(spot)

    def press(self, at: QPoint, keys: Qt.KeyboardModifier = NONE, button: Qt.MouseButton = LEFT) -> None:
        QTest.mousePress(self.view.viewport(), button, keys, at)

    def move(self, at: QPoint) -> None:
        QTest.mouseMove(self.view.viewport(), at)
        QApplication.processEvents()

    def release(self, at: QPoint, keys: Qt.KeyboardModifier = NONE, button: Qt.MouseButton = LEFT) -> None:
        QTest.mouseRelease(self.view.viewport(), button, keys, at)

    def drag(self, start: QPoint, end: QPoint, keys: Qt.KeyboardModifier = NONE) -> None:
        self.press(start, keys)
        for share in (0.2, 0.6, 1.0):
            self.move(start + QPoint(round((end - start).x() * share), round((end - start).y() * share)))
        self.release(end, keys)

    def click(self, at: QPoint, keys: Qt.KeyboardModifier = NONE) -> None:
        QTest.mouseClick(self.view.viewport(), LEFT, keys, at)

    def double_click(self, at: QPoint) -> None:
        QTest.mouseDClick(self.view.viewport(), LEFT, NONE, at)

    def key(self, key: Qt.Key, keys: Qt.KeyboardModifier = NONE) -> None:
        QTest.keyClick(self.view, key, keys)

    def type(self, text: str, end: Qt.Key = Qt.Key.Key_Return, keys: Qt.KeyboardModifier = NONE) -> None:
        QTest.keyClicks(self.view.quick_add_box.field, text)
        QTest.keyClick(self.view.quick_add_box.field, end, keys)

    def void(self) -> QPoint:
        """A point where nothing is."""
        area = self.view.viewport().rect()
        for y in range(20, area.height(), 30):
            for x in range(20, area.width() - 180, 30):
                hit = self.view.hit(QPoint(x, y))
                if not hit.node and hit.wire is None:
                    return QPoint(x, y)
        raise AssertionError("no free place")

    def drop(self, type_name: str, at: QPoint) -> None:
        data = QMimeData()
        data.setData(LAYER_MIME, QByteArray(type_name.encode()))
        copy = Qt.DropAction.CopyAction
        for event in (QDragEnterEvent(at, copy, data, LEFT, NONE), QDropEvent(QPointF(at), copy, data, LEFT, NONE)):
            QApplication.sendEvent(self.view.viewport(), event)
