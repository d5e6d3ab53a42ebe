"""Boxes around objects as annotation tools write them: COCO (JSON), Pascal VOC (XML) and YOLO (text files).

Each reader gives for each picture its boxes by name of class, x and y of the first corner and of the second, as shares
of the picture. Nothing in a file is run or fetched: an XML file with a document type, where entities are declared, is
refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from nnstudio.data.columns import quoted
from nnstudio.data.pictures_decode import ENDINGS, opened, walked
from nnstudio.data.reference import DataError
from nnstudio.data.splitting import PARTS

#: No file of annotations is larger, in bytes: JSON, XML or text.
LARGEST, LARGEST_XML = 1 << 30, 1 << 20
#: What a file of annotations is seen by, its first bytes.
HEAD = 1 << 16

Box = tuple[str, float, float, float, float]


@dataclass
class Annotated:
    """The pictures of a folder by their path, each with its boxes, and its part ("" where none is told).

    classes: names in the order of their codes; empty where they are to be gathered. wrong: what could not be used.
    """

    boxes: dict[str, list[Box]] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    classes: list[str] = field(default_factory=list)
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def tell(self, what: str, name: str) -> None:
        """Note that something of this name cannot be used."""
        self.wrong.setdefault(what, []).append(name)

    @property
    def warnings(self) -> list[str]:
        """A sentence for each thing that could not be used, with number and first names."""
        return [f"{len(names)} {what}: {quoted(names, 3)}" for what, names in self.wrong.items()]


def part_of(path: str) -> str:
    """The part that a path names, in a folder or as in ``instances_train2017.json``; "" where it names none."""
    words = re.findall(r"[a-z]+", path.lower())
    return next((PARTS[word] for word in words if word in PARTS), "")


# COCO


def is_coco(head: bytes) -> bool:
    """Whether a JSON file may be one of COCO, by its beginning."""
    return head.lstrip()[:1] == b"{" and any(word in head for word in (b'"images"', b'"annotations"', b'"categories"'))


def read_coco(folder: Path) -> Annotated:
    """Boxes of ``{"images": …, "annotations": …, "categories": …}`` in a folder's JSON files (COCO, "Data format").
    DataError where none names a picture of the folder."""
    pictures = sorted(walked(folder))
    by_name: dict[str, list[str]] = {}
    for path in pictures:
        by_name.setdefault(path.rpartition("/")[2], []).append(path)
    made = Annotated()
    for file in sorted(walked(folder, (".json",))):
        content = _json(folder / file)
        if isinstance(content, Mapping) and isinstance(content.get("images"), list):
            _coco(content, file, folder, by_name, made)
    if not made.boxes:
        raise DataError(f"No picture that the JSON files in “{folder.name}” name is in the folder; put them there")
    return made


def _json(path: Path) -> Any:
    if path.stat().st_size > LARGEST:
        raise DataError(f"“{path.name}” is too large to be a file of boxes; choose another folder")
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DataError(f"“{path.name}” is not JSON ({error}); make or copy it again") from None


def _coco(content: Mapping[str, Any], file: str, folder: Path, by_name: dict[str, list[str]], made: Annotated) -> None:
    categories = {c["id"]: str(c.get("name", c["id"])) for c in _objects(content, "categories") if "id" in c}
    for name in categories.values():
        if name not in made.classes:
            made.classes.append(name)
    known: dict[Any, tuple[str, float, float]] = {}
    for image in _objects(content, "images"):
        name = str(image.get("file_name", "")).replace("\\", "/")
        path = _placed(name, file, by_name)
        width, height = _number(image.get("width")), _number(image.get("height"))
        if path is None:
            made.tell("pictures are named and not in the folder", name)
        else:
            if width <= 0 or height <= 0:
                width, height = _size(folder / path)
            known[image.get("id")] = (path, width, height)
            made.boxes.setdefault(path, [])
            made.parts[path] = part_of(file) or part_of(path)
    for annotation in _objects(content, "annotations"):
        if annotation.get("iscrowd") or annotation.get("image_id") not in known:
            continue
        path, width, height = known[annotation["image_id"]]
        box = annotation.get("bbox")
        if not isinstance(box, list) or len(box) != 4 or width <= 0 or height <= 0:
            made.tell("boxes are not four numbers and are left out", path)
            continue
        id = annotation.get("category_id")
        if id not in categories:
            categories[id] = f"category {id}"
            made.classes.append(categories[id])
            made.tell("categories of boxes are not among those that are described, and are called by number", str(id))
        x, y, wide, high = map(_number, box)
        made.boxes[path].append((categories[id], x / width, y / height, (x + wide) / width, (y + high) / height))


def _objects(content: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = content.get(name)
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _placed(name: str, file: str, by_name: Mapping[str, list[str]]) -> str | None:
    """The picture in the folder that a file of annotations means: by the end of its path, of the same part if two."""
    found = by_name.get(name.rpartition("/")[2], [])
    exact = [path for path in found if path == name or path.endswith(f"/{name}")] or found
    same = [path for path in exact if part_of(path) == part_of(file)]
    return next(iter(same or exact), None)


def _number(value: Any) -> float:
    """A number; NaN where it is none."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def _size(path: Path) -> tuple[float, float]:
    try:
        with opened(path) as picture:
            return float(picture.width), float(picture.height)
    except Exception:  # Pillow raises many kinds for damaged files
        return 0.0, 0.0


