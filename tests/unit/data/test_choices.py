"""What a person chooses for a column holds whatever the data was read from, and changes nothing else."""

from __future__ import annotations

import itertools
import json
import sqlite3
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from nnstudio.data import DataError, DataReference, describe_file, open_data
from nnstudio.data.dataset import Dataset
from nnstudio.data.formats import FORMATS
from nnstudio.data.reference import ROLES, UNFED
from nnstudio.data.steps.windows import Windows
from tests.unit.data.test_other_tables import TABLE, workbook
from tests.unit.data.test_sounds import tone, wav

COUNT = 24


def draw(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (8, 8), value).save(path)


def pictures(home: Path) -> Path:
    for place in range(COUNT):
        draw(home / ("cats", "dogs")[place % 2] / f"{place}.png", place)
    return home


def labelled(home: Path) -> Path:
    for place in range(COUNT):
        draw(home / f"{place}.png", place)
    lines = [f"{place}.png,{('cat', 'dog')[place % 2]},{place * 0.5}" for place in range(COUNT)]
    (home / "labels.csv").write_text("\n".join(["file,label,weight", *lines]))
    return home


def masks(home: Path) -> Path:
    for place in range(COUNT):
        draw(home / "images" / f"{place}.png", place)
        draw(home / "masks" / f"{place}.png", 255 * (place % 2))
    return home


def coco(home: Path) -> Path:
    images = [{"id": n, "file_name": f"{n}.png", "width": 8, "height": 8} for n in range(COUNT)]
    boxes = [{"image_id": n, "bbox": [1, 1, 4, 4], "category_id": 1} for n in range(COUNT)]
    for place in range(COUNT):
        draw(home / "images" / f"{place}.png", place)
    told = {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "cat"}]}
    (home / "annotations.json").write_text(json.dumps(told))
    return home


def voc(home: Path) -> Path:
    for place in range(COUNT):
        draw(home / f"{place}.png", place)
        corners = "".join(f"<{side}>{at}</{side}>" for side, at in (("xmin", 1), ("ymin", 1), ("xmax", 4), ("ymax", 4)))
        (home / f"{place}.xml").write_text(
            f"<annotation><filename>{place}.png</filename><size><width>8</width><height>8</height></size>"
            f"<object><name>cat</name><bndbox>{corners}</bndbox></object></annotation>"
        )
    return home


def yolo(home: Path) -> Path:
    for place in range(COUNT):
        draw(home / f"{place}.png", place)
        (home / f"{place}.txt").write_text("0 0.5 0.5 0.25 0.25\n")
    return home


def sounds(home: Path) -> Path:
    for place in range(COUNT):
        path = home / ("no", "yes")[place % 2] / f"{place}.wav"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(wav(tone(0.05, 200 + 10 * place)))
    return home


def idx(home: Path) -> Path:
    pixels, labels = np.arange(COUNT * 20, dtype=np.uint8), np.arange(COUNT, dtype=np.uint8) % 2
    (home / "x-images-idx3-ubyte").write_bytes(struct.pack(">2xBB3I", 8, 3, COUNT, 4, 5) + pixels.tobytes())
    (home / "x-labels-idx1-ubyte").write_bytes(struct.pack(">2xBBI", 8, 1, COUNT) + labels.tobytes())
    return home / "x-images-idx3-ubyte"


def cifar(home: Path) -> Path:
    rows = np.zeros((COUNT, 3074), np.uint8)
    rows[:, 1] = np.arange(COUNT) % 3
    rows[:, 0] = np.arange(COUNT) % 2
    (home / "train.bin").write_bytes(rows.tobytes())
    return home / "train.bin"


def npz(home: Path) -> Path:
    np.savez(home / "t.npz", x=np.random.default_rng(0).normal(size=(COUNT, 4)), label=np.arange(COUNT) % 2)
    return home / "t.npz"


def npy(home: Path) -> Path:
    np.save(home / "t.npy", np.random.default_rng(0).normal(size=(COUNT, 4)))
    return home / "t.npy"


def nifti(home: Path) -> Path:
    for name in ("a.nii.gz", "a_seg.nii.gz"):
        (home / name).write_bytes(b"n")
    return home / "a.nii.gz"


def scans(home: Path) -> Path:
    nifti(home)
    for name in ("b.nii.gz", "b_seg.nii.gz"):
        (home / name).write_bytes(b"n")
    return home


def frame() -> pl.DataFrame:
    rows = TABLE[1:] + TABLE[1:]
    return pl.DataFrame({str(name): [row[at] for row in rows] for at, name in enumerate(TABLE[0])})


def csv(home: Path) -> Path:
    frame().write_csv(home / "t.csv")
    return home / "t.csv"


def parquet(home: Path) -> Path:
    frame().write_parquet(home / "t.parquet")
    return home / "t.parquet"


def arrow(home: Path) -> Path:
    frame().write_ipc(home / "t.arrow")
    return home / "t.arrow"


