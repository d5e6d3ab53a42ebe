"""Where things are kept that are not in a project's file: its runs, the journal of unsaved work, the
person's own blocks.

``NNSTUDIO_CONFIG_DIR`` puts the user's folders elsewhere (tests and portable installs use that).
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import platformdirs

from nnstudio.train.run_folder import CHECKPOINTS as CHECKPOINTS  # the folder of checkpoints beside RUNS

#: The file of the run database in a project's folder of runs.
RUNS = "runs.sqlite"


def state_dir() -> Path:
    """The user's folder of what can be lost without harm. It need not exist."""
    own = os.environ.get("NNSTUDIO_CONFIG_DIR")
    return Path(own) / "state" if own else Path(platformdirs.user_state_dir("nnstudio", False))


def data_dir() -> Path:
    """The user's folder of what is theirs and belongs to no project, such as their blocks. It need not exist."""
    own = os.environ.get("NNSTUDIO_CONFIG_DIR")
    return Path(own) / "data" if own else Path(platformdirs.user_data_dir("nnstudio", False))


def runs_folder(project: Path | None) -> Path:
    """The folder of a project's runs: ``digits.runs`` beside ``digits.nnstudio``.

    Where nothing can be written there, and for a project without a file, it is in the user's folder. It need not
    exist.
    """
    if project is None:
        return state_dir() / "runs" / "unsaved"
    project = Path(os.path.abspath(project))  # noqa: PTH100 (links stay: the runs lie beside what was opened)
    beside = project.with_suffix(".runs")
    place = beside if beside.exists() else beside.parent
    if os.access(place, os.W_OK):
        return beside
    return state_dir() / "runs" / f"{project.stem}-{hashlib.sha256(str(project).encode()).hexdigest()[:8]}"
