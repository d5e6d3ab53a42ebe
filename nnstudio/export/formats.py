"""The formats that there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nnstudio.export.errors import ExportError


@dataclass(frozen=True, slots=True)
class Format:
    """One format: its id, its title, the ending of its files, and what it is for."""

    id: str
    title: str
    suffix: str
    summary: str


FORMATS: Mapping[str, Format] = {
    each.id: each
    for each in (
        Format("onnx", "ONNX", ".onnx", "runs in ONNX Runtime, browsers, phones and other languages"),
        Format("pt2", "torch.export program", ".pt2", "runs in PyTorch without the code of the model"),
        Format("safetensors", "Weights", ".safetensors", "the trained numbers alone, by the names of the nodes"),
        Format("python", "Python source", ".py", "one readable file, with its weights beside it"),
    )
}


def format_of(path: Path | str, format: str = "") -> Format:
    """The format of this id, or the one that the path's ending says. ExportError where there is none."""
    if format in FORMATS:
        return FORMATS[format]
    suffix = Path(path).suffix.lower()
    for each in FORMATS.values():
        if not format and each.suffix == suffix:
            return each
    known = ", ".join(f"{each.id} ({each.suffix})" for each in FORMATS.values())
    asked = f"the format {format!r}" if format else f"files that end in {suffix!r}" if suffix else "files of no ending"
    raise ExportError(f"there is no export to {asked}; there are {known}.")
