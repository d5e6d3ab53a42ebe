"""How sounds are read: as a picture of how loud each pitch is over time, which convolutions then look at."""

from __future__ import annotations

from nnstudio.data.dataset import Dataset, Field
from nnstudio.graph.builder import PortHandle
from nnstudio.layers import TensorType
from nnstudio.project.suggesting.drawing import Drawing

#: Seconds that are looked at once, and by which that moves, as in speech recognition; bands of pitch.
WINDOW, HOP, BANDS = 0.032, 0.012, 40
#: The lowest rate at which bands of pitch say something, samples a second; moments of a sound, at least and at most.
RATE, LEAST, MOST = 4_000, 12, 400


def heard_at(dataset: Dataset, field: Field) -> int:
    """The rate of a sound that can be read by its pitches, samples a second; 0 where a signal is none, or too short."""
    rate = dataset.columns[field.columns[0]].rate if field.kind == "sound" else 0
    long = dataset.types[field.name].last() >= (WINDOW + LEAST * HOP) * rate
    return rate if rate >= RATE and long else 0


def spectrogram(drawing: Drawing, source: PortHandle, type_: TensorType, rate: int) -> tuple[PortHandle, TensorType]:
    """A sound, N×C×T, as a picture of its pitches over time, N×C×H×W, and the type of that."""
    window, length = round(WINDOW * rate), type_.last()
    hop = max(round(HOP * rate), -(-length // MOST))
    x = drawing.add("MelSpectrogram", source, name="spectrogram", sample_rate=rate, window=window, hop=hop, mels=BANDS)
    return x, TensorType.of("N C H W", "N", type_["C"], BANDS, 1 + length // hop)
