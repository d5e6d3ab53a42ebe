"""Make the shipped data sets anew from scikit-learn's package data: ``python resources/datasets/make.py``.

scikit-learn is needed for this alone. The files that come out are the same, byte for byte, each time.
"""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
EARLIEST = (1980, 1, 1, 0, 0, 0)


def write_csv(name: str, header: list[str], rows: list[list[object]]) -> None:
    """A comma-separated file in UTF-8 with one header line."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    (HERE / name).write_bytes(text.getvalue().encode())


def write_npz(name: str, **arrays: np.ndarray) -> None:
    """An NPZ file without dates in it."""
    with zipfile.ZipFile(HERE / name, "w") as file:
        for key, array in arrays.items():
            data = io.BytesIO()
            np.lib.format.write_array(data, np.ascontiguousarray(array), allow_pickle=False)
            info = zipfile.ZipInfo(f"{key}.npy", EARLIEST)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            file.writestr(info, data.getvalue())


def main() -> None:
    """Write digits.npz, iris.csv, breast_cancer.csv and line.csv beside this script."""
    from sklearn.datasets import load_breast_cancer, load_digits, load_iris

    digits = load_digits()
    write_npz("digits.npz", image=digits.images.astype(np.uint8), label=digits.target.astype(np.uint8))

    iris = load_iris()
    names = [name.removesuffix(" (cm)").replace(" ", "_") for name in iris.feature_names]
    species = [str(iris.target_names[code]) for code in iris.target]
    rows = [[*map(float, row), kind] for row, kind in zip(iris.data, species, strict=True)]
    write_csv("iris.csv", [*names, "species"], rows)

    cancer = load_breast_cancer()
    names = [str(name).replace(" ", "_") for name in cancer.feature_names]
    found = [str(cancer.target_names[code]) for code in cancer.target]
    rows = [[*map(float, row), kind] for row, kind in zip(cancer.data, found, strict=True)]
    write_csv("breast_cancer.csv", [*names, "diagnosis"], rows)

    write_csv("line.csv", ["x", "y"], [[x, 4 * x] for x in range(5)])


if __name__ == "__main__":
    main()
