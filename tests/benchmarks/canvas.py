"""How fast the canvas paints 10,000 nodes: opening, far away, panning near, selecting and dragging.

Run: python tests/benchmarks/canvas.py [NODES]
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from nnstudio.graph import Network, Node, Wire
from nnstudio.graph.arrange import arrange
from nnstudio.layers import load
from nnstudio.project.sheet import Sheet
from nnstudio.ui import theme
from nnstudio.ui.canvas import CanvasView
from nnstudio.ui.session import Session


def network(count: int) -> Network:
    """A chain of small layers with a skip connection at every sixth."""
    kinds = [load()[name].make({}) for name in ("Linear", "BatchNorm1d", "ReLU", "Linear", "ReLU", "Add")]
    nodes = {str(i): Node(str(i), f"n{i}", kinds[i % 6]) for i in range(count)}
    wires = []
    for i in range(1, count):
        wires.append(Wire(str(i - 1), "output", str(i), next(iter(kinds[i % 6].inputs))))
        if i % 6 == 5 and i > 5:
            wires.append(Wire(str(i - 6), "output", str(i), next(iter(kinds[5].inputs))))
    return Network(nodes, tuple(wires))


def took(title: str, action: Callable[[], object], times: int = 1) -> float:
    """Print the median time of an action, in milliseconds."""
    measured = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        measured.append(1000 * (time.perf_counter() - start))
    middle = statistics.median(measured)
    print(f"{title:<46} {middle:9.1f} ms" + (f"   (worst {max(measured):.1f})" if times > 1 else ""))
    return middle


def main(count: int) -> None:
    app = QApplication([])
    theme.set_theme("dark")
    session = Session(asleep=True)
    view = CanvasView(session)
    view.resize(1600, 1000)
    view.show()
    net = network(count)
    print(f"{count:,} nodes, {len(net.wires):,} wires, 1600×1000 pixels")
    took("arrange", lambda: arrange(net))
    took("open: items and wires", lambda: session.replace_sheet(Sheet(net)))
    app.processEvents()

    def frame() -> None:
        view.viewport().repaint()

    def panned() -> None:
        view.pan(-7, -3)
        view.viewport().repaint()

    took("frame, all in view", frame, 15)
    took("frame, all in view, panning", panned, 15)
    for scale in (0.29, 0.35, 0.6, 1.0):
        view.zoom_to(scale)
        view.center_on(view.canvas.content_rect().center())
        took(f"first frame at {scale:.0%}", frame)
        took(f"frame at {scale:.0%}, panning", panned, 30)
    took("select all", lambda: (view.select_all(), app.processEvents()))
    took("select none", lambda: (session.select(()), app.processEvents()))
    some = list(net.nodes)[:20]
    at = view.canvas.places
    shift = [0.0]

    def drag() -> None:
        shift[0] += 8
        view.canvas.show_at({id: (at[id][0] + shift[0], at[id][1]) for id in some})
        app.processEvents()

    took("one step of dragging 20 nodes", drag, 20)
    took("drop them (undoable)", lambda: view.editor.move({id: (at[id][0] + 80, at[id][1]) for id in some}))
    took("add a layer", lambda: view.add_layer("ReLU"))
    took("undo", session.undo)
    session.shut_down()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
