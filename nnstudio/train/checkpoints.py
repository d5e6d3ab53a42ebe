"""A checkpoint on disk: one safetensors file with the numbers as JSON in its header.

There is the old file or the new one, whole (:mod:`nnstudio.atomic`). Where the files stand: `train/run_folder.py`.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnstudio.atomic import beside
from nnstudio.train.environment import TrainingError

if TYPE_CHECKING:
    from nnstudio.train.state import Moment

FORMAT = 2
#: What a checkpoint was made for: from time to time, for the best epoch, asked for by a person.
KINDS = ("last", "best", "hand")
#: What the names of all tensors, and the numbers, may take.
_HEADER_LIMIT = 64 << 20


@dataclass(frozen=True, slots=True)
class About:
    """What a checkpoint says of itself.

    plan: that of the run at this moment, as JSON; later: what it becomes with the next epoch, where that is another;
    given: what it was when the run began.
    network: a hash of the drawn network. parent, parent_step: the run that this one was forked from. epoch: epochs that
    are done; batch: batches of the next one; loss: of the last epoch (validation, or training without validation
    rows). written: seconds since 1970; seconds: of training.
    """

    run: str
    kind: str = "last"
    plan: Mapping[str, Any] = field(default_factory=dict)
    later: Mapping[str, Any] | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    network: str = ""
    parent: str = ""
    parent_step: int = 0
    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss: float | None = None
    best_epoch: int = 0
    seconds: float = 0.0
    written: float = 0.0


def save(path: Path, moment: Moment, about: About) -> Path:
    """Write a checkpoint. OSError where that fails; what stood there before is then still there."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    header = {
        **asdict(about), "format": FORMAT, "written": time.time(),
        "progress": dict(moment.progress), "inside": dict(moment.inside),
    }  # fmt: skip
    with beside(path) as aside:
        try:
            save_file(dict(moment.tensors), aside, metadata={"nnstudio": json.dumps(header, sort_keys=True)})
        except SafetensorError as error:
            raise OSError(str(error)) from error
    return path


def load(path: Path) -> tuple[Moment, About]:
    """A checkpoint and what it says of itself. TrainingError where it is not there or cannot be read."""
    from safetensors import SafetensorError, safe_open

    from nnstudio.train.state import Moment

    if not path.is_file():
        raise TrainingError(f"There is no checkpoint {path}", "choose another, or train from the beginning")
    try:
        header = _header(path)
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return Moment(tensors, header["progress"], header["inside"]), _about(header)
    except (SafetensorError, OSError, KeyError, ValueError, TypeError) as error:
        raise TrainingError(
            f"The checkpoint {path} cannot be read ({error})", "choose another, or train from the beginning"
        ) from error


def described(path: Path) -> About:
    """What a checkpoint says of itself, without its tensors and without torch. ValueError where it cannot be read."""
    try:
        return _about(_header(path))
    except (OSError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a checkpoint ({error})") from error


def _header(path: Path) -> dict[str, Any]:
    """The numbers of a checkpoint. ValueError, KeyError, TypeError or OSError where it cannot be read."""
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 0 < length <= min(_HEADER_LIMIT, path.stat().st_size):
            raise ValueError("it is cut off or not a checkpoint")
        header: dict[str, Any] = json.loads(json.loads(file.read(length))["__metadata__"]["nnstudio"])
    if header["format"] not in (1, FORMAT):
        raise ValueError(f"it is of format {header['format']}, this version reads up to {FORMAT}")
    return header


def _about(header: Mapping[str, Any]) -> About:
    progress = header["progress"]
    known = {name: header[name] for name in About.__dataclass_fields__ if name in header}
    known |= {name: progress[name] for name in ("epoch", "batch", "step", "best_epoch", "seconds")}
    return About(**{**known, "loss": progress.get("loss"), "run": str(header["run"])})
