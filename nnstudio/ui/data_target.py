"""Which column is to be predicted: the first thing that someone who brings data wants to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget

from nnstudio.ui.parts import label, row

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset
    from nnstudio.data.reference import DataReference

NOTHING, NOT_SAID = "nothing", "not said"


class Predicted(QWidget):
    """A list of the columns, with that which is to be predicted chosen. ``chosen(column)``, "" for none of them."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.box = QComboBox()
        self.box.setObjectName("to_be_predicted")
        self.box.setAccessibleName("To be predicted")
        self.box.setToolTip("What the network shall answer; the other columns are what it answers from")
        self.box.setMinimumContentsLength(16)  # thousands of names are not measured
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.several = label("", "muted")
        self.setLayout(row(label("To be predicted"), self.box, self.several, 1, spacing=10))
        self.box.activated.connect(lambda _: self.chosen.emit(self.box.currentData()))
        self.hide()

    def show_dataset(self, dataset: Dataset) -> None:
        """Offer the columns of this data; hidden where there is nothing to choose from."""
        columns = dataset.columns
        targets = [name for name, column in columns.items() if column.role == "target"]
        said = any(choice.role != "auto" for choice in dataset.reference.fields.values())
        self.box.clear()
        self.box.addItem(NOTHING if targets or said else NOT_SAID, "")
        for name, column in columns.items():
            if column.kind != "time" or column.role == "target":
                self.box.addItem(name, name)
        self.box.setCurrentIndex(self.box.findData(targets[0]) if targets else 0)
        self.several.setText(f"and {len(targets) - 1} more, below" if len(targets) > 1 else "")
        self.setVisible(len(columns) > 1)


def predicting(reference: DataReference, dataset: Dataset, name: str) -> DataReference:
    """The reference with this column as the only target; "": with none, all that were read being inputs."""
    for other in [other for other, choice in reference.fields.items() if choice.role == "target"]:
        reference = reference.with_choice(other, role="auto")
    if name:
        return reference.with_choice(name, role="target")
    for other, column in dataset.columns.items():
        if column.role in ("input", "target"):
            reference = reference.with_choice(other, role="input")
    return reference
