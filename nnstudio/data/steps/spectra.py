"""Spectrograms of sounds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Array, Column
from nnstudio.data.errors import DataError
from nnstudio.data.steps.picturing import changed

if TYPE_CHECKING:
    from nnstudio.data.steps.media import Spectrogram

#: Decibels below the loudest of a sound that are still told apart.
DEPTH = 80.0
#: The rate that is taken where a sound does not say its own.
RATE = 16000


def check(step: Spectrogram, column: Column) -> None:
    """DataError where the sounds are shorter than a window, or there are more bands than frequencies."""
    samples = column.values.shape[-1]
    if samples < step.window:
        raise DataError(
            f"A window of the spectrogram takes {step.window:,} samples, and “{column.name}” has {samples:,}; choose a "
            "shorter window"
        )
    if step.mel > step.window // 2:
        raise DataError(
            f"A window of {step.window:,} samples tells {step.window // 2:,} pitches apart, and {step.mel:,} bands "
            "were asked for; choose fewer bands or a longer window"
        )


def spectrum(step: Spectrogram, column: Column) -> Column:
    """The column as an array N×C×pitches×moments, the lowest pitch first."""
    filters = mel_filters(step.mel, step.window, column.rate or RATE) if step.mel else None

    def change(values: Array) -> Array:
        sound = values.astype(np.float32) / np.float32(column.divisor)
        return spectrograms(sound, step.window, step.hop, filters, step.log)

    return replace(
        column, kind="array", values=changed(column, change), divisor=1.0, rate=0, standardise=True, pooled="all"
    )


def spectrograms(
    sound: Array, window: int, hop: int, filters: NDArray[np.float32] | None, log: bool
) -> NDArray[np.float32]:
    """sound: …×T. Gives …×pitches×moments, where moments = (T - window) // hop + 1."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, window, axis=-1)[..., ::hop, :]
    hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)).astype(np.float32)
    power = np.abs(np.fft.rfft(frames * hann, axis=-1)).astype(np.float32) ** 2
    bands = power @ filters.T if filters is not None else power
    if log:
        bands = 10.0 * np.log10(np.maximum(bands, 1e-10))
        axes = tuple(range(bands.ndim - 3, bands.ndim))
        bands = np.maximum(bands, bands.max(axis=axes, keepdims=True) - DEPTH)
    return np.ascontiguousarray(np.swapaxes(bands, -1, -2), dtype=np.float32)


def mel_filters(bands: int, window: int, rate: int) -> NDArray[np.float32]:
    """Triangles over the frequencies of a window, bands × (window // 2 + 1), evenly spaced in mel from 0 to half the
    rate: mel = 2595 · log₁₀(1 + f / 700)."""
    mels = np.linspace(0.0, 2595.0 * np.log10(1.0 + rate / 2 / 700.0), bands + 2)
    edges = 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    frequencies = np.linspace(0.0, rate / 2, window // 2 + 1)
    rising = (frequencies - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - frequencies) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)
