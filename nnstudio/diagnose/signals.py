"""Rules about what flows: gradients that vanish, explode or do not arrive, dead or saturated units, weights that do not
move. Each looks at the case and yields what it finds; of a healthy run it says nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from nnstudio.diagnose.case import LATELY, Case, middle, thinned
from nnstudio.diagnose.reading import BOUNDED, HALTING, RECTIFIERS, has_weights, hidden, saturation
from nnstudio.train.events import Diagnosis, Histogram

Array = NDArray[np.float64]

#: A gradient this much smaller, relative to the weights, than the network's largest hardly moves its own.
VANISHED = 1e-4
#: A gradient this long throws weights about, whatever the learning rate; and how much longer the first layer's must be
#: than the last one's to count as exploding on the way.
EXPLODED, GROWN = 1e3, 1e3
#: Share of exact zeros, or of units that are zero for a whole batch, from which on a layer's output counts as dead.
DEAD, DEAD_UNITS = 0.99, 0.8
#: Share of values at a bound from which on a layer counts as saturated.
SATURATED = 0.6
#: A step this much smaller than the weights is lost in the rounding of float32.
STILL = 1e-9


def vanishing_gradients(case: Case) -> Iterator[Diagnosis]:
    """A layer's gradient has been tiny beside the others' lately."""
    lately = case.lately("gradients")
    largest = _largest(lately)
    if largest is None or len(lately) < 2 or case.collapsed:
        return
    shares = {id: _share(values, largest) for id, values in lately.items()}
    gone = [id for id, share in shares.items() if 0 < share < VANISHED]
    if not gone:
        return
    gone = case.in_order(gone)
    least = min(shares[id] for id in gone)
    are = "vanishes" if len(gone) == 1 else "vanish"
    subject = "The gradient of" if len(gone) == 1 else "The gradients of"
    yield case.diagnosis(
        "vanishing-gradient",
        f"{subject} {case.names(gone)} {are}: down to {least:.0e} of the largest, so "
        f"{'this layer' if len(gone) == 1 else 'these layers'} hardly learn{'s' if len(gone) == 1 else ''}",
        "use ReLU in place of Sigmoid or Tanh, add normalisation, or lead a connection past the layers between",
        nodes=gone, by_node={case.name(id): middle(lately[id]) for id in case.in_order(lately)},
        measure="gradient, lately", log=True,
    )  # fmt: skip


def exploding_gradients(case: Case) -> Iterator[Diagnosis]:
    """A layer's gradient has been huge lately, or grows from layer to layer on its way back."""
    lately = case.lately("gradients")
    if not lately:
        return
    typical = {id: middle(values) for id, values in lately.items()}
    started, bound = case.norms[0].gradients, EXPLODED * case.scale
    at_first = max(started.values(), default=0.0) > bound
    huge = [id for id, size in typical.items() if size > (0.1 * bound if at_first else bound)]
    order = case.in_order(typical)
    first, last = typical[order[0]], typical[order[-1]]
    grown = len(order) > 2 and first > GROWN * max(last, 1e-12) and first > 10.0
    if not huge and not grown:
        return
    nodes = case.in_order(huge or [order[0]])
    from_start = at_first or any(started.get(id, 0.0) > 0.1 * typical[id] for id in nodes)
    most = max(typical[id] for id in nodes)
    yield case.diagnosis(
        "exploding-gradient",
        f"The gradient of {case.names(nodes)} explodes: its length is {most:.0e}"
        + (f", {first / max(last, 1e-12):.0e} times that of the last layer" if grown else ""),
        "clip the gradient (1.0 is a common bound), lower the learning rate, or add normalisation",
        nodes=nodes, by_node={case.name(id): typical[id] for id in order}, measure="gradient, lately", log=True,
        from_start=from_start,
    )  # fmt: skip


