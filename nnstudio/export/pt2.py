"""A torch.export program. It is written and never opened: opening one can run what it holds (DESIGN 10)."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import torch

from nnstudio.export.errors import ExportError, reason
from nnstudio.export.frozen import Frozen, arrays
from nnstudio.export.quiet import quiet
from nnstudio.export.substitutes import substitute


def program(frozen: Frozen) -> torch.export.ExportedProgram:
    """The model traced with a few samples, for a batch (and, where they are not fixed, other sizes) of any size.

    Raises:
        ExportError: torch cannot trace the network.
    """
    try:
        with quiet():
            model = substitute(frozen.model)
            return torch.export.export(model, frozen.traced, dynamic_shapes=frozen.dynamic_shapes())
    except Exception as error:
        raise ExportError(f"torch.export cannot trace this network: {reason(error)}; export it as Python.") from error


def write(frozen: Frozen, path: Path) -> list[np.ndarray]:
    """Write the program; its answers to the samples, as it is in memory. ExportError as for :func:`program`."""
    traced = program(frozen)
    with quiet():
        written = io.BytesIO()
        torch.export.save(traced, written)
        path.write_bytes(written.getvalue())  # by Python, whose word on a full disk is an OSError
        with torch.no_grad():
            return list(arrays(traced.module()(*frozen.tensors)))
