"""Reading NPZ and NPY files: checked before anything is allocated, and never a pickle.

A large array stays in its file, of which the rows are read that are asked for (`data.mapped`); one that is packed is
unpacked once into the user's cache (`data.caching`).
"""

from __future__ import annotations

import hashlib
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from nnstudio.data.caching import kept, written
from nnstudio.data.columns import Array, Column, Source, usable
from nnstudio.data.formats import known_by
from nnstudio.data.mapped import MappedArray, stays
from nnstudio.data.parted import parted
from nnstudio.data.reference import ColumnChoice, DataError, DataReference

#: No archive is opened that holds more bytes, or more arrays, than this.
MOST_BYTES, MOST_ARRAYS = 16 * 2**30, 1000
#: Deflate cannot make more than this of a byte.
MOST_RATIO = 1032
#: Bytes of an array that are checked together.
CHECKED = 16 << 20
#: More different whole numbers than this are no classes.
MOST_CLASSES = 1000
AUTOMATIC = ColumnChoice.make({})

Progress = Callable[[float], None]
#: Shape, whether it is kept column by column, and type of an array.
Header = tuple[tuple[int, ...], bool, np.dtype[Any]]


def read_npz(path: Path, reference: DataReference, progress: Progress) -> Source:
    """The arrays of an NPZ file as columns. DataError where it is damaged, holds pickles or promises too much."""
    arrays: dict[str, Array | MappedArray] = {}
    try:
        with zipfile.ZipFile(path) as file:
            members = _checked_members(file, path.name)
            for index, member in enumerate(members):
                arrays[member.filename.removesuffix(".npy")] = _member(file, member, path, reference)
                progress(0.8 * (index + 1) / len(members))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(
            f"“{path.name}” is damaged or cut short and cannot be read as NPZ ({error}); make or copy it again"
        ) from None
    return _source(arrays, path.name, reference, "npz")


def read_npy(path: Path, reference: DataReference, progress: Progress) -> Source:
    """The one array of an NPY file as a column. DataError as for :func:`read_npz`."""
    array: Array | MappedArray
    with path.open("rb") as stream:
        header = _header(stream, path.stat().st_size, path.name, path.name)
        if stays(reference, *header):
            array = _mapped(path, stream.tell(), header, path.stat().st_size, f"“{path.name}”")
        else:
            array = _array(stream, header, f"“{path.name}”")
    progress(0.8)
    return _source({"data": array}, path.name, reference, "npy")


def _member(
    file: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, reference: DataReference
) -> Array | MappedArray:
    """One array of an archive: read, or left there where it is large, or unpacked on disk. What `zipfile` raises where
    it is damaged."""
    what = f"“{member.filename}” in “{path.name}”"
    with file.open(member) as stream:
        header = _header(stream, member.file_size, path.name, member.filename)
        if not stays(reference, *header):
            return _array(stream, header, what)
        if member.compress_type != zipfile.ZIP_STORED:
            return _unpacked(stream, header, member, path, what)
        place = stream.tell()
        while stream.read(CHECKED):  # at its end its checksum is compared
            pass
    with path.open("rb") as raw:
        raw.seek(member.header_offset + 26)
        begin = member.header_offset + 30 + sum(struct.unpack("<HH", raw.read(4)))
    return _mapped(path, begin + place, header, begin + member.file_size, what)


def _unpacked(
    stream: IO[bytes], header: Header, member: zipfile.ZipInfo, path: Path, what: str
) -> MappedArray:  # fmt: skip
    """An array whose header was read, as a file in the cache: unpacked where it is not there yet."""
    key = hashlib.sha256("\0".join(("npz", known_by(path), member.filename)).encode()).hexdigest()[:32]
    file = kept(key, 0, path.name) / "array.values"
    if not file.is_file():
        kept(key, member.file_size, path.name)
        with written(file) as aside, aside.open("wb") as target:
            shutil.copyfileobj(stream, target, CHECKED)  # at its end its checksum is compared
    return _mapped(file, 0, header, file.stat().st_size, what)


def _mapped(path: Path, place: int, header: Header, end: int, what: str) -> MappedArray:
    shape, _, dtype = header
    if place + prod(shape) * dtype.itemsize > end:
        raise DataError(f"{what} is cut short; make or copy the file again")
    return MappedArray(path, place, shape, dtype)


