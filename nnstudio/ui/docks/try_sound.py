"""A sound to try: its wave and its spectrogram, opened or dropped as a file, and listened to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QHideEvent, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFileDialog, QSizePolicy

from nnstudio.data.columns import Column
from nnstudio.data.errors import DataError
from nnstudio.ui import playing, theme
from nnstudio.ui.announce import describe
from nnstudio.ui.docks.controls import tool
from nnstudio.ui.docks.data_pictures import image_of
from nnstudio.ui.docks.try_dropping import TakesFile
from nnstudio.ui.docks.try_editors import Editor, Put
from nnstudio.ui.parts import ElidedLabel, row, show_if
from nnstudio.ui.parts import column as stacked

#: The rate that is taken where the data does not say its own; moments of the spectrogram, and samples of a moment.
RATE, MOMENTS, WINDOW = 16_000, 240, 256
#: Milliseconds after which it is looked whether a player failed.
FAILED_MS = 400


class WaveView(TakesFile):
    """A wave over time with its spectrogram below. ``dropped`` with the path of a dropped file."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.samples: NDArray[np.float32] = np.zeros((1, 1), np.float32)
        self.rate = RATE
        self._spectrum = QImage()
        self.setAccessibleName(name)
        self.setToolTip("Drop a sound file here")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(96, 84)

    def sizeHint(self) -> QSize:
        return QSize(theme.scaled(220), theme.scaled(130))

    def show_samples(self, samples: NDArray[np.float32], rate: int) -> None:
        """Show C×T from −1 to 1."""
        self.samples, self.rate = samples, rate
        self._spectrum = _spectrum(samples.mean(axis=0))
        describe(self, f"{samples.shape[1] / rate:.2f} seconds, {rate:,} samples a second")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            tokens, line = theme.current(), theme.scaled(14)
            high = self.height() - line
            wave, below = (
                QRectF(0, 0, self.width(), 0.5 * high),
                QRectF(0, 0.5 * high + 3, self.width(), 0.5 * high - 3),
            )
            self._wave(painter, wave)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            if not self._spectrum.isNull():
                painter.drawImage(below, self._spectrum)
            painter.setFont(theme.ui_font(10))
            painter.setPen(QColor(tokens.muted))
            foot = QRectF(0, high, self.width(), line)
            painter.drawText(foot, 0, "0 s")
            painter.drawText(foot, int(Qt.AlignmentFlag.AlignHCenter), f"up to {self.rate / 2000:.1f} kHz")
            painter.drawText(foot, int(Qt.AlignmentFlag.AlignRight), f"{self.samples.shape[1] / self.rate:.2f} s")
        finally:
            painter.end()

    def _wave(self, painter: QPainter, box: QRectF) -> None:
        """The least and the greatest sample of each column of pixels."""
        mean = self.samples.mean(axis=0)
        wide = max(1, int(box.width()))
        edges = np.linspace(0, len(mean), min(wide, len(mean)) + 1).astype(int)[:-1]
        low, up = np.minimum.reduceat(mean, edges), np.maximum.reduceat(mean, edges)
        reach = max(1e-6, float(np.abs(mean).max(initial=0.0)))
        middle, half, step = box.center().y(), 0.48 * box.height(), box.width() / len(edges)
        painter.setPen(QPen(QColor(theme.current().accent), 1))
        for at, (a, b) in enumerate(zip(low.tolist(), up.tolist(), strict=True)):
            x = box.left() + (at + 0.5) * step
            painter.drawLine(QPointF(x, middle - half * b / reach), QPointF(x, middle - half * a / reach + 0.5))


def _spectrum(mean: NDArray[np.float32]) -> QImage:
    """Pitches (up) over time, the louder the brighter."""
    from nnstudio.data.steps.spectra import DEPTH, spectrograms

    window = min(WINDOW, len(mean))
    if window < 8:
        return QImage()
    hop = max(1, -(-len(mean) // MOMENTS))
    bands = spectrograms(np.ascontiguousarray(mean)[None, None, None], window, hop, None, True)[0, 0, 0]
    shares = np.clip((bands - bands.max()) / DEPTH + 1.0, 0.0, 1.0)
    return image_of((255 * shares[::-1]).astype(np.uint8))


class SoundEditor(Editor):
    """The wave of the row's sound; another is opened or dropped on it, and either is listened to where that works."""

    def __init__(self, column: Column, put: Put, fail: Callable[[str], object]) -> None:
        super().__init__(column, put)
        self._fail = fail
        self.playing = playing.Playing()
        self.wave = WaveView(f"{column.name}, its wave and its spectrogram")
        self.wave.dropped.connect(self.read)
        self.open = tool("Open …", "Try a sound of a file")
        self.open.clicked.connect(self._choose)
        self.play = tool("Play", "Listen to it")
        self.play.clicked.connect(self._play)
        self.silent = ElidedLabel("", "faint")
        able = playing.can_play()
        show_if(self.play, able)
        self.silent.setText("" if able else playing.NO_PLAYER)
        show_if(self.silent, not able)
        self._soon = QTimer(self, singleShot=True, interval=FAILED_MS)
        self._soon.timeout.connect(self._look)
        below = row(self.play, self.open, self.silent, spacing=4)
        below.addStretch(0)
        below.setStretchFactor(self.silent, 1)
        self.setLayout(stacked(self.wave, below, spacing=4))
        self.layout().setStretch(0, 1)  # type: ignore[union-attr, call-arg]

    @property
    def rate(self) -> int:
        """Samples a second."""
        return self.column.rate or RATE

    def show_value(self, value: Any) -> None:
        self.playing.stop()
        samples = np.asarray(value, np.float32) / np.float32(self.column.divisor)
        self.wave.show_samples(np.atleast_2d(samples), self.rate)

    def read(self, path: str) -> None:
        """Take a sound from a file: at the data's rate, as long as the data's."""
        from nnstudio.data import sound

        channels, length = self.wave.samples.shape
        try:
            samples, rate = sound.read(Path(path), seconds=length / self.rate)
        except (DataError, OSError) as error:
            why = str(error) if isinstance(error, DataError) else error.strerror or "it cannot be opened"
            self._fail(f"{Path(path).name} is no sound that can be read: {why}. Give a WAV file.")
            return
        made = sound.fitted(sound.resampled(samples, rate, self.rate), channels, length)
        self.show_value(made * self.column.divisor)
        self.put(made * np.float32(self.column.divisor))

    def _choose(self) -> None:
        from nnstudio.data.sound import ENDINGS

        kinds = " ".join(f"*{ending}" for ending in ENDINGS)
        path, _ = QFileDialog.getOpenFileName(self, "Try a sound", "", f"Sounds ({kinds})")
        if path:
            self.read(path)

    def _play(self) -> None:
        try:
            self.playing.play(self.wave.samples, self.rate)
        except Exception as error:  # whatever the system's sound raises: it is told, and nothing else is lost
            self._fail(f"The sound cannot be played: {error}")
            return
        self._soon.start()

    def _look(self) -> None:
        if self.playing.failed:
            self._fail(f"The system's player found no loudspeaker. {playing.NO_PLAYER}")

    def hideEvent(self, event: QHideEvent) -> None:
        self._soon.stop()
        self.playing.stop()
        super().hideEvent(event)
