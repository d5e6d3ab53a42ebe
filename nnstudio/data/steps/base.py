"""What a step of the preparation is, and the registry of their kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from nnstudio.data.errors import DataError
from nnstudio.data.records import Record, record_from_json, record_to_json
from nnstudio.layers.params import declared

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nnstudio.data.columns import Column, Source

Columns = Mapping[str, "Column"]
Learned = Mapping[str, Any]


class Step(Record):
    """One thing that is done to columns before they are encoded.

    A step either makes other rows (``reshapes``), which happens before the split, or maps columns. What it has to know
    for that it learns from training rows alone, as a JSON value, by which new rows are prepared later; a step with
    ``learns`` False needs nothing and may stand before one that reshapes.
    """

    reshapes: ClassVar[bool] = False
    learns: ClassVar[bool] = True
    #: The kinds of columns that it works on.
    kinds: ClassVar[tuple[str, ...]] = ()

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that it is set to work on; none where it finds them itself."""
        return ()

    @property
    def feeds(self) -> tuple[str, ...]:
        """Columns that could not be fed to a network without it, such as texts and dates."""
        return ()

    @property
    def frees(self) -> tuple[str, ...]:
        """Columns of categories for which values may be given that the data does not have."""
        return self.feeds

    @property
    def numbers(self) -> tuple[str, ...]:
        """Columns whose whole numbers are numbers, and no classes, because the step treats them so."""
        return ()

    def without(self, names: set[str]) -> Step | None:
        """The step that no longer works on these columns; None where it then has nothing left to do."""
        if not names & set(self.reads):
            return self
        if names >= set(self.reads):
            return None
        several = getattr(self, "columns", ())
        left = tuple(name for name in several if name not in names)
        return self.with_(columns=left) if left else self

    def settled(self, columns: Columns) -> Step:
        """The step with the columns named that it works on, where that was left open."""
        return self

    def origins(self, name: str) -> tuple[str, ...]:
        """The columns before the step that are needed for the column ``name`` behind it."""
        return (name,)

    def reshape(self, source: Source) -> Source:
        """Other rows. DataError where there are none."""
        return source

    def reshape_given(self, columns: Columns) -> Columns:
        """Rows for a prediction out of what a person gave, which may lack columns. DataError where there is too little
        of it."""
        return columns

    def learn(self, columns: Columns, train: NDArray[np.int64]) -> dict[str, Any]:
        """What the rows ``train`` tell. DataError where a column is missing or of a kind that it cannot take."""
        return {}

    def apply(self, columns: Columns, learned: Learned) -> Columns:
        """All columns, with its own changed; those of its columns that are not there are passed over."""
        return columns

    def told(self, learned: Learned, encodings: Mapping[str, Any]) -> str:
        """What it learned, as a short phrase for a person; "" where there is nothing to tell.

        encodings: of the columns behind all steps (`encoding.ColumnEncoding`).
        """
        return ""

    def doubts(self, columns: Columns, learned: Learned) -> list[str]:
        """Sentences on what the person should know of the columns behind it."""
        return []

    def taken(self, columns: Columns, name: str, kinds: Iterable[str]) -> Column:
        """A column that it is set to work on. DataError where there is none, or it holds something else."""
        allowed = tuple(kinds)
        if not name:
            raise DataError(f"The step “{self.title}” needs a column; choose one that holds {_either(allowed)}")
        if name not in columns:
            raise DataError(f"The step “{self.title}” works on “{name}”, which is not there; choose another column")
        if columns[name].kind not in allowed:
            raise DataError(
                f"The step “{self.title}” works on columns of {_either(allowed)}, and “{name}” holds "
                f"{columns[name].kind}; choose another column"
            )
        return columns[name]


def _either(kinds: tuple[str, ...]) -> str:
    return " or ".join(filter(None, (", ".join(kinds[:-1]), kinds[-1])))


#: The kinds of steps, by the name that is saved.
STEPS: dict[str, type[Step]] = {}
_S = TypeVar("_S", bound=type[Step])


def step(kind: str, title: str) -> Callable[[_S], _S]:
    """Class decorator: declare a `Step` and register it."""

    def made(cls: _S) -> _S:
        cls = declared(cls)
        cls.kind, cls.title = kind, title
        STEPS[kind] = cls
        return cls

    return made


def step_to_json(made: Step) -> dict[str, Any]:
    """A JSON value; :func:`step_from_json` reads it back."""
    return record_to_json(made)


def step_from_json(data: Any) -> Step:
    """Read what :func:`step_to_json` wrote; what is left out has its default. DataError where it is none."""
    return record_from_json(data, STEPS, "A step of the preparation")
