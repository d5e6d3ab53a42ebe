"""The data reference: which data a project uses and how it is read, as a value. Imports neither NumPy nor polars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import MappingProxyType
from typing import Any

from nnstudio.data.augment import Augmentation, augmentation_from_json, augmentation_to_json
from nnstudio.data.errors import DataError as DataError
from nnstudio.data.formats import FORMATS
from nnstudio.data.steps import Step, step_from_json, step_to_json
from nnstudio.layers.params import Declared, ParameterError, declared, param
from nnstudio.layers.types import TensorType

#: What a column can be. ``auto``: decided by what stands in it.
KINDS = ("auto", "number", "category", "image", "mask", "boxes", "sound", "text", "time")
#: What a column is for. ``auto``: input, unless it is the last category or the only candidate for a target. ``group``:
#: rows with the same value go to one part of the split. ``weight``: how much a row counts in the losses.
ROLES = ("auto", "input", "target", "group", "weight", "ignored")
#: Roles of columns that a network is not fed.
UNFED = ("ignored", "group")
#: What is done to numbers. ``auto``: standardised where it is a table, left alone where it is an array.
SCALINGS = ("auto", "standardise", "none")
#: The three parts into which rows are split.
SPLITS = ("train", "validation", "test")


@declared
class Split(Declared):
    """Which rows are trained on, which are watched while training, which are kept for the end.

    The three shares count in proportion to each other. A share of 0 leaves that part without rows.
    """

    train: float = param(0.7, exclusive_min=0.0, max=1.0, title="Training", help="share of the rows to train on")
    validation: float = param(0.15, min=0.0, max=1.0, help="share of the rows to watch while training")
    test: float = param(0.15, min=0.0, max=1.0, help="share of the rows kept for the final figures")
    seed: int = param(0, min=0, max=2**31 - 1, help="the same seed gives the same split")
    stratify: bool = param(True, help="give each part the same share of every class")
    together: bool = param(
        False, title="Keep equal rows together", help="rows that are the same all go to one part, training first"
    )
    once: bool = param(False, title="Use equal rows once", help="a row that is as an earlier one is in no part")
    complete: bool = param(
        False, title="Only rows that lack nothing", help="a row that lacks a value that may be fed is in no part"
    )
    column: str = param(
        "", title="Column that names the part", help="a column with train, validation or test in each row; empty: none"
    )
    group: str = param(
        "", title="Column that names the group", help="rows of one group, such as a patient, all go to one part"
    )
    by_time: bool = param(False, help="train on the earliest rows and test on the latest")
    time_column: str = param("", when=("by_time", (True,)), help="the column to order by; empty: as the rows stand")

    @property
    def shares(self) -> tuple[float, float, float]:
        """The shares of training, validation and test, which sum to 1."""
        total = self.train + self.validation + self.test
        return self.train / total, self.validation / total, self.test / total

    @classmethod
    def everything(cls) -> Split:
        """All rows are trained on; validation and test have none."""
        return cls.make({"train": 1.0, "validation": 0.0, "test": 0.0, "stratify": False})


@declared
class ColumnChoice(Declared):
    """What a person chose for one column (or one array of an NPZ file) in place of what was detected."""

    kind: str = param("auto", choices=KINDS, help="what stands in it")
    role: str = param("auto", choices=ROLES, help="what it is for")
    scaling: str = param("auto", choices=SCALINGS, help="what is done to its numbers")
    shift: int = param(0, unit="rows", help="take each value from so many rows below, where a column has slipped")


#: Options by name: the type of each, and its choices where they are few.
OPTIONS: Mapping[str, tuple[type, tuple[str, ...]]] = {
    "format": (str, tuple(FORMATS)),
    "delimiter": (str, ()),
    "encoding": (str, ()),
    "header": (bool, ()),
    "decimal": (str, (".", ",")),
    "pixel_max": (int, ()),
    "size": (int, ()),
    "color": (str, ("auto", "grey", "rgb")),
    "reading": (str, ("auto", "memory", "disk")),
    "query": (str, ()),
    "sheet": (str, ()),
    "rate": (int, ()),  # samples a second: those of sounds that do not say it, or to which all of a folder are brought
    "milliseconds": (int, ()),
}


@dataclass(frozen=True)
class DataReference:
    """Where the data is, how it is read and how its rows are split.

    source: ``shipped:digits``, ``package:mnist-5000`` (in an installed package), or ``file:<path>`` with forward
    slashes; a relative path counts from the folder of the project file. sha256: of the file as it was when it was
    chosen ("" where not known). options: what the person or :func:`nnstudio.data.describe_file` set for reading it
    (see OPTIONS). fields: choices by column. types: the tensor types that the data had when it was last read, so
    that a network still resolves without it. steps: what is done to the columns before they are encoded, in this order.
    augment: what is done to training batches, in this order.
    The three mappings are read-only. DataError where a value is not allowed.
    """

    source: str
    sha256: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, ColumnChoice] = field(default_factory=dict)
    split: Split = field(default_factory=lambda: Split.make({}))
    types: Mapping[str, TensorType] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    augment: tuple[Augmentation, ...] = ()

    def __post_init__(self) -> None:
        scheme, _, rest = self.source.partition(":")
        if scheme not in ("shipped", "file", "package") or not rest.strip() or "\0" in rest:
            raise DataError(
                f"The data source must be “shipped:” or “package:” with a name or “file:” with a path, not "
                f"{self.source!r}; choose the data again"
            )
        for name, value in self.options.items():
            _check_option(name, value)
        for name in ("options", "fields", "types"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        object.__setattr__(self, "steps", tuple(self.steps))
        object.__setattr__(self, "augment", tuple(self.augment))

    def __hash__(self) -> int:
        return hash((self.source, self.sha256, tuple(self.fields), self.split, self.steps, self.augment))

    def __reduce__(self) -> tuple[object, ...]:
        parts = (self.source, self.sha256, dict(self.options), dict(self.fields), self.split, dict(self.types))
        return (DataReference, (*parts, self.steps, self.augment))

    @property
    def is_shipped(self) -> bool:
        """Whether the data comes with the program."""
        return self.source.startswith("shipped:")

    @property
    def is_packaged(self) -> bool:
        """Whether the data lies in an installed package."""
        return self.source.startswith("package:")

    @property
    def is_file(self) -> bool:
        """Whether the data is a file or folder of the person's."""
        return self.source.startswith("file:")

    @property
    def name(self) -> str:
        """The id of a set that is shipped or in a package, or the path as it is written in the reference."""
        return self.source.partition(":")[2]

    @classmethod
    def file(cls, path: str | Path, base: Path | None = None, **parts: Any) -> DataReference:
        """A reference to a file; where it lies below the folder ``base``, by its path from there."""
        path = Path(path)
        if base is not None:
            here, there = Path(base).resolve(), path.resolve()
            path = there.relative_to(here) if there.is_relative_to(here) else there
        return cls(f"file:{path.as_posix()}", **parts)

    def path(self, base: Path | None = None) -> Path:
        """Where the file should lie; a relative path counts from ``base``, else from the working folder."""
        if not self.is_file:
            raise DataError(f"{self.source} is no file of yours; choose a file")
        absolute = PurePosixPath(self.name).is_absolute() or PureWindowsPath(self.name).is_absolute()
        return Path(self.name) if absolute or base is None else Path(base) / self.name

    def with_(self, **parts: Any) -> DataReference:
        """A copy with other parts."""
        return replace(self, **parts)

    def reads_as(self, other: DataReference) -> bool:
        """Whether this reads what was read from the other, whose hash is known: they differ in augmentation and in the
        types that are remembered."""
        same = {"augment": (), "types": {}, "sha256": self.sha256 or other.sha256}
        return self.with_(**same) == other.with_(augment=(), types={})

    def with_choice(self, column: str, **values: Any) -> DataReference:
        """A copy with another kind, role or scaling of a column. ParameterError where one is not allowed."""
        automatic = ColumnChoice.make({})
        choice = self.fields.get(column, automatic).with_(**values)
        others = {name: old for name, old in self.fields.items() if name != column}
        return self.with_(fields=others if choice == automatic else {**others, column: choice})

    def to_json(self) -> dict[str, Any]:
        """A JSON value; :meth:`from_json` reads it back."""
        written = {
            "source": self.source,
            "sha256": self.sha256,
            "options": dict(self.options),
            "fields": {name: choice.values() for name, choice in self.fields.items()},
            "split": self.split.values(),
            "types": {name: type_.to_json() for name, type_ in self.types.items()},
        }
        more = {"steps": list(map(step_to_json, self.steps)), "augment": list(map(augmentation_to_json, self.augment))}
        return {**written, **{name: value for name, value in more.items() if value}}

    @classmethod
    def from_json(cls, data: Any) -> DataReference:
        """Read what :meth:`to_json` wrote; parts left out take their defaults. DataError where it is malformed."""
        if not isinstance(data, Mapping):
            raise DataError(f"The data reference must be an object, not {_brief(data)}; choose the data again")
        parts = {**cls(source="file:x").to_json(), "steps": [], "augment": [], **data}
        unknown = sorted(map(str, parts.keys() - cls.__dataclass_fields__.keys()))
        if unknown:
            raise DataError(f"The data reference has {unknown[0]!r}, which this version does not know; update it")
        if "source" not in data:
            raise DataError("The data reference does not say which data it means; choose the data again")
        for name, value in parts.items():
            kind, words = {
                "source": (str, "a text"), "sha256": (str, "a text"), "steps": (list, "a list"),
                "augment": (list, "a list"),
            }.get(name, (Mapping, "an object"))  # fmt: skip
            if not isinstance(value, kind):
                raise DataError(
                    f"“{name}” of the data reference must be {words}, not {_brief(value)}; choose the data again"
                )
        try:
            return cls(
                source=parts["source"],
                sha256=parts["sha256"],
                options=parts["options"],
                fields={str(name): ColumnChoice.make(choice) for name, choice in parts["fields"].items()},
                split=Split.make(parts["split"]),
                types={str(name): TensorType.from_json(type_) for name, type_ in parts["types"].items()},
                steps=tuple(map(step_from_json, parts["steps"])),
                augment=tuple(map(augmentation_from_json, parts["augment"])),
            )
        except DataError:
            raise
        except (ParameterError, ValueError, TypeError, AttributeError) as error:
            raise DataError(f"The data reference cannot be read: {error}; choose the data again") from error