def jsonl(home: Path) -> Path:
    frame().write_ndjson(home / "t.jsonl")
    return home / "t.jsonl"


def excel(home: Path) -> Path:
    pytest.importorskip("fastexcel", reason="the extra excel is not installed")
    made: Path = workbook(home / "t.xlsx", {"Sales": TABLE})
    return made


def sqlite(home: Path) -> Path:
    with sqlite3.connect(home / "t.db") as made:
        made.execute("create table sales (size real, colour text, price integer)")
        made.executemany("insert into sales values (?, ?, ?)", TABLE[1:])
    made.close()
    return home / "t.db"


def conll(home: Path) -> Path:
    (home / "t.conll").write_text("the D\ndog N\n\nit P\nran V\n\n" * COUNT)
    return home / "t.conll"


def lines(home: Path) -> Path:
    (home / "t.lines").write_text("\n".join(f"the {place % 5} dogs" for place in range(COUNT)))
    return home / "t.lines"


def text(home: Path) -> Path:
    (home / "t.md").write_text("So it goes on. " * 200)
    return home / "t.md"


#: How data of each kind is made.
SOURCES: dict[str, Callable[[Path], Path]] = {
    each.__name__: each for each in (
        excel, npz, npy, coco, voc, yolo, masks, labelled, pictures, sounds, scans, nifti, idx, cifar, parquet, arrow,
        sqlite, jsonl, conll, lines, text, csv,
    )
}  # fmt: skip


