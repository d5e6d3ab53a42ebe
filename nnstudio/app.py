"""The window as a program."""

from __future__ import annotations

import gc
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from nnstudio.ui.window import MainWindow


def application() -> QApplication:
    """The one QApplication, set up for this program."""
    from PySide6.QtCore import QDir
    from PySide6.QtWidgets import QApplication

    from nnstudio.resources import resource_path

    made = QApplication.instance()
    app = made if isinstance(made, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("NN Studio")
    app.setOrganizationName("NN Studio")
    app.setDesktopFileName("nnstudio")
    QDir.setSearchPaths("icons", [str(resource_path("icons"))])
    return app


def open_window(path: Path | None = None) -> MainWindow:
    """Show a window, with this project in it where one is given."""
    from nnstudio.ui.window import MainWindow

    window = MainWindow()
    if path is not None:
        window.file_actions.open_path(Path(path).resolve())
    window.show()
    return window


def main(path: str | Path | None = None) -> int:
    """Run the window until it is closed; returns the exit status."""
    from nnstudio.ui import errors
    from nnstudio.ui.settings import log_dir

    sys.setswitchinterval(0.001)  # so that the window gets its turn beside the training thread
    gc.disable()  # the window collects on a timer: a collection in another thread would destroy Qt objects there
    app = application()
    reporter = errors.Reporter()
    restore = errors.install(reporter, errors.write_log(log_dir()))
    logging.getLogger(__name__).info("NN Studio starts")
    window = open_window(Path(path) if path else None)
    reporter.told.connect(lambda sentence: window.session.notice.emit("error", sentence))
    try:
        return app.exec()
    finally:
        restore()


if __name__ == "__main__":
    if "--demo" in sys.argv:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else None))
