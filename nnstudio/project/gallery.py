"""The gallery: projects that come with the program, in resources/gallery. `resources/gallery/make.py` makes them."""

from __future__ import annotations

import difflib
import logging
from dataclasses import dataclass
from pathlib import Path

from nnstudio.project.files import ProjectError, load_sheet
from nnstudio.resources import resource_path

log = logging.getLogger(__name__)
#: The order of the gallery, from the first lesson on; what is not named comes after, by name.
ORDER = ("line", "small-net", "digits-mlp", "digits-cnn-small")


@dataclass(frozen=True, slots=True)
class Template:
    """A project of the gallery: ``id`` is its file's name without the ending."""

    id: str
    title: str
    summary: str
    path: Path


def templates() -> list[Template]:
    """The gallery, in its order. A file that cannot be read is logged and left out."""
    found = []
    for path in resource_path("gallery").glob("*.nnstudio"):
        try:
            sheet = load_sheet(path)
        except ProjectError as error:
            log.warning("%s", error)
            continue
        found.append(Template(path.stem, sheet.title or path.stem, sheet.summary, path))
    return sorted(found, key=lambda t: (ORDER.index(t.id) if t.id in ORDER else len(ORDER), t.id))


def template(id: str) -> Template:
    """The project of the gallery with this id. ProjectError, saying which there are, where there is none."""
    known = {found.id: found for found in templates()}
    if id in known:
        return known[id]
    close = difflib.get_close_matches(id, known, 1)
    meant = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}."
    raise ProjectError(f"The gallery has no project “{id}”; {meant}")
