"""Trained weights carried over into a network that was edited since: what still fits is kept, to the bit.

A layer that grew keeps its old part; what is new in it starts afresh, and does not speak at first in the layers that
read it (their new columns are zero), so that a wider network begins as good as it was. A layer that shrank is cut.
Nodes are known by their ids, so that a name may change, and within a node each weight by its own name. Source of the
zero columns: after Chen et al., "Net2Net: accelerating learning via knowledge transfer" (2015).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nnstudio.compile import features
from nnstudio.compile.lower import Compiled
from nnstudio.compile.matching import matched, sources
from nnstudio.compile.resolve import Resolution
from nnstudio.compile.weight_places import Axes, Placing, fill
from nnstudio.graph import Network
from nnstudio.graph.expanding import expand
from nnstudio.layers import Call, Layer

if TYPE_CHECKING:
    import numpy as np
    import torch

    Arrays = Mapping[str, np.ndarray[Any, Any]]

#: What became of a node's weights. ``grown``: all that there was is kept, and more came; ``cut``: some were dropped;
#: ``lost``: the node is no longer there, or takes none.
STATES = ("kept", "grown", "cut", "fresh", "lost")


@dataclass(frozen=True, slots=True)
class Part:
    """What became of the weights of one node. id: in the flat network ("" where it is gone). detail: a sentence.
    weights: what became of each, by its state-dict key."""

    id: str
    name: str
    state: str
    detail: str = ""
    weights: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Carried:
    """What was kept, what grew, what was cut and what starts afresh, by node."""

    parts: tuple[Part, ...] = ()

    def of(self, state: str) -> tuple[Part, ...]:
        """The parts of one state (see STATES)."""
        return tuple(part for part in self.parts if part.state == state)

    @property
    def whole(self) -> bool:
        """Whether every weight is as it was trained."""
        return all(part.state == "kept" for part in self.parts)

    def summary(self) -> str:
        """In a line: ``5 layers keep their weights, 1 has grown, 1 starts afresh``."""
        words = {
            "kept": ("layer keeps its weights", "layers keep their weights"), "grown": ("has grown", "have grown"),
            "cut": ("was cut", "were cut"), "fresh": ("starts afresh", "start afresh"),
            "lost": ("was left out", "were left out"),
        }  # fmt: skip
        counts = [(len(self.of(state)), state) for state in STATES]
        return ", ".join(f"{n} {words[state][n != 1]}" for n, state in counts if n) or "no layer has weights"

    def notes(self) -> tuple[str, ...]:
        """A sentence on each node whose weights are not as they were."""
        return tuple(part.detail for part in self.parts if part.state != "kept")


def carry(compiled: Compiled, old: Arrays, was: Resolution | None = None) -> Carried:
    """Put trained weights into a compiled network, which keeps its own where there are none for it.

    Args:
        old: by state-dict key, as they were trained.
        was: the network in which they were trained; None: nothing is known of it but the keys.
    """
    import torch

    now = compiled.resolution
    called = {id: node.name for id, node in was.flat.nodes.items()} if was is not None else {}
    by_node = _by_node(old, called.values())
    before = matched(was.flat, now.flat) if was is not None else {}
    source = sources(was.expansion, now.expansion) if was is not None else {}
    told = frozenset(called.values())
    parts, taken = [], set()
    with torch.no_grad():
        for id, module in compiled.modules.items():
            state = module.state_dict()
            if not state or id in now.expansion.shared:
                continue
            name = compiled.name(id)
            name = called.get(source.get(id, ""), "" if name in told else name)
            taken.add(name)
            parts.append(_Carrier(compiled, id, was, source.get(id, ""), before).carried(state, by_node.get(name, {})))
    lost = (name for name in by_node if name not in taken)
    return Carried((*parts, *(Part("", name, "lost", _left_out(name)) for name in lost)))


def renamed(old: Arrays, was: Network, now: Network) -> dict[str, np.ndarray[Any, Any]]:
    """The same weights under the names that their nodes have now; those of nodes that are gone keep theirs."""
    then, present = expand(was), expand(now)
    parts = _by_node(old, (node.name for node in then.flat.nodes.values()))
    names = {id: then.flat.nodes[source].name for id, source in sources(then, present).items()}
    gone = parts.keys() - set(names.values())
    turned = {f"{name}.{key}": value for name in gone for key, value in parts[name].items()}
    for id, name in names.items():
        turned.update({f"{present.flat.nodes[id].name}.{key}": value for key, value in parts.get(name, {}).items()})
    return turned


def _by_node(old: Arrays, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The arrays by node name and torch's own name. A node inside a block has dots in its name."""
    known = set(names)
    split: dict[str, dict[str, Any]] = {}
    for key, value in old.items():
        parts = key.split(".")
        places = range(len(parts) - 1, 0, -1)
        at = next((place for place in places if ".".join(parts[:place]) in known), None)
        at = at if at is not None else len(parts) - 1
        split.setdefault(".".join(parts[:at]), {})[".".join(parts[at:])] = value
    return split


