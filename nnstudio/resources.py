"""Where the files are that come with the program: data sets, help pages, gallery, icons."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path


@cache
def resources() -> Path:
    """The folder of the resources: inside the package (a wheel), beside it (a checkout or an editable install), or
    in a bundle. FileNotFoundError, with a sentence for a person, where there is none."""
    package = Path(__file__).resolve().parent
    places = [package / "_resources", package.parent / "resources"]
    bundle = getattr(sys, "_MEIPASS", None)
    if bundle:
        places += [Path(bundle) / "nnstudio" / "_resources", Path(bundle) / "resources"]
    for place in places:
        if place.is_dir():
            return place
    raise FileNotFoundError(
        f"NN Studio's own files (data sets, help, gallery) are missing: no folder {places[0]}; install it again"
    )


def resource_path(*parts: str) -> Path:
    """A file or folder below the resources: ``resource_path("datasets", "iris.csv")``. It need not exist."""
    return resources().joinpath(*parts)