def _checked_members(file: zipfile.ZipFile, name: str) -> list[zipfile.ZipInfo]:
    """The members that are arrays. DataError where they overlap, are too many, too large or cannot be that large."""
    members = [member for member in file.infolist() if member.filename.endswith(".npy")]
    if not members:
        raise DataError(f"“{name}” holds no arrays; an NPZ file written by numpy.savez was expected")
    if len(members) > MOST_ARRAYS or len({member.filename for member in members}) < len(members):
        raise DataError(f"“{name}” holds too many arrays or two of the same name; at most {MOST_ARRAYS} were expected")
    total, end = 0, 0
    for member in sorted(members, key=lambda member: member.header_offset):
        total += member.file_size if member.compress_type != zipfile.ZIP_STORED else 0
        impossible = member.file_size > (member.compress_size + 64) * MOST_RATIO
        stored = member.compress_type == zipfile.ZIP_STORED and member.file_size != member.compress_size
        if impossible or stored or member.header_offset < end or total > MOST_BYTES:
            raise DataError(f"“{name}” promises more data than it can hold and was not opened; make the file again")
        end = member.header_offset + 30 + member.compress_size
    return members


def _header(stream: IO[bytes], size: int, name: str, member: str) -> Header:
    """The header of an array of ``size`` bytes. DataError where it is no plain numbers or texts, or promises more."""
    what = f"“{name}”" if member == name else f"“{member}” in “{name}”"
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(stream)
    except (ValueError, EOFError, SyntaxError, RecursionError, MemoryError, TypeError):
        raise DataError(f"{what} is no NumPy array; a file written by numpy.save was expected") from None
    if dtype.hasobject:
        raise DataError(f"{what} holds Python objects, which are never opened; save it again as an array of numbers")
    if dtype.names or dtype.kind not in "biufUSM":
        raise DataError(f"{what} has values of type {dtype}; numbers or texts were expected")
    if 0 in shape[1:]:
        raise DataError(f"{what} is {'×'.join(map(str, shape))}, so no sample has a number; save it again with some")
    expected = prod(shape) * dtype.itemsize
    if len(shape) > 8 or any(axis < 0 for axis in shape) or expected > size:
        raise DataError(
            f"{what} promises an array of {'×'.join(map(str, shape))} and holds less; "
            "the file is cut short, make or copy it again"
        )
    return shape, fortran, dtype


def _array(stream: IO[bytes], header: Header, what: str) -> Array:
    """The array behind its header. DataError where it is too short."""
    shape, fortran, dtype = header
    expected = prod(shape) * dtype.itemsize
    data = stream.read(expected)
    if len(data) < expected:
        raise DataError(f"{what} is cut short; make or copy the file again")
    array = np.frombuffer(data, dtype=dtype).reshape(shape, order="F" if fortran else "C")
    return np.ascontiguousarray(array.astype(dtype.newbyteorder("="), copy=False))


def named_rows(arrays: Mapping[str, Array], name: str, reference: DataReference | None) -> dict[str, Array]:
    """The arrays of a file, by the names of the fields that they would be. DataError where they are no samples."""
    source = _source(arrays, name, reference or DataReference(f"file:{name}"), "npz")
    return {field: np.asarray(rows) for field, rows in source.rows.items()}


