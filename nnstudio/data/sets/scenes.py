"""Sets of pictures with boxes or masks."""

from __future__ import annotations

from nnstudio.data.described import Packaged, Shipped

SHIPPED: tuple[Shipped, ...] = (
    Shipped(
        "digit-scenes", "Scenes of digits (composite)",
        "4,000 scenes of 64×64 pixels with one to five digits of MNIST at random places, and the box around each",
        "mnist.npz", {"pixel_max": 255}, reader="packaged_scenes:read_scenes",
    ),
    Shipped(
        "digit-heaps", "Heaps of digits (composite)",
        "4,000 scenes of 64×64 pixels with two to six digits of MNIST over one another, and which pixel is of which",
        "mnist.npz", {"pixel_max": 255}, reader="packaged_scenes:read_heaps",
    ),
    Shipped(
        "brain", "Slices of a brain",
        "61 slices of an average brain in magnetic resonance, 112×96 pixels of 2 mm, and the tissue of each pixel",
        "brain.npz", reader="packaged_scenes:read_brain",
    ),
)  # fmt: skip
PACKAGED: tuple[Packaged, ...] = ()
