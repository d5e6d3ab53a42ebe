"""Tables that are read in blocks and kept on disk: the same data as in memory, whatever the file is like."""

from __future__ import annotations

import contextlib
import io
import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nnstudio.data import ColumnChoice, DataError, DataReference, Split, cells, csv_stream, open_data, opening, parquet
from nnstudio.data import blocks as in_blocks
from nnstudio.data.caching import cache_folder
from nnstudio.data.lazy import is_lazy
from nnstudio.data.opening import open_file

PLACES = ("north", "south", "east", "west")


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    """Blocks of a few hundred bytes, so that a small file has many."""
    monkeypatch.setattr(in_blocks, "BLOCK", 700)
    monkeypatch.setattr(parquet, "ROWS", 50)


def table(path: Path, rows: int = 400, quoted: bool = False) -> Path:
    random = np.random.default_rng(0)
    lines = ["id,a,b,place,day,note,class"]
    for row in range(rows):
        place = PLACES[random.integers(4)]
        place = f'"{place}, or\nso"' if quoted and row % 3 == 0 else place
        b = "" if row % 17 == 0 else f"{random.normal():.4f}"
        note = f"text {row} ü"
        lines.append(f"{row},{random.normal():.4f},{b},{place},2024-01-{row % 28 + 1:02d},{note},{row % 3}")
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def both(path: Path, **parts):
    """The same file, in memory and on disk."""
    options = dict(parts.pop("options", {}))
    return [
        open_data(DataReference.file(path, options={**options, "reading": reading}, **parts))
        for reading in ("memory", "disk")
    ]


def assert_same(memory, disk) -> None:
    assert is_lazy(next(iter(disk.columns.values())).values)
    assert list(memory.columns) == list(disk.columns)
    assert memory.types == disk.types
    assert memory.prepared.to_json() == disk.prepared.to_json()
    for name, column in memory.columns.items():
        other = disk.columns[name]
        assert (column.kind, column.role, column.categories, column.missing) == (
            other.kind, other.role, other.categories, other.missing,
        )  # fmt: skip
        assert (column.absent() == other.absent()).all()
    for split in ("train", "validation", "test"):
        assert memory.indices(split).tolist() == disk.indices(split).tolist()
        for name, array in memory.arrays(split).items():
            read = disk.arrays(split)[name][:]
            assert read.dtype == array.dtype
            assert np.array_equal(read, array), name


@pytest.mark.parametrize("quoted", [False, True])
def test_a_table_on_disk_is_the_table_in_memory(tmp_path, quoted):
    memory, disk = both(table(tmp_path / "t.csv", quoted=quoted))
    assert_same(memory, disk)
    assert disk.columns["note"].values[7] == "text 7 ü"
    assert disk.cells(3, 5)[0][:2] == ("3", memory.cells(3, 4)[0][1])


