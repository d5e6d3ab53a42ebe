"""What is remembered between starts: theme, layout, recent files. A JSON file in the user's configuration folder.

`NNSTUDIO_CONFIG_DIR` puts it, the log and the journal elsewhere (tests and portable installs use that).
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs

from nnstudio.atomic import replacing

RECENT_LIMIT = 12


def config_dir() -> Path:
    """The folder of the settings; made where it is not there."""
    return _made(os.environ.get("NNSTUDIO_CONFIG_DIR") or platformdirs.user_config_dir("nnstudio", False))


def log_dir() -> Path:
    """The folder of the log; made where it is not there."""
    own = os.environ.get("NNSTUDIO_CONFIG_DIR")
    return _made(Path(own) / "log" if own else platformdirs.user_log_dir("nnstudio", False))


def _made(path: str | Path) -> Path:
    folder = Path(path)
    with contextlib.suppress(OSError):  # reading then finds nothing, and writing says so
        folder.mkdir(parents=True, exist_ok=True)
    return folder


class Settings:
    """Values by name, kept as JSON. What cannot be read counts as not there; what cannot be written stays in memory."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or config_dir() / "settings.json"
        self._values: dict[str, Any] = {}
        try:
            read = json.loads(self.path.read_text("utf-8"))
            self._values = read if isinstance(read, dict) else {}
        except (OSError, ValueError):
            pass

    def get(self, name: str, default: Any) -> Any:
        """The value, where it is there and of the default's type; else the default."""
        value = self._values.get(name, default)
        return value if default is None or isinstance(value, type(default)) else default

    def set(self, **values: Any) -> None:
        """Remember these values."""
        changed = {name: value for name, value in values.items() if self._values.get(name) != value}
        if not changed:
            return
        self._values.update(changed)
        self._write(self._values)

    def _write(self, values: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError), replacing(self.path, durable=False) as file:
            file.write(json.dumps(values, indent=1, sort_keys=True).encode())

    @property
    def recent(self) -> list[Path]:
        """Project files opened lately, the last one first."""
        return [Path(path) for path in self.get("recent", []) if isinstance(path, str)]

    def remember_recent(self, path: Path) -> None:
        """Put a project file at the head of the recent ones."""
        paths = [path.resolve(), *(known for known in self.recent if known != path.resolve())]
        self.set(recent=[str(known) for known in paths[:RECENT_LIMIT]])

    def forget_recent(self, path: Path) -> None:
        """Take a file that is no longer there off the list."""
        self.set(recent=[str(known) for known in self.recent if known != path])
