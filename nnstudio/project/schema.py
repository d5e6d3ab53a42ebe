"""What stands in project.json and view.json: the schema, and the sheet to and from it.

A key that the schema does not know is refused, never dropped: whatever changes the schema raises FORMAT, and
``UPGRADES`` gets the function that makes the new form of the old one. What a layer type or the plan adds to its own
parameters needs neither, since those are saved by name and have defaults. Layers of unknown types are kept whole.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from nnstudio.data.reference import DataError, DataReference
from nnstudio.graph import Network, Node, View, Wire
from nnstudio.graph.expressions import LENGTH_LIMIT
from nnstudio.graph.naming import free_name
from nnstudio.graph.node_names import is_node_name
from nnstudio.graph.standins import rebound
from nnstudio.graph.view import Frame, Note
from nnstudio.layers import ParameterError, Placeholder, layer_from_json, layer_to_json
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan

#: The newest version of the file format. A project is written in the oldest one that has all that it has, so that older
#: programs can open it.
FORMAT = 4
#: For each older version, what makes the next one's project.json of its. Format 2 added blocks, named parameters,
#: flags and expressions of nodes, format 3 the steps and the augmentation of the data, format 4 columns that group or
#: weigh rows; what stood before stands as it did.
UPGRADES: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: dict, 2: dict, 3: dict}

Name = Annotated[str, Field(max_length=1000)]
Id = Annotated[str, Field(min_length=1, max_length=200)]
#: A slash stands between the ids on the way into a block, so none has one of its own.
NodeId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^/]+$")]
Coordinate = Annotated[float, Field(strict=True, ge=-1e9, le=1e9, allow_inf_nan=False)]
Value = Annotated[int | Coordinate, Field(union_mode="left_to_right")]


class SchemaError(ValueError):
    """A part of a project does not hold what it should; the text names the place."""


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class NodeForm(_Strict):
    id: NodeId
    name: Name
    layer: dict[str, Any]
    bypassed: bool = False
    frozen: bool = False
    expressions: dict[Name, Annotated[str, Field(max_length=LENGTH_LIMIT)]] = {}


class WireForm(_Strict):
    source: Id
    output: Name
    target: Id
    input: Name


def _pairs(value: Any) -> Any:
    """Parameters are written as pairs, since their order counts; a table of them is read too."""
    pairs = list(value.items()) if isinstance(value, dict) else value
    return [tuple(pair) if isinstance(pair, list) else pair for pair in pairs] if isinstance(pairs, list) else pairs


class NetworkForm(_Strict):
    nodes: Annotated[list[NodeForm], Field(max_length=1_000_000)]
    wires: Annotated[list[WireForm], Field(max_length=4_000_000)]
    blocks: dict[Name, NetworkForm] = {}
    parameters: Annotated[list[tuple[Name, Value]], BeforeValidator(_pairs)] = []


class ProjectForm(_Strict):
    format: Annotated[int, Field(ge=1, le=FORMAT)]
    title: Name = ""
    summary: Annotated[str, Field(max_length=100_000)] = ""
    network: NetworkForm
    plan: dict[str, Any]
    data: dict[str, Any] | None = None


Point = Annotated[list[Coordinate], Field(min_length=2, max_length=2)]


class FrameForm(_Strict):
    title: Name
    members: Annotated[list[Id], Field(max_length=1_000_000)]
    color: Name = ""
    folded: bool = False


class NoteForm(_Strict):
    text: Annotated[str, Field(max_length=100_000)]
    at: Annotated[list[Coordinate], Field(min_length=4, max_length=4)]
    color: Name = ""


class RouteForm(_Strict):
    wire: Annotated[list[Name], Field(min_length=4, max_length=4)]
    points: Annotated[list[Point], Field(max_length=1000)]


class ViewForm(_Strict):
    positions: dict[Id, Point]
    frames: dict[Id, FrameForm] = {}
    notes: dict[Id, NoteForm] = {}
    bookmarks: dict[Name, Annotated[list[Coordinate], Field(min_length=3, max_length=3)]] = {}
    routes: Annotated[list[RouteForm], Field(max_length=1_000_000)] = []
    blocks: dict[Name, ViewForm] = {}


def project_to_json(sheet: Sheet) -> dict[str, Any]:
    """The content of project.json."""
    return {
        "format": _needed(sheet.data),
        "title": sheet.title,
        "summary": sheet.summary,
        "network": network_to_json(sheet.network),
        "plan": sheet.plan.to_json(),
        "data": sheet.data.to_json() if sheet.data is not None else None,
    }


def _needed(data: DataReference | None) -> int:
    """The oldest format that has all that the data reference has."""
    if data is None:
        return 2
    if any(choice.role in ("group", "weight") for choice in data.fields.values()):
        return 4
    return 3 if data.steps or data.augment else 2


def view_to_json(view: View) -> dict[str, Any]:
    """The content of view.json."""
    written: dict[str, Any] = {
        "positions": {id: [float(x), float(y)] for id, (x, y) in view.positions.items()},
        "frames": {
            f.id: {"title": f.title, "members": sorted(f.members), "color": f.color, "folded": f.folded}
            for f in view.frames.values()
        },
        "notes": {
            n.id: {"text": n.text, "at": [n.x, n.y, n.width, n.height], "color": n.color} for n in view.notes.values()
        },
        "bookmarks": {title: list(at) for title, at in view.bookmarks.items()},
        "routes": [
            {"wire": [w.source, w.output, w.target, w.input], "points": [list(point) for point in points]}
            for w, points in view.routes.items()
        ],
        "blocks": {name: view_to_json(inner) for name, inner in view.blocks.items()},
    }
    return {key: value for key, value in written.items() if value or key == "positions"}


def project_from_json(value: Any) -> tuple[Sheet, tuple[str, ...]]:
    """The sheet (with an empty view) and sentences on what in it could not be taken as it stands.

    SchemaError where it is of a newer version or does not hold what it should.
    """
    if not isinstance(value, dict) or type(value.get("format")) is not int or value["format"] < 1:
        raise SchemaError("project.json says nothing of its format version; restore the file from a backup")
    if value["format"] > FORMAT:
        raise SchemaError(
            f"it was saved by a newer NN Studio (format {value['format']}, this one reads up to {FORMAT}); update NN "
            "Studio to open it"
        )
    for version in range(value["format"], FORMAT):
        value = {**UPGRADES[version](value), "format": version + 1}
    form = _validated(ProjectForm, value, "project.json")
    notes: list[str] = []
    network = rebound(_network(form.network, "network", notes))
    try:
        plan = Plan.from_json(form.plan)
    except (ParameterError, TypeError) as error:
        raise SchemaError(f"project.json, plan: {error}; correct it or update NN Studio") from error
    try:
        data = DataReference.from_json(form.data) if form.data is not None else None
    except DataError as error:
        raise SchemaError(f"project.json, data: {error}") from error
    return Sheet(network, View(), plan, data, form.title, form.summary), tuple(notes)


def view_from_json(value: Any, network: Network) -> View:
    """The view; what is about nodes and wires that are not there is left out. SchemaError where it is not one."""
    return _view(_validated(ViewForm, value, "view.json"), network)


def _view(form: ViewForm, network: Network) -> View:
    frames = {
        id: Frame(id, f.title, frozenset(f.members) & network.nodes.keys(), f.color, f.folded)
        for id, f in form.frames.items()
    }
    wires = frozenset(network.wires)
    routes = {Wire(*route.wire): tuple((x, y) for x, y in route.points) for route in form.routes}
    return View(
        {id: (at[0], at[1]) for id, at in form.positions.items() if id in network.nodes},
        {id: frame for id, frame in frames.items() if frame.members},
        {id: Note(id, n.text, n.at[0], n.at[1], n.at[2], n.at[3], n.color) for id, n in form.notes.items()},
        {title: (at[0], at[1], at[2]) for title, at in form.bookmarks.items()},
        {wire: points for wire, points in routes.items() if wire in wires and points},
        {name: _view(inner, network.blocks[name]) for name, inner in form.blocks.items() if name in network.blocks},
    )


def with_view(sheet: Sheet, value: Any) -> Sheet:
    """The sheet with the view of this view.json. SchemaError where it is not one."""
    return dataclasses.replace(sheet, view=view_from_json(value, sheet.network))


def _validated(form: type[Any], value: Any, place: str) -> Any:
    try:
        return form.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        at = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).strip(".")
        found = "" if isinstance(first.get("input"), dict | list) else f", not {str(first.get('input'))[:40]!r}"
        what = "this key is not known" if first["type"] == "extra_forbidden" else f"{first['msg'].lower()}{found}"
        raise SchemaError(f"{place}, {at}: {what}; restore the file from a backup or update NN Studio") from error


def network_to_json(network: Network) -> dict[str, Any]:
    """A network with its definitions: the part ``network`` of project.json."""
    written: dict[str, Any] = {
        "nodes": [_node_to_json(node) for node in network.nodes.values()],
        "wires": [
            {"source": w.source, "output": w.output, "target": w.target, "input": w.input} for w in network.wires
        ],
    }
    if network.blocks:
        written["blocks"] = {name: network_to_json(block) for name, block in network.blocks.items()}
    if network.parameters:
        written["parameters"] = [list(pair) for pair in network.parameters.items()]
    return written


def network_from_json(value: Any, place: str = "network") -> tuple[Network, tuple[str, ...]]:
    """The network, its blocks in step with their definitions, and sentences on what in it could not be taken as it
    stands. SchemaError, naming the place, where it does not hold what it should."""
    notes: list[str] = []
    network = _network(_validated(NetworkForm, value, place), place, notes)
    return rebound(network), tuple(notes)


def _node_to_json(node: Node) -> dict[str, Any]:
    """A node; what is as it usually is, is left out."""
    written: dict[str, Any] = {"id": node.id, "name": node.name, "layer": layer_to_json(node.layer)}
    if node.bypassed:
        written["bypassed"] = True
    if node.frozen:
        written["frozen"] = True
    if node.expressions:
        written["expressions"] = dict(node.expressions)
    return written


def _network(form: NetworkForm, place: str, notes: list[str]) -> Network:
    nodes: dict[str, Node] = {}
    taken: set[str] = set()
    for at, item in enumerate(form.nodes):
        if item.id in nodes:
            raise SchemaError(f"project.json, {place}.nodes[{at}]: two nodes have the id {item.id!r}; restore the file")
        name = item.name
        if name in taken or not is_node_name(name):
            name = free_name(Network({node.id: node for node in nodes.values()}), name)
            notes.append(f"the node “{item.name}” is now called “{name}”, since its name is taken or cannot be used")
        taken.add(name)
        layer = layer_from_json(item.layer)
        if isinstance(layer, Placeholder):
            notes.append(f"the node “{name}” is kept as it is but cannot be used: {layer.reason}")
        said = tuple(item.expressions.items())
        nodes[item.id] = Node(item.id, name, layer, item.bypassed, item.frozen, said)
    wires = tuple(
        Wire(wire.source, wire.output, wire.target, wire.input)
        for wire in form.wires
        if wire.source in nodes and wire.target in nodes
    )
    if len(wires) < len(form.wires):
        notes.append(f"{len(form.wires) - len(wires)} wires were left out, since a node at their end is missing")
    blocks = {name: _network(block, f"{place}.blocks.{name}", notes) for name, block in form.blocks.items()}
    return Network(nodes, wires, blocks, dict(form.parameters))
