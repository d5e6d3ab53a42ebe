"""Costs in a person's words: counts, memory, receptive fields. Imports no torch."""

from __future__ import annotations

from nnstudio.compile.reach import Reach, Span
from nnstudio.layers.types import AXIS_NAMES


def count_text(count: int) -> str:
    """``87``, ``9,216``, ``147 k``, ``4.09 G``."""
    if count < 10_000:
        return f"{count:,}"
    return _scaled(count, ("k", "M", "G", "T", "P"))


def memory_text(size: int) -> str:
    """``87 B``, ``131 kB``, ``1.23 GB``: decimal units."""
    return f"{size} B" if size < 1000 else _scaled(size, ("kB", "MB", "GB", "TB", "PB"))


def _scaled(value: float, units: tuple[str, ...]) -> str:
    for unit in units:
        value /= 1000
        if value < 999.5 or unit == units[-1]:
            break
    digits = 0 if value >= 99.95 else 1 if value >= 9.995 else 2
    return f"{value:,.{digits}f} {unit}"


def seconds_text(seconds: float) -> str:
    """``12 µs``, ``0.31 ms``, ``2.1 s``."""
    for factor, unit in ((1e6, "µs"), (1e3, "ms")):
        if seconds * factor < (100 if unit == "µs" else 1000):
            return f"{seconds * factor:.2g} {unit}" if seconds * factor < 10 else f"{seconds * factor:.0f} {unit}"
    return f"{seconds:.2g} s"


def reach_text(reach: Reach) -> str:
    """How much of the data one number sees: ``5 × 5``, ``all``, ``3 × all``, ``unknown``; "" where it has no places."""
    if not reach:
        return ""
    texts = [_seen(span) for span in reach.values()]
    return texts[0] if set(texts) in ({"all"}, {"unknown"}) else " × ".join(texts)


def _seen(span: Span) -> str:
    if span.unknown:
        return "unknown"
    return "all" if span.is_whole or span.places is None else str(span.places)


def reach_sentence(reach: Reach) -> str:
    """The same at length: ``5 of 28 rows …``; one line for each axis."""
    return "\n".join(_axis_sentence(label, span) for (label, _), span in reach.items())


def _axis_sentence(label: str, span: Span) -> str:
    name = AXIS_NAMES.get(label, label)
    if span.unknown:
        return f"{name}: it cannot be told how many of {span.extent}"
    if span.is_whole or span.places is None:
        return f"{name}: everything"
    moves = "" if span.axis is None else f", moving by {float(span.jump):g}, from {float(span.start):g} on"
    return f"{name}: {span.places} of {span.extent}{moves}"


def reach_size(reach: Reach) -> float:
    """How many places of the data one number sees, for sorting; infinite where that is all of an unknown length."""
    size = 1.0
    for span in reach.values():
        size *= span.places if span.places is not None else float("inf")
    return size if reach else 0.0


def duration_text(seconds: float) -> str:
    """How long something lasts: ``0.4 s``, ``12 s``, ``3 min``, ``2 h 5 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
