"""The library: blocks that come with the program (resources/blocks), and those that a person keeps for other projects.

A file of it is the text of a part (`project.part`) with one block in it, so that it can be pasted as it is, too; under
``about`` it says its title, a summary and synonyms. What is to be known of a block stands in a note of its drawing.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nnstudio.atomic import replacing
from nnstudio.graph import Network, Node, View
from nnstudio.graph.blocks import used_by
from nnstudio.graph.edits import Edit, chain
from nnstudio.graph.node_names import is_node_name
from nnstudio.graph.standins import rebound
from nnstudio.graph.view import ViewEdit
from nnstudio.graph.view import chain as chain_views
from nnstudio.layers import Layer
from nnstudio.layers.blocks import Block
from nnstudio.project.part import Part, PasteError, from_text, to_text, with_free_definitions
from nnstudio.project.places import data_dir
from nnstudio.resources import resource_path

log = logging.getLogger(__name__)
#: The order of the classical blocks; what is not named comes after, by name.
ORDER = (
    "Residual", "ResidualProjection", "Bottleneck", "BottleneckProjection", "InvertedResidual",
    "InvertedResidualProjection", "SeparableConv", "SqueezeExcitation", "Inception", "DenseLayer", "DenseTransition",
    "ConvReLU", "UNetDown", "UNetUp", "TimeDistributed", "TransformerEncoderBlock", "TransformerDecoderBlock",
    "BERTBlock", "GPTBlock", "ViTBlock",
)  # fmt: skip
_OWN, _CLASSICAL = "own", "classical"
#: A block whose definition is this, and the id of a library's block, is that block on its way into a network.
KEY = "library:"


class LibraryError(ValueError):
    """The library cannot do that; the text is a sentence for a person."""


@dataclass(frozen=True)
class LibraryBlock:
    """One block of the library.

    id: by what it is known here. name: what its definition is called. network, view: the definition and its drawing.
    needs, views: the definitions that it uses, and their drawings. own: whether it is the person's.
    path: its file.
    """

    id: str
    name: str
    title: str
    summary: str
    network: Network
    view: View
    needs: Mapping[str, Network]
    views: Mapping[str, View]
    synonyms: tuple[str, ...] = ()
    own: bool = False
    path: Path = Path()

    @property
    def part(self) -> Part:
        """One block of it, with all that it needs."""
        return part_of_block(self.name, {**self.needs, self.name: self.network}, {**self.views, self.name: self.view})


@dataclass(frozen=True)
class Brought:
    """A block that comes into a network: what its definition is called there, and the edits of the whole network and
    view that bring it."""

    name: str
    edit: Edit
    view: ViewEdit


def blocks() -> list[LibraryBlock]:
    """The person's blocks by name, then the classical ones. A file that cannot be read is left out (`troubles`)."""
    return [block for block in (*_read(own_folder(), _OWN), *_classical()) if isinstance(block, LibraryBlock)]


def troubles() -> list[str]:
    """A sentence on each file of the library that cannot be read."""
    return [trouble for trouble in (*_read(own_folder(), _OWN), *_classical()) if isinstance(trouble, str)]


def block(id: str) -> LibraryBlock:
    """The block with this id. LibraryError where there is none."""
    found = next((each for each in blocks() if each.id == id), None)
    if found is None:
        raise LibraryError(f"the library has no block {id.rpartition('/')[2]}; it may have been removed")
    return found


def bring(block: LibraryBlock, network: Network) -> Brought:
    """What brings a block's definition, with those that it uses, into a whole network.

    A definition that is there already, with the same content, is used as it is; where another one has its name, it
    gets a free one.
    """
    part = with_free_definitions(block.part, network.blocks)
    layer = next(iter(part.network.nodes.values())).layer
    assert isinstance(layer, Block)

    def edit(before: Network) -> Network:
        new = {name: drawn for name, drawn in part.network.blocks.items() if name not in before.blocks}
        return rebound(replace(before, blocks={**before.blocks, **new})) if new else before

    def seen(view: View) -> View:
        new = {name: drawn for name, drawn in part.view.blocks.items() if name not in network.blocks}
        return replace(view, blocks={**view.blocks, **new}) if new else view

    return Brought(layer.definition, edit, seen)


