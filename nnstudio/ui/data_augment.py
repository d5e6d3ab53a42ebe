"""The augmentation of training samples, with pictures, sounds and tokens as they are and as they are trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from nnstudio.data.augment import AUGMENTATIONS, Augmentation
from nnstudio.ui.background import Background, Job
from nnstudio.ui.data_augment_views import SHOWN, Comparison, Dropped, Waves
from nnstudio.ui.data_records import Kind, Records
from nnstudio.ui.parts import button, column, label, row

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset
    from nnstudio.data.reference import DataReference
    from nnstudio.train.augmenting_shown import Preview

NOTHING = (
    "Training samples are changed at random, anew in each epoch, so that a network learns what stays the same. What it "
    "is judged on stays as it is."
)


class AugmentPage(QWidget):
    """The augmentation of a data reference. ``records.edited`` as of `Records`."""

    def __init__(self, background: Background) -> None:
        super().__init__()
        self._background = background
        self._job: Job | None = None
        self._dataset: Dataset | None = None
        self._augment: tuple[Augmentation, ...] = ()
        self._seed = 0
        self.records = Records("augmentation", NOTHING)
        self.preview, self.waves, self.tokens = Comparison(), Waves(), Dropped()
        self.shuffle = button("Shuffle", self._shuffle)
        self.shuffle.setObjectName("shuffle_preview")
        self.shuffle.setToolTip("Show other samples, changed otherwise")
        self.sentence = label("", "muted", wrap=True)
        side = column(self.preview, self.waves, self.tokens, self.sentence, row(self.shuffle, 1), 1, spacing=8)
        layout = row(self.records, side, spacing=16, margins=(16, 4, 16, 8))
        layout.setStretch(0, 1)
        self.setLayout(layout)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(60)
        self._soon.timeout.connect(self._look)

    def show_dataset(self, dataset: Dataset | None) -> None:
        """Show the augmentation of this data, on its samples."""
        self._dataset = dataset
        self.show_reference(dataset.reference if dataset is not None else None)

    def show_reference(self, reference: DataReference | None) -> None:
        """Show the augmentation that a reference has."""
        dataset, self._augment = self._dataset, reference.augment if reference is not None else ()
        kinds = {name: field.kind for name, field in dataset.fields.items()} if dataset is not None else {}
        offered = {"field": [("", "all of its kind"), *((name, name) for name in kinds)]}
        told = [""] * len(self._augment)
        self.records.show_records(
            self._augment, [_kind(cls, set(kinds.values())) for cls in AUGMENTATIONS.values()], offered, told,
            [_about(each) for each in self._augment],
        )  # fmt: skip
        if self.isVisible():
            self._soon.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._soon.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._soon.stop()

    def _shuffle(self) -> None:
        self._seed += 1
        self._look()

    def _look(self) -> None:
        """Work the preview out in the background, when it is seen."""
        if not self.isVisible():
            return
        if self._job is not None:
            self._job.cancel()
            self._job = None
        from nnstudio.train.augmenting_shown import SHOWN as PREVIEWED

        dataset, augment, seed = self._dataset, self._augment, self._seed
        able = dataset is not None and any(field.kind in PREVIEWED for field in dataset.fields.values())
        self.shuffle.setEnabled(able)
        if dataset is None or not able:
            self._present(None)
            told = "Pictures, sounds and tokens are shown here as they are trained on."
            self.sentence.setText(told if dataset is not None else "")
            return
        shown = dataset

        def work(_: Job) -> Preview:
            from nnstudio.train.augmenting_shown import previewed

            return previewed(shown, augment, SHOWN, seed)

        self._job = self._background.run(work, self._show, self._fail, name="augmentation")

    def _show(self, preview: Preview) -> None:
        self._job = None
        self._present(preview)
        self.sentence.setText("")

    def _present(self, preview: Preview | None) -> None:
        self.preview.show_pictures(preview.pictures if preview is not None else None)
        self.waves.show_sounds(preview.sounds if preview is not None else None)
        self.tokens.show_tokens(preview.tokens if preview is not None else None)
        self.preview.setVisible(preview is None or preview.pictures is not None)

    def _fail(self, error: BaseException) -> None:
        self._job = None
        self._present(None)
        hint = getattr(error, "hint", "")
        self.sentence.setText(f"{error}; {hint}" if hint else str(error))


def _kind(cls: type[Augmentation], present: set[str]) -> Kind:
    fits = bool(present & set(cls.changes))
    lacking = "" if fits else f"This changes fields of the kind {' or '.join(cls.changes)}, and the data has none"
    return Kind(cls.title, " ".join((cls.__doc__ or "").split("\n\n")[0].split()), lambda: cls.make({}), lacking)


def _about(record: Augmentation) -> str:
    share = f"{record.share:.0%} of the samples" if record.share < 1.0 else ""
    return " · ".join(filter(None, (record.only, share)))
