"""A torch.export program. It is written and never opened: opening one can run what it holds (DESIGN 10)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from nnstudio.export.errors import ExportError
from nnstudio.export.frozen import Frozen, arrays
from nnstudio.export.onnx import first_line
from nnstudio.export.quiet import quiet


def write(frozen: Frozen, path: Path) -> list[np.ndarray]:
    """Write the program, with a batch of any size; the program's answers to the samples, from before it was written.

    Raises:
        ExportError: torch cannot trace the network.
    """
    try:
        with quiet():
            program = torch.export.export(frozen.model, frozen.traced, dynamic_shapes=frozen.dynamic_shapes())
            torch.export.save(program, path)
            with torch.no_grad():
                return list(arrays(program.module()(*frozen.tensors)))
    except OSError:
        raise
    except Exception as error:
        raise ExportError(f"torch.export cannot trace this network: {first_line(error)}.") from error