def _check_option(name: str, value: Any) -> None:
    if name not in OPTIONS:
        raise DataError(f"There is no option {name!r} for reading data; those are {', '.join(OPTIONS)}")
    kind, choices = OPTIONS[name]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)) or (choices and value not in choices):
        expected = (
            " or ".join(map(repr, choices)) or {str: "a text", int: "a whole number", bool: "true or false"}[kind]
        )
        raise DataError(f"The option {name!r} for reading data must be {expected}, not {_brief(value)}")
    if name == "pixel_max" and not 1 <= int(str(value)) <= 2**32:
        raise DataError(
            f"The option 'pixel_max' must be what the brightest pixel has, such as 255, not {_brief(value)}"
        )
    if name == "size" and not 4 <= int(str(value)) <= 4096:
        raise DataError(f"The option 'size' must be the edge of a picture in pixels, 4 to 4096, not {_brief(value)}")
    if name == "rate" and not 100 <= int(str(value)) <= 400_000:
        raise DataError(f"The option 'rate' must be samples a second, 100 to 400,000, not {_brief(value)}")
    if name == "milliseconds" and not 1 <= int(str(value)) <= 600_000:
        raise DataError(f"The option 'milliseconds' must be the length of a sound, 1 to 600,000, not {_brief(value)}")
    if name == "delimiter" and (len(str(value)) != 1 or not str(value).isascii() or str(value) in '"\r\n'):
        raise DataError(f"The delimiter of a CSV file must be one character such as a comma, not {value!r}")


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "…"
