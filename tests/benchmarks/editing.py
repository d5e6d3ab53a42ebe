"""What editing holds the window up for, among 10,000 nodes: every edit, in the whole window (issue 3, "Figures").

Run: python tests/benchmarks/editing.py [--nodes 10000] [--processor] [--shown outline,network] [--profile ROW]

The window is the real one, with all its panels; types are worked out in its background thread meanwhile. ``at once``:
from the edit until it is on the canvas, in the inspector and in the actions. ``later``: the longest turn of the event
loop in the third of a second that follows, in which types and problems arrive and panels catch up. Both hold the
window's thread up, and so both have the limit of 16 ms. ``in all``: what all those later turns take together. Medians;
prints a table, and one JSON object a line on standard error. ``--processor`` counts the time of the window's thread
alone, which on a machine that others keep busy is still up to twice as long.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import os
import pstats
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parent))

from canvas import SIZE, sheet
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication

from nnstudio.graph import Network, Node, Wire, edits
from nnstudio.layers import load
from nnstudio.project.sheet import Sheet
from nnstudio.ui.background import pump
from nnstudio.ui.panels import place_of

LIMIT = 16.0
CLOCK = [time.perf_counter]
#: Turns that take less, in seconds, only look whether there is anything to do.
IDLE = 0.0005
#: Seconds in which panels catch up after an edit.
AFTER = 0.34
TIMES = 5


def whole(count: int) -> Sheet:
    """The chain of the canvas's figures, with an input, so that types are known throughout."""
    drawn = sheet(count)
    first = Node("0", "n0", load()["Input"].make({"shape": (64,)}))
    network = drawn.network
    return replace(drawn, network=Network({**network.nodes, "0": first}, network.wires))


