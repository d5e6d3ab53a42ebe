"""Exceptions that nobody caught: logged with all details, told in one sentence. The program goes on."""

from __future__ import annotations

import logging
import logging.handlers
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler

log = logging.getLogger("nnstudio.unexpected")


class Reporter(QObject):
    """Tells of unexpected exceptions, from whichever thread they come."""

    told = Signal(str)


def write_log(folder: Path) -> Path | None:
    """Write the log to a file in this folder, at most 3 × 1 MB. None where it cannot be written."""
    path = folder / "nnstudio.log"
    try:
        handler = logging.handlers.RotatingFileHandler(path, maxBytes=1_000_000, backupCount=2, encoding="utf-8")
    except OSError:
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    return path


def install(reporter: Reporter, log_path: Path | None) -> Callable[[], None]:
    """Send every uncaught exception, and Qt's warnings, to the log, and exceptions to the reporter too.

    Returns a function that puts everything back.
    """
    where = f"the details are in {log_path}" if log_path is not None else "start from a terminal to see the details"

    def tell(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error or kind(), trace)
            return
        log.error("unexpected: %s", error, exc_info=(kind, error, trace) if error is not None else None)
        first = str(error).splitlines()[0] if str(error) else kind.__name__
        reporter.told.emit(f"Something went wrong that should not have: {first}. Your work is still here; {where}")

    def from_thread(args: threading.ExceptHookArgs) -> None:
        tell(args.exc_type, args.exc_value, args.exc_traceback)

    before = (sys.excepthook, threading.excepthook)
    sys.excepthook, threading.excepthook = tell, from_thread
    qt_before = qInstallMessageHandler(_qt_message)

    def restore() -> None:
        sys.excepthook, threading.excepthook = before
        qInstallMessageHandler(qt_before)

    return restore


_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def _qt_message(kind: QtMsgType, _: QMessageLogContext, message: str) -> None:
    logging.getLogger("nnstudio.qt").log(_LEVELS.get(kind, logging.WARNING), "%s", message)
