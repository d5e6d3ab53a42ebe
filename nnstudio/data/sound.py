"""Sound files as arrays: WAV read here, FLAC, OGG and others by the package soundfile, imported when one is read.

A WAV file: RIFF chunks, of which ``fmt`` says how samples are stored and ``data`` has them, frame by frame ("Multimedia
programming interface and data specifications 1.0", 1991).
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.errors import DataError

#: Endings of sound files; those after the first need soundfile.
ENDINGS = (".wav", ".flac", ".ogg", ".oga", ".aif", ".aiff")
#: Of a file so many samples are read at most, all channels together.
MOST = 1 << 28
#: Channels and samples a second that are believed.
CHANNELS, RATES = 64, (100, 4_000_000)
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Form:
    """How a WAV file stores its samples, and where."""

    kind: int
    channels: int
    rate: int
    bits: int
    start: int
    size: int

    @property
    def frame(self) -> int:
        """Bytes of one moment, all channels."""
        return self.channels * self.bits // 8


def read(path: Path, seconds: float | None = None) -> tuple[Samples, int]:
    """The samples of a file, channels × time from −1 to 1, and how many there are a second. seconds: no more of it.

    DataError, which says why, where it cannot be read. OSError where it is not there.
    """
    with path.open("rb") as stream:
        head = stream.read(12)
        if head[:4] in (b"RIFF", b"RIFX") and head[8:] == b"WAVE":
            return _wav(stream, head[:4] == b"RIFX", seconds)
    if path.suffix.lower() == ".wav":
        raise DataError("they are no WAV files although their names say so")
    return _by_soundfile(path, seconds)


def decoded(data: bytes, name: str) -> tuple[Samples, int]:
    """The same of a WAV file's content."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise DataError(f"“{name}” is no WAV file; give one")
    stream = io.BytesIO(data)
    stream.seek(12)
    return _wav(stream, False, None)


def _wav(stream: BinaryIO, big: bool, seconds: float | None) -> tuple[Samples, int]:
    form = _form(stream, ">" if big else "<")
    frames = form.size // form.frame
    if seconds is not None:
        frames = min(frames, max(1, round(seconds * form.rate)))
    frames = min(frames, MOST // form.channels)
    stream.seek(form.start)
    data = stream.read(frames * form.frame)
    data = data[: len(data) // form.frame * form.frame]
    if not data:
        raise DataError("they hold no samples")
    return _numbers(data, form, ">" if big else "<").reshape(-1, form.channels).T.copy(), form.rate


def _form(stream: BinaryIO, order: str) -> Form:
    """How samples are stored. The size that a chunk promises is cut to what the file holds. DataError where they are
    stored in a way that is not known."""
    end = stream.seek(0, io.SEEK_END)
    place, found = 12, None
    while place + 8 <= end:
        stream.seek(place)
        name, size = struct.unpack(f"{order}4sI", stream.read(8))
        if name == b"fmt ":
            found = stream.read(min(size, 40))
        elif name == b"data":
            if found is None or len(found) < 16:
                break
            kind, channels, rate, _, _, bits = struct.unpack_from(f"{order}HHIIHH", found)
            if kind == EXTENSIBLE and len(found) >= 26:
                (kind,) = struct.unpack_from(f"{order}H", found, 24)
            _check(kind, channels, rate, bits)
            return Form(kind, channels, rate, bits, place + 8, min(size, end - place - 8))
        place += 8 + size + size % 2
    raise DataError("they are cut short before their samples")


def _check(kind: int, channels: int, rate: int, bits: int) -> None:
    if not 1 <= channels <= CHANNELS:
        raise DataError(f"they have {channels} channels, where 1 to {CHANNELS} were expected")
    if not RATES[0] <= rate <= RATES[1]:
        raise DataError(f"they have {rate} samples a second, which cannot be")
    if (kind, bits) not in {(PCM, 8), (PCM, 16), (PCM, 24), (PCM, 32), (FLOAT, 32), (FLOAT, 64)}:
        raise DataError(
            f"their samples are stored in a way that is not read (kind {kind}, {bits} bits); save them as PCM"
        )


def _numbers(data: bytes, form: Form, order: str) -> Samples:
    """Samples as numbers from −1 to 1; those that are none become silence."""
    if form.kind == FLOAT:
        values = np.frombuffer(data, f"{order}f{form.bits // 8}").astype(np.float32)
        return np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=-1.0).clip(-1.0, 1.0)
    if form.bits == 8:
        return (np.frombuffer(data, np.uint8).astype(np.float32) - 128.0) / 128.0
    if form.bits == 24:
        parts = np.frombuffer(data, np.uint8).reshape(-1, 3)
        whole = np.zeros((len(parts), 4), np.uint8)
        whole[:, (slice(1, 4) if order == "<" else slice(0, 3))] = parts
        return (whole.view(f"{order}i4")[:, 0] / 2.0**31).astype(np.float32)
    values = np.frombuffer(data, f"{order}i{form.bits // 8}")
    return (values / 2.0 ** (form.bits - 1)).astype(np.float32)


def _by_soundfile(path: Path, seconds: float | None) -> tuple[Samples, int]:
    try:
        import soundfile
    except (ImportError, OSError):
        raise DataError(
            "they need the package soundfile, which is not installed; install it with “pip install soundfile”, or save "
            "them as WAV"
        ) from None
    try:
        with soundfile.SoundFile(path) as file:
            most = MOST // max(1, file.channels)
            frames = most if seconds is None else min(most, max(1, round(seconds * file.samplerate)))
            values, rate = file.read(frames, dtype="float32", always_2d=True), int(file.samplerate)
    except (RuntimeError, ValueError, TypeError):  # whatever the library says of a damaged file
        raise DataError("they are damaged or no sounds") from None
    if not len(values):
        raise DataError("they hold no samples")
    return np.ascontiguousarray(values.T).clip(-1.0, 1.0), rate


def resampled(samples: Samples, rate: int, wanted: int) -> Samples:
    """Samples (channels × time) at another rate, by leaving out or adding frequencies (Fourier's method)."""
    if rate == wanted:
        return samples
    count = samples.shape[1]
    length = max(1, round(count * wanted / rate))
    spectrum = np.fft.rfft(samples, axis=1)[:, : length // 2 + 1]
    made = np.fft.irfft(spectrum, n=length, axis=1) * (length / count)
    return np.asarray(made.clip(-1.0, 1.0), np.float32)


def fitted(samples: Samples, channels: int, length: int) -> Samples:
    """Samples cut or filled up with silence to a length, with so many channels: the mean of all, or the first ones."""
    if channels == 1 and len(samples) > 1:
        samples = samples.mean(axis=0, keepdims=True)
    made = np.zeros((channels, length), np.float32)
    part = samples[:channels, :length]
    made[:, : part.shape[1]] = part  # one channel is heard in both
    return made
