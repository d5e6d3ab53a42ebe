"""How fast the canvas is with 10,000 nodes, and beside NodeGraphQt with 1,000 in the same run (issue 3, "Figures").

Run: python tests/benchmarks/canvas.py [--nodes 10000] [--peer FOLDER]

Prints a table and one JSON object a line. Medians; a machine is noisy, so trust the ratios. Frames are painted anew,
not copied from the picture that the canvas keeps, except where a row says so.

NodeGraphQt is no dependency. ``pip install --target FOLDER NodeGraphQt==0.6.44`` brings it (it does not import on
Python 3.12, which lacks distutils); without it its column is left out. Its check for cycles visits every path, which is
exponential in residual blocks, and its search for a free name reads all names for each node: both are switched off
here (``set_acyclic(False)``, and ``get_unique_name`` returns what it is given), so that only drawing is compared.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QPoint, QPointF
from PySide6.QtWidgets import QApplication, QWidget

from nnstudio.graph import Network, Node, View, Wire, edits
from nnstudio.layers import load
from nnstudio.project.sheet import Sheet

SIZE = (1600, 900)
#: The figures to beat (issue 3): milliseconds, megabytes; and how many times as fast as the peer.
LIMITS = {
    "load": 200, "frame, whole network": 16, "pan at 1:1": 6, "zoom step": 8, "zoom step, scaled picture": 2.5,
    "move 100 nodes, zoomed in": 8, "memory": 30, "edit": 16, "edit, whole window": 16,
}  # fmt: skip
RATIOS = {"load": 100.0}
FRAMES = 4.0
#: So many networks are loaded, each into a canvas of its own.
LOADS = 5
CLOCK = [time.perf_counter]
PEERS = ("load", "frame, whole network", "pan at 1:1", "zoom step", "move 100 nodes, zoomed in")


def sheet(count: int) -> Sheet:
    """A chain of small layers in rows with a skip at every fifth: six wires for five nodes, all with a place."""
    kinds = [load()[name].make({}) for name in ("Linear", "BatchNorm1d", "ReLU", "Linear", "Add")]
    nodes = {str(i): Node(str(i), f"n{i}", kinds[i % 5]) for i in range(count)}
    wires = []
    for i in range(1, count):
        wires.append(Wire(str(i - 1), "output", str(i), next(iter(kinds[i % 5].inputs))))
        if i % 5 == 4 and i > 5:
            wires.append(Wire(str(i - 5), "output", str(i), next(iter(kinds[4].inputs))))
    across = max(round((count * SIZE[0] / SIZE[1] * 144 / 264) ** 0.5), 1)
    places = {str(i): (264.0 * (i % across), 144.0 * (i // across)) for i in range(count)}
    return Sheet(Network(nodes, tuple(wires)), View(places))


def took(action: Callable[[], object], times: int = 1) -> float:
    """The median time of an action in milliseconds."""
    measured = []
    for _ in range(times):
        start = CLOCK[0]()
        action()
        measured.append(1000 * (CLOCK[0]() - start))
    return statistics.median(measured)


def resident() -> float:
    """Megabytes of memory that this process holds, without what is only kept for later; 0 where nobody says."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6 if statm.exists() else 0.0


