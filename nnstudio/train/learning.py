"""Learning mode: a small network as single units and weights, and what a pass through it gives. Values, no torch.

`learning_anatomy` takes a compiled network apart, `learning_lesson` runs it in double precision, `learning_course`
keeps the place in a round (sample, forward, loss, backward, update), `learning_words` says it with numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: What fits on a drawing in which every number is read: units in a layer, units in all, weights in all.
MOST_UNITS, MOST_UNITS_IN_ALL, MOST_WEIGHTS = 24, 120, 300
#: Samples that are looked at, at most: the first of the training rows.
MOST_ROWS = 10_000
#: The parts of a round, in order.
PHASES = ("sample", "forward", "loss", "backward", "update")
#: How the losses of several samples become one.
REDUCTIONS = ("mean", "sum")

Place = tuple[str, int]
"""A unit: its node's id, and which unit of it."""


class LearningError(ValueError):
    """A network cannot be shown unit by unit. The text is for a person; ``hint`` says what to do about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"{message}; {hint}")
        self.message, self.hint = message, hint


@dataclass(frozen=True)
class Part:
    """A node as units.

    role: ``input``, ``target`` (an input that only losses read), ``layer`` or ``loss``. kind: the layer type's name.
    units: what each is called in formulas, such as ``hidden₁``. depth: its column, from 0 at the inputs. sources: ids
    of the nodes that feed it, in the order of its ports. color: its family's colour. classes: names of the classes of
    an input that holds class codes.
    """

    id: str
    name: str
    kind: str
    role: str
    units: tuple[str, ...]
    depth: int
    sources: tuple[str, ...] = ()
    color: str = ""
    classes: tuple[str, ...] = ()

    @property
    def places(self) -> tuple[Place, ...]:
        """Its units."""
        return tuple((self.id, at) for at in range(len(self.units)))


@dataclass(frozen=True)
class Weight:
    """One number that is learned.

    key, index: the tensor's name in the state dict, and the place in it. node: the first that uses it; unit: which of
    its units it leads to; source: from where, None for a bias or another weight of the unit's own. trained: whether an
    update changes it (not in a frozen node).
    """

    key: str
    index: tuple[int, ...]
    node: str
    unit: int
    source: Place | None
    name: str
    trained: bool = True

    @property
    def parameter(self) -> str:
        """torch's name of the tensor: ``weight``, ``bias``."""
        return self.key.rpartition(".")[2]


@dataclass(frozen=True)
class Link:
    """A line of the drawing: what flows from one unit to another, times ``weight`` (a place among the weights) where
    there is one."""

    source: Place
    target: Place
    weight: int | None = None


@dataclass(frozen=True)
class Anatomy:
    """A network taken apart: parts in the order in which they are worked out, weights, lines. ``own``: places of the
    weights that belong to a unit alone, such as its bias."""

    parts: tuple[Part, ...]
    weights: tuple[Weight, ...]
    links: tuple[Link, ...]
    own: Mapping[Place, tuple[int, ...]] = field(default_factory=dict)

    @cached_property
    def by_id(self) -> Mapping[str, Part]:
        """Parts by their node's id."""
        return {part.id: part for part in self.parts}

    def of_role(self, *roles: str) -> tuple[Part, ...]:
        """The parts of these roles, in order."""
        return tuple(part for part in self.parts if part.role in roles)

    @cached_property
    def readers(self) -> Mapping[str, tuple[Part, ...]]:
        """The parts that each part feeds, by id."""
        return {part.id: tuple(other for other in self.parts if part.id in other.sources) for part in self.parts}

    def unit_name(self, place: Place) -> str:
        """What a unit is called."""
        return self.by_id[place[0]].units[place[1]]

    def into(self, place: Place) -> tuple[Link, ...]:
        """The lines that end at a unit."""
        return tuple(link for link in self.links if link.target == place)


@dataclass(frozen=True)
class Step:
    """One stage of a round: its phase (of PHASES), and the node that it is about where there is one."""

    phase: str
    node: str = ""


def steps_of(anatomy: Anatomy) -> tuple[Step, ...]:
    """A round: the sample, each layer forwards, the loss, each layer backwards, the update."""
    layers = anatomy.of_role("layer")
    return (
        Step("sample"), *(Step("forward", part.id) for part in layers), Step("loss"),
        *(Step("backward", part.id) for part in reversed(layers)), Step("update"),
    )  # fmt: skip


@dataclass(frozen=True)
class Passage:
    """What one pass forwards and backwards gives, in double precision.

    weights: (weights,), as they were. rows: (rows,), which samples. values, gradients: by node id, (rows, units); a
    gradient is that of :attr:`loss`, a loss has one value, the same in each row. weight_gradients: (weights,).
    losses: the value of each loss node, by id, as the node itself takes it. loss: what is minimised, by ``reduction``.
    row_losses: (rows,), the loss of each sample alone.
    """

    weights: Array
    rows: NDArray[np.int64]
    values: Mapping[str, Array]
    gradients: Mapping[str, Array]
    weight_gradients: Array
    losses: Mapping[str, float]
    loss: float
    row_losses: Array
    reduction: str

    @property
    def mean(self) -> float:
        """The loss as a mean over the samples."""
        return self.loss if self.reduction == "mean" else self.loss / len(self.rows)

    @property
    def sum(self) -> float:
        """The loss as a sum over the samples."""
        return self.loss if self.reduction == "sum" else self.loss * len(self.rows)


@dataclass(frozen=True)
class Check:
    """The slope of the loss along one weight, twice: by differences and by backpropagation.

    below, above: the loss at the weight minus and plus ``epsilon``.
    """

    place: int
    value: float
    epsilon: float
    below: float
    here: float
    above: float
    backpropagated: float

    @property
    def slope(self) -> float:
        """``(L(w + ε) − L(w − ε)) / 2ε``."""
        return (self.above - self.below) / (2 * self.epsilon)

    @property
    def difference(self) -> float:
        """How far the two slopes are apart."""
        return abs(self.slope - self.backpropagated)

    def times(self, factor: float) -> Check:
        """The same for a loss that is so many times as large: the sum of a mean, or the other way round."""
        return Check(
            self.place, self.value, self.epsilon, self.below * factor, self.here * factor, self.above * factor,
            self.backpropagated * factor,
        )  # fmt: skip
