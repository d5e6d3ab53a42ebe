"""IDX files as those of MNIST, and binary batches of CIFAR."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstudio.data import DataError, DataReference, describe_file, open_data
from nnstudio.data.dataset import Dataset
from nnstudio.data.lazy import is_lazy


def idx(array: np.ndarray[Any, Any], promised: tuple[int, ...] = ()) -> bytes:
    shape = promised or array.shape
    kind = {"u1": 8, "i4": 12, "f4": 13}[array.dtype.str[1:]]
    return (
        struct.pack(f">2xBB{len(shape)}I", kind, len(shape), *shape)
        + array.astype(array.dtype.newbyteorder(">")).tobytes()
    )


def images(count: int) -> np.ndarray[Any, Any]:
    return np.arange(count * 6, dtype=np.uint8).reshape(count, 2, 3)


def opened(path: Path) -> Dataset:
    return open_data(describe_file(path))


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_pictures_come_with_the_labels_and_the_test_files_beside_them(tmp_path: Path, packed: bool) -> None:
    labels = np.arange(40, dtype=np.uint8) % 10
    for part, count in (("train", 40), ("t10k", 10)):
        for name, array in (
            (f"{part}-images-idx3-ubyte", images(count)),
            (f"{part}-labels-idx1-ubyte", labels[:count]),
        ):
            data = idx(array)
            path = tmp_path / (name + (".gz" if packed else ""))
            path.write_bytes(gzip.compress(data) if packed else data)
    data = opened(next(tmp_path.glob("train-images*")))
    assert data.types["image"].sizes[1:] == (1, 2, 3)
    assert data.fields["label"].classes == tuple("0123456789")
    assert data.count("test") == 10
    assert data.count("train") + data.count("validation") == 40
    test = data.arrays("test")
    assert np.allclose(test["image"][3, 0] * 255, images(10)[3])
    assert test["label"].tolist() == list(range(10))


def test_one_file_alone_is_data_too(tmp_path: Path) -> None:
    (tmp_path / "x.idx").write_bytes(idx(np.linspace(0, 1, 20, dtype=np.float32).reshape(10, 2)))
    assert opened(tmp_path / "x.idx").types["features"].sizes[1:] == (2,)


def test_a_header_that_promises_more_than_the_file_holds_is_told(tmp_path: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(idx(images(3), (2**31, 28, 28)))
    with pytest.raises(DataError, match="promises 2147483648×28×28 values and holds fewer"):
        opened(path)
    path.write_bytes(idx(images(3), (4, 2, 3)))
    with pytest.raises(DataError, match="holds fewer"):
        opened(path)
    packed = tmp_path / "train-images-idx3-ubyte.gz"
    packed.write_bytes(gzip.compress(idx(images(3), (100, 2, 3))))
    path.unlink()
    with pytest.raises(DataError, match="holds fewer"):
        opened(packed)
    packed.write_bytes(gzip.compress(idx(images(3)))[:-9])
    with pytest.raises(DataError, match="damaged"):
        opened(packed)


def test_labels_of_another_number_are_told(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(images(5)))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(np.zeros(4, np.uint8)))
    with pytest.raises(DataError, match="has 5 samples and its labels are 4"):
        opened(tmp_path / "train-images-idx3-ubyte")


def test_batches_of_cifar_are_read_together(tmp_path: Path) -> None:
    drawn = np.random.default_rng(0)
    for name, count in (("data_batch_1.bin", 20), ("data_batch_2.bin", 20), ("test_batch.bin", 6)):
        rows = drawn.integers(0, 256, (count, 3073), dtype=np.uint8)
        rows[:, 0] = np.arange(count) % 10
        (tmp_path / name).write_bytes(rows.tobytes())
    data = opened(tmp_path / "data_batch_1.bin")
    assert data.types["image"].sizes[1:] == (3, 32, 32)
    assert data.fields["label"].classes[0] == "airplane"
    assert data.count("test") == 6
    assert data.total == 46


# Files that are too large to be read whole.


def written(folder: Path) -> None:
    """MNIST in small, with pictures that tell their place."""
    drawn = np.random.default_rng(0)
    for part, count in (("train", 40), ("t10k", 10)):
        pixels = drawn.integers(0, 256, (count, 5, 4), dtype=np.uint8)
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx(pixels))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx(np.arange(count, dtype=np.uint8) % 10))


def batches(folder: Path, width: int) -> None:
    drawn = np.random.default_rng(0)
    for name, count in (("data_batch_1.bin", 20), ("data_batch_2.bin", 30), ("test_batch.bin", 6)):
        rows = drawn.integers(0, 256, (count, width), dtype=np.uint8)
        rows[:, 0] = np.arange(count) % 10
        rows.tofile(folder / name)


@pytest.mark.parametrize("kind", ["idx", "numbers", "cifar 10", "cifar 100"])
def test_a_file_that_stays_on_disk_is_what_it_would_be_in_memory(tmp_path: Path, kind: str) -> None:
    if kind == "idx":
        written(tmp_path)
        path = tmp_path / "t10k-images-idx3-ubyte"
    elif kind == "numbers":
        path = tmp_path / "x.idx"
        path.write_bytes(idx(np.linspace(0, 1, 60, dtype=np.float32).reshape(30, 2)))
    else:
        batches(tmp_path, 3073 if kind == "cifar 10" else 3074)
        path = tmp_path / "test_batch.bin"
    read, mapped = (
        open_data(DataReference.file(path, options={**describe_file(path).options, "reading": reading}))
        for reading in ("memory", "disk")
    )
    first = next(iter(mapped.columns.values()))
    assert is_lazy(first.values)
    assert mapped.types == read.types
    assert mapped.columns.keys() == read.columns.keys()
    for split in ("train", "validation", "test"):
        assert np.array_equal(mapped.indices(split), read.indices(split))
        for name in read.types:
            assert np.array_equal(mapped.arrays(split)[name][:], read.arrays(split)[name])


def test_a_large_file_that_promises_more_than_it_holds_is_told_before_it_is_mapped(tmp_path: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    for promised in ((2**31, 28, 28), (4, 2, 3)):
        path.write_bytes(idx(images(3), promised))
        with pytest.raises(DataError, match="holds fewer"):
            open_data(DataReference.file(path, options={"format": "idx", "reading": "disk"}))


def test_pictures_for_training_and_testing_of_different_sizes_are_told(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(images(5)))
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx(np.zeros((5, 4, 4), np.uint8)))
    with pytest.raises(DataError, match="samples of 1×2×3 and 1×4×4"):
        opened(tmp_path / "train-images-idx3-ubyte")