def ours(app: QApplication, shown: Sheet) -> dict[str, float]:
    """Our canvas alone."""
    from nnstudio.ui.canvas import CanvasView
    from nnstudio.ui.session import Session

    first = CanvasView(Session(asleep=True))  # fonts and icons are loaded once in a program's life
    first.session.replace_sheet(sheet(10))
    first.resize(*SIZE)
    first.grab()
    before = resident()
    session, view, load = loaded(app, shown)
    figures = {"load": load}  # the first; see load_of_ours
    paint = view.viewport().repaint

    def anew() -> None:
        view.redraw()
        paint()

    figures["frame, whole network"] = took(anew, 15)
    figures["frame, whole network, copied"] = took(paint, 15)
    middle = view.canvas.content_rect().center()
    steps = iter([1.15, 1 / 1.15] * 30)

    def zoom() -> None:
        view.zoom_to(view.scale_now() * next(steps))
        paint()

    def scaled() -> None:
        view.zoom_by(next(steps))
        paint()

    view.zoom_to(view.scale_now() * 3)
    view.center_on(middle)
    figures["zoom step"] = took(zoom, 16)
    view.quick = 0.0  # as if painting took long
    figures["zoom step, scaled picture"] = took(scaled, 16)
    view.zoom_to(1.0)
    view.center_on(middle)
    anew()
    figures["frame at 1:1"] = took(anew, 15)
    figures["pan at 1:1"] = took(lambda: (view.pan(-9, -5), paint()), 40)
    seen = sorted(view.canvas.inside(view.seen().adjusted(-800, -400, 800, 400)), key=int)[:100]
    at, shift = view.canvas.places, [0.0]

    def move() -> None:
        shift[0] += 8
        view.canvas.show_at({id: (at[id][0] + shift[0], at[id][1]) for id in seen})
        paint()

    move()
    figures["move 100 nodes, zoomed in"] = took(move, 20)
    view.canvas.settle()
    paint()
    figures["memory"] = resident() - before
    widths = iter(range(33, 200))
    target = next(id for id in seen if shown.network.nodes[id].layer.type_name() == "Linear")

    def edit() -> None:
        session.do("Set", edits.set_params(target, out_features=next(widths)))
        app.processEvents()

    figures["edit"] = took(edit, 15)
    figures["move, undoable"] = took(
        lambda: (view.editor.move({target: (0.0, float(next(widths)))}), app.processEvents()), 15
    )
    figures["undo"] = took(lambda: (session.undo(), app.processEvents()), 15)
    figures["add a layer"] = took(lambda: (view.add_layer("ReLU"), app.processEvents()), 7)
    figures["select all"] = took(lambda: (view.select_all(), app.processEvents()))
    for each in (view, first):
        each.session.shut_down()
        gone(app, each)
    return figures


def load_of_ours(app: QApplication, shown: Sheet) -> float:
    """The median of several loads."""
    loads = []
    for _ in range(LOADS):
        session, view, load = loaded(app, shown)
        loads.append(load)
        session.shut_down()
        gone(app, view)
    return statistics.median(loads)


def loaded(app: QApplication, shown: Sheet) -> tuple[Any, Any, float]:
    """A session, its canvas with this network, and the milliseconds until that was painted."""
    from nnstudio.ui.canvas import CanvasView
    from nnstudio.ui.session import Session

    session = Session(asleep=True)
    view = CanvasView(session)
    view.resize(*SIZE)
    view.show()
    app.processEvents()
    return session, view, took(lambda: (session.replace_sheet(shown), app.processEvents()))


def gone(app: QApplication, widget: QWidget) -> None:
    """Have a widget and what belongs to it go, so that nothing of it goes on working in the background."""
    widget.close()
    widget.deleteLater()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    app.processEvents()
    gc.collect()


def whole_window(app: QApplication, shown: Sheet) -> float:
    """An edit with everything in the window listening, in its thread; what works in the background sleeps."""
    import tempfile

    from nnstudio.ui.window import MainWindow

    with tempfile.TemporaryDirectory() as folder:
        os.environ["NNSTUDIO_CONFIG_DIR"] = folder
        window = MainWindow()
        window.resize(*SIZE)
        window.session.replace_sheet(shown)
        window.show_workspace()
        window.show()
        app.processEvents()
        target = next(id for id, node in shown.network.nodes.items() if node.layer.type_name() == "Linear")
        window.session.select([target])
        widths = iter(range(33, 200))

        def edit() -> None:
            window.session.do("Set", edits.set_params(target, out_features=next(widths)))
            app.processEvents()

        edit()
        figure = took(edit, 15)
        window.session.journaling.journal.clear()
        window.session.files.discard()
        gone(app, window)
    return figure