def _source(arrays: Mapping[str, Array | MappedArray], name: str, reference: DataReference, form: str) -> Source:
    """Columns of the arrays. The first picture, the first classes and the first table are called image, label and
    features, whatever the file calls them, so that a network that was drawn for one file fits another; an array that
    the reference knows by its own name keeps that."""
    warnings: list[str] = []
    lone = {key: array for key, array in arrays.items() if array.ndim == 0}
    arrays = {key: array for key, array in arrays.items() if array.ndim}
    if lone:
        warnings.append(f"“{', '.join(lone)}” in “{name}” is a single number, not one a sample, and is left out")
    counts = {key: len(array) for key, array in arrays.items()}
    parts: list[str] = []
    if not reference.fields.keys() & arrays.keys():
        plain = {key: array for key, array in arrays.items() if not isinstance(array, MappedArray)}
        joined = parted(plain) if len(plain) == len(arrays) else None
        if joined is not None:
            arrays, parts = dict(joined[0]), joined[1]
            counts = {key: len(array) for key, array in arrays.items()}
    if len(set(counts.values())) > 1:
        lengths = ", ".join(f"{key}: {count}" for key, count in counts.items())
        raise DataError(f"The arrays of “{name}” must have one entry a sample, but their lengths differ ({lengths})")
    if not counts or not next(iter(counts.values())):
        raise DataError(f"“{name}” has no samples; arrays with one entry a sample were expected")
    columns: dict[str, Column] = {}
    rows: dict[str, Array] = {}
    for key, array in arrays.items():
        told: list[str] = []
        named = reference.fields.get(key, AUTOMATIC)
        first = named if named.kind in ("mask", "boxes", "sound") else AUTOMATIC
        column = _column(key, array, first, reference, told)
        kind = "vector" if column.kind == "array" and column.values.ndim == 2 else column.kind
        usual = {"image": "image", "category": "label", "vector": "features"}.get(kind, key)
        free = usual not in columns and usual not in arrays and key not in reference.fields
        field = usual if free else key
        choice = reference.fields.get(field, AUTOMATIC)
        if choice != AUTOMATIC:
            told.clear()
            column = _column(key, array, choice, reference, told)
        columns[field] = replace(column, name=field)
        rows[field] = column.values if isinstance(array, MappedArray) else array
        warnings += told
    if parts:
        columns["part"] = _categories("part", np.array(parts), "ignored")
        rows["part"] = columns["part"].values
    part = "part" if parts else ""
    return Source(columns, next(iter(counts.values())), False, rows, tuple(warnings), {"format": form}, part)


def _column(
    key: str, array: Array | MappedArray, choice: ColumnChoice, reference: DataReference, warnings: list[str]
) -> Column:
    """What one array is; one that stays in its file is what a sample of its rows is, in which its least and its
    greatest number are where those count."""
    if not isinstance(array, MappedArray):
        return column_of_array(key, array, choice, reference, warnings)
    if choice.kind == "boxes":
        return column_of_array(key, array[:], choice, reference, warnings)
    bytewise = array.dtype == np.uint8 and choice.kind not in ("category", "mask")
    made = column_of_array(key, array.sample(whole=not bytewise), choice, reference, [])
    if array.dtype.kind == "f" and array.seen.bad:
        warnings.append(_told_missing(key, array.seen.bad))
    view = array.view
    if made.values.ndim > view.ndim:
        view = view[:, None]
    elif made.values.shape[1:] != view.shape[1:]:
        view = view.transpose(0, 3, 1, 2)
    return replace(made, values=cast(Array, array.viewed(view, made.values.dtype)))


def column_of_array(
    key: str, array: Array, choice: ColumnChoice, reference: DataReference, warnings: list[str]
) -> Column:
    """What one array is: pictures by its shape, class codes by its dtype, else numbers."""
    role = "input" if choice.role == "auto" else choice.role
    if array.dtype.kind == "M":
        return Column(key, "time", array.astype("datetime64[us]").astype(np.int64) / 1e6, role="ignored")
    if array.ndim == 2 and array.shape[1] == 1 and array.dtype.kind in "biuUS":
        array = array[:, 0]
    if array.dtype.kind in "US":
        if array.ndim > 1:
            raise DataError(f"“{key}” holds texts in {array.ndim} dimensions; one text a sample was expected")
        return _categories(key, array, role)
    if array.ndim == 1:
        whole = array.dtype.kind in "biu"
        if choice.kind == "category" or (choice.kind == "auto" and whole and _are_classes(array)):
            return _categories(key, array, role)
    if array.dtype.kind == "f":
        array = _finite(key, array, warnings)
    if choice.kind == "image" or (choice.kind == "auto" and _is_image(array)):
        pixels = _channels_first(key, array)
        return Column(key, "image", pixels, role=role, divisor=_divisor(array, reference))
    if choice.kind in ("mask", "boxes", "sound"):
        return replace(_scene(key, array, choice.kind, role), rate=int(reference.options.get("rate", 0)))
    if array.ndim == 2 and choice.kind == "category" and array.dtype.kind in "iu":
        if (array < 0).any():
            raise DataError(f"“{key}” has codes below 0; codes count from 0, choose “number” as its kind")
        return Column(key, "codes", array.astype(np.int64), role=role, size=int(array.max()) + 1)
    pixels_in_a_row = array.dtype == np.uint8 and array.ndim > 1 and choice.scaling == "auto"
    divisor = _divisor(array, reference) if pixels_in_a_row else 1.0
    kind = "number" if array.ndim == 1 else "array"
    values = array.astype(np.float64) if array.ndim == 1 else array
    return Column(key, kind, values, role=role, standardise=choice.scaling == "standardise", divisor=divisor)


