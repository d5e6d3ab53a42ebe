"""Qt's Python types, made in the main thread.

PySide makes a type when it is first asked for. A thread that imports our modules would make types while Qt calls Python
in the main thread, and the program has been seen to crash then; so all of them are made before such a thread begins.
"""

from __future__ import annotations

import importlib

#: The modules whose types are needed after the start, by what they take: each is done in one turn of the event loop.
MODULES = (
    "PySide6.QtCore", "PySide6.QtGui", "PySide6.QtWidgets", "PySide6.QtSvg", "PySide6.QtOpenGL",
    "PySide6.QtOpenGLWidgets", "PySide6.QtTest",
)  # fmt: skip


def make_types(name: str) -> int:
    """Make every type of a Qt module; how many names it has. One that is not installed has none."""
    try:
        module = importlib.import_module(name)
    except ImportError:  # pyqtgraph asks for it where it is there
        return 0
    return sum(getattr(module, each, None) is not None for each in dir(module))
