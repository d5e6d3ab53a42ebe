"""Folders of pictures with boxes (COCO, VOC, YOLO), masks, or a table of labels; and what can be wrong with them."""

from __future__ import annotations

import json
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nnstudio.data import DataError, describe_file, open_data
from nnstudio.data.dataset import Dataset

#: A box of a picture of 40 × 20 pixels: 10 to 30 across, 5 to 15 down; and as it is told.
CORNERS = (10, 5, 30, 15)
TOLD = {"class": "cat", "x": 0.5, "y": 0.5, "width": 0.5, "height": 0.5}


def draw(path: Path, value: int = 100, size: tuple[int, int] = (40, 20)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, value).save(path)


def opened(folder: Path, **options: object) -> Dataset:
    reference = describe_file(folder)
    return open_data(reference.with_(options={**reference.options, **options}))


def boxes_of(data: Dataset) -> list[list[dict[str, Any]]]:
    return data.decode("boxes", data.columns["boxes"].values)  # type: ignore[no-any-return]


def told(data: Dataset, *words: str) -> bool:
    return any(all(word in text for word in words) for text in data.warnings)


def coco(folder: Path, annotations: list[dict[str, Any]], count: int = 4, **more: Any) -> Path:
    for place in range(count):
        draw(folder / "images" / f"{place}.png")
    images = [{"id": n, "file_name": f"{n}.png", "width": 40, "height": 20} for n in range(count)]
    content = {"images": images, "categories": [{"id": 7, "name": "cat"}], "annotations": annotations, **more}
    (folder / "annotations.json").write_text(json.dumps(content))
    return folder


def box(image: int, bbox: object = (10, 5, 20, 10), category: int = 7) -> dict[str, Any]:
    return {"image_id": image, "bbox": list(bbox) if isinstance(bbox, tuple) else bbox, "category_id": category}


def test_boxes_of_coco(tmp_path: Path) -> None:
    data = opened(coco(tmp_path, [box(0), box(1), box(1)]))
    assert data.reference.options["format"] == "coco"
    assert boxes_of(data) == [[TOLD], [TOLD, TOLD], [], []]
    assert data.types["image"].sizes[1:] == (1, 20, 40)
    assert data.fields["boxes"].role == "target"


def test_boxes_outside_their_picture_are_cut_or_left_out_and_told(tmp_path: Path) -> None:
    data = opened(coco(tmp_path, [box(0, (30, 10, 40, 20)), box(1, (50, 5, 5, 5)), box(2, (5, 5, 0, 3)), box(3, "x")]))
    assert boxes_of(data) == [[{"class": "cat", "x": 0.875, "y": 0.75, "width": 0.25, "height": 0.5}], [], [], []]
    assert told(data, "1 boxes reach over the edge", "“images/0.png”")
    assert told(data, "2 boxes lie outside", "“images/1.png”")
    assert told(data, "1 boxes are not four numbers")


def test_categories_of_coco_that_are_missing_are_called_by_number(tmp_path: Path) -> None:
    data = opened(coco(tmp_path, [box(0), box(1, category=9)]))
    assert data.fields["boxes"].classes == ("cat", "category 9")
    assert told(data, "1 categories of boxes are not among those", "“9”")
    (tmp_path / "annotations.json").write_text('{"images": [{"id": 0, "file_name": "gone.png"}], "annotations": []}')
    with pytest.raises(DataError, match="No picture that the JSON files"):
        opened(tmp_path)
    (tmp_path / "annotations.json").write_text('{"images": [')
    with pytest.raises(DataError, match="is not JSON"):
        opened(tmp_path)


def test_parts_of_coco_make_the_split(tmp_path: Path) -> None:
    coco(tmp_path, [box(0)], 6)
    content = json.loads((tmp_path / "annotations.json").read_text())
    (tmp_path / "annotations.json").unlink()
    for part, numbers in (("train", (0, 1, 2, 3)), ("val", (4, 5))):
        named = {**content, "images": [content["images"][n] for n in numbers]}
        (tmp_path / f"instances_{part}2017.json").write_text(json.dumps(named))
    data = opened(tmp_path)
    assert (data.count("train"), data.count("validation")) == (4, 2)


