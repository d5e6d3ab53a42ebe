"""The pinned PySide6 survives what a long training run does to it."""

from __future__ import annotations

import subprocess
import sys

# In a process of its own: PySide6 6.12.0 on Python 3.11 lost references to True and None and aborted it.
EMIT = """
from PySide6.QtCore import QObject, Signal

class Source(QObject):
    plain = Signal()
    flag = Signal(bool)
    thing = Signal(object)

source, heard = Source(), []
source.plain.connect(lambda: heard.append(None))
source.flag.connect(heard.append)
source.thing.connect(heard.append)
for number in range(100_000):
    source.plain.emit()
    source.flag.emit(True)
    source.thing.emit(None)
assert len(heard) == 300_000
print("alive")
"""


def test_a_hundred_thousand_signals_are_emitted_and_heard() -> None:
    done = subprocess.run([sys.executable, "-c", EMIT], capture_output=True, text=True)
    assert done.stdout.strip() == "alive", done.stderr
