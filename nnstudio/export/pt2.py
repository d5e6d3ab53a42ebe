"""A torch.export program. It is written and never opened: opening one can run what it holds (DESIGN 10)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.export import Dim

from nnstudio.export.errors import ExportError, reason
from nnstudio.export.frozen import Frozen, arrays
from nnstudio.export.quiet import quiet
from nnstudio.export.substitutes import substitute


@dataclass(frozen=True)
class Program:
    """A traced model. ``fixed``: whether sizes other than the batch had to stay as they were traced."""

    traced: torch.export.ExportedProgram
    shapes: tuple[dict[int, Any], ...]
    fixed: bool


def program(frozen: Frozen, *, scans: bool = False) -> Program:
    """The model traced with a few samples, for a batch of any size and, where torch can, sequences of any length.
    scans: as for `substitutes.substitute`.

    Raises:
        ExportError: torch cannot trace the network.
    """
    model = substitute(frozen.model, scans=scans)
    free = frozen.dynamic_shapes(Dim.DYNAMIC)
    fixed = frozen.dynamic_shapes(None)
    try:
        with quiet():
            try:
                return Program(torch.export.export(model, frozen.traced, dynamic_shapes=free), free, False)
            except Exception:
                if fixed == free:
                    raise
            return Program(torch.export.export(model, frozen.traced, dynamic_shapes=fixed), fixed, True)
    except Exception as error:
        raise ExportError(f"torch.export cannot trace this network: {reason(error)}; export it as Python.") from error


def write(frozen: Frozen, path: Path) -> tuple[list[np.ndarray], bool]:
    """Write the program.

    Returns:
        Its answers to the samples, as it is in memory, and whether lengths are fixed.

    Raises:
        ExportError: as for :func:`program`.
    """
    made = program(frozen)
    with quiet():
        written = io.BytesIO()
        torch.export.save(made.traced, written)
        path.write_bytes(written.getvalue())  # by Python, whose word on a full disk is an OSError
        with torch.no_grad():
            return list(arrays(made.traced.module()(*frozen.tensors))), made.fixed