def test_batches_for_the_same_seed_are_the_same_from_memory_and_from_disk(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    from nnstudio.compile.lower import InputSpec
    from nnstudio.train import batches

    data = both(table(tmp_path / "t.csv"))
    for whole in (batches.SHUFFLED_WHOLE, 1000):  # all rows shuffled at once, and through a buffer
        monkeypatch.setattr(batches, "SHUFFLED_WHOLE", whole)
        monkeypatch.setattr(batches, "BUFFER", 1000)
        monkeypatch.setattr(batches, "RUN", 8)
        seen = []
        for one in data:
            specs = [InputSpec(name, name, name, one.types[name]) for name in ("features", "class")]
            rows = batches.Rows(specs, one.arrays("train"), one.count("train"), torch.device("cpu"))
            made = batches.Batches(rows, 32, seed=3)
            seen.append([[part.clone() for part in batch] for epoch in (0, 1) for batch in made.epoch(epoch)])
            at = made.rows_of(1, 2)
            assert torch.equal(
                seen[-1][made.steps_per_epoch + 2][1], torch.as_tensor(one.arrays("train")["class"][np.array(at)])
            )
        memory, disk = seen
        assert len(memory) == len(disk)
        assert all(
            torch.equal(a, b) for one, other in zip(memory, disk, strict=True) for a, b in zip(one, other, strict=True)
        )
        every = torch.cat([batch[1] for batch in memory[: len(memory) // 2]])
        assert len(every) == data[0].count("train")
        assert not torch.equal(memory[0][0], memory[len(memory) // 2][0])


def test_it_is_converted_once_and_a_column_of_another_kind_alone(tmp_path, monkeypatch):
    path = table(tmp_path / "t.csv")
    reference = DataReference.file(path, options={"reading": "disk"})
    first = open_data(reference)
    read = []
    before = csv_stream.blocks
    monkeypatch.setattr(csv_stream, "blocks", lambda *a: read.append(1) or before(*a))
    again = open_data(reference)
    assert not read
    assert np.array_equal(first.arrays("train")["a"][:], again.arrays("train")["a"][:])
    kept = {file.name for file in next(cache_folder().iterdir()).iterdir()}
    changed = open_data(reference.with_choice("a", kind="category"))
    assert read
    assert changed.columns["a"].kind == "category"
    new = {file.name for file in next(cache_folder().iterdir()).iterdir()} - kept
    assert new == {"1-category.json", "1-category.values"}


def test_a_file_that_was_written_anew_is_read_anew(tmp_path):
    path = table(tmp_path / "t.csv")
    reference = DataReference.file(path, options={"reading": "disk"})
    assert open_data(reference).total == 400
    table(path, 300)
    assert open_data(reference).total == 300


def test_the_first_rows_come_before_the_rest(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_stream, "LARGE", 1000)
    monkeypatch.setattr(csv_stream, "FIRST", 2000)
    path = table(tmp_path / "t.csv")
    seen = []
    data = open_file(path, progress=lambda share: seen.append(share), first=lambda data: seen.append(data))
    first = next(each for each in seen if not isinstance(each, float))
    assert 5 < first.total < 100 < data.total
    assert first.cells(0, 1) == data.cells(0, 1)
    shares = [each for each in seen[seen.index(first) :] if isinstance(each, float)]
    assert len(shares) > 10
    assert shares == sorted(shares)


def test_reading_can_be_given_up_and_leaves_nothing_behind(tmp_path):
    class GivenUpError(Exception):
        pass

    def progress(share: float) -> None:
        if share > 0.4:
            raise GivenUpError

    with pytest.raises(GivenUpError):
        open_data(DataReference.file(table(tmp_path / "t.csv"), options={"reading": "disk"}), progress=progress)
    assert not list(next(cache_folder().iterdir()).iterdir())


@pytest.mark.parametrize("reading", ["memory", "disk"])
def test_a_column_that_changes_its_type_late_is_told_with_its_first_places(tmp_path, monkeypatch, reading):
    monkeypatch.setattr(cells, "LOOKED", 20)
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "".join(f"{'odd' if row in (300, 311) else row},{row % 7}.5\n" for row in range(400)))
    data = open_data(DataReference.file(path, options={"reading": reading}))
    assert data.columns["a"].kind == "number"
    assert data.columns["a"].missing == 2
    (told,) = [text for text in data.warnings if "“a”" in text]
    assert "2 texts where numbers were expected, such as “odd” (row 301), “odd” (row 312)" in told
    assert np.isfinite(data.arrays("train")["features"][:]).all()


def test_dates_that_become_words_late_count_as_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(cells, "LOOKED", 20)
    path = tmp_path / "t.csv"
    path.write_text("day,b\n" + "".join(f"{'soon' if row == 90 else '2024-05-01'},{row}.5\n" for row in range(100)))
    for data in both(path):
        assert data.columns["day"].kind == "time"
        assert any("1 text where times were expected, such as “soon” (row 91)" in text for text in data.warnings)


def test_a_ragged_line_far_down_is_named(tmp_path):
    path = tmp_path / "t.csv"
    lines = ["a,b", *(f'{row},"x, {row}"' if row % 2 else f"{row},y" for row in range(300))]
    lines[250] = "1,2,3"
    path.write_text("\n".join(lines))
    with pytest.raises(DataError, match="Line 251 of “t.csv” has 3 values where 2 were expected"):
        open_data(DataReference.file(path, options={"reading": "disk"}))


def test_an_encoding_that_shows_late_is_found_and_said(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_stream, "LARGE", 100)
    monkeypatch.setattr(csv_stream, "HEAD", 500)
    path = tmp_path / "t.csv"
    text = "a,word\n" + "".join(f"{row},{'süß' if row > 200 else 'sour'}\n" for row in range(300))
    path.write_bytes(text.encode("latin-1"))
    reference = DataReference.file(path, options={"encoding": "utf-8"})
    with pytest.raises(DataError, match="not written in utf-8 .about line 20"):
        open_data(reference)
    data = open_file(path)
    assert data.columns["word"].categories == ("sour", "süß")
    assert data.reference.options["encoding"] in ("latin-1", "cp1252")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_other_encodings_and_line_ends_are_cut_into_blocks_as_well(tmp_path, encoding, newline):
    path = tmp_path / "t.csv"
    text = newline.join(["länge;wort", *(f"{row},5;{'süß' if row % 2 else 'herb'}" for row in range(300))])
    path.write_bytes(text.encode(encoding))
    memory, disk = both(path, options={"encoding": encoding, "delimiter": ";", "header": True, "decimal": ","})
    assert_same(memory, disk)
    assert disk.total == 300


def test_a_quotation_mark_that_is_never_closed_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(in_blocks, "LONGEST", 5000)
    path = tmp_path / "t.csv"
    path.write_text('a,b\n1,"never\n' + "2,3\n" * 5000 + '4,"5,6"\n')
    with pytest.raises(DataError, match="quotation mark that is not closed"):
        open_data(DataReference.file(path, options={"reading": "disk"}))


def test_where_the_disk_is_full_it_is_said_before(tmp_path, monkeypatch):
    import shutil

    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100))
    with pytest.raises(DataError, match="needs .* GiB, but .* has 0.0 GiB left"):
        open_data(DataReference.file(table(tmp_path / "t.csv"), options={"reading": "disk"}))


def test_a_target_of_whole_numbers_on_disk_is_classes_and_can_be_shifted(tmp_path):
    path = table(tmp_path / "t.csv")
    reference = DataReference.file(path).with_choice("a", shift=2).with_choice("place", shift=-1)
    memory, disk = both(path, fields=reference.fields, split=Split(group="place"))
    assert memory.fields["class"].classes == ("0", "1", "2")
    assert_same(memory, disk)
    assert_same(*both(path, split=Split(by_time=True, time_column="day")))
    assert_same(*both(path, split=Split(together=True)))


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_parquet_and_arrow_on_disk_are_what_they_are_in_memory(tmp_path, form):
    frame = pl.read_csv(table(tmp_path / "t.csv"), try_parse_dates=True).with_columns(
        pl.col("class").cast(pl.String), flag=pl.col("a") > 0, big=pl.col("id").cast(pl.Int16), none=None
    )
    path = tmp_path / f"t.{form}"
    frame.write_parquet(path, row_group_size=64) if form == "parquet" else frame.write_ipc(path)
    memory, disk = both(path)
    assert_same(memory, disk)
    assert disk.columns["day"].kind == "time"
    assert disk.columns["flag"].categories == ("false", "true")
    assert disk.columns["class"].kind == "category"
    assert opening.describe_file(path).options["format"] == form


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_durations_are_their_seconds(tmp_path, form):
    hours = pl.Series("took", [timedelta(hours=1), None, timedelta(milliseconds=1500)] * 20)
    path = tmp_path / f"t.{form}"
    frame = pl.DataFrame({"took": hours, "y": ["a", "b", "c"] * 20})
    frame.write_parquet(path) if form == "parquet" else frame.write_ipc(path)
    memory, disk = both(path)
    assert_same(memory, disk)
    np.testing.assert_array_equal(memory.columns["took"].values[:3], [3600.0, np.nan, 1.5])
    asked = DataReference.file(path, fields={"took": ColumnChoice.make({"kind": "category"})})
    assert open_data(asked).columns["took"].categories == ("1.5", "3600.0")


def streamed(path, frames, **how):
    """An Arrow stream with a batch for each frame."""
    parts = []
    for frame in frames:
        made = io.BytesIO()
        frame.write_ipc_stream(made, **how)
        data = made.getvalue()
        schema = 8 + int.from_bytes(data[4:8], "little")
        parts += [data[schema:-8]] if parts else [data[:-8]]
    path.write_bytes(b"".join([*parts, data[-8:]]))
    return path


@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
def test_an_arrow_stream_is_read_as_the_file_with_an_index_is(tmp_path, monkeypatch, compression):
    monkeypatch.setattr(parquet, "ROWS", 100)
    frame = pl.read_csv(table(tmp_path / "t.csv"), try_parse_dates=True).with_columns(pl.col("class").cast(pl.String))
    path = streamed(tmp_path / "s.arrow", list(frame.iter_slices(64)), compression=compression)
    frame.write_ipc(tmp_path / "t.arrow")
    indexed, _ = both(tmp_path / "t.arrow")
    memory, disk = both(path)
    assert memory.total == frame.height > 200
    assert_same(indexed, disk)
    assert_same(memory, disk)
    assert opening.describe_file(path).options["format"] == "arrow"


def test_classes_in_a_dictionary_of_an_arrow_stream_are_classes(tmp_path):
    values = pl.Series("class", ["cat", "dog"] * 40, dtype=pl.Categorical)
    path = streamed(tmp_path / "s.arrow", [pl.DataFrame({"x": np.arange(80.0), "class": values})])
    for data in both(path):
        assert data.columns["class"].categories == ("cat", "dog")
        assert data.columns["class"].values[:4].tolist() == [0, 1, 0, 1]


def test_the_first_rows_of_a_large_arrow_stream_are_shown_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "LARGE", 1000)
    monkeypatch.setattr(parquet, "FIRST", 10)
    shown = []
    path = streamed(tmp_path / "s.arrow", [pl.DataFrame({"x": np.arange(80.0), "y": np.arange(80.0)})] * 3)
    data = opening.open_file(path, first=shown.append)
    assert [len(first.columns["x"].values) for first in shown] == [10]
    assert data.total == 240


def test_an_arrow_stream_that_is_damaged_or_promises_too_much_is_told(tmp_path, monkeypatch):
    path = streamed(tmp_path / "s.arrow", [pl.DataFrame({"x": np.arange(80.0), "y": np.arange(80.0)})] * 3)
    whole = path.read_bytes()
    for cut in (3, 6, 20, 200, len(whole) // 2, len(whole) - 100):
        path.write_bytes(whole[:cut])
        with pytest.raises(DataError, match=r"“s\.arrow” is (damaged or cut short|no Arrow table)"):
            opening.describe_file(path)
    random = np.random.default_rng(0)
    for _ in range(300):
        data = bytearray(whole)
        for place in random.integers(0, len(data), 3):
            data[place] = random.integers(256)
        path.write_bytes(data)
        with contextlib.suppress(DataError):
            opening.describe_file(path)
    monkeypatch.setattr(parquet, "MUCH", 8 << 20)
    streamed(path, [pl.DataFrame({"a": ["x" * (16 << 20)], "b": [1.0]})], compression="zstd")
    with pytest.raises(DataError, match=r"unpacks .* bytes to .* GiB at once; .* in smaller batches"):
        opening.describe_file(path)


def test_lists_of_numbers_in_parquet_are_arrays(tmp_path):
    path = tmp_path / "t.parquet"
    pl.DataFrame({"v": [[float(i), 2.0, 3.0] for i in range(30)], "y": ["a", "b", "c"] * 10}).write_parquet(path)
    data = open_data(DataReference.file(path))
    assert data.columns["v"].kind == "array"
    assert data.arrays("train")["v"].shape[1:] == (3,)


def test_a_parquet_file_that_unpacks_to_far_too_much_is_refused_before(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "MUCH", 8 << 20)
    path = tmp_path / "bomb.parquet"
    pl.DataFrame({"a": ["x" * (16 << 20)], "b": [1.0]}).write_parquet(path, compression="zstd")
    assert path.stat().st_size < 1 << 20
    with pytest.raises(DataError, match="unpacks .* bytes to .* GiB at once"):
        open_data(DataReference.file(path))


def test_a_parquet_file_that_is_cut_short_is_told(tmp_path):
    path = tmp_path / "t.parquet"
    pl.DataFrame({"a": list(range(1000)), "b": [0.5] * 1000}).write_parquet(path)
    whole = path.read_bytes()
    for data in (whole[: len(whole) // 2], whole[:20], b"PAR1" + b"\xff" * 500 + b"\xf0\x01\x00\x00PAR1"):
        path.write_bytes(data)
        with pytest.raises(DataError, match="“t.parquet” is damaged or cut short"):
            open_data(DataReference.file(path))


def test_what_is_kept_says_of_itself_what_it_is(tmp_path):
    open_data(DataReference.file(table(tmp_path / "t.csv"), options={"reading": "disk"}))
    folder = next(cache_folder().iterdir())
    about = json.loads((folder / "3-auto.json").read_text("utf-8"))
    assert about["categories"] == sorted(PLACES)
    assert np.fromfile(folder / about["file"], about["dtype"]).tolist().count(-1) == 0
