"""Which finding is the root of which others: a person sees one card for a cause, not one for each sign of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nnstudio.train.events import Diagnosis

_NOTHING_LEARNED = ("chance", "underfitting", "learning-rate-low")
_BAD_FLOW = ("exploding-gradient", "dead-output", "saturated", "vanishing-gradient", "no-gradient", "not-finite")

#: What each finding brings about, the likeliest root first. What stands earlier explains what stands later.
EXPLAINS: Mapping[str, tuple[str, ...]] = {
    "validation-in-training": (),
    "labels-shifted": ("labels-shuffled", "overfitting", "saturated", *_NOTHING_LEARNED),
    "batch-norm-batch-one": ("learning-rate-high", "dead-output", "overfitting", *_NOTHING_LEARNED),
    "unscaled-inputs": ("learning-rate-high", *_BAD_FLOW, *_NOTHING_LEARNED),
    "exploding-gradient, from the start": ("learning-rate-high", *_BAD_FLOW, "weights-never-move", *_NOTHING_LEARNED),
    "learning-rate-high": (*_BAD_FLOW, "weights-never-move", "labels-shuffled", *_NOTHING_LEARNED),
    "softmax-before-loss": ("vanishing-gradient", *_NOTHING_LEARNED),
    "exploding-gradient": ("not-finite", "dead-output", "saturated", *_NOTHING_LEARNED),
    "weights-never-move": ("vanishing-gradient", *_NOTHING_LEARNED, "labels-shuffled"),
    "saturated": ("vanishing-gradient", "no-gradient", *_NOTHING_LEARNED),
    "dead-output": ("vanishing-gradient", "no-gradient", "weights-never-move", *_NOTHING_LEARNED),
    "no-gradient": ("vanishing-gradient", *_NOTHING_LEARNED),
    "vanishing-gradient": ("weights-never-move", "no-gradient", *_NOTHING_LEARNED),
    "learning-rate-low": ("underfitting", "chance"),
    "labels-shuffled": ("overfitting", "saturated", "chance", "underfitting"),
    "class-imbalance": (),
    "overfitting": (),
    "chance": ("underfitting",),
    "underfitting": (),
}
_RANK = {code: place for place, code in enumerate(EXPLAINS)}


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding and those that follow from it."""

    root: Diagnosis
    signs: tuple[Diagnosis, ...] = ()


def grouped(found: Iterable[Diagnosis]) -> list[Finding]:
    """Findings by their roots, the likeliest root first. Of one code the latest counts."""
    latest = {one.code: one for one in found}
    ranked = sorted(latest.values(), key=lambda one: _RANK.get(_key(one), len(_RANK)))
    roots: list[Diagnosis] = []
    signs: dict[str, list[Diagnosis]] = {}
    for one in ranked:
        root = next((other for other in roots if one.code in EXPLAINS.get(_key(other), ())), None)
        if root is None:
            roots.append(one)
        else:
            signs.setdefault(root.code, []).append(one)
    return [Finding(root, tuple(signs.get(root.code, ()))) for root in roots]


def _key(one: Diagnosis) -> str:
    start = one.code == "exploding-gradient" and one.evidence.get("from_start")
    return f"{one.code}, from the start" if start else one.code