def voc(folder: Path, name: str, corners: object = CORNERS, head: str = "") -> None:
    draw(folder / "JPEGImages" / f"{name}.png")
    sides = "".join(
        f"<{side}>{value}</{side}>" for side, value in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True)
    )  # type: ignore[call-overload]
    path = folder / "Annotations" / f"{name}.xml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f"{head}<annotation><filename>{name}.png</filename><size><width>40</width><height>20</height></size>"
        f"<object><name>cat</name><bndbox>{sides}</bndbox></object></annotation>"
    )


def test_boxes_of_voc(tmp_path: Path) -> None:
    for name in "abcd":
        voc(tmp_path, name, (11, 6, 30, 15))
    data = opened(tmp_path)
    assert data.reference.options["format"] == "voc"
    assert boxes_of(data) == [[TOLD]] * 4


def test_an_xml_file_that_declares_entities_is_not_expanded(tmp_path: Path) -> None:
    voc(tmp_path, "a")
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(12))
    voc(tmp_path, "b", head=f"<!DOCTYPE lolz [{laughs}]>")
    (tmp_path / "Annotations" / "c.xml").write_text("<annotation><object>")
    data = opened(tmp_path)
    assert data.total == 1
    assert told(data, "2 XML files are no annotations", "b.xml")


@pytest.mark.parametrize(
    "names", ["names: [dog, cat]", "names:\n  0: dog\n  1: cat\nnc: 2", "names:\n- dog\n- 'cat'\n"]
)
def test_boxes_of_yolo(tmp_path: Path, names: str) -> None:
    for place in range(4):
        draw(tmp_path / "images" / ("train" if place else "val") / f"{place}.png")
        path = tmp_path / "labels" / ("train" if place else "val") / f"{place}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1 0.5 0.5 0.5 0.5\n" + ("a b\n" if place == 3 else ""))
    (tmp_path / "data.yaml").write_text(f"path: .\n{names}\n")
    data = opened(tmp_path)
    assert data.reference.options["format"] == "yolo"
    assert boxes_of(data) == [[TOLD]] * 4
    assert data.fields["boxes"].classes == ("dog", "cat")
    assert (data.count("train"), data.count("validation")) == (3, 1)
    assert told(data, "1 boxes are not a class and four numbers", "labels/train/3.txt")


def test_pictures_of_several_sizes_keep_their_boxes_in_place(tmp_path: Path) -> None:
    coco(tmp_path, [box(0)])
    picture = np.zeros((60, 120), np.uint8)
    picture[15:45, 30:90] = 255
    Image.fromarray(picture).save(tmp_path / "images" / "0.png")
    data = opened(tmp_path, size=48)
    assert data.types["image"].sizes[1:] == (1, 24, 48)
    seen = data.columns["image"].values[0][0] > 127
    assert (np.flatnonzero(seen.any(axis=0))[[0, -1]] == (12, 35)).all()
    assert told(opened(tmp_path), "differ in size")


def test_masks_lie_in_a_folder_or_beside_their_pictures(tmp_path: Path) -> None:
    for place in range(4):
        draw(tmp_path / "train" / "images" / f"{place}.jpg", size=(8, 6))
        mask = np.zeros((6, 8), np.uint8)
        mask[1, 2] = 255
        (tmp_path / "train" / "masks").mkdir(exist_ok=True)
        Image.fromarray(mask).save(tmp_path / "train" / "masks" / f"{place}.png")
    draw(tmp_path / "test" / "a.png", size=(8, 6))
    draw(tmp_path / "test" / "a_mask.png", 255, (8, 6))
    draw(tmp_path / "test" / "b.png", size=(8, 6))
    data = opened(tmp_path)
    assert data.reference.options["format"] == "masks"
    assert data.fields["mask"].classes == ("background", "object")
    assert data.count("test") == 1
    assert told(data, "1 pictures have no mask", "“test/b.png”")
    mask = data.arrays("train")["mask"][:]
    assert mask.shape[1:] == (6, 8)
    assert (mask.sum(axis=(1, 2)) == 1).all()
    assert mask[0, 1, 2] == 1


def test_colours_of_masks_are_classes_and_stay_what_they_are_when_made_smaller(tmp_path: Path) -> None:
    colours = np.zeros((40, 200, 3), np.uint8)
    colours[:, 100:] = (0, 255, 0)
    colours[:20, 100:] = (255, 0, 0)
    for place in range(3):
        draw(tmp_path / "images" / f"{place}.png", size=(200, 40))
        (tmp_path / "masks").mkdir(exist_ok=True)
        Image.fromarray(colours).save(tmp_path / "masks" / f"{place}.png")
    data = opened(tmp_path)
    assert data.fields["mask"].classes == ("#000000", "#00ff00", "#ff0000")
    assert np.bincount(data.columns["mask"].values[:1].ravel()).tolist() == [24 * 64, 12 * 64, 12 * 64]