def _scene(key: str, array: Array, kind: str, role: str) -> Column:
    """Masks (N×H×W codes), boxes (N×K×5) or sounds (N×T or N×C×T), as a person says that an array is."""
    if kind == "mask" and array.ndim == 3 and array.dtype.kind in "biu" and array.min(initial=0) >= 0:
        codes = array.astype(np.uint8 if array.max(initial=0) < 256 else np.int64)
        return Column(key, "mask", codes, tuple(map(str, range(int(codes.max(initial=0)) + 1))), role=role)
    if kind == "boxes" and array.ndim == 3 and array.shape[2] == 5 and array.dtype.kind in "iuf":
        most = int(array[..., 4].max(initial=0)) + 1
        return Column(key, "boxes", array.astype(np.float32), tuple(map(str, range(most))), role=role)
    if kind == "sound" and array.ndim in (2, 3) and array.dtype.kind in "iuf":
        divisor = float(np.iinfo(array.dtype).max) + 1 if array.dtype.kind in "i" else 1.0
        return Column(key, "sound", array if array.ndim == 3 else array[:, None], role=role, divisor=divisor)
    expected = {"mask": "whole numbers from 0, N×H×W", "boxes": "N×K×5", "sound": "N×samples or N×channels×samples"}
    came = "×".join(map(str, array.shape))
    raise DataError(f"“{key}” cannot be {kind}: {expected[kind]} was expected, and {came} came; choose another kind")


def _are_classes(array: Array) -> bool:
    if array.dtype.kind == "b":
        return True
    different = len(np.unique(array))
    return different <= MOST_CLASSES and (different <= 20 or different * 5 <= len(array))


def _categories(key: str, array: Array, role: str) -> Column:
    names: list[Any]
    if array.dtype.kind == "f":
        known = ~np.isnan(array)
        different, codes = np.unique(array[known], return_inverse=True)
        values = np.full(len(array), -1, dtype=np.int64)
        values[known] = codes
        names = [f"{value:g}" for value in different]
    else:
        different, values = np.unique(array, return_inverse=True)
        names = [value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in different.tolist()]
    return Column(key, "category", values.astype(np.int64), tuple(names), role=role)


def _finite(key: str, array: Array, warnings: list[str]) -> Array:
    """Numbers with those made missing that no network can be fed; the person is told of both."""
    bad = ~usable(array)
    count = int(np.count_nonzero(bad))
    if not count:
        return array
    warnings.append(_told_missing(key, count))
    return np.where(bad, np.nan, array)


def _told_missing(key: str, count: int) -> str:
    return (
        f"“{key}” has {count:,} numbers that are missing or infinite, or too large for 32 bits; the mean of the "
        "training split stands in for them"
    )


def _is_image(array: Array) -> bool:
    if array.dtype.kind not in "iuf":
        return False
    if array.ndim == 3:
        return array.dtype == np.uint8 or (array.shape[1] == array.shape[2] and array.shape[1] >= 4)
    return array.ndim == 4


def _channels_first(key: str, array: Array) -> Array:
    """N×H×W or N×H×W×C becomes N×C×H×W."""
    if array.ndim == 3:
        return array[:, None]
    if array.ndim != 4:
        raise DataError(f"“{key}” has {array.ndim} dimensions; pictures need N×height×width or N×channels×height×width")
    if array.shape[3] in (1, 2, 3, 4) and array.shape[1] not in (1, 2, 3, 4):
        return np.ascontiguousarray(array.transpose(0, 3, 1, 2))
    return array


def _divisor(array: Array, reference: DataReference) -> float:
    """What brings pixels to 0..1: what the reference says, else what the dtype can hold."""
    if "pixel_max" in reference.options:
        return float(reference.options["pixel_max"])
    if array.dtype.kind in "iu":
        return 255.0 if array.max(initial=0) <= 255 else float(np.iinfo(array.dtype).max)
    return 1.0
