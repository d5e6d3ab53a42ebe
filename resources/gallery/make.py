"""Makes the gallery's projects: `python resources/gallery/make.py [ID …] [--into FOLDER]`; drawn in making/."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from making import basics, scenes, tables, texts, vision, vision_transfer

from nnstudio.project.files import save
from nnstudio.project.sheet import Sheet

GALLERY: Mapping[str, Callable[[], Sheet]] = {
    **basics.PROJECTS, **vision.PROJECTS, **tables.PROJECTS, **texts.PROJECTS, **scenes.PROJECTS,
}  # fmt: skip


def main() -> None:
    """Write the named projects, or all, into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ids", nargs="*", metavar="ID", help=f"of {', '.join(GALLERY)}; all where none is given")
    parser.add_argument("--into", type=Path, default=Path(__file__).resolve().parent, metavar="FOLDER")
    options = parser.parse_args()
    unknown = set(options.ids) - GALLERY.keys()
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    for id in options.ids or GALLERY:
        weights = vision_transfer.WEIGHTS[id]() if id in vision_transfer.WEIGHTS else None
        save(options.into / f"{id}.nnstudio", GALLERY[id](), weights)


if __name__ == "__main__":
    main()
