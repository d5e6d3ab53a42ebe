"""Runs as they are kept: the network, what is known of the data, and the events, in the run database's encoding."""

from __future__ import annotations

import dataclasses
import functools
import json
import lzma
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nnstudio.diagnose import Facts
from nnstudio.graph import Network
from nnstudio.graph.expanding import expand
from nnstudio.project.schema import network_from_json, network_to_json
from nnstudio.runs.encoding import decode, encode
from nnstudio.train.events import (
    Activations,
    CheckpointSaved,
    Event,
    Gradients,
    Histogram,
    Samples,
    Steps,
    Timings,
    Weights,
)

FOLDER = Path(__file__).parent / "recorded"
#: Looks of a kind that are kept of a run, and bins of a histogram.
LOOKS, BINS = 14, 10


@dataclass(frozen=True)
class Recording:
    """A run with its labels. network: as it was drawn. must: codes that a doctor must name. may: what follows from
    them, which it may name too."""

    name: str
    must: frozenset[str]
    may: frozenset[str]
    network: Network
    facts: Facts
    events: tuple[Event, ...]

    @property
    def plain(self) -> Network:
        """The plain network that was trained."""
        return expand(self.network).flat

    @property
    def shared(self) -> Mapping[str, str]:
        """For each of its nodes that runs another's weights, that other."""
        return expand(self.network).shared

    @property
    def healthy(self) -> bool:
        return not self.must


def thinned(events: Iterable[Event]) -> list[Event]:
    """Fewer events that tell the same: looks evenly spread, the losses between two other events in one, no pictures."""
    every = [event for event in events if not isinstance(event, Samples | CheckpointSaved | Timings | Weights)]
    kept: list[Event] = []
    for kind in (Activations, Gradients):
        looks = [event for event in every if type(event) is kind]
        chosen = {id(looks[place]) for place in np.linspace(0, len(looks) - 1, LOOKS).astype(int)} if looks else set()
        every = [event for event in every if type(event) is not kind or id(event) in chosen]
    for event in every:
        if isinstance(event, Activations):
            event = dataclasses.replace(event, layers={id: _coarse(look) for id, look in event.layers.items()})
        last = kept[-1] if kept else None
        if isinstance(event, Steps) and isinstance(last, Steps) and last.first + len(last.losses) == event.first:
            kept[-1] = dataclasses.replace(
                event, first=last.first, losses=np.concatenate([last.losses, event.losses]),
                learning_rates=np.concatenate([last.learning_rates, event.learning_rates]),
                parts={id: np.concatenate([last.parts[id], more]) for id, more in event.parts.items()},
            )  # fmt: skip
        else:
            kept.append(event)
    return kept


def _coarse(look: Histogram) -> Histogram:
    counts = np.asarray(look.counts, np.float32)
    counts = counts.reshape(BINS, -1).sum(axis=1) if len(counts) % BINS == 0 else counts
    return dataclasses.replace(look, counts=counts)


def save(recording: Recording, folder: Path = FOLDER) -> int:
    """Write a recording; how many bytes it takes."""
    head = {
        "must": sorted(recording.must), "may": sorted(recording.may), "facts": recording.facts.to_json(),
        "network": network_to_json(recording.network),
    }  # fmt: skip
    parts = [_framed(json.dumps(head).encode())]
    for event in recording.events:
        kind, header, data = encode(event)
        parts += [_framed(json.dumps([kind, event.step, round(event.time, 4), header]).encode()), _framed(data)]
    packed = lzma.compress(b"".join(parts), preset=9)
    folder.mkdir(exist_ok=True)
    (folder / f"{recording.name}.run").write_bytes(packed)
    return len(packed)


@functools.cache
def load(path: Path) -> Recording:
    """Read a recording."""
    frames = _frames(lzma.decompress(path.read_bytes()))
    head = json.loads(next(frames))
    events = []
    for frame in frames:
        kind, step, time, header = json.loads(frame)
        events.append(decode(kind, step, time, header, next(frames)))
    network, _ = network_from_json(head["network"])
    return Recording(
        path.stem, frozenset(head["must"]), frozenset(head["may"]), network, Facts.from_json(head["facts"]),
        tuple(events),
    )  # fmt: skip


def _framed(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data


def _frames(data: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(data):
        (size,) = struct.unpack_from("<I", data, place)
        yield data[place + 4 : place + 4 + size]
        place += 4 + size
