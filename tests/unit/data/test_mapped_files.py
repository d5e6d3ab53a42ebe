"""Large NPY and NPZ files: they are what smaller ones are, and stay on disk."""

from __future__ import annotations

import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstudio.data import DataError, DataReference, open_data
from nnstudio.data.dataset import Dataset
from nnstudio.data.findings import findings
from nnstudio.data.lazy import is_lazy

ROWS = 600


def drawn(*shape: int, **more: Any) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).normal(5, 2, (ROWS, *shape)).astype(more.get("dtype", "f4"))


def opened(path: Path, reading: str, **choice: Any) -> Dataset:
    reference = DataReference.file(path, options={"reading": reading})
    for name, values in choice.items():
        reference = reference.with_choice(name, **values)
    return open_data(reference)


def alike(path: Path, **choice: Any) -> Dataset:
    """The data of a file that stays on disk, which is the same as that of one that is read."""
    read, mapped = (opened(path, reading, **choice) for reading in ("memory", "disk"))
    assert mapped.types == read.types
    assert mapped.warnings == read.warnings
    for name in read.types:
        for split in ("train", "validation", "test"):
            assert np.allclose(mapped.arrays(split)[name][:], read.arrays(split)[name], atol=1e-5), name
    one, other = ({n: (c.missing, c.divisor, c.categories) for n, c in each.columns.items()} for each in (read, mapped))
    assert one == other
    return mapped


def of(name: str) -> np.ndarray[Any, Any]:
    """Arrays of each kind that is found by itself."""
    match name:
        case "vectors":
            return drawn(7)
        case "other byte order":
            return drawn(7).astype(">f8")
        case "bytes":
            return (drawn(7) * 20).clip(0, 255).astype(np.uint8)
        case "grey pictures":
            return (drawn(5, 6) * 20).clip(0, 255).astype(np.uint8)
        case "colours last":
            return (drawn(8, 9, 3) * 20).clip(0, 255).astype(np.uint8)
        case "deep pictures":
            made = np.zeros((ROWS, 1, 6, 6), np.uint16)
            made[ROWS - 2, 0, 3, 3] = 4000
            return made
        case _:
            made = drawn(3)
            made[5, 1], made[ROWS - 1, 2] = np.nan, -np.inf
            if name == "too large":
                made = made.astype("f8")
                made[7, 0], made[8, 0] = 1e300, -4e38
            return made


KINDS = [
    "vectors", "other byte order", "bytes", "grey pictures", "colours last", "deep pictures", "missing", "too large",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_an_array_on_disk_is_what_it_would_be_in_memory(tmp_path: Path, kind: str, ending: str) -> None:
    path = tmp_path / f"d.{ending}"
    if ending == "npy":
        np.save(path, of(kind))
    else:
        np.savez(path, x=of(kind), y=np.arange(ROWS) % 3)
    data = alike(path)
    assert any(is_lazy(column.values) for column in data.columns.values())
    findings(data)
    assert data.cells(0, 2)
    assert [data.summary(name).count for name in data.columns]
    for name, array in data.arrays("train").items():
        assert np.isfinite(array[:]).all(), name
    if kind in ("missing", "too large"):
        count = {"missing": 2, "too large": 4}[kind]
        assert sum(f"has {count} numbers that are missing or infinite, or too large" in w for w in data.warnings) == 1


@pytest.mark.parametrize(
    ("array", "choice"),
    [
        (drawn(400) / 20, {"kind": "sound"}),
        ((drawn(2, 50) * 900).astype(np.int16), {"kind": "sound"}),
        ((drawn(6) * 3).clip(0).astype(np.int32), {"kind": "category"}),
        (drawn(4), {"scaling": "standardise"}),
    ],
    ids=["sound", "two channels", "codes", "standardised"],
)
def test_a_kind_that_is_chosen_counts_on_disk_too(
    tmp_path: Path, array: np.ndarray[Any, Any], choice: dict[str, Any]
) -> None:
    np.savez(tmp_path / "d.npz", x=array, y=np.arange(ROWS) % 3)
    name = next(name for name in opened(tmp_path / "d.npz", "memory").columns if name != "label")
    alike(tmp_path / "d.npz", **{name: choice})


def test_masks_are_on_disk_with_all_their_classes(tmp_path: Path) -> None:
    masks = np.zeros((ROWS, 6, 6), np.uint8)
    masks[333, 2, 2] = 9  # in no sample
    np.savez(tmp_path / "d.npz", image=np.zeros((ROWS, 3, 6, 6), np.uint8), mask=masks)
    data = alike(tmp_path / "d.npz", mask={"kind": "mask", "role": "target"})
    assert data.columns["mask"].categories == tuple("0123456789")


def test_only_a_large_array_stays_on_disk_and_takes_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnstudio.data.mapped.LARGE", 1 << 20)
    monkeypatch.setattr("nnstudio.data.mapped.PART", 1 << 18)
    monkeypatch.setattr("nnstudio.data.archive.CHECKED", 1 << 18)
    large, small = tmp_path / "large.npz", tmp_path / "small.npy"
    np.savez(large, x=np.ones((40_000, 200), np.float32), y=np.arange(40_000) % 3)
    np.save(small, np.ones((100, 20), np.float32))
    open_data(DataReference.file(small))  # what is imported is not counted
    tracemalloc.start()
    try:
        data = open_data(DataReference.file(large))
        batch = data.arrays("train")["features"][:64]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert batch.shape == (64, 200)
    assert most < 16 << 20, "of 32 MiB"
    assert not any(is_lazy(column.values) for column in open_data(DataReference.file(small)).columns.values())


def test_a_packed_array_is_unpacked_on_disk_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "d.npz"
    np.savez_compressed(path, x=of("missing"), y=np.arange(ROWS) % 3)
    data = alike(path)
    assert is_lazy(data.columns["features"].values)
    with monkeypatch.context() as patch:
        patch.setattr("nnstudio.data.archive.shutil.copyfileobj", None)
        alike(path)
    np.savez_compressed(path, x=drawn(7), y=np.arange(ROWS) % 3)
    assert alike(path).types["features"].axes[1].size == 7
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        opened(path, "disk")
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10}))
    np.savez_compressed(path, x=drawn(8), y=np.arange(ROWS) % 3)
    with pytest.raises(DataError, match="is read from a copy on disk"):
        opened(path, "disk")


def test_what_is_damaged_is_noticed_before_anything_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "d.npz"
    np.savez(path, x=drawn(7))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        opened(path, "disk")
    np.save(tmp_path / "d.npy", drawn(7))
    whole = (tmp_path / "d.npy").read_bytes()
    (tmp_path / "d.npy").write_bytes(whole[:-4])
    with pytest.raises(DataError, match="cut short"):
        opened(tmp_path / "d.npy", "disk")
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x.npy", whole[:-4])
    with pytest.raises(DataError, match="“x.npy” in “d.npz”"):
        opened(path, "disk")


def test_a_file_that_is_replaced_while_it_is_open_is_told_and_nothing_breaks(tmp_path: Path) -> None:
    path = tmp_path / "d.npy"
    np.save(path, drawn(7))
    data = opened(path, "disk")
    assert data.arrays("train")["features"][:4].shape == (4, 7)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match="“d.npy” has changed since it was opened; open the data again"):
        data.arrays("train")["features"][:4]
