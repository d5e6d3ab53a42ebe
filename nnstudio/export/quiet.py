"""Exporters that say nothing: what torch and onnxscript log and warn of is theirs, not the person's."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator

_LOUD = ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No warnings and no log lines below errors from what runs inside."""
    loggers = [logging.getLogger(name) for name in _LOUD]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
