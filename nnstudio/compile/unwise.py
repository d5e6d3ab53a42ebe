"""What works and is hardly meant: a loss behind a softmax, a network frozen whole, an input that nothing uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nnstudio.graph import Fix, Network, Problem, edits

#: What each loss does itself, so that its prediction must not come from there.
_BENT: Mapping[str, tuple[str, ...]] = {
    "CrossEntropyLoss": ("Softmax", "LogSoftmax", "Sigmoid"), "BCEWithLogitsLoss": ("Sigmoid", "Softmax"),
}  # fmt: skip


def cautions_of(network: Network, types: Mapping[str, Any]) -> Iterator[Problem]:
    """Warnings about a network as a whole. types: what is known of its nodes."""
    yield from _bent(network)
    yield from _blanks(network)
    losses = network.of_role("loss")
    weighted = [node for node in network.nodes.values() if _weights(types, node.id)]
    if losses and weighted and all(node.frozen for node in weighted):
        yield Problem(
            losses[0].id, "frozen", "every layer with weights is frozen, so training changes nothing",
            "unfreeze those that should learn", "warning",
        )  # fmt: skip
    if losses and network.of_role("output"):
        for node in network.of_role("input"):
            if not network.outgoing.get(node.id):
                told = f"{node.name} goes nowhere"
                yield Problem(node.id, "unused", told, "wire it to something, or delete it", "warning")


def _weights(types: Mapping[str, Any], id: str) -> int:
    return int(getattr(types[id], "parameters", 0)) if id in types else 0


def _bent(network: Network) -> Iterator[Problem]:
    for node in network.of_role("loss"):
        for wire in network.incoming.get(node.id, ()):
            source = network.nodes.get(wire.source)
            kind = source.layer.type_name() if source is not None else ""
            if source is not None and wire.input == "prediction" and kind in _BENT.get(node.layer.type_name(), ()):
                does = "a softmax" if node.layer.type_name() == "CrossEntropyLoss" else "a sigmoid"
                behind = f"{source.name} ({kind})"
                yield Problem(
                    node.id, "softmax-before-loss",
                    f"{node.name} ({node.layer.type_name()}) has {does} of its own and is fed by {behind}",
                    f"feed it the raw scores from before {source.name}; twice bent, it learns slowly", "warning",
                    wire.input,
                )  # fmt: skip


def _blanks(network: Network) -> Iterator[Problem]:
    """A blank that is not the one that texts are read with."""
    readers = [
        node.name for node in (*network.of_role("output"), *network.of_role("metric"))
        if "ctc" in (getattr(node.layer, "decoder", ""), getattr(node.layer, "decode", ""))
    ]  # fmt: skip
    for node in network.of_role("loss"):
        blank = getattr(node.layer, "blank", 0)
        if blank and readers:
            yield Problem(
                node.id, "blank",
                f"{node.name} ({node.layer.type_name()}) has code {blank} as blank, and {readers[0]} reads 0 as blank",
                "set its blank to 0, which is also what the data fills up with", "warning",
                fixes=(Fix(f"Change blank of {node.name} to 0", edits.set_params(node.id, blank=0)),),
            )  # fmt: skip