def bring_all(layers: Iterable[Layer], network: Network) -> tuple[list[Layer], Brought | None]:
    """Layers that are to be placed, those of the library (`KEY`) as blocks of what is brought for them, and the edits
    that bring it; None where nothing is needed. LibraryError where a block is no longer in the library."""
    placed: list[Layer] = []
    edits, views, name = [], [], ""
    for layer in layers:
        if isinstance(layer, Block) and layer.definition.startswith(KEY):
            brought = bring(block(layer.definition.removeprefix(KEY)), network)
            edits.append(brought.edit)
            views.append(brought.view)
            network, name = brought.edit(network), brought.name
            layer = replace(layer, definition=name)
        placed.append(layer)
    return placed, Brought(name, chain(*edits), chain_views(*views)) if edits else None


# -- the person's own -------------------------------------------------------------------------------------------------


def save_block(
    definition: str, network: Network, view: View, *, name: str = "", replacing_other: bool = False
) -> LibraryBlock:
    """Keep a definition of a whole network, with all that it uses, under a name (its own where none is given).

    Raises:
        LibraryError: there is no such definition, the name cannot be used, another block of the person's has it (and it
            is not to be replaced), or the file cannot be written.
    """
    if definition not in network.blocks:
        raise LibraryError(f"there is no block named {definition}; it may have been removed")
    name = _checked(name or definition)
    used = used_by(network.blocks[definition], network.blocks)
    missing = used - network.blocks.keys()
    if missing:
        raise LibraryError(f"{definition} uses {', '.join(sorted(missing))}, which is not there; mend it first")
    if name != definition and name in used:
        raise LibraryError(f"{definition} uses a block named {name} itself; choose another name")
    kept = {known: network.blocks[known] for known in network.blocks if known in used}
    views = {known: view.blocks[known] for known in view.blocks if known in used}
    part = part_of_block(
        name,
        {**kept, name: network.blocks[definition]},
        {**views, name: view.blocks[definition]} if definition in view.blocks else views,
    )
    other = _own(name)
    if other is not None and not replacing_other and other.part.network.blocks != part.network.blocks:
        raise LibraryError(f"your library has another block named {other.name}; choose another name, or replace it")
    if other is not None and other.name != name:
        _remove(other)  # it differs in capitals alone
    _write(name, to_text(part, _about(part, name)))
    return block(f"{_OWN}/{name}")


def rename_saved(name: str, new: str) -> LibraryBlock:
    """Call a block of the person's otherwise. LibraryError where it is not there, or the name cannot be used."""
    known = block(f"{_OWN}/{name}")
    if new == name:
        return known
    taken = _own(_checked(new))
    if taken is not None and taken.name != name:
        raise LibraryError(f"your library has another block named {taken.name}; choose another name")
    if new in known.needs:
        raise LibraryError(f"{name} uses a block named {new} itself; choose another name")
    part = part_of_block(new, {**known.needs, new: known.network}, {**known.views, new: known.view})
    _remove(known)
    _write(new, to_text(part, _about(part, new)))
    return block(f"{_OWN}/{new}")


def delete_saved(name: str) -> None:
    """Take a block out of the person's library. Projects that use it keep it. LibraryError where it is not there, or
    cannot be deleted."""
    _remove(block(f"{_OWN}/{name}"))


def _checked(name: str) -> str:
    if not is_node_name(name):
        raise LibraryError(f"a block cannot be named {name!r}: use letters, digits and _, not beginning with a digit")
    return name


