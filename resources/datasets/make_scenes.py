"""Makes brain.npz from the package nilearn (`pip install --no-deps nilearn`).

Run by developers alone; NN Studio reads the file. The package is found, not imported.
"""

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
NAME = "mni_icbm152_{}_tal_nlin_sym_09a_converted.nii.gz"
#: Voxels along each axis, at the beginning of the header's 352 bytes as 1 mm cubes, one byte each.
SHAPE = (197, 233, 189)
#: Slices for validation and for testing, counted from below; the slices beside a block are left out, as neighbours are
#: alike.
VALIDATION, TEST = ((30, 34), (60, 64)), ((20, 26), (44, 50), (72, 78))


def halved(name: str) -> np.ndarray:
    """A volume in cubes of 2 mm, slices from below, the forehead on top: 94 × 116 × 98."""
    found = importlib.util.find_spec("nilearn")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("pip install --no-deps nilearn")
    path = Path(found.submodule_search_locations[0]) / "datasets" / "data" / NAME.format(name)
    data = np.frombuffer(gzip.decompress(path.read_bytes())[352:], np.uint8).reshape(SHAPE, order="F")
    cubes = data[:196, :232, :188].astype(np.float64).reshape(98, 2, 116, 2, 94, 2).mean((1, 3, 5))
    return cubes.transpose(2, 1, 0)[:, ::-1]


def main() -> None:
    scan, grey, white = halved("t1"), halved("gm"), halved("wm")
    mask = np.stack([255.0 - grey - white, grey, white]).argmax(0) + 1
    mask[(mask == 1) & (scan <= 25.0)] = 0  # outside the brain
    part = np.zeros(len(scan), np.uint8)
    for code, blocks in ((1, VALIDATION), (2, TEST)):
        for first, last in blocks:
            part[first:last] = code
            part[[first - 1, last]] = 3
    kept = (part < 3) & ((mask > 1).mean((1, 2)) > 0.02)
    image, mask = (values[kept][:, 2:114, 1:97].round().astype(np.uint8) for values in (scan, mask))
    np.savez_compressed(HERE / "brain.npz", image=image, mask=mask, part=part[kept])
    print(f"{len(image)} slices, {np.bincount(part[kept])} for training, validation, test")  # noqa: T201


if __name__ == "__main__":
    main()
