"""A folder of many small pictures: first ones in the window, begin of training, pictures a second beside a DataLoader.

Run as ``python tests/benchmarks/pictures.py [--count 100000] [--format png] [--edge 32] [--folder DIR]``; prints a
table of ratios and a line of JSON for each way. The folder is made in a temporary place: ten classes, bars and noise.
Each way runs in a process of its own, with the same network (two convolutions) and batches of 128:

- window: from the choice of the folder until the first pictures are painted in the data panel (offscreen).
- begun: in the whole window (offscreen), with the network drawn, the folder is dropped, *Use this data* and *Start*
  are clicked as soon as they can be: seconds from the drop until the first step is done. The window imports torch once
  it is built; begun-at-once: the folder is dropped in that very moment, so that the import is waited for.
- studio: without a window, from the begin of Python's work on, so with all imports: ``open_file``, then training by
  `train.loop`: seconds until the first step is done, and pictures a second of the first epoch, when files are read, and
  of the next ones.
- loader: ``DataLoader(shuffle=True)`` over a ``Dataset`` as of ImageFolder (Pillow, array, tensor), with as many
  workers as the machine has cores.
- reading and reading-loader: the same without a network: what the batches alone cost.

Times are told by the processor's time as well (workers among it), since other programs may be running.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

CLASSES, BATCH = 10, 128
#: The issue's figures: seconds until pictures are seen and until training begins, times the pictures a second.
SEEN, BEGUN, TIMES = 1.0, 3.0, 2.0
WAYS = ("window", "begun", "begun-at-once", "studio", "loader", "reading", "reading-loader")


def made(folder: Path, count: int, edge: int, ending: str) -> None:
    """Pictures by class: a bright bar whose direction is the class, on noise."""
    from PIL import Image

    random = np.random.default_rng(0)
    down, across = np.mgrid[:edge, :edge] - edge / 2
    for code in range(CLASSES):
        (folder / f"class{code}").mkdir(parents=True, exist_ok=True)
        angle = np.pi * code / CLASSES
        bar = np.abs(down * np.cos(angle) - across * np.sin(angle)) < edge / 8
        for place in range(count // CLASSES):
            pixels = random.integers(0, 120, (edge, edge, 3)) + 120 * bar[:, :, None]
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"class{code}" / f"{place:06}.{ending}")


def processor() -> float:
    """The processor's seconds of this process and of those that it started and that ended."""
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


class _EnoughError(Exception):
    """The first pictures are there."""


def window(folder: Path, _epochs: int) -> dict[str, Any]:
    """Seconds from the choice of the folder until pictures are painted."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from nnstudio.data.opening import open_file
    from nnstudio.ui.docks.data_pictures import PicturesView

    application = QApplication.instance() or QApplication([])
    view = PicturesView()
    view.resize(900, 300)
    view.show()
    application.processEvents()
    began, spent = time.perf_counter(), processor()
    seen: list[Any] = []

    def stop(_: float) -> None:
        if seen:
            raise _EnoughError

    with contextlib.suppress(_EnoughError):
        seen.append(open_file(folder, first=seen.append, progress=stop))
    return _painted(view, seen[0], began, spent)


def _painted(view: Any, dataset: Any, began: float, spent: float) -> dict[str, Any]:
    view.show_dataset(dataset)
    view.grab()
    return {"seen s": time.perf_counter() - began, "seen processor s": processor() - spent}


def begun(folder: Path, _epochs: int, at_once: bool = False) -> dict[str, Any]:
    """Seconds from the drop of the folder on the window until the first step of a run."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["NNSTUDIO_CONFIG_DIR"] = tempfile.mkdtemp()
    from nnstudio import app

    app.prepare()
    application, window = app.application(), app.open_window()
    session = window.session

    def wait(reached: Callable[[], Any]) -> Any:
        until = time.perf_counter() + 120
        while not (found := reached()):
            application.processEvents()
            time.sleep(0.001)
            if time.perf_counter() > until:
                raise SystemExit("the window did not go on within two minutes")
        return found

    wait(lambda: window.warm)
    session.document.do("Draw", network=_network())
    if not at_once:
        wait(lambda: session.settled)
    imported = hasattr(sys.modules.get("torch"), "__version__")
    began, spent = time.perf_counter(), processor()
    _drop(window, folder)
    dialog = wait(lambda: next((w for w in application.topLevelWidgets() if w.windowTitle() == "Choose data"), None))
    wait(lambda: dialog.dataset is not None)
    seen = time.perf_counter() - began
    _click(wait(lambda: dialog.use.isEnabled() and dialog.use))
    _click(wait(lambda: next((b for b in _buttons(window) if b.isVisible() and b.isEnabled()), None)))
    wait(lambda: len(session.history.losses) or session.history.ended)
    told = {
        "first step s": time.perf_counter() - began, "first step processor s": processor() - spent, "seen s": seen,
        "torch was there": imported, "steps": len(session.history.losses),
    }  # fmt: skip
    session.stop()
    wait(lambda: session.run_state == "idle")
    session.files.discard()
    window.close()
    return told


