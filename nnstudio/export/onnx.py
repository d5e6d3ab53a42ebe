"""ONNX: written by torch's exporter, run by ONNX Runtime."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nnstudio.export.errors import ExportError
from nnstudio.export.frozen import Frozen
from nnstudio.export.quiet import quiet


def write(frozen: Frozen, path: Path) -> None:
    """Write the model. Inputs and outputs have the names of their nodes; the batch (and time) may have any size.

    Raises:
        ExportError: a package is missing, or an operation has no ONNX form.
    """
    for name in ("onnx", "onnxscript", "onnxruntime"):
        _required(name)
    try:
        with quiet():
            program = torch.onnx.export(
                frozen.model, frozen.traced, dynamo=True, verbose=False, external_data=False,
                input_names=[spec.name for spec in frozen.inputs], output_names=list(frozen.outputs),
                dynamic_shapes=frozen.dynamic_shapes(),
            )  # fmt: skip
            assert program is not None
            program.save(str(path), external_data=False)
    except OSError:
        raise
    except Exception as error:
        raise ExportError(f"ONNX cannot express this network: {first_line(error)}; export it as Python.") from error


def run(frozen: Frozen, path: Path) -> list[np.ndarray]:
    """The written model's answers to the samples, by ONNX Runtime on the CPU."""
    runtime = _required("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    try:
        session = runtime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
        feeds = {spec.name: array for spec, array in zip(frozen.inputs, frozen.tried, strict=True)}
        known = {each.name for each in session.get_inputs()}
        answers: list[np.ndarray] = session.run(
            list(frozen.outputs), {name: array for name, array in feeds.items() if name in known}
        )
    except Exception as error:  # ONNX Runtime raises its own types
        raise ExportError(f"ONNX Runtime does not run the exported network: {first_line(error)}.") from error
    return answers


def first_line(error: Exception) -> str:
    """What an error says first."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def _required(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ExportError(f"ONNX export needs the package {name}, which is missing: pip install {name}.") from error