def dead_outputs(case: Case) -> Iterator[Diagnosis]:
    """Nearly all that a layer puts out has been exactly zero lately, or most of its units for whole batches."""
    losses = set(case.history.started.losses) if case.history.started else set()
    found: dict[str, float] = {}
    lately = case.lately("gradients")
    trained, cut = set(lately), {id for id, values in lately.items() if not values.any()}
    for id, seen in _often_seen(case, 1).items():
        kind = case.kind(id)
        if id in losses or (kind and kind not in RECTIFIERS):
            continue
        zeros, units = min(look.zeros for look in seen), min(look.dead for look in seen)
        if len(seen) < LATELY and not _bears_out(case, id, trained, cut):
            continue
        if zeros >= DEAD:
            found[id] = zeros
        elif kind in RECTIFIERS and units >= DEAD_UNITS and case.plan.batch_size >= 8:
            found[id] = units
    if not found:
        return
    nodes = case.in_order(found)
    share = found[nodes[0]]
    first = nodes[0]
    yield case.diagnosis(
        "dead-output",
        f"{share:.0%} of what “{case.name(first)}” puts out is zero: it passes hardly anything on"
        + (f", and so {case.names(nodes[1:])}" if len(nodes) > 1 else ""),
        "lower the learning rate, use LeakyReLU in place of ReLU, or start the weights with He initialisation",
        nodes=nodes, measure="share of zeros", series=thinned(_over_time(case, first, lambda look: look.zeros)),
        by_node={case.name(id): found[id] for id in nodes},
    )  # fmt: skip


def saturated_units(case: Case) -> Iterator[Diagnosis]:
    """A hidden sigmoid or tanh has been at its bounds for most of its values lately."""
    if case.network is None:
        return
    found: dict[str, float] = {}
    for id, seen in _often_seen(case).items():
        if case.kind(id) in BOUNDED and hidden(case.network, id):
            share = middle([saturation(look, case.kind(id)) for look in seen])
            if share >= SATURATED and (_stuck(case) or _at_first(case, id) >= SATURATED):
                found[id] = share
    if not found:
        return
    nodes = case.in_order(found)
    most = max(found.values())
    first = nodes[0]
    kinds = " and ".join(sorted({case.kind(id) for id in nodes}))
    yield case.diagnosis(
        "saturated",
        f"{case.names(nodes)} ({kinds}) {'is' if len(nodes) == 1 else 'are'} saturated: {most:.0%} of the values lie "
        "at the bounds, where the slope is nearly zero, so what is before hardly learns",
        "start the weights with Xavier initialisation, normalise before it, lower the learning rate, or use ReLU",
        nodes=nodes, measure="share at the bounds",
        series=thinned(_over_time(case, first, lambda look: saturation(look, case.kind(first)))),
        by_node={case.name(id): found[id] for id in nodes},
    )  # fmt: skip


def no_gradient(case: Case) -> Iterator[Diagnosis]:
    """A layer with weights that no gradient reaches: it is cut off from the losses, or its gradient is always zero."""
    cut = _cut_off(case)
    always = [id for id, values in case.lately("gradients").items() if not values.any() and id not in cut]
    others = any(values.any() for values in case.lately("gradients").values())
    others = others and all(
        case.norms[-1].weights.values()
    )  # weights of nothing let no gradient through, as they should
    seen = (
        [id for id in always if all(event.gradients.get(id, 0.0) == 0.0 for event in case.some_norms)] if others else []
    )
    nodes = case.in_order(seen) + list(cut)
    if not nodes:
        return
    one = len(nodes) == 1
    why = next((why for why in cut.values() if why), "")
    yield case.diagnosis(
        "no-gradient",
        f"No gradient reaches {case.names(nodes)}"
        + (f": {why}" if why else "")
        + f", so {'it keeps its' if one else 'they keep their'} first weights",
        "take away what stops the gradient, wire the layer to a loss, or delete it",
        nodes=nodes, stopped_by=[case.name(id) for id in _stoppers(case, nodes)], stoppers=_stoppers(case, nodes),
    )  # fmt: skip


