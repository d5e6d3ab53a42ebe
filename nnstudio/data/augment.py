"""Augmentation, as it is declared and saved: what is done to training batches, anew in each epoch.

What the records do stands in `train.augmenting`. Imports neither NumPy nor torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from nnstudio.data.records import Record, record_from_json, record_to_json
from nnstudio.layers.params import declared, param


class Augmentation(Record):
    """One way of changing training samples at random."""

    #: The kinds of fields that it changes; masks and boxes go along with their pictures.
    changes: ClassVar[tuple[str, ...]] = ("image",)

    share: float

    @property
    def only(self) -> str:
        """The one field that it is to change; "" for all of its kinds."""
        return str(getattr(self, "field", ""))


#: The kinds of augmentation, by the name that is saved.
AUGMENTATIONS: dict[str, type[Augmentation]] = {}
_A = TypeVar("_A", bound=type[Augmentation])


def _field() -> Any:
    return param("", kind="column", help="the field that is changed; empty: all of its kind")


def _share(share: float = 1.0) -> Any:
    return param(share, min=0.0, max=1.0, help="the share of samples that are changed")


def augmentation(kind: str, title: str, changes: tuple[str, ...] = ("image",)) -> Callable[[_A], _A]:
    """Class decorator: declare an `Augmentation` and register it."""

    def made(cls: _A) -> _A:
        cls = declared(cls)
        cls.kind, cls.title, cls.changes = kind, title, changes
        AUGMENTATIONS[kind] = cls
        return cls

    return made


@augmentation("flip", "Flip")
class Flip(Augmentation):
    """Mirror pictures. Leave out a direction in which a picture means something else, as letters do."""

    horizontal: bool = param(True, help="left and right are swapped, in every second picture")
    vertical: bool = param(False, help="top and bottom are swapped, in every second picture")
    field: str = _field()
    share: float = _share()


@augmentation("shift", "Shift", ("image", "sound"))
class Shift(Augmentation):
    """Move pictures by whole pixels, their edge repeated where nothing is left; sounds in time, silence added."""

    by: float = param(0.1, min=0.0, max=1.0, help="how far at most, as a share of the size or length")
    field: str = _field()
    share: float = _share()


@augmentation("rotate", "Rotate and zoom")
class Rotate(Augmentation):
    """Turn pictures around their middle, and bring them nearer or farther."""

    degrees: float = param(10.0, min=0.0, max=180.0, unit="°", help="how far at most, to either side")
    zoom: float = param(0.0, min=0.0, max=0.9, help="how much larger or smaller at most, as a share")
    field: str = _field()
    share: float = _share()


@augmentation("crop", "Random crop")
class RandomCrop(Augmentation):
    """Take a part of pictures at random, and scale it to their size.

    The part's share of the picture's area is even between the smallest and the whole, its sides are stretched evenly on
    a logarithmic scale (Szegedy et al., 2015, section 6).
    """

    smallest: float = param(
        0.5, exclusive_min=0.0, max=1.0, help="the smallest part that is taken, as a share of the picture's area"
    )
    stretch: float = param(
        4 / 3, min=1.0, max=4.0, help="how much wider or higher than the picture's a part's sides are at most"
    )
    field: str = _field()
    share: float = _share()


@augmentation("colour", "Colour")
class Colour(Augmentation):
    """Make pictures lighter or darker, harder or softer, more or less colourful."""

    brightness: float = param(0.2, min=0.0, max=1.0, help="how much is added or taken at most, of the picture's range")
    contrast: float = param(0.2, min=0.0, max=1.0, help="how much harder or softer at most, as a share")
    saturation: float = param(0.0, min=0.0, max=1.0, help="how much more or less colour at most, as a share")
    field: str = _field()
    share: float = _share()


@augmentation("noise", "Noise", ("image", "sound"))
class Noise(Augmentation):
    """Add noise with a normal distribution."""

    amount: float = param(0.05, min=0.0, max=10.0, help="its standard deviation, in the network's numbers")
    field: str = _field()
    share: float = _share()


@augmentation("cutout", "Cut out")
class Cutout(Augmentation):
    """Cover a square of each picture with its mean colour (DeVries and Taylor, 2017)."""

    size: float = param(0.4, min=0.0, max=1.0, help="its edge at most, as a share of the picture's")
    field: str = _field()
    share: float = _share()


@augmentation("mixup", "Mix two samples", ("image", "sound", "array", "number", "features"))
class Mixup(Augmentation):
    """Lay each sample over another, and mix their targets alike (Zhang et al., 2018).

    A class becomes shares of both classes, which CrossEntropyLoss takes: the loss is then that of both labels, mixed.
    For other losses targets must be numbers: a class one-hot (step “Encode categories”), 0 and 1, or a number.
    """

    alpha: float = param(0.2, exclusive_min=0.0, max=10.0, help="the larger, the more even the mixture")
    share: float = _share()


@augmentation("drop tokens", "Drop tokens", ("codes",))
class DropTokens(Augmentation):
    """Replace tokens of a text by <unknown>. Where a text is also the target, name the field that is not."""

    amount: float = param(0.1, min=0.0, max=1.0, help="the share of tokens that are replaced")
    field: str = _field()
    share: float = _share()


def augmentation_to_json(made: Augmentation) -> dict[str, Any]:
    """A JSON value; :func:`augmentation_from_json` reads it back."""
    return record_to_json(made)


def augmentation_from_json(data: Any) -> Augmentation:
    """Read what :func:`augmentation_to_json` wrote; what is left out has its default. DataError where it is none."""
    return record_from_json(data, AUGMENTATIONS, "An augmentation")
