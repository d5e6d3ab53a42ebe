"""Checkpoints on disk: one safetensors file with the numbers as JSON in its header.

There is the old checkpoint or the new one, whole (:mod:`nnstudio.atomic`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnstudio.atomic import beside
from nnstudio.train.environment import TrainingError
from nnstudio.train.plan import Plan
from nnstudio.train.state import Moment

FORMAT = 1
LAST = "last.safetensors"
#: What may differ between a checkpoint's plan and the plan that goes on from it.
MAY_DIFFER = frozenset({"epochs", "device", "threads", "watching", "patience", "early_stopping", "keep_best"})


def save(folder: Path, moment: Moment, plan: Plan, run: str) -> Path:
    """Write a checkpoint and return its path. OSError where that fails; the one before is then still there."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    header = {
        "format": FORMAT, "run": run, "plan": plan.to_json(),
        "progress": dict(moment.progress), "inside": dict(moment.inside),
    }  # fmt: skip
    path = folder / LAST
    with beside(path) as aside:
        try:
            save_file(dict(moment.tensors), aside, metadata={"nnstudio": json.dumps(header, sort_keys=True)})
        except SafetensorError as error:
            raise OSError(str(error)) from error
    return path


def load(folder: Path, plan: Plan) -> tuple[Moment, str]:
    """The last checkpoint of a folder, for a run with this plan, and the name of the run that wrote it.

    TrainingError where there is none, it cannot be read, or the plan differs in what decides the numbers.
    """
    from safetensors import SafetensorError, safe_open

    path = folder / LAST
    if not path.is_file():
        raise TrainingError(f"There is no checkpoint to go on from in {folder}", "train from the beginning first")
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})["nnstudio"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return _moment(header, tensors, plan), str(header["run"])
    except (SafetensorError, OSError, KeyError, ValueError, TypeError) as error:
        raise TrainingError(
            f"The checkpoint {path} cannot be read ({error})", "train from the beginning", ""
        ) from error


def _moment(header: Mapping[str, Any], tensors: Mapping[str, Any], plan: Plan) -> Moment:
    if header["format"] != FORMAT:
        raise ValueError(f"it is of format {header['format']}, this version reads {FORMAT}")
    was, now = header["plan"], plan.to_json()
    for name in ("phases", "groups"):
        if was.pop(name, []) != now.pop(name, []):
            raise TrainingError(
                f"The checkpoint was made with other {name} than the plan has now",
                "set them back to go on from there, or train from the beginning",
            )
    for name, value in now.items():
        if name not in MAY_DIFFER and was.get(name, value) != value:
            title = Plan.params[name].title or name.replace("_", " ")
            raise TrainingError(
                f"The checkpoint was made with {title} {was[name]}, the plan now says {value}",
                "set it back to go on from there, or train from the beginning",
            )
    return Moment(tensors, header["progress"], header["inside"])