# Pascal VOC


def read_voc(folder: Path) -> Annotated:
    """Boxes of an XML file for each picture (Everingham et al., "The PASCAL VOC challenge", 2010): corners in pixels
    from 1."""
    pictures = {Path(path).stem: path for path in sorted(walked(folder))}
    made = Annotated()
    for file in sorted(walked(folder, (".xml",))):
        root = _xml(folder / file)
        if root is None or root.tag != "annotation":
            made.tell("XML files are no annotations, or are damaged, and are left out", file)
            continue
        path = pictures.get(Path((root.findtext("filename") or "").strip()).stem) or pictures.get(Path(file).stem)
        if path is None:
            made.tell("pictures are named and not in the folder", root.findtext("filename") or file)
            continue
        width, height = _number(root.findtext("size/width")), _number(root.findtext("size/height"))
        if not width > 0 or not height > 0:
            width, height = _size(folder / path)
        boxes = made.boxes.setdefault(path, [])
        made.parts[path] = part_of(file) or part_of(path)
        for each in root.findall("object"):
            corners = [_number(each.findtext(f"bndbox/{side}")) for side in ("xmin", "ymin", "xmax", "ymax")]
            if width <= 0 or height <= 0 or any(corner != corner for corner in corners):
                made.tell("boxes are not four numbers and are left out", path)
                continue
            left, top, right, bottom = corners
            name = (each.findtext("name") or "").strip() or "object"
            boxes.append((name, (left - 1) / width, (top - 1) / height, right / width, bottom / height))
    if not made.boxes:
        raise DataError(f"No picture that the XML files in “{folder.name}” name is in the folder; put them there")
    return made


class _RefusedError(Exception):
    """An XML file that declares a document type."""


def _xml(path: Path) -> ElementTree.Element | None:
    """The root of a small XML file; None where it is damaged, too large or declares a document type (and so may declare
    entities that grow without end, or name other files)."""
    if path.stat().st_size > LARGEST_XML:
        return None
    builder, parser = ElementTree.TreeBuilder(), expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise _RefusedError

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(path.read_bytes(), True)
        return builder.close()
    except (expat.ExpatError, _RefusedError, AssertionError, ValueError):
        return None


# YOLO

_NAMES_FILES = ("classes.txt", "obj.names", "classes.names", "names.txt")