@pytest.fixture(autouse=True)
def _scanner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scans of noise, and labels of two values, whatever is in a file."""

    def load(path: Path) -> SimpleNamespace:
        volume = np.random.default_rng(0).random((6, 5, 8))
        return SimpleNamespace(shape=volume.shape, dataobj=np.round(volume) if "_seg" in path.name else volume)

    monkeypatch.setitem(sys.modules, "nibabel", SimpleNamespace(load=load))


def opened(kind: str, home: Path) -> Dataset:
    home.mkdir(exist_ok=True)
    data = open_data(describe_file(SOURCES[kind](home)))
    assert data.reference.options["format"] == kind
    return data


def chosen(data: Dataset, **choices: dict[str, Any]) -> Dataset:
    reference = data.reference.with_(types={})
    for name, values in choices.items():
        reference = reference.with_choice(name, **values)
    return open_data(reference)


def roles(data: Dataset) -> dict[str, str]:
    return {name: column.role for name, column in data.columns.items()}


def test_data_of_every_kind_is_tried_here() -> None:
    assert SOURCES.keys() == FORMATS.keys()


def refused(role: str, name: str, data: Dataset) -> str:
    """What is said of a role that a column cannot have; "" where it can."""
    column = data.columns[name]
    if role == "weight" and column.kind != "number":
        return f"“{name}” is to weigh the rows and holds"
    if role == "group" and column.kind not in ("number", "category", "text", "time"):
        return f"“{name}” should name the group of each row, but it holds"
    if role in UNFED and not {field.name for field in data.fields.values()} - {name, "features"}:
        return "no column to train on"
    return ""


@pytest.mark.parametrize("kind", SOURCES)
def test_a_chosen_role_holds_and_leaves_the_others_as_they_were_found(kind: str, tmp_path: Path) -> None:
    data = opened(kind, tmp_path)
    found = roles(data)
    for name, role in itertools.product(found, ROLES[1:]):
        if told := refused(role, name, data):
            with pytest.raises(DataError, match=told):
                chosen(data, **{name: {"role": role}})
            continue
        made = chosen(data, **{name: {"role": role}})
        expected = {**found, name: role}
        if role == "target":
            others = {n: "input" if r == "target" else r for n, r in found.items()}
            expected = {**found, name: role} if found[name] == role else {**others, name: role}
        if found[name] != "target" or role == "target":
            assert roles(made) == expected
        assert roles(made)[name] == role
        if made.columns[name].kind != "text":
            assert (made.fields[name].role == role) if role not in UNFED else (name not in made.fields)


@pytest.mark.parametrize("kind", ["pictures", "sounds", "idx"])
def test_a_target_that_is_chosen_is_the_one_that_was_found(kind: str, tmp_path: Path) -> None:
    data = opened(kind, tmp_path)
    made = chosen(data, label={"role": "target"})
    assert {name: field.role for name, field in made.fields.items()} == {
        name: field.role for name, field in data.fields.items()
    }


def test_another_group_takes_the_place_of_the_one_that_was_found(tmp_path: Path) -> None:
    data = opened("scans", tmp_path)
    assert roles(data) == {"image": "input", "mask": "target", "scan": "group"}
    assert roles(chosen(data, scan={"role": "target"})) == {"image": "input", "mask": "input", "scan": "target"}


def test_two_targets_may_be_chosen(tmp_path: Path) -> None:
    made = chosen(opened("cifar", tmp_path), label={"role": "target"}, coarse={"role": "target"})
    assert roles(made) == {"image": "input", "label": "target", "coarse": "target"}


def test_columns_that_a_step_makes_have_the_role_that_was_chosen(tmp_path: Path) -> None:
    data = opened("csv", tmp_path)
    steps = (Windows.make({"columns": ("size",), "target": "price", "past": 2}),)
    made = open_data(data.reference.with_(steps=steps, types={}).with_choice("colour", role="target"))
    assert roles(made) == {"colour": "target", "past": "input", "future": "target"}
    assert roles(chosen(made, future={"role": "ignored"}))["future"] == "ignored"


def test_texts_that_are_ignored_are_not_fed_although_a_step_makes_tokens_of_them(tmp_path: Path) -> None:
    data = chosen(opened("conll", tmp_path), tags={"role": "ignored"})
    assert list(data.fields) == ["tokens"]


def test_classes_of_folders_can_be_numbers_or_texts(tmp_path: Path) -> None:
    for place in range(COUNT):
        draw(tmp_path / "3.5 4".split()[place % 2] / f"{place}.png", place)
    data = open_data(describe_file(tmp_path))
    assert data.columns["label"].kind == "category"
    made = chosen(data, label={"kind": "number"})
    assert sorted(set(made.columns["label"].values.tolist())) == [3.5, 4.0]
    assert made.fields["label"].role == "target"
    texts = chosen(data, label={"kind": "text"})
    assert set(texts.columns["label"].values.tolist()) == {"3.5", "4"}
    assert texts.columns["label"].role == "ignored"


def test_lines_can_be_categories(tmp_path: Path) -> None:
    reference = describe_file(lines(tmp_path)).with_(steps=(), types={})
    made = open_data(reference.with_choice("text", kind="category"))
    assert made.columns["text"].categories == tuple(f"the {place} dogs" for place in range(5))


def test_pictures_of_whole_numbers_can_be_masks_or_plain_numbers(tmp_path: Path) -> None:
    data = opened("idx", tmp_path)
    assert chosen(data, image={"kind": "mask"}).columns["image"].values.shape == (COUNT, 4, 5)
    plain = chosen(data, image={"kind": "number", "scaling": "standardise"})
    assert plain.columns["image"].kind == "array"
    assert abs(float(plain.arrays("train")["image"].mean())) < 1e-5


@pytest.mark.parametrize(
    ("kind", "column", "asked", "told"),
    [
        ("pictures", "image", "mask", "“image” holds pictures and cannot be mask; choose image or number as its kind"),
        ("pictures", "label", "number", "“label” holds “cats”, “dogs” and no numbers; choose category or text"),
        ("pictures", "label", "time", "“label” holds no dates"),
        ("pictures", "label", "sound", "“label” holds categories and cannot be sound; choose number, category or text"),
        ("masks", "mask", "image", "“mask” holds masks and cannot be image; choose mask as its kind"),
        ("coco", "boxes", "number", "“boxes” holds boxes and cannot be number; choose boxes as its kind"),
        ("sounds", "sound", "image", "“sound” holds sounds and cannot be image; choose sound or number as its kind"),
        ("cifar", "image", "mask", "“image” cannot be mask: whole numbers from 0, N×H×W was expected"),
        ("npz", "features", "text", "“features” holds numbers and cannot be text; choose number as its kind"),
        ("conll", "tags", "image", "“tags” holds texts and cannot be image"),
    ],
)
def test_a_kind_that_the_values_cannot_have_is_refused(
    kind: str, column: str, asked: str, told: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=told):
        chosen(opened(kind, tmp_path), **{column: {"kind": asked}})


def test_a_table_beside_pictures_may_have_a_column_of_that_name(tmp_path: Path) -> None:
    labelled(tmp_path)
    table = tmp_path / "labels.csv"
    table.write_text(table.read_text().replace("weight", "image"))
    data = open_data(describe_file(tmp_path))
    assert roles(data) == {"image": "input", "label": "target", "image_2": "input"}
    assert roles(chosen(data, image_2={"role": "ignored"})) == {
        "image": "input", "label": "target", "image_2": "ignored",
    }  # fmt: skip
    assert roles(chosen(data, image={"role": "target"})) == {"image": "target", "label": "input", "image_2": "input"}


def test_a_role_in_a_shipped_set_leaves_kinds_and_other_roles_as_the_set_has_them() -> None:
    reference = DataReference("shipped:names")
    found = open_data(reference)
    assert roles(found) == {"name": "input", "kind": "target"}
    again = open_data(reference.with_choice("kind", role="target"))
    assert {n: (c.kind, c.role) for n, c in again.columns.items()} == {
        n: (c.kind, c.role) for n, c in found.columns.items()
    }
    assert roles(open_data(reference.with_choice("name", role="target"))) == {"name": "target", "kind": "input"}
    both = open_data(reference.with_choice("name", role="target").with_choice("kind", role="target"))
    assert roles(both) == {"name": "target", "kind": "target"}