def weights_never_move(case: Case) -> Iterator[Diagnosis]:
    """A layer's weights have not moved although it has a gradient."""
    ratios = case.ratios
    gradients = case.lately("gradients")
    largest = _largest(gradients)
    still = [
        id
        for id, values in ratios.items()
        if largest is not None
        and len(values) >= LATELY
        and values.max() < STILL
        and id in gradients
        and _share(gradients[id], largest) > VANISHED
    ]
    if not still:
        return
    nodes, everything = case.in_order(still), len(still) == len(ratios)
    rate = case.plan.learning_rate
    message = (
        f"No weight moves: a learning rate of {rate:g} is lost in the rounding of the numbers"
        if everything
        else f"The weights of {case.names(nodes)} never move although a gradient reaches them"
    )
    yield case.diagnosis(
        "weights-never-move", message,
        "raise the learning rate" if everything else "take it out of its parameter group, or raise the group's rate",
        nodes=nodes, measure="step ÷ weight", everything=everything,
        by_node={case.name(id): middle(ratios[id]) for id in case.in_order(ratios)},
    )  # fmt: skip


def _at_first(case: Case, id: str) -> float:
    """The share of a node's values that lay at its bounds when it was first seen."""
    looks = (look for look in case.history.activation_history(id) if look is not None)
    return next((saturation(look, case.kind(id)) for look in looks), 0.0)


def _stuck(case: Case) -> bool:
    """Whether the loss has not come far (else units that are sure of themselves are no illness), as far as it is known:
    losses are told later than looks, and of a few nothing can be said."""
    turns = case.turns or [case]
    known = 2 * len(case.history.losses) >= case.history.step
    return known and all(len(turn.windows) and not float(turn.windows[-1]) < 0.6 * turn.start for turn in turns)


def _largest(lately: Mapping[str, Array]) -> Array | None:
    """The largest gradient at each look, shape (LATELY,); None where there is none."""
    return np.max(np.stack(list(lately.values())), axis=0) if lately else None


def _share(values: Array, largest: Array) -> float:
    share = np.divide(values, largest, out=np.ones_like(values), where=largest > 0)
    return middle(share)


def _bears_out(case: Case, id: str, trained: set[str], cut: set[str]) -> bool:
    """Whether gradients, which are looked at more often, agree that nothing passes a node: all that are known of layers
    just before it are zero.

    trained, cut: the layers of which gradients are known, and those of them whose gradients are zero.
    """
    network = case.network
    if network is None or id not in network.nodes or not cut:
        return False
    before = {wire.source for wire in network.incoming.get(id, ())}
    seen = set(before)
    while before and not before & trained:
        before = {wire.source for each in before for wire in network.incoming.get(each, ())} - seen
        seen |= before
    return bool(before & trained) and before & trained <= cut


def _often_seen(case: Case, least: int = LATELY) -> dict[str, list[Histogram]]:
    """The last histograms of each node that was seen so often at least lately (with phases: in looks at its phase)."""
    looks = case.history.last_looks(LATELY * max(1, len(case.plan.phases)))
    found: dict[str, list[Histogram]] = {}
    for layers in looks:
        for id, look in layers.items():
            found.setdefault(id, []).append(look)
    return {id: seen[-LATELY:] for id, seen in found.items() if len(seen) >= least}


def _over_time(case: Case, id: str, of: object) -> list[float]:
    return [of(look) for look in case.history.activation_history(id) if look is not None]  # type: ignore[operator]


def _cut_off(case: Case) -> dict[str, str]:
    """Nodes with weights from which no loss depends on a way that gradients go, and why (in a few words)."""
    network = case.network
    if network is None or not network.of_role("loss"):
        return {}
    reached = {node.id for node in network.of_role("loss")}
    todo = list(reached)
    while todo:
        for wire in network.incoming.get(todo.pop(), ()):
            source = network.nodes.get(wire.source)
            if source is not None and source.id not in reached and source.layer.type_name() not in HALTING:
                reached.add(source.id)
                todo.append(source.id)
    found = {}
    for id, node in network.nodes.items():
        if id not in reached and has_weights(node) and not node.frozen and id not in case.shared:
            stoppers = _stoppers(case, [id])
            found[id] = f"it stops at “{case.name(stoppers[0])}”" if stoppers else "no loss depends on it"
    return found


def _stoppers(case: Case, ids: list[str]) -> list[str]:
    """The nodes behind these at which gradients end."""
    network = case.network
    if network is None:
        return []
    behind = network.descendants(ids)
    return [id for id in case.in_order(behind) if case.kind(id) in HALTING]
