"""The window as a program."""

from __future__ import annotations

import gc
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from nnstudio.ui.window import MainWindow

#: Seconds after which a thread hands Python's lock on. Painting takes it back many times in a frame, so that a
#: millisecond here is twenty in a frame.
SWITCH = 0.00005


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


def prepare() -> None:
    """Set the interpreter up for a window beside a training thread."""
    sys.setswitchinterval(SWITCH)
    gc.disable()  # the window collects on a timer: a collection in another thread would destroy Qt objects there


def main(path: str | Path | None = None) -> int:
    """Run the window until it is closed; returns the exit status."""
    from nnstudio.ui import errors
    from nnstudio.ui.settings import log_dir

    prepare()
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


def demo(out_dir: str | Path) -> int:
    """The same window off-screen: train a project of the gallery, save pictures and figures; the exit status."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    prepare()
    with tempfile.TemporaryDirectory() as own:  # the person's settings and recent files stay out of the pictures
        os.environ["NNSTUDIO_CONFIG_DIR"] = own
        application()
        from nnstudio.ui import demo as demonstration
        from nnstudio.ui.window import MainWindow

        def say(sentence: str) -> None:
            sys.stdout.write(f"{sentence}\n")
            sys.stdout.flush()

        window = MainWindow()
        try:
            say("The window runs off-screen: nothing will be seen but the pictures that it saves.")
            demonstration.demo(window, Path(out_dir), say)
        except demonstration.DemoError as error:
            sys.stderr.write(f"The demonstration failed: {error}\n")
            return 1
        finally:
            window.session.files.discard()
            window.close()
    return 0


def _called(arguments: list[str]) -> int:
    if arguments[:1] == ["--demo"] and len(arguments) == 2:
        return demo(arguments[1])
    if len(arguments) > 1 or arguments[:1] == ["--help"]:
        sys.stderr.write("usage: python -m nnstudio.app [PROJECT | --demo FOLDER]\n")
        return 2
    return main(arguments[0] if arguments else None)


if __name__ == "__main__":
    sys.exit(_called(sys.argv[1:]))
