"""Which of a plan's phases work against one another, so that their losses need not fall. No torch, no Qt."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from nnstudio.graph import Network
from nnstudio.train.phases import Phase, selected


def losses_of(phase: Phase, losses: Iterable[str]) -> tuple[str, ...]:
    """The loss nodes (ids of the plain network) that a phase lowers."""
    every = tuple(losses)
    return selected(phase.losses, every) if phase.losses else every


def contested(
    phases: Sequence[Phase], network: Network | None, shared: Mapping[str, str], trained: Collection[str] = ()
) -> frozenset[str]:
    """The names of the phases that another works against: each of the two moves weights which the other's losses hang
    on and which the other does not train, for losses of its own (the two of a GAN). Of a network that is not known,
    all phases, where there are several.

    network: the plain one. shared: for each of its nodes that runs another's weights, that other. trained: its nodes
    with weights that are trained; none: any may be.
    """
    if len(phases) < 2:
        return frozenset()
    if network is None:
        return frozenset(phase.name for phase in phases)
    every = [node.id for node in network.of_role("loss")]
    lowered = [frozenset(losses_of(phase, every)) for phase in phases]
    hangs = {loss: _owners(network.ancestors([loss]), shared) for loss in every}
    moved = []
    for phase, losses in zip(phases, lowered, strict=True):
        reached = frozenset().union(*(hangs[loss] for loss in losses))
        reached = reached & frozenset(trained) if trained else reached
        moved.append(frozenset(selected(phase.trains, reached)) if phase.trains else reached)

    def pulls(one: int, other: int) -> bool:
        """Whether a phase moves what another's losses hang on, and that one does not train."""
        ends = lowered[other] - lowered[one]
        return any(hangs[loss] & (moved[one] - moved[other]) for loss in ends)

    places = range(len(phases))
    return frozenset(
        phases[one].name
        for one in places
        if any(other != one and pulls(one, other) and pulls(other, one) for other in places)
    )


def _owners(ids: Iterable[str], shared: Mapping[str, str]) -> frozenset[str]:
    """The nodes whose weights these run."""
    return frozenset(shared.get(id, id) for id in ids)
