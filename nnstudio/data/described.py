"""How a data set that needs no choosing is described: one that comes with the program, or lies in an installed package.

Imports neither NumPy nor polars.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from nnstudio.data.reference import ColumnChoice, DataError, DataReference, Split
from nnstudio.data.steps import Step

if TYPE_CHECKING:
    from nnstudio.data.columns import Source

Progress = Callable[[float], None]
#: Options of a plain CSV file.
CSV: Mapping[str, Any] = {"format": "csv", "delimiter": ",", "encoding": "utf-8", "header": True, "decimal": "."}


def choice(**values: Any) -> ColumnChoice:
    """What is set for a column: kind, role, scaling, shift."""
    return ColumnChoice.make(values)


def with_own(fields: Mapping[str, ColumnChoice], own: Mapping[str, ColumnChoice]) -> dict[str, ColumnChoice]:
    """What is set for the columns of a set, with what a person chose in its place, part by part.

    Where a person makes another column the target, those that the set has are inputs unless they are chosen too.
    """
    made = dict(fields)
    for name, chosen in own.items():
        made[name] = fields.get(name, choice()).with_(**_said(chosen))
    targets = {name for name, each in fields.items() if each.role == "target"}
    if any(chosen.role == "target" and name not in targets for name, chosen in own.items()):
        for name in targets:
            if own.get(name, choice()).role == "auto":
                made[name] = made[name].with_(role="input")
    return made


def _said(chosen: ColumnChoice) -> dict[str, Any]:
    automatic = choice().values()
    return {part: value for part, value in chosen.values().items() if value != automatic[part]}


@dataclass(frozen=True)
class Shipped:
    """A data set that comes with the program: its file in resources/datasets and how it is to be read.

    reader: ``module:function`` of `nnstudio.data`, as of a `Packaged`, where the file is not read as its format is.
    """

    id: str
    title: str
    summary: str
    file: str
    options: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, ColumnChoice] = field(default_factory=dict)
    split: Split = field(default_factory=lambda: Split.make({}))
    steps: tuple[Step, ...] = ()
    reader: str = ""

    def read(self, path: Path, reference: DataReference, progress: Progress) -> Source:
        """Read it by its reader. DataError where the file is not as expected."""
        return _read(self.reader, path, reference, progress)


@dataclass(frozen=True)
class Packaged:
    """A data set of a package.

    package: how it is installed; module: its folder, and file: the path of a file or folder in it. reader:
    ``module:function`` of `nnstudio.data`, which takes the path, the reference and the
    progress. licence: of the data, with its source.
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
    steps: tuple[Step, ...] = ()

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
        return next((path for path in paths if path.exists()), None)

    @property
    def command(self) -> list[str]:
        """The command that installs the package into this Python, without what it needs to be imported."""
        return [sys.executable, "-m", "pip", "install", "--no-deps", self.package]

    def install(self) -> None:
        """Install the package, as the person asked. DataError where that fails."""
        import subprocess

        try:
            done = subprocess.run(self.command, capture_output=True, text=True, timeout=600, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DataError(f"{self.package} could not be installed ({error}); install it by hand") from None
        if done.returncode or self.path is None:
            told = (done.stderr or done.stdout).strip().splitlines() or ["its files were not found afterwards"]
            raise DataError(f"{self.package} could not be installed ({told[-1]}); install it by hand")

    def read(self, path: Path, reference: DataReference, progress: Progress) -> Source:
        """Read it. DataError where the file is not as expected."""
        return _read(self.reader, path, reference, progress)


def _read(named: str, path: Path, reference: DataReference, progress: Progress) -> Source:
    module, _, function = named.partition(":")
    reader = getattr(importlib.import_module(f"nnstudio.data.{module}"), function)
    return cast("Source", reader(path, reference, progress))