def test_masks_that_number_objects_become_background_and_object(tmp_path: Path) -> None:
    for place in range(3):
        draw(tmp_path / "images" / f"{place}.png", size=(20, 20))
        (tmp_path / "masks").mkdir(exist_ok=True)
        Image.fromarray(np.arange(400, dtype=np.uint16).reshape(20, 20)).save(tmp_path / "masks" / f"{place}.png")
    data = opened(tmp_path)
    assert told(data, "400 values", "above 0 is the object")
    assert data.columns["mask"].values[:1].sum() == 399


def test_a_number_that_is_by_chance_the_name_of_a_picture_is_no_name(tmp_path: Path) -> None:
    for place in range(12):
        draw(tmp_path / "pictures" / f"{place}.png", place * 10, (8, 8))
    lines = [f"{11 - place},{'ab'[place % 2]},{place}.png" for place in range(12)]
    (tmp_path / "labels.csv").write_text("\n".join(["age,breed,file", *lines, "3,a,gone.png"]))
    data = opened(tmp_path)
    assert set(data.columns) == {"image", "age", "breed"}
    assert told(data, "1 rows name a picture that is not in the folder", "gone.png")


def test_a_table_names_pictures_and_says_what_they_show(tmp_path: Path) -> None:
    lines = ["file,breed,age,split"]
    for place in range(20):
        draw(tmp_path / "pictures" / f"p{place}.png", place * 10, (8, 8))
        lines.append(f"p{place}.png,{'tabby' if place % 2 else 'manx'},{place},{'test' if place > 15 else 'train'}")
    (tmp_path / "labels.csv").write_text("\n".join([*lines, "gone.png,manx,3,train"]))
    data = opened(tmp_path)
    assert data.reference.options["format"] == "labelled"
    assert set(data.fields) >= {"image", "breed", "age"}
    assert data.fields["breed"].classes == ("manx", "tabby")
    assert data.count("test") == 4
    assert told(data, "1 rows name a picture that is not in the folder", "gone.png")
    at = data.indices("train")[0]
    assert data.columns["image"].values[at].max() == data.columns["age"].values[at] * 10


def test_classes_are_told_from_masks_and_labels(tmp_path: Path) -> None:
    for name in ("with_mask", "without_mask"):
        for place in range(4):
            draw(tmp_path / name / f"{place}.png", size=(8, 8))
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    (tmp_path / "readme.txt").write_text("1 2 3 4 5")
    assert describe_file(tmp_path).options["format"] == "pictures"


def test_a_picture_that_promises_more_pixels_than_it_holds_takes_no_memory(tmp_path: Path) -> None:
    for place in range(4):
        draw(tmp_path / "a" / f"{place}.png", size=(8, 8))
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    (tmp_path / "a" / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT")
    data = opened(tmp_path)
    assert data.total == 4
    assert told(data, "more than 100 megapixels", "bomb.png")


def test_a_coco_file_that_is_chosen_itself_says_which_folder_to_choose(tmp_path: Path) -> None:
    coco(tmp_path, [box(0)])
    path = tmp_path / "annotations.json"
    folder = re.escape(str(tmp_path))
    with pytest.raises(DataError, match=f"“annotations.json” holds boxes of COCO; choose the folder .* are: {folder}$"):
        describe_file(path)
    (tmp_path / "annotations").mkdir()
    beside = path.rename(tmp_path / "annotations" / "instances_train.json")
    with pytest.raises(DataError, match=f"choose the folder in which its pictures are: {folder}$"):
        describe_file(beside)


@pytest.mark.parametrize("text", ['[{"a": 1}, {"a": 2}]', '\ufeff{"rows": []}', '{"a": 1}\n{"a": 2}\n'])
def test_other_json_says_how_tables_are_written(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.json").write_text(text, "utf-8")
    with pytest.raises(DataError, match="“t.json” is JSON, .* one object a line; write it so, as “t.jsonl”, or as CSV"):
        describe_file(tmp_path / "t.json")
