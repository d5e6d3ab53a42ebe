"""Sets of sounds."""

from __future__ import annotations

from nnstudio.data.described import Packaged, Shipped, choice
from nnstudio.data.reference import Split

SHIPPED: tuple[Shipped, ...] = (
    Shipped(
        "vowels", "Japanese vowels", "640 utterances of nine speakers: 12 coefficients over 29 moments", "vowels.npz",
        {"format": "npz"},
        {"coefficients": choice(kind="number"), "speaker": choice(kind="category", role="target"),
         "part": choice(role="ignored")},
        Split.make({"column": "part"}),
    ),
)  # fmt: skip
PACKAGED: tuple[Packaged, ...] = ()
