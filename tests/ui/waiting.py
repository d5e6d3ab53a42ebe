"""Waiting for what a person waits for: that the window stands still."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QApplication


def drawn(*views: Any) -> bool:
    """Whether these views are laid out and nothing that was told is still to be drawn.

    A view that has just come into sight is drawn once before the layout gives it its size; on a busy machine a test
    may look at it in between, and would take that for the end.
    """
    QApplication.sendPostedEvents()
    return not any(view._stale for view in views)


def refreshed(qtbot: Any, *views: Any) -> None:
    """Wait until these views are :func:`drawn`."""
    qtbot.waitUntil(lambda: drawn(*views))
