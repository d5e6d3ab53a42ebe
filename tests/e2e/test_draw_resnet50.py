"""ResNet-50 drawn by keyboard alone, its two kinds of block too, and by mouse from these: as large as published."""

from __future__ import annotations

from collections.abc import Callable

from person import Person
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QWidget
from pytestqt.qtbot import QtBot

from nnstudio.graph import Network
from nnstudio.graph.blocks import define_block
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.graph.parameters import set_expression
from nnstudio.layers.blocks import Block
from nnstudio.project.sheet import Sheet
from nnstudio.ui.window import MainWindow

Key, Keys = Qt.Key, Qt.KeyboardModifier
NONE, SHIFT, CTRL, ALT = Keys.NoModifier, Keys.ShiftModifier, Keys.ControlModifier, Keys.AltModifier
PUBLISHED = 25_557_032  # torchvision.models.resnet50; He et al., "Deep Residual Learning for Image Recognition" (2015)

STEM = "input shape=3x224x224 > conv 64 k7 s2 p3 no bias > bn > relu > max pool 3 s2 p1"
PATH = (
    "conv 64 k1 p0 no bias > bn > relu > conv 64 k3 p1 no bias > bn > relu > conv 256 k1 p0 no bias > bn > add > relu"
)
STAGES = (
    "down width=64 > same width=64 x2 > down width=128 stride=2 > same width=128 x3 > "
    "down width=256 stride=2 > same width=256 x5 > down width=512 stride=2 > same width=512 x2 > "
    "adaptive avg pool 2d 1 > flatten > linear 1000 > output"
)


class Typist:
    """Someone who has no mouse. Keys go to whatever has the focus."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.window, self.qtbot, self.session = window, qtbot, window.session

    def target(self) -> QWidget:
        popup = QApplication.activePopupWidget()
        return (popup.focusWidget() or popup) if popup is not None else QApplication.focusWidget() or self.window

    def press(self, key: Qt.Key, keys: Qt.KeyboardModifier = NONE, times: int = 1) -> None:
        for _ in range(times):
            QTest.keyClick(self.target(), key, keys)
            QApplication.processEvents()

    def type(self, text: str) -> None:
        QTest.keyClicks(self.target(), text)
        self.press(Key.Key_Return)

    def wait(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition, timeout=60_000)

    def add(self, text: str) -> None:
        self.press(Key.Key_Tab)
        self.type(text)

    def go_to(self, name: str) -> None:
        self.press(Key.Key_F, CTRL)
        self.type(name)
        self.press(Key.Key_1, ALT)  # the canvas
        assert self.selected() == {name}

    def selected(self) -> set[str]:
        return {self.session.network.nodes[id].name for id in self.session.selection}

    def connect_to(self, name: str) -> None:
        self.press(Key.Key_W)
        self.type(name)

    def expose(self, parameter: str, name: str) -> None:
        """Under a name, new or known."""
        known = name in self.session.network.parameters
        self.press(Key.Key_E, CTRL | SHIFT)
        self.type(f"{parameter} as {name}" if known else f"{parameter} under")
        if not known:
            self.press(Key.Key_A, CTRL)
            self.type(name)

    def make_block(self, name: str, first: str) -> None:
        """Of a layer and all that follows it in the outline."""
        self.go_to(first)
        self.press(Key.Key_2, ALT)
        self.press(Key.Key_End, SHIFT)
        self.press(Key.Key_1, ALT)
        self.press(Key.Key_G, CTRL)
        self.press(Key.Key_A, CTRL)
        self.type(name)
        self.press(Key.Key_1, ALT)
        assert name in self.session.sheet.network.blocks

    def set_first(self, name: str, text: str) -> None:
        """Type into the first field of a layer's form."""
        self.go_to(name)
        self.press(Key.Key_Return)
        self.press(Key.Key_A, CTRL)
        self.type(text)
        self.press(Key.Key_1, ALT)


def convolutions(person: Typist) -> list[str]:
    """Names of those that are open, in the order in which they were drawn."""
    nodes = person.session.network.nodes.values()
    return [node.name for node in nodes if node.layer.type_name() == "Conv2d"]


def set_inside(person: Typist, *, projection: bool) -> None:
    """Expose width, and stride where there is a projection, on the block that is selected."""
    person.press(Key.Key_Return)  # opens it
    person.press(Key.Key_1, ALT)
    narrow, middle, wide, *skip = convolutions(person)
    person.go_to(narrow)
    person.expose("out_channels", "width")
    person.go_to(middle)
    person.expose("out_channels", "width")
    if projection:
        person.expose("stride", "stride")
        person.go_to(skip[0])
        person.expose("stride", "stride")
    for name in (wide, *skip):
        person.set_first(name, "4*width")
    person.press(Key.Key_Escape, times=2)  # nothing selected, then out of the block
    assert not person.session.scope.block