def read_yolo(folder: Path) -> Annotated:
    """Boxes of a text file for each picture, a line each: code, centre x and y, width and height as shares
    (Ultralytics, "Object detection datasets"). Names of classes from classes.txt, obj.names or data.yaml."""
    texts = {path.lower().removesuffix(".txt"): path for path in walked(folder, (".txt",))}
    names = _yolo_names(folder)
    made = Annotated()
    for path in sorted(walked(folder)):
        stem = path[: path.rindex(".")].lower()
        text = next((texts[key] for key in (stem, _swapped(stem)) if key in texts), None)
        boxes = made.boxes.setdefault(path, [])
        made.parts[path] = part_of(path.rpartition("/")[0])
        lines = (folder / text).read_text("utf-8", "replace").splitlines() if text is not None else []
        for line in filter(str.strip, lines):
            numbers = [_number(word) for word in line.split()]
            if len(numbers) < 5 or any(number != number for number in numbers) or numbers[0] < 0:
                made.tell("boxes are not a class and four numbers, and are left out", str(text))
                continue
            code, x, y, wide, high = _bounds(numbers)
            name = names[int(code)] if int(code) < len(names) else f"class {int(code)}"
            boxes.append((name, x - wide / 2, y - high / 2, x + wide / 2, y + high / 2))
    made.classes = names
    return made


def _bounds(numbers: list[float]) -> list[float]:
    """A box of a line; of a line that has an outline (x and y of its points) the box around it."""
    if len(numbers) < 7:
        return numbers[:5]
    across, down = numbers[1::2], numbers[2::2]
    left, right, top, bottom = min(across), max(across), min(down), max(down)
    return [numbers[0], (left + right) / 2, (top + bottom) / 2, right - left, bottom - top]


def _swapped(stem: str) -> str:
    """Where the text of a picture lies: ``labels`` in place of the last ``images`` of its path."""
    before, found, after = f"/{stem}".rpartition("/images/")
    return f"{before}/labels/{after}".lstrip("/") if found else stem


def _yolo_names(folder: Path) -> list[str]:
    for name in _NAMES_FILES:
        path = next((each for each in (folder / name, folder / "labels" / name) if each.is_file()), None)
        if path is not None:
            return [line.strip() for line in path.read_text("utf-8", "replace").splitlines() if line.strip()]
    for path in (*sorted(folder.glob("*.yaml")), *sorted(folder.glob("*.yml"))):
        found = _yaml_names(path.read_text("utf-8", "replace"))
        if found:
            return found
    return []


def _yaml_names(text: str) -> list[str]:
    """``names`` of a data.yaml, in one of its three forms: ``[a, b]``, a list below it, or numbers with names."""
    found = re.search(r"^names\s*:[ \t]*(\[[^\]]*\])?(.*(?:\n(?:[ \t]*-|[ \t]+).*)*)", text, re.M)
    if found is None:
        return []
    if found[1]:
        return [name.strip().strip("'\"") for name in found[1][1:-1].split(",") if name.strip()]
    lines = [line.split("#")[0].strip() for line in found[2].splitlines()]
    return [re.sub(r"^(-|\d+\s*:)\s*", "", line).strip("'\"") for line in lines if line]


READERS: Mapping[str, Callable[[Path], Annotated]] = {"coco": read_coco, "voc": read_voc, "yolo": read_yolo}


def kind_of(listing: Mapping[str, list[str]], folder: Path) -> str:
    """Which annotations a folder has, by what is in some of it (see `pictures_scenes.looked`): ``coco``, ``voc``,
    ``yolo`` or ""."""
    for ending, kind in ((".json", "coco"), (".xml", "voc")):
        for path in listing.get(ending, ())[:4]:
            with (folder / path).open("rb") as stream:
                head = stream.read(HEAD)
            if is_coco(head) if kind == "coco" else b"<annotation" in head:
                return kind
    if listing.get(".txt") and any(listing.get(ending) for ending in ENDINGS):
        for path in sorted(listing[".txt"], key=lambda each: "labels/" not in each)[:8]:
            if _is_yolo(folder, path):
                return "yolo"
    return ""


def _is_yolo(folder: Path, path: str) -> bool:
    """Whether a text file is of a picture of the folder and holds lines of a class and four numbers, or none."""
    before, found, after = f"/{path}".rpartition("/labels/")
    stems = [path[:-4]] + ([f"{before}/images/{after}".lstrip("/")[:-4]] if found else [])
    if not any((folder / (stem + ending)).is_file() for stem in stems for ending in ENDINGS):
        return False
    with (folder / path).open("rb") as stream:
        words = stream.readline(4096).split()
    return not words or (len(words) >= 5 and all(re.fullmatch(rb"-?[\d.eE+-]+", word) for word in words))
