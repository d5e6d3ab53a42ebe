"""A folder of sounds by class: ``yes/1.wav``, ``no/2.flac``; below ``train``, ``validation`` and ``test`` where there
are such folders. All are brought to one rate and length."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from nnstudio.data import sound
from nnstudio.data.columns import Array, Column, Source, quoted
from nnstudio.data.errors import DataError
from nnstudio.data.lazy import Lazy, Rows
from nnstudio.data.pictures import category, told_by_folders
from nnstudio.data.pictures_decode import broken_told, in_threads, walked
from nnstudio.data.reference import DataReference

Progress = Callable[[float], None]

#: Up to so many sounds are all tried when the folder is opened; of more, so many tell rate and length.
TRIED = 2000
#: The longest that is chosen by itself, in seconds.
LONGEST = 4.0


def holds_sounds(path: Path, _head: bytes = b"") -> bool:
    """Whether there is a sound in a folder or below it."""
    return next(walked(path, sound.ENDINGS), None) is not None


def read_sounds(path: Path, reference: DataReference, progress: Progress) -> Source:
    """The sounds of a folder as ``sound`` (lazily read), their classes as ``label``, their parts as ``part``.

    The options ``rate`` (samples a second) and ``milliseconds`` say to what they are brought. DataError where there are
    no sounds, or none can be read.
    """
    files = told_by_folders(sorted(walked(path, sound.ENDINGS)))
    if not files.paths:
        raise DataError(f"“{path.name}” has no sounds in it; folders named by class with WAV files were expected")
    progress(0.2)
    step = max(1, len(files.paths) // TRIED) if len(files.paths) > TRIED else 1
    tried = files.paths[::step]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        found = list(pool.map(lambda name: _looked_at(path / name), tried))
    warnings: list[str] = []
    good = [each for each in found if not isinstance(each, str)]
    _tell([(name, why) for name, why in zip(tried, found, strict=True) if isinstance(why, str)], step > 1, warnings)
    if not good:
        raise DataError(f"None of the {len(tried)} sounds in “{path.name}” can be read, since {found[0]}")
    progress(0.8)
    rate, length, channels = _form(good, reference, warnings)
    whole = range(len(files.paths))
    kept = list(whole) if step > 1 else [place for place in whole if not isinstance(found[place], str)]
    values = Sounds(path, [files.paths[place] for place in kept], rate, length, channels)
    columns = {"sound": Column("sound", "sound", cast(Array, values), divisor=2.0**15, rate=rate)}
    for name, told, role in (("label", files.classes, "input"), ("part", files.parts, "ignored")):
        texts = [told[place] for place in kept]
        if any(texts):
            columns[name] = category(name, texts, role)
    rows = {name: column.values for name, column in columns.items()}
    part = "part" if "part" in columns else ""
    return Source(columns, len(kept), False, rows, tuple(warnings), {"format": "sounds", "rate": rate}, part)


def _looked_at(path: Path) -> tuple[int, float, int] | str:
    """Rate, seconds and channels of a sound, or why it cannot be read."""
    try:
        samples, rate = sound.read(path)
    except DataError as error:
        return str(error)
    except OSError as error:
        return f"they cannot be opened ({error.strerror or error})"
    return rate, samples.shape[1] / rate, len(samples)


def _tell(bad: Sequence[tuple[str, str]], some: bool, warnings: list[str]) -> None:
    """A sentence for each reason why sounds cannot be read."""
    for why in dict.fromkeys(why for _, why in bad):
        names = [name for name, reason in bad if reason == why]
        number = "1 sound" if len(names) == 1 else f"{len(names)} sounds"
        verb = ("is" if len(names) == 1 else "are") + (" silent" if some else " left out")
        warnings.append(f"{number} {verb}, since {why}: {quoted(names, 3)}")


def _form(
    found: Sequence[tuple[int, float, int]], reference: DataReference, warnings: list[str]
) -> tuple[int, int, int]:
    """Rate, length in samples and channels to which all are brought."""
    rates = [rate for rate, _, _ in found]
    rate = int(reference.options.get("rate", 0)) or max(set(rates), key=rates.count)
    lengths = [seconds for _, seconds, _ in found]
    asked = int(reference.options.get("milliseconds", 0)) / 1000
    seconds = asked or min(LONGEST, max(lengths))
    cut = sum(length > seconds + 0.005 for length in lengths)
    if not asked and (cut or min(lengths) < seconds - 0.005):
        longer = f", of which {cut} longer ones are cut" if cut else ", the shorter ones with silence"
        warnings.append(
            f"The sounds differ in length and are brought to {seconds:.3g} s{longer}; set “milliseconds” for another"
        )
    return rate, max(1, round(seconds * rate)), min(2, min(channels for _, _, channels in found))


class Sounds(Lazy):
    """Sound files as 16-bit arrays, channel × time. One that cannot be read is silent; ``broken`` says which."""

    def __init__(self, folder: Path, paths: Sequence[str], rate: int, length: int, channels: int) -> None:
        self.folder, self.paths, self.rate = folder, list(paths), rate
        self.shape, self.dtype = (len(paths), channels, length), np.dtype(np.int16)
        self.broken: dict[int, str] = {}
        self._kept: NDArray[np.int16] | None = None
        self._have = np.zeros(len(paths), dtype=bool)

    costly = True
    #: Sounds of up to so many bytes in all are kept in memory.
    KEPT = 1 << 30

    def take(self, rows: Rows) -> Array:
        if self.nbytes > self.KEPT:
            return self._read(rows)
        if self._kept is None:
            self._kept = np.zeros(self.shape, np.int16)
        lacking = np.unique(rows[~self._have[rows]])
        if len(lacking):
            self._kept[lacking] = self._read(lacking)
            self._have[lacking] = True
        return self._kept[rows]

    def faults(self) -> tuple[str, ...]:
        """A sentence on the sounds that could not be read so far."""
        return tuple(told.replace("picture", "sound") for told in broken_told(self.paths, self.broken, "are silent"))

    def _read(self, rows: Rows) -> Array:
        made = np.empty((len(rows), *self.shape[1:]), np.int16)
        in_threads(self._sound, rows.tolist(), made)
        return made

    def _sound(self, row: int) -> Array:
        _, channels, length = self.shape
        try:
            samples, rate = sound.read(self.folder / self.paths[row], (length + 1) / self.rate + 0.1)
        except (DataError, OSError) as error:
            self.broken[row] = str(error)
            return np.zeros(self.shape[1:], np.int16)
        found = sound.fitted(sound.resampled(samples, rate, self.rate), channels, length)
        return (found * 32767.0).round().astype(np.int16)