def _left_out(name: str) -> str:
    return f"The saved weights of “{name}” were left out: no layer takes them any more."


@dataclass(frozen=True, slots=True)
class _Fate:
    """What became of one weight. told: what there is to say of it, without the end of the sentence."""

    key: str
    state: str
    told: str = ""


class _Carrier:
    """Carries the weights of one node. old_id: the node that they come from; before: the old id of each node."""

    def __init__(
        self, compiled: Compiled, id: str, was: Resolution | None, old_id: str, before: Mapping[str, str]
    ) -> None:
        self._now, self._id, self._was, self._old_id = compiled.resolution, id, was, old_id
        self._module, self._name, self._before = compiled.modules[id], compiled.name(id), before

    def carried(self, state: Mapping[str, torch.Tensor], old: Mapping[str, Any]) -> Part:
        """Fill the module's tensors from the old arrays; say what became of them."""
        old_kind, kind = self._kinds()
        if not old or old_kind != kind:
            key = next(iter(state))
            why = f"no {key} is saved for it" if not old else f"it was a {old_kind} and is a {kind}"
            told = f"“{self._name}” starts untrained: {why}; train it again."
            return Part(self._id, self._name, "fresh", told, {f"{self._name}.{key}": "fresh" for key in state})
        placing = Placing(self._module, self._columns, any(key.endswith("_reverse") for key in old))
        fates = [self._one(placing, key, value, old.get(key)) for key, value in state.items()]
        dropped = [key for key in old if key not in state]
        weights = {f"{self._name}.{fate.key}": fate.state for fate in fates}
        became = self._state(fates, bool(dropped))
        return Part(self._id, self._name, became, self._told(became, fates, dropped), weights)

    def _kinds(self) -> tuple[str, str]:
        """What sort of layer it was and is; equal where the one's weights mean the same in the other."""
        layer = self._now.flat.nodes[self._id].layer
        was = self._was.flat.nodes.get(self._old_id) if self._was is not None else None
        if self._was is None or was is None or was.layer.type_name() == layer.type_name():
            return "", ""
        made, before = self._now.nodes.get(self._id), self._was.nodes.get(self._old_id)
        built, old = (made.built if made is not None else None), (before.built if before is not None else None)
        alike = isinstance(built, Call) and isinstance(old, Call) and built.target == old.target
        norms = all(isinstance(each, Layer) and each.family.title == "Normalisation" for each in (layer, was.layer))
        return ("", "") if alike or norms else (was.layer.type_name(), layer.type_name())

    @staticmethod
    def _state(fates: list[_Fate], dropped: bool) -> str:
        found = {fate.state for fate in fates}
        if found == {"fresh"}:
            return "fresh"
        if dropped or "cut" in found or any(fate.state == "fresh" and fate.told for fate in fates):
            return "cut"
        return "grown" if found & {"grown", "fresh"} else "kept"

    def _told(self, state: str, fates: list[_Fate], dropped: list[str]) -> str:
        """The sentence on a node whose weights are not as they were: the first that was cut or has grown stands for
        all, those that start untrained and those that were dropped are named."""
        if state == "kept":
            return ""
        main = next((fate.told for each in ("cut", "grown") for fate in fates if fate.state == each), "")
        if not main:
            main = next((fate.told for fate in fates if fate.told), "")
        if not main:
            main = f"“{self._name}” keeps its other weights" if state != "fresh" else f"“{self._name}” starts untrained"
        fresh = [fate.key for fate in fates if fate.state == "fresh"]
        clauses = [main]
        if fresh and state != "fresh":
            clauses.append(f"its {_listed(fresh)} {'starts' if len(fresh) == 1 else 'start'} untrained")
        if dropped:
            clauses.append(f"its saved {_listed(dropped)} {'was' if len(dropped) == 1 else 'were'} dropped")
        if any(fate.state in ("cut", "fresh") and fate.told for fate in fates):
            clauses.append("train it again")
        return "; ".join(clauses) + "."

    def _one(self, placing: Placing, key: str, value: torch.Tensor, saved: Any) -> _Fate:
        import torch

        if saved is None:
            return _Fate(key, "fresh")
        old, new = tuple(saved.shape), tuple(value.shape)
        if self._was is self._now and old == new:
            value.copy_(torch.from_numpy(saved.copy()).to(value.dtype))
            return _Fate(key, "kept")
        expected, came = _shape(new), _shape(old)
        places = placing.places(key, old, new)
        if places is None:
            told = f"The saved {key} of “{self._name}” was left out: {expected} was expected, {came} came"
            return _Fate(key, "fresh", told)
        given = torch.from_numpy(saved.copy()).to(value.dtype)
        if old == new and all(features.same(axis) for axis in places):
            value.copy_(given)
            return _Fate(key, "kept")
        fill(value, given, places, placing.reading(key))
        state = _became(places, old)
        if old == new:
            return _Fate(key, state, self._other_features(key, places))
        if state == "grown":
            told = f"“{self._name}” has grown: its {key} was {came} and is {expected}; the new part is untrained"
            return _Fate(key, state, told)
        return _Fate(
            key, state, f"The saved {key} of “{self._name}” was cut to fit: {expected} was expected, {came} came"
        )

    def _other_features(self, key: str, places: Axes) -> str:
        """Of a weight whose shape is as it was, but not all that it reads."""
        new, size = next(((axis.count(-1), len(axis)) for axis in places if -1 in axis), (0, 0))
        return f"“{self._name}” reads other features than it did: {new} of {size} places in its {key} are untrained"

    def _columns(self, axis: int, old: int, new: int) -> list[int]:
        """The features that the node reads along an axis of its input (−1: the last)."""
        if self._was is None or self._old_id not in self._was.flat.nodes:
            return features.leading(old, new)
        pieces = []
        for resolution, id in ((self._was, self._old_id), (self._now, self._id)):
            place = axis if axis >= 0 else _rank_fed(resolution, id) - 1
            pieces.append(features.arriving(resolution, id, place) if place > 0 else ())
        return features.placed(pieces[0], features.since(pieces[1], self._before), old, new, self._akin)

    def _akin(self, old: str, new: str) -> bool:
        """Whether one of two nodes, by their ids before, stands behind the other: now, or in the old network."""
        assert self._was is not None
        if new in self._was.flat.nodes and new in self._was.flat.ancestors([old]):
            return True
        present = {before: id for id, before in self._before.items()}
        return present.get(old, "") in self._now.flat.ancestors([present.get(new, new)])


def _became(places: Axes, old: tuple[int, ...]) -> str:
    """What became of a weight whose numbers went to these places."""
    if any(len({at for at in axis if at >= 0}) < size for axis, size in zip(places, old, strict=True)):
        return "cut"
    return "grown" if any(-1 in axis for axis in places) else "kept"


def _listed(keys: list[str]) -> str:
    return keys[0] if len(keys) == 1 else f"{', '.join(keys[:-1])} and {keys[-1]}"


def _rank_fed(resolution: Resolution, id: str) -> int:
    """The number of axes of what arrives at a node; 0 where that is not known."""
    wires = resolution.flat.incoming.get(id, ())
    made = resolution.nodes.get(wires[0].source) if wires else None
    type = made.outputs.get(wires[0].output) if made is not None else None
    return type.rank if type is not None else 0


def _shape(shape: Any) -> str:
    return "×".join(map(str, shape)) or "one number"
