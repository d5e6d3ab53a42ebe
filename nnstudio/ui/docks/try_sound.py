"""Sounds to try and sounds that are answered: wave and spectrogram, listened to, opened or dropped as a file, saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QHideEvent, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFileDialog, QSizePolicy, QWidget

from nnstudio.data.columns import Column
from nnstudio.data.errors import DataError
from nnstudio.ui import playing, theme
from nnstudio.ui.announce import describe
from nnstudio.ui.docks.controls import tool
from nnstudio.ui.docks.data_pictures import image_of
from nnstudio.ui.docks.try_dropping import TakesFile
from nnstudio.ui.docks.try_editors import Editor, Put
from nnstudio.ui.parts import ElidedLabel, label, row, show_if
from nnstudio.ui.parts import column as stacked

#: The rate that is taken where the data does not say its own; moments of the spectrogram, and samples of a moment.
RATE, MOMENTS, WINDOW = 16_000, 240, 256
#: Milliseconds after which it is looked whether a player failed.
FAILED_MS = 400


class WaveView(TakesFile):
    """A wave over time with its spectrogram below. ``dropped`` with the path of a dropped file, where it takes any."""

    def __init__(self, name: str, *, takes: bool = True) -> None:
        super().__init__()
        self.setAcceptDrops(takes)
        self.samples: NDArray[np.float32] = np.zeros((1, 1), np.float32)
        self.rate = RATE
        self._spectrum = QImage()
        self.setAccessibleName(name)
        self.setToolTip("Drop a sound file here" if takes else "")
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
            draw_wave(painter, self.samples.mean(axis=0), wave)
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


def draw_wave(painter: QPainter, mean: NDArray[np.float32], box: QRectF, reach: float = 0.0) -> None:
    """The least and the greatest sample of each column of pixels. reach: the sample at the edge, 0 for the loudest."""
    wide = max(1, int(box.width()))
    edges = np.linspace(0, len(mean), min(wide, len(mean)) + 1).astype(int)[:-1]
    low, up = np.minimum.reduceat(mean, edges), np.maximum.reduceat(mean, edges)
    reach = reach or max(1e-6, float(np.abs(mean).max(initial=0.0)))
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


class Listening(QWidget):
    """The button that plays a sound, or where nothing plays what is missing. beside: stands between the two."""

    def __init__(self, view: WaveView, fail: Callable[[str], object], beside: QWidget) -> None:
        super().__init__()
        self._view, self._fail = view, fail
        self.playing = playing.Playing()
        self.play = tool("Play", "Listen to it")
        self.play.clicked.connect(self._play)
        self.silent = ElidedLabel("", "faint")
        able = playing.can_play()
        self.silent.setText("" if able else playing.NO_PLAYER)
        self._soon = QTimer(self, singleShot=True, interval=FAILED_MS)
        self._soon.timeout.connect(self._look)
        layout = row(self.play, beside, self.silent, spacing=4)
        layout.addStretch(0)
        layout.setStretchFactor(self.silent, 1)
        self.setLayout(layout)
        show_if(self.play, able)
        show_if(self.silent, not able)

    def _play(self) -> None:
        try:
            self.playing.play(self._view.samples, self._view.rate)
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


class SoundEditor(Editor):
    """The wave of the row's sound; another is opened or dropped on it, and either is listened to where that works."""

    def __init__(self, column: Column, put: Put, fail: Callable[[str], object]) -> None:
        super().__init__(column, put)
        self._fail = fail
        self.wave = WaveView(f"{column.name}, its wave and its spectrogram")
        self.wave.dropped.connect(self.read)
        self.open = tool("Open …", "Try a sound of a file")
        self.open.clicked.connect(self._choose)
        self.listening = Listening(self.wave, fail, self.open)
        self.setLayout(stacked(self.wave, self.listening, spacing=4))
        self.layout().setStretch(0, 1)  # type: ignore[union-attr, call-arg]

    @property
    def rate(self) -> int:
        """Samples a second."""
        return self.column.rate or RATE

    def show_value(self, value: Any) -> None:
        self.listening.playing.stop()
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


class SoundAnswer(QWidget):
    """A sound that the network made: seen, listened to and saved."""

    def __init__(self) -> None:
        super().__init__()
        self.wave = WaveView("The sound that the network makes, its wave and its spectrogram", takes=False)
        self.save = tool("Save …", "Save it as a WAV file")
        self.save.clicked.connect(self._save)
        self.told = label("", "problem", wrap=True)
        self.told.hide()
        self.listening = Listening(self.wave, self._tell, self.save)
        self.setLayout(stacked(self.wave, self.listening, self.told, spacing=4))
        self.layout().setStretch(0, 1)  # type: ignore[union-attr, call-arg]

    def show_sound(self, samples: Any, rate: int) -> None:
        """Show C×T from −1 to 1; what is no number is silent. rate: samples a second, 0 where it is not known."""
        self.listening.playing.stop()
        self._tell("")
        values = np.asarray(samples, np.float32)
        self.wave.show_samples(np.nan_to_num(np.atleast_2d(values), posinf=0.0, neginf=0.0), rate or RATE)

    def _tell(self, sentence: str) -> None:
        self.told.setText(sentence)
        self.told.setVisible(bool(sentence))

    def _save(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, "Save the sound", "", "Sounds (*.wav)")
        if not chosen:
            return
        path = Path(chosen) if chosen.lower().endswith(".wav") else Path(f"{chosen}.wav")
        try:
            playing.write_wav(path, self.wave.samples, self.wave.rate)
        except OSError as error:
            why = error.strerror or "the disk refuses it"
            self._tell(f"{path.name} cannot be written ({why}); choose another place.")
            return
        self._tell("")
