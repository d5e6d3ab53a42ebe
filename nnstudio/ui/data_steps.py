"""The steps of the preparation, in the data panel and the data dialog."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QWidget

from nnstudio.data.steps import STEPS, Step
from nnstudio.ui.data_records import Kind, Records
from nnstudio.ui.parts import capital, column, label

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset
    from nnstudio.data.reference import DataReference
    from nnstudio.ui.session import Session

NOTHING = (
    "Steps are done to the columns before the network is fed: texts to tokens, windows over time, missing values, "
    "scaling. What a step learns it learns from training rows alone."
)


class Steps(Records):
    """The steps of a data reference, with what each learned. ``edited`` as of `Records`."""

    def __init__(self) -> None:
        super().__init__("step", NOTHING)

    def show_steps(self, reference: DataReference | None, dataset: Dataset | None) -> None:
        """Show the steps of a reference; ``dataset``: its data, as far as it has been read."""
        steps = reference.steps if reference is not None else ()
        columns = columns_of(dataset)
        done = dataset.prepared.steps if dataset is not None and dataset.reference.steps == steps else ()
        told = [dataset.prepared.told(place) if dataset and done else "" for place in range(len(steps))]
        names = [(name, name) for name in columns]
        offered: dict[str, Any] = dict.fromkeys(("column", "columns", "also"), names)
        offered |= {name: [("", "not set"), *names] for name in ("target", "order", "group")}
        self.show_records(
            steps, [_kind(step, columns) for step in STEPS.values()], offered, told, list(map(_about, steps))
        )


def columns_of(dataset: Dataset | None) -> dict[str, str]:
    """The kinds of all columns that steps may work on, by name: as they were read, and as steps made them."""
    if dataset is None:
        return {}
    given = {name: encoding.kind for name, encoding in dataset.prepared.given.items()}
    read = {name: column.kind for name, column in dataset.columns.items()}
    return {**given, **read, **{name: column.kind for name, column in dataset.fed.items() if name not in read}}


def _kind(cls: type[Step], columns: dict[str, str]) -> Kind:
    fitting = [name for name, kind in columns.items() if kind in cls.kinds]
    kinds = " or ".join(cls.kinds)
    lacking = "" if fitting else f"This needs a column of the kind {kinds}, and the data has none"

    def make() -> Step:
        best = sorted(fitting, key=lambda name: cls.kinds.index(columns[name]))
        return cls.make({"column": best[0]} if "column" in cls.params else {})

    return Kind(cls.title, " ".join((cls.__doc__ or "").split("\n\n")[0].split()), make, lacking)


def _about(step: Step) -> str:
    """What a step works on, in short."""
    names = ", ".join(filter(None, step.reads)) or "all that fit"
    how = getattr(step, "how", "") or getattr(step, "by", "")
    return " · ".join(filter(None, (names, how)))


class StepsPage(QWidget):
    """The steps of the session's data, what they make, and what is wrong with them. Each edit can be undone."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._dataset: Dataset | None = None
        self.steps = Steps()
        self.steps.edited.connect(self._edited)
        self.made = label("", "muted", wrap=True)
        self.setLayout(column(self.steps, self.made, spacing=6, margins=(16, 4, 16, 8)))

    def show_dataset(self, dataset: Dataset | None) -> None:
        """Show the steps of this data."""
        self._dataset = dataset
        self.show_reference(dataset.reference if dataset is not None else None)

    def show_reference(self, reference: DataReference | None, error: str = "") -> None:
        """Show the steps that a reference has. error: why it cannot be read."""
        self.steps.show_steps(reference, self._dataset)
        self.made.setText(capital(error) if error else made_of(self._dataset))
        self.made.setProperty("role", "problem" if error else "muted")
        self.made.style().polish(self.made)

    def _edited(self, text: str, records: tuple[Any, ...], key: Hashable) -> None:
        reference = self._session.reference
        if reference is not None:
            self._session.do(text, merge_key=key, data=reference.with_(steps=records, types={}))


def made_of(dataset: Dataset | None) -> str:
    """The fields that a network can be fed with now, in a line."""
    if dataset is None or not dataset.types:
        return ""
    parts = [f"{name} {type_.per_sample()}" for name, type_ in dataset.types.items()]
    return "Fields: " + ", ".join(parts[:6]) + (f" and {len(parts) - 6} more" if len(parts) > 6 else "")