def _own(name: str) -> LibraryBlock | None:
    """The person's block of this name, whatever its capitals: some file systems do not tell them apart."""
    mine = (each for each in _read(own_folder(), _OWN) if isinstance(each, LibraryBlock))
    return next((each for each in mine if each.name.casefold() == name.casefold()), None)


def own_folder() -> Path:
    """Where the person's blocks are kept."""
    return data_dir() / "blocks"


def _write(name: str, text: str) -> None:
    path = own_folder() / f"{name}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(text.encode())
    except OSError as error:
        raise LibraryError(f"your library {path.parent} cannot be written: {error.strerror or error}") from error


def _remove(block: LibraryBlock) -> None:
    try:
        block.path.unlink()
    except OSError as error:
        raise LibraryError(f"{block.name} cannot be taken out of your library: {error.strerror or error}") from error


# -- files ------------------------------------------------------------------------------------------------------------


def part_of_block(name: str, definitions: Mapping[str, Network], views: Mapping[str, View]) -> Part:
    """One block of a definition, wherever it may stand."""
    node = Node("block", name.lower() if is_node_name(name.lower()) else name, Block.make({"definition": name}))
    return Part(rebound(Network({node.id: node}, (), definitions)), View({node.id: (0.0, 0.0)}, blocks=views))


def _about(part: Part, name: str) -> dict[str, Any]:
    notes = part.view.blocks[name].notes.values() if name in part.view.blocks else ()
    lines = [line.strip("# ").strip() for note in notes for line in note.text.splitlines()]
    layers = len(part.network.blocks[name].nodes)
    return {"title": name, "summary": next(filter(None, lines), f"A block of yours with {layers} layers inside.")}


def _classical() -> list[LibraryBlock | str]:
    found = _read(resource_path("blocks"), _CLASSICAL)
    place = {name: at for at, name in enumerate(ORDER)}
    return sorted(found, key=lambda each: place.get(getattr(each, "name", ""), len(place)))


def _read(folder: Path, kind: str) -> list[LibraryBlock | str]:
    """What the files of a folder hold, by name: blocks, and sentences on those that cannot be read."""
    found: list[LibraryBlock | str] = []
    with contextlib.suppress(OSError):
        for path in sorted(folder.glob("*.json"), key=lambda path: path.name.casefold()):
            with contextlib.suppress(FileNotFoundError):
                state = path.stat()
                found.append(_read_file(path, kind, state.st_mtime_ns, state.st_size))
    return found


@functools.lru_cache(maxsize=1000)
def _read_file(path: Path, kind: str, _changed: int, _size: int) -> LibraryBlock | str:
    """What a file holds, read once for each time that it changes."""
    try:
        part = from_text(path.read_text("utf-8"))
    except OSError as error:
        return _trouble(path, str(error.strerror or error))
    except (PasteError, UnicodeDecodeError):
        return _trouble(path, "it is damaged, not a block, or of a newer NN Studio")
    first = next(iter(part.network.nodes.values())).layer
    if len(part.network.nodes) != 1 or not isinstance(first, Block) or first.definition not in part.network.blocks:
        return _trouble(path, "it holds something other than one block")
    name, about, drawn = first.definition, part.about, part.view.blocks
    synonyms = about.get("synonyms")
    return LibraryBlock(
        f"{kind}/{name}",
        name,
        str(about.get("title") or name),
        str(about.get("summary") or ""),
        part.network.blocks[name],
        drawn.get(name, View()),
        {known: inner for known, inner in part.network.blocks.items() if known != name},
        {known: inner for known, inner in drawn.items() if known != name},
        tuple(map(str, synonyms)) if isinstance(synonyms, list) else (),
        kind == _OWN,
        path,
    )


def _trouble(path: Path, why: str) -> str:
    sentence = f"{path.name} in the library {path.parent} cannot be read: {why}; delete it or save the block again."
    log.warning("%s", sentence)
    return sentence
