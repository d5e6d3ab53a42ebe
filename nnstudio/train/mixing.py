"""What keeps a plan from being trained privately, and what mends it. Imports no torch.

A sample's gradient must come from that sample alone, else clipping it bounds nothing. Layers say themselves what they
take from the rest of a batch (`layers.Layer.mixes`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nnstudio.graph.blocks import in_block
from nnstudio.graph.edits import Edit, replace_layer
from nnstudio.graph.expanding import expand
from nnstudio.graph.network import Network
from nnstudio.graph.problems import Fix
from nnstudio.layers import CATALOGUE, Layer, TensorType
from nnstudio.train.plan import Plan

#: Groups that a GroupNorm gets at most, and channels that each of them keeps at least.
GROUPS, CHANNELS = 32, 4

Types = Mapping[str, TensorType] | None


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why a network or a plan cannot be trained privately. node: of the plain network, "" for none. fix: what mends
    all of its kind, where something does."""

    message: str
    hint: str
    node: str = ""
    fix: Fix | None = None


def hindrances(plan: Plan, network: Network, types: Types = None) -> tuple[Hindrance, ...]:
    """What keeps the plan from being trained privately; nothing where it is not to be.

    types: what each node of the plain network puts out, by id, where it is known; a cure has its groups of channels
    from them.
    """
    if not plan.private:
        return ()
    found = list(_mixing(network, types))
    if plan.phases:
        found.append(
            Hindrance(
                "Private training has one phase: clipped gradients of several would count twice",
                "take the phases out of the plan, or turn private training off",
            )
        )
    return tuple(found)


def _mixing(network: Network, types: Types) -> Iterator[Hindrance]:
    """Layers that the losses depend on and that work with the other samples of a batch; of each kind the first."""
    expansion = expand(network)
    flat = expansion.flat
    needed = flat.ancestors([node.id for node in flat.of_role("loss")])
    told: set[str] = set()
    for node in flat.nodes.values():
        layer = node.layer
        if not isinstance(layer, Layer) or node.id not in needed or node.id in expansion.frozen:
            continue
        what, kind = layer.mixes(), _kind(layer)
        if what and kind not in told:
            told.add(kind)
            fix, hint = _CURES.get(kind, (None, "train without privacy, or use a loss on one sample at a time"))
            yield Hindrance(
                f"{node.name} {what}, so that no sample’s gradient is its own", hint, node.id, fix and fix(types)
            )


def _kind(layer: Layer) -> str:
    """Layers that one cure mends: the first word of their type."""
    name = layer.type_name()
    return next((kind for kind in _CURES if kind in name), name)


def grouped(network: Network, types: Types = None) -> Network:
    """The network with a GroupNorm in the place of every trained BatchNorm, also inside blocks; of one group where the
    channels are not known."""
    sizes: dict[str, set[int]] = {}
    for path, type in (types or {}).items():
        channels = type.axes[1].size if type.rank > 2 else 0
        sizes.setdefault(path.rpartition("/")[2], set()).add(channels if isinstance(channels, int) else 0)

    def made(id: str, layer: Any) -> Layer:
        values = {name: getattr(layer, name) for name in ("eps", "affine", "bias")}
        return CATALOGUE["GroupNorm"].make({**values, "num_groups": groups_of(sizes.get(id, {0}))})

    return _replaced(network, "BatchNorm", made)


def groups_of(channels: set[int]) -> int:
    """How many groups divide all these numbers of channels; 1 where one is not known."""
    fit = [groups for groups in range(1, GROUPS + 1) if all(c and c % groups == 0 for c in channels)]
    return max((groups for groups in fit if min(channels) >= CHANNELS * groups), default=1)


def _replaced(network: Network, kind: str, made: Any) -> Network:
    """The network with other layers in the place of those of a kind, in its blocks too."""

    def edits_of(one: Network) -> list[Edit]:
        wanted = [node for node in one.nodes.values() if kind in node.layer.type_name() and not node.frozen]
        return [replace_layer(node.id, made(node.id, node.layer)) for node in wanted]

    for name, definition in list(network.blocks.items()):
        for edit in edits_of(definition):
            network = in_block(name, edit)(network)
    for edit in edits_of(network):
        network = edit(network)
    return network


def _to_groups(types: Types) -> Fix:
    return Fix("Replace BatchNorm by GroupNorm", lambda network: grouped(network, types))


def _to_no_figures(_: Types) -> Fix:
    def edit(network: Network) -> Network:
        return _replaced(network, "InstanceNorm", lambda _, layer: layer.with_(track_running_stats=False))

    return Fix("Keep no running figures", edit)


_CURES: Mapping[str, Any] = {
    "BatchNorm": (_to_groups, "replace it by GroupNorm, which looks at each sample by itself"),
    "InstanceNorm": (_to_no_figures, "turn its running figures off"),
}
