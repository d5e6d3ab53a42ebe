"""Export: write aside, prove, put in place."""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nnstudio.atomic import sync
from nnstudio.export import preparing, proof
from nnstudio.export.errors import ExportError
from nnstudio.export.formats import format_of
from nnstudio.export.proof import Proof

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled
    from nnstudio.compile.resolve import Resolution
    from nnstudio.data.preparation import Preparation
    from nnstudio.export.frozen import Frozen

#: Called with the share that is done (0 to 1) and what is being done.
Progress = Callable[[float, str], None]


def require_exportable(resolution: Resolution) -> None:
    """Raises:
    ExportError: the network has no output, or a problem stands on what its outputs need; it names the first.
    """
    outputs = resolution.network.of_role("output")
    if not outputs:
        raise ExportError(
            "the network has no Output, so there is nothing to export; add one and wire the prediction to it."
        )
    problems = resolution.blocking(node.id for node in outputs)
    if problems:
        first, more = problems[0], len(problems) - 1
        also = f" (and {more} more problem{'' if more == 1 else 's'})" if more else ""
        hint = f"; {first.hint}" if first.hint else ""
        raise ExportError(f"the network cannot be exported while it has a problem: {first.message}{also}{hint}.")


def export(
    compiled: Compiled,
    path: Path | str,
    format: str = "",
    samples: Mapping[str, np.ndarray] | None = None,
    progress: Progress | None = None,
    preparation: Preparation | None = None,
) -> Proof:
    """Write the trained model that the outputs need, in evaluation mode, and run it beside the one in memory.

    Args:
        compiled: the network with its weights; it is not changed, wherever it lives, and may be training meanwhile.
        path: the file; replaced as a whole where it exists. Python source puts its weights beside it, in a
            safetensors file of the same name.
        format: an id of `FORMATS`; without one the path's ending decides.
        samples: encoded arrays by field, of which the first 32 are tried; without them, random numbers are.
        preparation: how rows become the inputs' arrays; written beside it as ``name.preparation.json``, and into ONNX.
        progress: told how far it has come; whatever it raises ends the export with nothing written.

    Raises:
        ExportError: no such format, a problem in the network, a package that is missing, a folder that cannot be
            written, or an export that does not give the same numbers. Files that were there stay as they were.
    """
    chosen = format_of(path, format)
    require_exportable(compiled.resolution)
    path = Path(path)
    path = path if path.suffix else path.with_name(path.name + chosen.suffix)
    if chosen.id == "python" and path.suffix != ".py":
        raise ExportError(f"a Python file's name ends in .py; {path.name} does not.")
    told = progress or (lambda _share, _text: None)
    told(0.0, f"Writing {path.name}")
    from nnstudio.export.frozen import freeze

    frozen = freeze(copy.deepcopy(compiled.model), compiled, samples)
    write = _WRITERS[chosen.id]
    with _aside(path) as folder:
        written = write(frozen, folder / path.name, told)
        if preparation is not None:
            preparing.write(preparation, frozen, folder / path.name, chosen.id)
        told(0.95, f"Putting {path.name} in its place")
    told(1.0, written.sentence)
    return Proof(chosen.id, path, written.samples, written.largest_difference, written.sentence)


def _onnx(frozen: Frozen, path: Path, told: Progress) -> Proof:
    from nnstudio.export import onnx

    fixed = onnx.write(frozen, path)
    told(0.7, "Running it beside the trained model")
    return _proved("onnx", "ONNX", path, frozen, onnx.run(frozen, path), fixed)


def _pt2(frozen: Frozen, path: Path, told: Progress) -> Proof:
    from nnstudio.export import pt2

    answers, fixed = pt2.write(frozen, path)
    told(0.9, "Comparing it with the trained model")
    return _proved("pt2", "torch.export", path, frozen, answers, fixed)


def _python(frozen: Frozen, path: Path, told: Progress) -> Proof:
    from nnstudio.export import python_file

    python_file.write(frozen, path)
    told(0.5, "Running it beside the trained model")
    return _proved("python", "Python", path, frozen, python_file.run(frozen, path))


def _safetensors(frozen: Frozen, path: Path, told: Progress) -> Proof:
    from nnstudio.export import weights

    weights.write(frozen, path)
    told(0.5, "Reading it back")
    count = weights.read_back(frozen, path)
    said = f"exported and checked: {count} tensor{'' if count == 1 else 's'} read back, all the same"
    return Proof("safetensors", path, count, 0.0, said)


_WRITERS: Mapping[str, Callable[[Frozen, Path, Progress], Proof]] = {
    "onnx": _onnx,
    "pt2": _pt2,
    "python": _python,
    "safetensors": _safetensors,
}


def _proved(
    format: str, title: str, path: Path, frozen: Frozen, answers: list[np.ndarray], fixed: bool = False
) -> Proof:
    difference = proof.largest_difference(title, frozen.answers, answers)
    said = proof.sentence(frozen.samples, difference, real=frozen.real)
    if fixed:
        said += "; it takes sequences of the length of these samples alone"
    return Proof(format, path, frozen.samples, difference, said)


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """A folder beside ``path``, of which all files are moved beside it once all went well.

    What the system says of the folder or the disk becomes an ExportError.
    """
    folder = None
    try:
        if path.is_dir():
            raise ExportError(f"{path} is a folder; choose the name of a file.")
        folder = Path(tempfile.mkdtemp(prefix=f".{path.stem}-", dir=path.parent))
        yield folder
        written = sorted(folder.iterdir(), key=lambda file: file.name == path.name)  # the file that was asked for last
        for file in written:
            sync(file)
        for file in written:
            file.replace(path.parent / file.name)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ExportError(
            f"{path} could not be written ({reason}); choose another folder or free some space."
        ) from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
