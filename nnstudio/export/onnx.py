"""ONNX: written by torch's exporter, run by ONNX Runtime."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nnstudio.export.errors import ExportError, reason
from nnstudio.export.frozen import Frozen
from nnstudio.export.pt2 import program
from nnstudio.export.quiet import quiet


def write(frozen: Frozen, path: Path) -> bool:
    """Write the model. Inputs and outputs have the names of their nodes; the batch may have any size.

    Returns:
        Whether sizes other than the batch, such as the length of a sequence, are fixed although the network's are not.

    Raises:
        ExportError: a package is missing, or an operation has no ONNX form.
    """
    for name in ("onnx", "onnxscript", "onnxruntime"):
        _required(name)
    made = program(frozen, scans=True)
    try:
        with quiet():
            converted = torch.onnx.export(
                made.traced, dynamo=True, verbose=False, external_data=False, dynamic_shapes=made.shapes,
                input_names=[spec.name for spec in frozen.inputs], output_names=list(frozen.outputs),
            )  # fmt: skip
            assert converted is not None
            converted.save(str(path), external_data=False)
    except OSError:
        raise
    except Exception as error:
        raise ExportError(f"ONNX cannot express this network: {reason(error)}; export it as Python.") from error
    return made.fixed


def run(frozen: Frozen, path: Path) -> list[np.ndarray]:
    """The written model's answers to the samples, by ONNX Runtime on the CPU."""
    runtime = _required("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 4  # what it would print, its exceptions say
    options.intra_op_num_threads = 1
    try:
        session = runtime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
        feeds = {spec.name: array for spec, array in zip(frozen.inputs, frozen.tried, strict=True)}
        known = {each.name for each in session.get_inputs()}
        answers: list[np.ndarray] = session.run(
            list(frozen.outputs), {name: array for name, array in feeds.items() if name in known}
        )
    except Exception as error:  # ONNX Runtime raises its own types
        raise ExportError(f"ONNX Runtime does not run the exported network: {reason(error)}.") from error
    return answers


def _required(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ExportError(f"ONNX export needs the package {name}, which is missing: pip install {name}.") from error
