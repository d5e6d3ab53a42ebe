"""Steps for pictures and sounds."""

from __future__ import annotations

from nnstudio.data.steps.base import Columns, Learned, Step, step
from nnstudio.layers.params import param

PICTURES = ("image", "mask")


class _Pictures(Step):
    """What steps for pictures share."""

    columns: tuple[str, ...] = ()

    learns = False
    kinds = PICTURES

    @property
    def reads(self) -> tuple[str, ...]:
        return self.columns

    def settled(self, columns: Columns) -> Step:
        names = self.columns or tuple(n for n, c in columns.items() if c.kind in PICTURES and c.role != "ignored")
        for name in names or ("",):
            self.taken(columns, name, PICTURES)
        return self.with_(columns=names)


@step("resize", "Resize pictures")
class Resize(_Pictures):
    """Pictures are drawn anew in another size, stretched where their sides change; masks keep whole classes."""

    columns: tuple[str, ...] = param((), kind="columns", help="pictures and masks; none: all of them")
    height: int = param(32, min=1, max=4096, unit="px", help="height of the new picture")
    width: int = param(32, min=1, max=4096, unit="px", help="width of the new picture")

    def apply(self, columns: Columns, learned: Learned) -> Columns:
        from nnstudio.data.steps import picturing

        return picturing.resized(self, columns)


@step("crop", "Crop pictures")
class Crop(_Pictures):
    """The middle of each picture is kept. Smaller pictures get a border that repeats their edge."""

    columns: tuple[str, ...] = param((), kind="columns", help="pictures and masks; none: all of them")
    height: int = param(28, min=1, max=4096, unit="px", help="height of what is kept")
    width: int = param(28, min=1, max=4096, unit="px", help="width of what is kept")

    def settled(self, columns: Columns) -> Step:
        from nnstudio.data.steps import picturing

        picturing.check_boxes(self, columns)
        return super().settled(columns)

    def apply(self, columns: Columns, learned: Learned) -> Columns:
        from nnstudio.data.steps import picturing

        return picturing.cropped(self, columns)


@step("spectrogram", "Sound to spectrogram")
class Spectrogram(Step):
    """Sounds become pictures: how strong each pitch is over time, channels × pitches × moments.

    Power of the short-time Fourier transform with a Hann window; with ``mel`` bands it is summed up as one hears
    (HTK's mel scale, O'Shaughnessy 1987), with ``log`` it is 10 · log₁₀, not below 80 dB under the loudest of a sound.
    """

    column: str = param("", kind="column", help="the column of sounds")
    window: int = param(512, min=8, max=65536, unit="samples", help="length of what is analysed at once")
    hop: int = param(256, min=1, max=65536, unit="samples", help="how far apart windows begin")
    mel: int = param(64, min=0, max=1024, unit="bands", help="bands on the mel scale; 0: all frequencies as they are")
    log: bool = param(True, title="In decibels", help="take the logarithm, as loudness is heard")

    learns = False
    kinds = ("sound",)

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.column,)

    def settled(self, columns: Columns) -> Step:
        from nnstudio.data.steps import spectra

        spectra.check(self, self.taken(columns, self.column, ("sound",)))
        return self

    def apply(self, columns: Columns, learned: Learned) -> Columns:
        from nnstudio.data.steps import spectra

        if self.column not in columns:
            return columns
        return {**columns, self.column: spectra.spectrum(self, columns[self.column])}