def peer(app: QApplication, shown: Sheet) -> dict[str, float]:
    """NodeGraphQt with the same nodes, wires and places."""
    import NodeGraphQt

    class Box(NodeGraphQt.BaseNode):  # type: ignore[misc, name-defined]
        __identifier__ = "bench"
        NODE_NAME = "Box"

        def __init__(self) -> None:
            super().__init__()
            self.add_input("input", multi_input=True)
            self.add_output("output")

    def fresh() -> Any:
        graph: Any = NodeGraphQt.NodeGraph()
        graph.register_node(Box)
        graph.set_acyclic(False)
        graph.get_unique_name = lambda name: name
        graph.widget.resize(*SIZE)
        graph.widget.show()
        app.processEvents()
        return graph

    graph: Any = None
    nodes: dict[str, Any] = {}

    def fill() -> None:
        for id, node in shown.network.nodes.items():
            made = nodes[id] = graph.create_node("bench.Box", name=node.name, pos=shown.view.positions[id],
                                                 selected=False, push_undo=False)  # fmt: skip
            assert made is not None
        for wire in shown.network.wires:
            nodes[wire.source].output(0).connect_to(nodes[wire.target].input(0), push_undo=False)
        app.processEvents()

    loads = []
    for _ in range(LOADS):
        if graph is not None:
            gone(app, graph.widget)
        graph, nodes = fresh(), {}
        loads.append(took(fill))
    figures, viewer = {"load": statistics.median(loads)}, graph.viewer()
    paint = viewer.viewport().repaint
    graph.fit_to_selection() if hasattr(graph, "fit_to_selection") else None
    viewer.zoom_to_nodes([node.view for node in nodes.values()])
    app.processEvents()
    figures["frame, whole network"] = took(paint, 5)
    steps = iter([0.15, -0.15] * 30)
    figures["zoom step"] = took(lambda: (viewer._set_viewer_zoom(next(steps), pos=QPoint(800, 450)), paint()), 6)
    viewer.reset_zoom(cent=QPointF(*shown.view.positions[str(len(nodes) // 2)]))
    app.processEvents()
    figures["pan at 1:1"] = took(lambda: (viewer._set_viewer_pan(-9, -5), paint()), 20)
    some, shift = [nodes[id] for id in list(nodes)[len(nodes) // 2 : len(nodes) // 2 + 100]], [0.0]

    def move() -> None:
        shift[0] += 8
        for node in some:
            node.view.setPos(node.view.x() + 8, node.view.y())
        paint()

    figures["move 100 nodes, zoomed in"] = took(move, 10)
    return figures


def table(mine: dict[str, float], small: dict[str, float], other: dict[str, float], nodes: int) -> None:
    """Print all figures as a table and as JSON."""
    head = f"{'':<32}{nodes:>9,}{'limit':>8}{'':>4}{'1,000':>9}{'NodeGraphQt':>13}{'times':>9}"
    print(head)
    for name, figure in mine.items():
        limit, unit = LIMITS.get(name), "MB" if name == "memory" else "ms"
        row: dict[str, Any] = {"benchmark": "canvas", "row": name, "nodes": nodes, unit: round(figure, 2)}
        line = f"{name:<32}{figure:>9.1f}" + (f"{limit:>8g}{'' if figure <= limit else ' !':<4}" if limit else " " * 12)
        if name in small:
            line += f"{small[name]:>9.2f}"
            row["ms at 1,000"] = round(small[name], 2)
        if name in other:
            times, wanted = other[name] / max(small[name], 1e-9), RATIOS.get(name, FRAMES)
            line += f"{other[name]:>13.1f}{times:>8.0f}×{'' if times >= wanted else ' !'}"
            row |= {"peer ms at 1,000": round(other[name], 2), "times": round(times, 1), "times wanted": wanted}
        if limit:
            row |= {"limit": limit, "met": figure <= limit}
        print(line)
        print(json.dumps(row), file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--peer", type=Path, help="the folder in which NodeGraphQt was installed")
    parser.add_argument("--processor", action="store_true", help="count this thread's time on the processor, where "
                        "others keep the machine busy")  # fmt: skip
    asked = parser.parse_args()
    if asked.processor:
        CLOCK[0] = time.thread_time
    from nnstudio.ui import theme

    app = QApplication([])
    gc.disable()  # as in the program, which collects when nothing else is to be done
    theme.set_theme("dark")
    if asked.peer is not None:
        sys.path.append(str(asked.peer))
    small = sheet(1000)
    mine = ours(app, sheet(asked.nodes))
    mine["load"] = load_of_ours(app, sheet(asked.nodes))
    mine["edit, whole window"] = whole_window(app, sheet(asked.nodes))
    beside, other = ours(app, small), {}
    beside["load"] = load_of_ours(app, small)
    try:
        other = peer(app, small)
    except ImportError as error:
        print(f"NodeGraphQt is left out: {error}", file=sys.stderr)
    table(mine, {name: beside[name] for name in PEERS}, other, asked.nodes)


if __name__ == "__main__":
    main()
