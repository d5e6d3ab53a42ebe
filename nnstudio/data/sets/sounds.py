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
    Shipped(
        "words", "Ten words (synthetic)", "1,038 recordings of ten words by 104 synthetic voices, 0.75 s at 8 kHz",
        "words.npz", {"format": "npz", "rate": 8000},
        {"sound": choice(kind="sound"), "word": choice(kind="category", role="target"),
         "voice": choice(kind="category", role="ignored"), "part": choice(role="ignored")},
        Split.make({"column": "part"}),
    ),
)  # fmt: skip
PACKAGED: tuple[Packaged, ...] = ()