def _drop(window: Any, folder: Path) -> None:
    from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
    from PySide6.QtGui import QDragEnterEvent, QDropEvent
    from PySide6.QtWidgets import QApplication

    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(folder))])
    at, keys = QPointF(window.rect().center()), (Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window, QDragEnterEvent(at.toPoint(), Qt.DropAction.CopyAction, mime, *keys))
    QApplication.sendEvent(window, QDropEvent(at, Qt.DropAction.CopyAction, mime, *keys))


def _buttons(window: Any) -> list[Any]:
    from PySide6.QtWidgets import QPushButton

    return list(window.findChildren(QPushButton, "start_button"))


def _click(button: Any) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def _network() -> Any:
    import nnstudio as nns

    net = nns.Network()
    x = net.add("Input", field="image")
    for width in (8, 16):
        x = net.add("Conv2d", x, out_channels=width, kernel_size=3, stride=2)
        x = net.add("ReLU", x)
    scores = net.add("Linear", net.add("Flatten", x), out_features=CLASSES)
    net.add("CrossEntropyLoss", scores, net.add("Input", field="label"))
    return net.network


class Pace:
    """Pictures a second of each epoch, by the clock and by the processor."""

    def __init__(self) -> None:
        self.wall, self.spent = time.perf_counter(), processor()
        self.walls: list[float] = []
        self.processors: list[float] = []

    def lap(self, pictures: int) -> None:
        wall, spent = time.perf_counter(), processor()
        self.walls.append(pictures / (wall - self.wall))
        self.processors.append(pictures / max(1e-9, spent - self.spent))
        self.wall, self.spent = wall, spent

    def told(self) -> dict[str, Any]:
        together = len(self.walls) / sum(1 / pace for pace in self.walls)
        by_processor = len(self.processors) / sum(1 / pace for pace in self.processors)
        return {
            "pictures/s": together, "pictures/processor s": by_processor,
            "epochs": [round(pace) for pace in self.walls], "epochs by processor": [round(p) for p in self.processors],
        }  # fmt: skip


def studio(folder: Path, epochs: int) -> dict[str, Any]:
    """Train by NN Studio, from the choice of the folder on."""
    began, spent = time.perf_counter(), processor()
    from nnstudio.data.opening import open_file

    data = open_file(folder)
    opened = time.perf_counter() - began, processor() - spent
    import torch

    from nnstudio.compile.lower import compile_network
    from nnstudio.train.control import Control
    from nnstudio.train.events import EpochEnded, RunFailed, Steps
    from nnstudio.train.loop import run
    from nnstudio.train.plan import Plan

    torch.set_num_threads(1)
    imported = time.perf_counter() - began, processor() - spent
    compiled = compile_network(_network(), data.types, 0)
    plan = Plan.make({"epochs": epochs, "batch_size": BATCH, "device": "cpu"})
    pace, first = Pace(), None
    for event in run(compiled, data, plan, Control()):
        if isinstance(event, RunFailed):
            raise SystemExit(event.message)
        if isinstance(event, Steps) and first is None:
            first = time.perf_counter() - began, processor() - spent
        if isinstance(event, EpochEnded):
            pace.lap(data.count("train") + data.count("validation"))
    assert first is not None
    return {
        "open s": opened[0], "open processor s": opened[1], "first step s": first[0],
        "first step processor s": first[1], "of which torch's import s": imported[0] - opened[0], **pace.told(),
    }  # fmt: skip


def reading(folder: Path, epochs: int) -> dict[str, Any]:
    """NN Studio's batches alone."""
    import torch

    from nnstudio.data.opening import open_file
    from nnstudio.train.batches import Batches, Rows

    data = open_file(folder)
    from nnstudio.compile.lower import compile_network

    compiled = compile_network(_network(), data.types, 0)
    rows = Rows(compiled.inputs, data.arrays("train"), data.count("train"), torch.device("cpu"))
    batches, pace = Batches(rows, BATCH, 0), Pace()
    for epoch in range(epochs):
        for _ in batches.epoch(epoch):
            pass
        pace.lap(data.count("train"))
    return pace.told()