class Edited:
    """A window with a large network, and the edits that are measured in it."""

    def __init__(self, app: QApplication, count: int, shown: list[str]) -> None:
        from nnstudio.ui.window import MainWindow

        self.app = app
        self.window = window = MainWindow()
        self.session = window.session
        window.resize(*SIZE)
        window.show_workspace()
        window.show()
        while not window.in_workspace:
            pump(20)
        self.session.replace_sheet(whole(count))
        if "outline" in shown:
            window.workspace.side.show_tab("outline")
        if "history" in shown:
            window.workspace.side.show_tab("history")
        if "network" in shown:
            window.workspace.show_panel(place_of("Network"))
        if "problems" in shown:
            window.workspace.show_panel(place_of("Problems"))
        self.canvas, self.editor = window.workspace.canvas, window.workspace.canvas.editor
        self.canvas.zoom_to(1.0)
        middle = str(count // 2 - count // 2 % 5)
        self.target = middle  # the linear layer with which a group of five begins
        self.canvas.center_on(QPointF(*self.session.view.positions[middle]))
        window.activateWindow()
        self.canvas.setFocus()  # as where a person works on it
        self.many = [str(int(middle) + each) for each in range(100)]
        self.turn = 0
        self.settle()

    def settle(self) -> None:
        """Until all that works in the background is done."""
        end = time.monotonic() + 120
        calm = 0
        while calm < 3 and time.monotonic() < end:
            pump(60)
            calm = 0 if self.session.resolving or self.session.background.busy else calm + 1

    def next(self) -> int:
        self.turn += 1
        return self.turn

    def rows(self) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
        """By name: what is done before and is not measured, and the edit."""
        do, editor, canvas, select = self.session.do, self.editor, self.canvas, self.session.select
        here, near = self.target, self.many
        at = QPointF(*self.session.view.positions[here]) + QPointF(40, 72)

        def one() -> None:
            select([here])

        def nothing() -> None:
            select(())

        def some() -> None:
            select(near)

        def fresh() -> None:
            canvas.editor.add_chain([load()["ReLU"].make({})], at)

        def loose() -> Wire:
            return self.session.network.incoming[here][0]

        def shift(ids: list[str]) -> dict[str, tuple[float, float]]:
            places, by = canvas.canvas.places, 8.0 if self.next() % 2 else -8.0
            return {id: (places[id][0] + by, places[id][1]) for id in ids if id in places}

        def copied() -> None:
            select(near[:10])
            canvas.copy()

        name = f"row{here}"
        return {
            "parameter": (one, lambda: do("Set", edits.set_params(here, out_features=100 + self.next()))),
            "rename": (one, lambda: do("Rename", edits.rename(here, f"{name}_{self.next()}"))),
            "select one": (nothing, one),
            "add a layer": (nothing, fresh),
            "add behind the selected": (one, lambda: canvas.add_layer("ReLU")),
            "disconnect": (self._joined, lambda: editor.disconnect([loose()])),
            "connect": (lambda: (self._joined(), self._cut(loose())), lambda: do("Connect", self._join)),
            "delete one": (fresh, canvas.delete_selection),
            "delete a wired one": (lambda: select([self._old()]), canvas.delete_selection),
            "delete and reconnect": (lambda: select([self._old()]), canvas.delete_and_reconnect),
            "move one": (one, lambda: editor.move(shift([here]))),
            "move 100": (some, lambda: editor.move(shift(near))),
            "bypass": (one, lambda: do("Bypass", edits.set_bypassed([here], True))),
            "freeze": (one, lambda: do("Freeze", edits.set_frozen([here], True))),
            "insert on a wire": (self._joined, lambda: editor.insert_chain([load()["ReLU"].make({})], [loose()], at)),
            "swap": (nothing, lambda: editor.swap(here, str(int(here) + 3))),
            "undo": (fresh, self.session.undo),
            "redo": (self._undone, self.session.redo),
            "undo of a move": (lambda: (some(), editor.move(shift(near))), self.session.undo),
            "select all": (nothing, canvas.select_all),
            "select none": (canvas.select_all, nothing),
            "paste 10": (copied, canvas.paste),
            "duplicate 100": (some, canvas.duplicate),
            "frame": (some, canvas.frame_selection),
        }

    def _joined(self) -> None:
        """Have the target fed by something."""
        self.session.select([self.target])
        if not self.session.network.incoming.get(self.target):
            source = str(int(self.target) - 1)
            input = next(iter(self.session.network.nodes[self.target].layer.inputs))
            self.session.do("Connect", edits.connect(source, "output", self.target, input))

    def _cut(self, wire: Wire) -> None:
        self.editor.disconnect([wire])
        self._join = edits.connect(wire.source, wire.output, wire.target, wire.input)

    def _old(self) -> str:
        """A node in the middle that is wired on both sides, another each time."""
        network = self.session.network
        return next(
            id for id in (str(int(self.target) + 7 + 5 * self.next() + each) for each in range(500))
            if id in network.nodes and network.incoming.get(id) and network.outgoing.get(id)
        )  # fmt: skip

    def _undone(self) -> None:
        self.editor.add_chain([load()["ReLU"].make({})], QPointF(0.0, -300.0))
        self.session.undo()

    def measure(self, name: str, profile: cProfile.Profile | None = None) -> tuple[float, float, float]:
        """The medians of an edit's three figures, in milliseconds."""
        before, edit = self.rows()[name]
        found, start_at, kept = [], self.session.document.position, list[Any]()
        for turn in range(TIMES + 1):
            kept.append(self.session.sheet)  # as the steps of undo keep it, so that it is not freed in the next edit
            self.session.document.go_to(start_at)  # every time with the same network
            before()
            self.settle()
            if profile is not None and turn:
                profile.enable()
            start = CLOCK[0]()
            edit()
            self.app.processEvents()
            once = CLOCK[0]() - start
            longest, later, end = 0.0, 0.0, time.monotonic() + AFTER
            while time.monotonic() < end:
                start = CLOCK[0]()
                self.app.processEvents()
                turn_took = CLOCK[0]() - start
                longest = max(longest, turn_took)
                later += turn_took if turn_took > IDLE else 0.0
                time.sleep(0.001)
            if profile is not None:
                profile.disable()
            if turn:  # the first one is to warm up
                found.append((once, longest, later))
        return tuple(1000 * statistics.median(part) for part in zip(*found, strict=True))  # type: ignore[return-value]

    def close(self) -> None:
        """End the window without asking."""
        self.settle()
        self.session.journaling.journal.clear()
        self.session.files.discard()
        self.window.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--processor", action="store_true", help="count the time of the window's thread on the "
                        "processor, where others keep the machine busy")  # fmt: skip
    parser.add_argument("--shown", default="", help="of outline, history, network, problems: those to show")
    parser.add_argument("--only", default="", help="these rows, separated by commas")
    parser.add_argument("--profile", action="store_true", help="say in which functions the time goes")
    asked = parser.parse_args()
    if asked.processor:
        CLOCK[0] = time.thread_time
    from nnstudio.app import SWITCH

    app = QApplication([])
    gc.disable()  # as in the program, which collects when nothing else is to be done
    sys.setswitchinterval(SWITCH)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NNSTUDIO_CONFIG_DIR"] = folder
        edited = Edited(app, asked.nodes, asked.shown.split(","))
        names = asked.only.split(",") if asked.only else list(edited.rows())
        print(
            f"{asked.nodes:,} nodes, shown: {asked.shown or 'as it comes'}\n"
            f"{'':<28}{'at once':>9}{'later':>9}{'in all':>9}{'limit':>8}"
        )
        for name in names:
            profile = cProfile.Profile(CLOCK[0]) if asked.profile else None
            once, longest, later = edited.measure(name, profile)
            met = max(once, longest) <= LIMIT
            print(f"{name:<28}{once:>9.1f}{longest:>9.1f}{later:>9.1f}{LIMIT:>8g}{'' if met else ' !'}", flush=True)
            row: dict[str, Any] = {"benchmark": "editing", "row": name, "nodes": asked.nodes, "ms": round(once, 2)}
            row |= {
                "ms later": round(longest, 2),
                "ms later in all": round(later, 2),
                "shown": asked.shown,
                "limit": LIMIT,
                "met": met,
            }
            print(json.dumps(row), file=sys.stderr)
            if profile is not None:
                pstats.Stats(profile).sort_stats("tottime").print_stats(22)
                pstats.Stats(profile).sort_stats("cumtime").print_stats(70)
        edited.close()


if __name__ == "__main__":
    main()
