"""The Python source with its weights beside it, and running it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import torch

from nnstudio.export import weights
from nnstudio.export.errors import ExportError, reason
from nnstudio.export.frozen import Frozen, arrays
from nnstudio.export.python_source import source


def write(frozen: Frozen, path: Path) -> None:
    """Write ``name.py`` and ``name.safetensors``."""
    beside = path.with_suffix(".safetensors")
    weights.write(frozen, beside)
    path.write_text(source(frozen.resolution, path.stem, beside.name), encoding="utf-8", newline="\n")


def run(frozen: Frozen, path: Path) -> list[np.ndarray]:
    """The answers of the model that the file loads. The file is ours, printed from an allow-list a moment ago."""
    spec = importlib.util.spec_from_file_location("nnstudio_exported", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    keep, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
        with torch.no_grad():
            return list(arrays(module.load()(*frozen.tensors)))
    except OSError:
        raise
    except Exception as error:
        raise ExportError(f"the exported Python file does not run: {reason(error)}; please report it.") from error
    finally:
        sys.dont_write_bytecode = keep