def _loader(folder: Path) -> Any:
    """A DataLoader over pictures by class, as torchvision's ImageFolder with ToTensor reads them."""
    from torch.utils.data import DataLoader

    return DataLoader(Folder(folder), BATCH, shuffle=True, num_workers=os.cpu_count() or 1)


class Folder:
    """Pictures by class: Pillow, array, tensor of 0 to 1."""

    def __init__(self, folder: Path) -> None:
        classes = sorted(each.name for each in folder.iterdir())
        self.samples = [(str(p), code) for code, name in enumerate(classes) for p in sorted((folder / name).iterdir())]

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, place: int) -> Any:
        import torch
        from PIL import Image

        path, code = self.samples[place]
        with Path(path).open("rb") as stream:
            pixels = np.array(Image.open(stream).convert("RGB"))
        return torch.from_numpy(pixels).permute(2, 0, 1).contiguous().float().div(255), code


def loader(folder: Path, epochs: int) -> dict[str, Any]:
    """The same network trained by the usual loop."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2), nn.ReLU(), nn.Flatten(),
        nn.LazyLinear(CLASSES),
    )  # fmt: skip
    loader, pace = _loader(folder), Pace()
    net(next(iter(loader))[0])
    optimizer, criterion = torch.optim.AdamW(net.parameters()), nn.CrossEntropyLoss()
    pace = Pace()
    for _ in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            criterion(net(x), y).backward()
            optimizer.step()
        pace.lap(len(loader.dataset))
    return pace.told()


def reading_loader(folder: Path, epochs: int) -> dict[str, Any]:
    """The DataLoader's batches alone."""
    loader, pace = _loader(folder), Pace()
    for _ in range(epochs):
        for _ in loader:
            pass
        pace.lap(len(loader.dataset))
    return pace.told()


DOING: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "window": window, "begun": begun, "begun-at-once": lambda folder, epochs: begun(folder, epochs, at_once=True),
    "studio": studio, "loader": loader, "reading": reading, "reading-loader": reading_loader,
}  # fmt: skip


def measured(way: str, folder: Path, epochs: int) -> dict[str, Any]:
    """What a way needs, in a process of its own."""
    paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, __file__, "--way", way, "--folder", str(folder), "--epochs", str(epochs)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"way": way, "failed": (done.stderr.strip().splitlines() or ["?"])[-1]}
    told = json.loads(done.stdout.splitlines()[-1])
    return {"way": way, **{k: round(v, 3) if isinstance(v, float) else v for k, v in told.items()}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--edge", type=int, default=32)
    parser.add_argument("--format", default="png", choices=("png", "jpg"))
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--folder", help="where the pictures are made, and found again")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(DOING[options.way](Path(options.folder), options.epochs)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.folder or temporary) / f"{options.count}-{options.edge}-{options.format}"
        if not folder.exists():
            made(folder, options.count, options.edge, options.format)
        found = {way: measured(way, folder, options.epochs) for way in WAYS}
    for told in found.values():
        print(json.dumps({"benchmark": "pictures", "count": options.count, **told}))
    if any("failed" in told for told in found.values()):
        raise SystemExit(1)
    _table(found)


def _begun_told(told: dict[str, Any]) -> str:
    return f"{told['first step s']:.2f} s ({told['first step processor s']:.2f} s processor)"


def _table(found: dict[str, dict[str, Any]]) -> None:
    studio, loader, seen = found["studio"], found["loader"], found["window"]
    alone = found["reading"]["pictures/s"] / found["reading-loader"]["pictures/s"]
    by_processor = found["reading"]["pictures/processor s"] / found["reading-loader"]["pictures/processor s"]
    rows = (
        ("first pictures in the window", f"{seen['seen s']:.2f} s ({seen['seen processor s']:.2f} s processor)",
         f"≤ {SEEN:g} s"),
        ("training has begun", _begun_told(found["begun"]), f"≤ {BEGUN:g} s"),
        ("  where the window has just opened", _begun_told(found["begun-at-once"]), ""),
        ("  without a window, with all imports", _begun_told(studio), ""),
        ("pictures/s of epochs ÷ DataLoader's", f"{studio['pictures/s'] / loader['pictures/s']:.2f}", f"≥ {TIMES:g}"),
        ("  first epoch alone", f"{studio['epochs'][0] / loader['epochs'][0]:.2f}", ""),
        ("  by the processor's time", f"{studio['pictures/processor s'] / loader['pictures/processor s']:.2f}", ""),
        ("batches alone ÷ DataLoader's", f"{alone:.2f} ({by_processor:.2f} by the processor's time)", ""),
    )  # fmt: skip
    for name, figure, goal in rows:
        print(f"{name:40}{figure:>34}   {goal}")


if __name__ == "__main__":
    main()
