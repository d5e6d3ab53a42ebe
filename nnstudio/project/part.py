"""A part of a network as text that can be pasted: in another window, or out of an e-mail."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nnstudio.graph import Network, View
from nnstudio.graph.blocks import free_definition_name, rename_block, used_by
from nnstudio.project.schema import SchemaError, network_from_json, network_to_json, view_from_json, view_to_json

_FORMAT = "nnstudio part"
_VERSION = 2
#: Longer texts are not looked at, and parts with more nodes are not taken.
_LONGEST = 20_000_000
_MOST_NODES = 20_000

_NOTHING = "The clipboard holds no layers; copy some on a canvas first, or copy the text that such a copy gave"
_BROKEN = "The clipboard holds layers, but their text is damaged; copy it again from its beginning to its end"
_NEWER = "The clipboard holds layers of a newer NN Studio; update NN Studio to paste them"


class PasteError(ValueError):
    """A text cannot be pasted; the message is for a person."""


@dataclass(frozen=True)
class Part:
    """Nodes with the wires between them and the definitions that they use, and where they stood.

    ``notes`` are sentences on what could not be taken as it stands; ``about`` is what its text says of it besides.
    """

    network: Network
    view: View
    notes: tuple[str, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)


def part_of(network: Network, view: View, ids: frozenset[str], definitions: Mapping[str, Network]) -> Part:
    """These nodes with all that belongs to them: wires, bends, frames that hold nothing else, blocks in use."""
    part = network.part(ids)
    used = used_by(part, definitions)
    part = replace(part, blocks={name: definitions[name] for name in definitions if name in used})
    there = frozenset(part.wires)
    seen = View(
        {id: view.positions[id] for id in part.nodes if id in view.positions},
        {id: frame for id, frame in view.frames.items() if frame.members and frame.members <= part.nodes.keys()},
        routes={wire: points for wire, points in view.routes.items() if wire in there},
        blocks={name: inner for name, inner in view.blocks.items() if name in part.blocks},
    )
    return Part(part, seen)


def to_text(part: Part, about: Mapping[str, Any] | None = None) -> str:
    """The text of a part: JSON that a person can read. ``about`` says more of it, under that key."""
    data = {
        "format": _FORMAT,
        "version": _VERSION,
        **({"about": dict(about)} if about else {}),
        "network": network_to_json(part.network),
        "view": view_to_json(part.view),
    }
    return json.dumps(data, indent=1, ensure_ascii=False)


def from_text(text: str) -> Part:
    """The part that a text holds. PasteError, with a sentence, where it holds none.

    What a mail program adds is passed over: text around it, ``>`` before each line, other quotation marks, lines that
    were broken.
    """
    if len(text) > _LONGEST or not re.search(r"nnstudio\s+part", text):
        raise PasteError(_NOTHING)
    data = next(_read(text), None)
    if data is None:
        raise PasteError(_BROKEN)
    version = data.get("version")
    if isinstance(version, int) and version > _VERSION:
        raise PasteError(_NEWER)
    if version == 1:
        data = _from_version_1(data)
    try:
        network, notes = network_from_json(data.get("network"), "the clipboard")
        if not 0 < len(network.nodes) <= _MOST_NODES:
            raise PasteError(_NOTHING)
        about = data.get("about")
        view = view_from_json(data.get("view", {"positions": {}}), network)
        return Part(network, view, notes, about if isinstance(about, dict) else {})
    except (SchemaError, TypeError, KeyError, RecursionError, OverflowError) as error:
        raise PasteError(_BROKEN) from error


def _read(text: str) -> Iterator[dict[str, Any]]:
    """Our object in a text, read as it stands, then with ever more of what mail programs do taken back."""
    plain = re.sub(r"(?m)^[ \t]*(?:>[ \t]?)+", "", text)
    straight = re.sub("[\u201c\u201d\u201e\u201f\u00ab\u00bb]", '"', plain).replace("\u00a0", " ").replace("\r", "")
    decoder = json.JSONDecoder(strict=False)
    for tried in (text, plain, straight, straight.replace("\n", " "), straight.replace("\n", "")):
        mark = re.search(r"nnstudio\s+part", tried)
        start = tried.rfind("{", 0, mark.start()) if mark is not None else -1
        if start < 0:
            continue
        try:
            data, _ = decoder.raw_decode(tried, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(data, dict) and re.fullmatch(r"nnstudio\s+part", str(data.get("format"))):
            yield data


def _from_version_1(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 had nodes with their places, and wires as lists."""
    try:
        nodes = [{"id": node["id"], "name": node["name"], "layer": node["layer"]} for node in data["nodes"]]
        wires = [dict(zip(("source", "output", "target", "input"), wire, strict=True)) for wire in data["wires"]]
        positions = {node["id"]: node["at"] for node in data["nodes"] if node.get("at")}
    except (TypeError, KeyError, ValueError) as error:
        raise PasteError(_BROKEN) from error
    return {"network": {"nodes": nodes, "wires": wires}, "view": {"positions": positions}}


def with_free_definitions(part: Part, known: Mapping[str, Network]) -> Part:
    """The part with its definitions called otherwise where another one of that name, with other content, is known.

    Two definitions have the same content where all that they use has, too.
    """
    given = part.network.blocks
    other = {name for name, definition in given.items() if name in known and known[name] != definition}
    other |= {name for name, definition in given.items() if name in known and used_by(definition, given) & other}
    network, views = part.network, dict(part.view.blocks)
    for name in sorted(other):
        fresh = free_definition_name(Network(blocks={**known, **network.blocks}), name)
        network = rename_block(name, fresh)(network)
        if name in views:
            views[fresh] = views.pop(name)
    return part if network is part.network else replace(part, network=network, view=replace(part.view, blocks=views))
