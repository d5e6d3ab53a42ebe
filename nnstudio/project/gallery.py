"""Projects that come with the program: the gallery, made to be trained at once, in resources/gallery, and classical
networks, to which a person brings data, in resources/templates. A `make.py` beside them makes them."""

from __future__ import annotations

import difflib
import functools
import logging
from dataclasses import dataclass
from pathlib import Path

from nnstudio.project.files import ProjectError, load
from nnstudio.project.sheet import Sheet
from nnstudio.resources import resource_path

log = logging.getLogger(__name__)
#: The gallery by topic, from the first lesson on; what is not named comes after, by name.
TOPICS: dict[str, tuple[str, ...]] = {
    "First steps": ("line", "small-net", "digits-mlp", "digits-cnn-small", "digits-cnn"),
    "How networks learn": (
        "batchnorm", "vanishing", "thousand-layers", "overfit", "transfer", "self-supervised", "residual",
    ),
    "Pictures": ("vit", "similar-images", "faces", "detect", "segment", "instances"),
    "Compressing and inventing": ("autoencoder", "vae", "gan"),
    "Tables": ("fraud", "credit", "diagnosis", "recommend", "molecules"),
    "Time and sensors": ("forecast", "anomaly", "maintenance"),
    "Text": ("rnn-names", "sentiment", "ner", "qa", "lstm-text", "gpt", "seq2seq", "translate"),
    "Sound": ("speech", "speaker"),
}  # fmt: skip
#: The order of the gallery.
ORDER = tuple(id for ids in TOPICS.values() for id in ids)
#: The order of the classical networks: those that look at images, by age, then those that read sequences.
CLASSICAL_ORDER = (
    "lenet-5", "alexnet", "vgg-16", "u-net", "resnet-18", "resnet-50", "densenet-121", "mobilenet-v2", "bert-base",
    "gpt-2-small", "vit-b-16",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Template:
    """A project that comes with the program: ``id`` is its file's name without the ending, ``kind`` is ``example`` (it
    has data) or ``classical``."""

    id: str
    title: str
    summary: str
    path: Path
    kind: str = "example"

    @property
    def topic(self) -> str:
        """What it is an example of, as the gallery is arranged; "" for a classical network."""
        return next((topic for topic, ids in TOPICS.items() if self.id in ids), "")

    @property
    def page(self) -> str:
        """Its page of help as Markdown, beginning with its title; "" where it has none."""
        return page(self.id)


def page(id: str) -> str:
    """The page of help of a project, as Markdown that begins with its title; "" where it has none."""
    path = resource_path("help") / "gallery" / f"{id}.md"
    return path.read_text("utf-8") if path.is_file() else ""


def templates() -> list[Template]:
    """The gallery, in its order. A file that cannot be read is logged and left out."""
    return _found("gallery", "example", ORDER)


def classical() -> list[Template]:
    """The classical networks, in their order. A file that cannot be read is logged and left out."""
    return _found("templates", "classical", CLASSICAL_ORDER)


def _found(folder: str, kind: str, order: tuple[str, ...]) -> list[Template]:
    found = []
    for path in resource_path(folder).glob("*.nnstudio"):
        try:
            found.append(_template(path, kind))
        except ProjectError as error:
            log.warning("%s", error)
    return sorted(found, key=lambda t: (order.index(t.id) if t.id in order else len(order), t.id))


def _template(path: Path, kind: str) -> Template:
    sheet = drawn(path)
    return Template(path.stem, sheet.title or path.stem, sheet.summary, path, kind)


def drawn(path: Path) -> Sheet:
    """The sheet of a project with its drawing, read once for as long as its file stays as it is. ProjectError as
    `load`."""
    try:
        said = path.stat()
    except OSError:
        return load(path).sheet  # which says what is wrong
    return _read(path, (said.st_mtime_ns, said.st_size))


@functools.lru_cache(maxsize=256)
def _read(path: Path, _as_of: tuple[int, int]) -> Sheet:
    return load(path).sheet


def template(id: str) -> Template:
    """The project with this id, of either kind. ProjectError, saying which there are, where there is none."""
    for folder, kind in (("gallery", "example"), ("templates", "classical")):
        path = resource_path(folder) / f"{id}.nnstudio"
        if id == path.stem and path.is_file():
            return _template(path, kind)
    known = [found.id for found in (*templates(), *classical())]
    close = difflib.get_close_matches(id, known, 1)
    meant = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}."
    raise ProjectError(f"The gallery has no project “{id}”; {meant}")