def test_resnet_50_is_drawn_by_keyboard_alone(window: MainWindow, qtbot: QtBot) -> None:
    person = Typist(window, qtbot)
    window.activateWindow()
    person.wait(window.isActiveWindow)
    person.press(Key.Key_N, CTRL)
    person.wait(lambda: window.in_workspace)
    person.press(Key.Key_1, ALT)
    person.add(STEM)
    pool = next(iter(person.selected()))

    person.add(PATH)  # the block with a projection on its skip wire
    first = convolutions(person)[1]
    join = next(n.name for n in person.session.network.nodes.values() if n.layer.type_name() == "Add")
    person.go_to(pool)
    person.add("conv 256 k1 p0 no bias > bn")
    person.connect_to(join)
    person.make_block("down", first)
    set_inside(person, projection=True)

    person.press(Key.Key_Escape)
    person.go_to(pool)
    person.add(PATH)  # the block whose skip wire is the identity
    person.go_to(pool)
    join = next(n.name for n in person.session.network.nodes.values() if n.layer.type_name() == "Add")
    first = next(name for name in convolutions(person)[1:])
    person.connect_to(join)
    person.make_block("same", first)
    set_inside(person, projection=False)

    nodes = person.session.network.nodes.values()
    for name in [node.name for node in nodes if isinstance(node.layer, Block)]:  # drawn in passing; now all are typed
        person.go_to(name)
        person.press(Key.Key_Delete)
    person.go_to(pool)
    person.add(STAGES)
    person.wait(lambda: person.session.settled)

    blocks = [node.layer for node in person.session.network.nodes.values() if isinstance(node.layer, Block)]
    assert sum(block.repeat for block in blocks) == 16
    person.wait(lambda: person.session.resolution is not None and person.session.resolution.parameters == PUBLISHED)
    assert not [p for p in person.session.resolution.errors if p.severity == "error" and p.port]


def bottleneck(*, projection: bool) -> Network:
    """The block's definition, as somebody has it who has drawn it before."""
    net = NetworkBuilder()
    start = net.add("BlockInput", name="input")
    x, plain = start, {"bias": False}
    for place, (kernel, padding) in enumerate(((1, 0), (3, 1), (1, 0)), 1):
        x = net.add("Conv2d", x, name=f"conv{place}", kernel_size=kernel, padding=padding, **plain)
        x = net.add("BatchNorm2d", x, name=f"bn{place}")
        x = net.add("ReLU", x, name=f"relu{place}") if place < 3 else x
    skip = start
    if projection:
        skip = net.add("Conv2d", start, name="projection", kernel_size=1, padding=0, **plain)
        skip = net.add("BatchNorm2d", skip, name="norm")
    net.add("BlockOutput", net.add("ReLU", net.add("Add", x, skip, name="join"), name="relu3"), name="output")
    made = Network(net.network.nodes, net.network.wires, parameters={"width": 64, "stride": 1})
    widths = {"conv1": "width", "conv2": "width", "conv3": "4*width", "projection": "4*width"}
    for name in widths.keys() & made.by_name.keys():
        made = set_expression(made.named(name).id, "out_channels", widths[name])(made)
    for name in ("conv2", "projection") if projection else ():
        made = set_expression(made.named(name).id, "stride", "stride")(made)
    return made


#: What is dragged out of the palette, in order, and what is typed into its fields.
DRAWN = (
    ("Input", {"shape": "3, 224, 224"}),
    ("Conv2d", {"out_channels": "64", "kernel_size": "7", "stride": "2", "padding": "3"}),
    ("BatchNorm2d", {}), ("ReLU", {}), ("MaxPool2d", {"kernel_size": "3", "stride": "2", "padding": "1"}),
    ("down", {}), ("same", {"repeat": "2"}),
    ("down", {"width": "128", "stride": "2"}), ("same", {"width": "128", "repeat": "3"}),
    ("down", {"width": "256", "stride": "2"}), ("same", {"width": "256", "repeat": "5"}),
    ("down", {"width": "512", "stride": "2"}), ("same", {"width": "512", "repeat": "2"}),
    ("AdaptiveAvgPool2d", {}), ("Flatten", {}), ("Linear", {"out_features": "1000"}), ("Output", {}),
)  # fmt: skip


def test_resnet_50_is_drawn_by_mouse_from_blocks(window: MainWindow, qtbot: QtBot) -> None:
    person = Person(window, qtbot)
    network = Network()
    for name, projection in (("down", True), ("same", False)):
        network = define_block(name, bottleneck(projection=projection))(network)
    window.resize(1600, 1000)
    window.session.new(Sheet(network=network))
    window.show_workspace()
    window.actions_table.trigger("show_panels")
    QApplication.processEvents()
    for type_name, values in DRAWN:  # each is wired behind the one before, which is still selected
        name = person.add(type_name)
        for field, text in values.items():
            person.type_into(name, field, text)
        if type_name == "Conv2d":
            person.click(person.seen("field_bias").findChild(QCheckBox) or person.seen("field_bias"))
    blocks = [node.layer for node in person.session.network.nodes.values() if isinstance(node.layer, Block)]
    assert sum(block.repeat for block in blocks) == 16
    person.wait(lambda: person.session.resolution is not None and person.session.resolution.parameters == PUBLISHED)
    assert len(person.session.network.wires) == len(DRAWN) - 1
    assert person.effort.seconds < 180, f"{person.effort.seconds:.0f} s by the keystroke-level model"
    canvas = window.workspace.canvas
    boxes = [canvas.canvas.content_rect([id]) for id in person.session.network.nodes]
    assert not any(a.intersects(b) for place, a in enumerate(boxes) for b in boxes[:place])
