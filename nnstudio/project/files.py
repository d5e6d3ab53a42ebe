"""The project file (DESIGN 7): saved so that it is old or new, never between; opened without running anything.

``name.nnstudio`` is a zip of project.json, view.json and, where there are any, weights.safetensors and thumbnail.png.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnstudio.atomic import replacing
from nnstudio.project import archive, strict_json, tensors
from nnstudio.project.errors import ProjectError, not_read, not_written
from nnstudio.project.schema import SchemaError, project_from_json, project_to_json, view_to_json, with_view
from nnstudio.project.sheet import Sheet

if TYPE_CHECKING:
    import numpy as np

    from nnstudio.data.fitted import Fitted

SUFFIX = ".nnstudio"
#: The text in the header of the weights that holds what the training data taught (`data.fitted.Fitted`), as JSON.
PREPARATION = "nnstudio.preparation"
_PICTURE_SIDE_LIMIT = 4096


@dataclass(frozen=True)
class Loaded:
    """What a project file holds.

    weights: by state-dict key, None where none are saved; fitted: what the data taught that they were trained on, None
    where it is not known (files of earlier versions). notes: a sentence on each thing that could not be taken as it
    stands; the rest is there.
    """

    sheet: Sheet
    weights: tensors.Weights | None
    notes: tuple[str, ...]
    fitted: Fitted | None = None


def save(
    path: str | Path,
    sheet: Sheet,
    weights: Mapping[str, np.ndarray[Any, Any]] | None = None,
    thumbnail: bytes | None = None,
    fitted: Fitted | None = None,
) -> None:
    """Write a project, in place of what stands at ``path``. Equal content gives equal bytes.

    Args:
        weights: NumPy arrays by state-dict key. thumbnail: a PNG of at most 4 MiB and 4096 pixels a side.
        fitted: what the data taught that the weights were trained on.

    Raises:
        ProjectError: it could not be written; then what stood there is as it was.
    """
    path = Path(path)
    members = {
        "project.json": strict_json.written(project_to_json(sheet)),
        "view.json": strict_json.written(view_to_json(sheet.view)),
    }
    if weights is not None:
        members["weights.safetensors"] = tensors.written(weights, _said(fitted))
    if thumbnail is not None:
        if not _is_picture(thumbnail):
            raise ProjectError(
                f"The picture for {path.name} is not a PNG of at most 4096 pixels a side; save without it."
            )
        members["thumbnail.png"] = thumbnail
    try:
        with replacing(path) as file:
            archive.write(file, members)
    except OSError as error:
        raise not_written(path, error) from error
    except archive.ArchiveError as error:
        raise ProjectError(f"{path.name} cannot be saved: {error}.") from error


def load(path: str | Path) -> Loaded:
    """Read a project.

    Raises:
        ProjectError: nothing of it can be used: it is missing, damaged, not a project, or of a newer version.
    """
    path = Path(path)
    members = _members(path, archive.MEMBERS)
    sheet, remarks = _project(path, members)
    notes = list(remarks)
    try:
        sheet = with_view(sheet, strict_json.parse(bytes(members.get("view.json", b'{"positions":{}}'))))
    except ValueError as error:
        notes.append(f"its drawing is arranged anew, since the places of its nodes cannot be read ({error})")
    weights, fitted = None, None
    if "weights.safetensors" in members:
        try:
            weights = tensors.parse(members["weights.safetensors"])
            fitted = _fitted(members["weights.safetensors"], notes)
        except ValueError as error:
            notes.append(f"its trained weights cannot be read ({error}); train it again")
    return Loaded(sheet, weights, tuple(f"{path.name}: {note}." for note in notes), fitted)


def _said(fitted: Fitted | None) -> dict[str, str]:
    """What the header of the weights says of the data. Nothing where it holds numbers or texts that JSON does not."""
    with contextlib.suppress(ValueError):
        return {PREPARATION: strict_json.written(fitted.to_json()).decode()} if fitted is not None else {}
    return {}


def _fitted(weights: bytearray, notes: list[str]) -> Fitted | None:
    """What stands in the header of the weights on the data that they were trained on."""
    said = tensors.said_in(weights).get(PREPARATION)
    if said is None:
        return None
    from nnstudio.data.fitted import Fitted

    try:
        return Fitted.from_json(strict_json.parse(said.encode("utf-8", "surrogatepass")))
    except ValueError as error:  # a DataError is one
        notes.append(f"how the data was prepared is read from the data, since it is not understood here ({error})")
        return None


def load_sheet(path: str | Path) -> Sheet:
    """Network, plan and data of a project alone, without view and weights: quick, for lists. ProjectError as `load`."""
    path = Path(path)
    return _project(path, _members(path, ("project.json",)))[0]


def thumbnail(path: str | Path) -> bytes | None:
    """The PNG of a project; None where it has none or cannot be read."""
    try:
        picture = bytes(_members(Path(path), ("thumbnail.png",)).get("thumbnail.png", b""))
    except ProjectError:
        return None
    return picture if _is_picture(picture) else None


def _members(path: Path, wanted: Collection[str]) -> dict[str, bytearray]:
    try:
        with path.open("rb") as file:
            return archive.read(file, wanted)
    except archive.ArchiveError as error:
        raise ProjectError(f"{path.name} cannot be opened: {error}.") from error
    except OSError as error:
        raise not_read(path, error) from error


def _project(path: Path, members: Mapping[str, bytearray]) -> tuple[Sheet, tuple[str, ...]]:
    if "project.json" not in members:
        raise ProjectError(
            f"{path.name} cannot be opened: it holds no project.json; choose a file that NN Studio saved."
        )
    try:
        return project_from_json(strict_json.parse(bytes(members["project.json"])))
    except SchemaError as error:
        raise ProjectError(f"{path.name} cannot be opened: {error}.") from error
    except ValueError as error:
        raise ProjectError(
            f"{path.name} cannot be opened: project.json is damaged ({error}); restore the file from a backup."
        ) from error


def _is_picture(content: bytes) -> bool:
    """Whether it begins as a PNG of a size that may be shown."""
    if len(content) < 24 or content[:8] != b"\x89PNG\r\n\x1a\n" or content[12:16] != b"IHDR":
        return False
    return all(0 < side <= _PICTURE_SIDE_LIMIT for side in struct.unpack_from(">II", content, 16))


__all__ = ["SUFFIX", "Loaded", "ProjectError", "load", "load_sheet", "save", "thumbnail"]
