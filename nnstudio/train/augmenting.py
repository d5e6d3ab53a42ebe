"""Augmentation of training batches: vectorised, on the device, the same for the same seed.

What is drawn for each sample (how far, which way) comes from NumPy and is the same on every device; noise for each
pixel is drawn on the device.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from nnstudio.data.augment import (
    Augmentation,
    Colour,
    Cutout,
    DropTokens,
    Flip,
    Mixup,
    Noise,
    RandomCrop,
    Rotate,
    Shift,
)
from nnstudio.train.environment import TrainingError

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import Compiled, InputSpec

#: What goes along where a picture is moved.
ALONG = ("mask", "boxes")
#: A box of which less than this share is left in the picture is taken out.
LEFT = 0.25
_KINDS = {"N C H W": "image", "N H W": "mask", "N K B": "boxes", "N C T": "sound", "N T": "codes"}


@dataclass(frozen=True)
class Augmenting:
    """The augmentation of one network's inputs. kinds: of its fields (see `data.dataset.Field`); targets: those that
    are targets; classes: how many classes those targets of codes have that may become shares of the classes, N×C.
    """

    records: tuple[Augmentation, ...]
    kinds: Mapping[str, str]
    targets: frozenset[str]
    classes: Mapping[str, int] = field(default_factory=dict)

    def __call__(self, fields: Mapping[str, torch.Tensor], seed: int) -> dict[str, torch.Tensor]:
        """The fields with their samples changed; the first axis of each is the sample."""
        import torch

        first = next(iter(fields.values()))
        window = _Window(dict(fields), self, np.random.Generator(np.random.PCG64(seed)), len(first), first.device)
        window.generator = torch.Generator(first.device).manual_seed(seed)
        for record in self.records:
            _WAYS[type(record)](record, window)
        return window.fields


def augmenting_of(data: Any, inputs: Sequence[InputSpec], compiled: Compiled | None = None) -> Augmenting | None:
    """What a data set says is to be done to the training batches of a network with these inputs; None where nothing is.

    compiled: the network, by whose losses class codes may be mixed or not. TrainingError where one of it cannot be
    done.
    """
    records: tuple[Augmentation, ...] = tuple(getattr(data, "augment", ()))
    if not records:
        return None
    known = getattr(data, "fields", {})
    types = {spec.field: spec.type for spec in inputs if spec.draw is None}
    kinds = {
        name: known[name].kind if name in known else _KINDS.get(" ".join(type_.labels), "array")
        for name, type_ in types.items()
    }
    targets = frozenset(name for name in types if name in known and known[name].role == "target")
    made = Augmenting(records, kinds, targets, _softened(compiled) if compiled is not None else {})
    for record in records:
        check(record, made, {name for name, type_ in types.items() if type_.is_float})
    return made


def _softened(compiled: Compiled) -> Mapping[str, int]:
    """The fields of class codes that nothing but a cross-entropy or a metric compares predictions with, and how many
    classes they have: a cross-entropy takes shares of the classes as well."""
    network = compiled.network
    found = {}
    for spec in compiled.inputs:
        ends = network.outgoing.get(spec.node, ())
        compared = [network.nodes[wire.target].layer for wire in ends if wire.input == "target"]
        soft = len(compared) == len(ends) > 0 and all(
            layer.role == "metric" or (layer.type_name() == "CrossEntropyLoss" and layer.ignore_index is None)  # type: ignore[union-attr]
            for layer in compared
        )
        if soft and spec.type.is_int and spec.type.rank == 1 and spec.type.classes:
            found[spec.field] = spec.type.classes
    return found


def check(record: Augmentation, made: Augmenting, numbers: set[str]) -> None:
    """TrainingError where a record finds nothing to change, or would make targets wrong."""
    if isinstance(record, Mixup):
        codes = next((name for name in made.kinds if name not in numbers and name not in made.classes), "")
        if codes:
            raise TrainingError(
                f"“{record.title}” mixes targets too, and “{codes}” holds codes, of which only those that a cross-"
                "entropy compares with scores can be mixed",
                "use CrossEntropyLoss, encode it one-hot (step “Encode categories”), or take the augmentation out",
            )
        return
    if record.only and record.only not in made.kinds:
        raise TrainingError(
            f"“{record.title}” changes the field “{record.only}”, which no input of the network takes",
            "choose another field, or take the augmentation out",
        )
    if not _fields(record, made):
        raise TrainingError(
            f"“{record.title}” changes {' or '.join(record.changes)} fields, and the network takes none",
            "take the augmentation out of the data",
        )
    if isinstance(record, Rotate) and "boxes" in made.kinds.values():
        raise TrainingError(
            "“Rotate and zoom” would leave the boxes where they were", "take it out, and use “Shift” or “Flip”"
        )


def _fields(record: Augmentation, made: Augmenting, *, along: bool = False) -> list[str]:
    """The fields that a record changes; with ``along`` also masks and boxes."""
    changed = [
        name
        for name, kind in made.kinds.items()
        if (name == record.only if record.only else kind in record.changes)
        and (kind != "codes" or record.only or name not in made.targets)
    ]
    if along and any(made.kinds[name] == "image" for name in changed):
        changed += [name for name, kind in made.kinds.items() if kind in ALONG]
    return changed


@dataclass
class _Window:
    """Samples that are changed together."""

    fields: dict[str, torch.Tensor]
    made: Augmenting
    random: np.random.Generator
    count: int
    device: torch.device
    generator: torch.Generator | None = None

    def drawn(self, low: float = 0.0, high: float = 1.0) -> torch.Tensor:
        """A number for each sample, evenly from low to high: float32, shape (count,)."""
        import torch

        numbers = (low + (high - low) * self.random.random(self.count)).astype(np.float32)
        return torch.from_numpy(numbers).to(self.device)

    def chosen(self, share: float) -> torch.Tensor:
        """Which samples are changed: bool, shape (count,)."""
        return self.drawn() < share

    def put(self, name: str, made: torch.Tensor, chosen: torch.Tensor) -> None:
        """Change the field for the samples that are chosen."""
        old = self.fields[name]
        self.fields[name] = made if bool(chosen.all()) else made.where(_wide(chosen, old), old)


def _wide(each: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """One number for each sample, so that it meets all of the sample's."""
    return each.reshape(-1, *[1] * (like.ndim - 1))


def _flip(record: Flip, window: _Window) -> None:
    names = _fields(record, window.made, along=True)
    share = window.drawn() < record.share
    for axis, wanted in ((-1, record.horizontal), (-2, record.vertical)):
        chosen = share & window.chosen(0.5)
        for name in names if wanted else ():
            tensor = window.fields[name]
            if window.made.kinds[name] == "boxes":
                place = 0 if axis == -1 else 1
                turned = tensor.clone()
                turned[..., place] = turned[..., place].where(turned[..., 4] < 0, 1.0 - turned[..., place])
                window.put(name, turned, chosen)
            else:
                window.put(name, tensor.flip(axis), chosen)


def _shift(record: Shift, window: _Window) -> None:
    chosen = window.chosen(record.share)
    across, down = window.drawn(-record.by, record.by), window.drawn(-record.by, record.by)
    sides: tuple[int, int] | None = None
    for name in _fields(record, window.made, along=True):
        tensor, kind = window.fields[name], window.made.kinds[name]
        if kind == "sound":
            window.put(name, _later(tensor, across), chosen)
        elif kind != "boxes":
            sides = (tensor.shape[-2], tensor.shape[-1])
            window.put(name, _moved(tensor, down, across), chosen)
    for name in _fields(record, window.made, along=True) if sides else ():
        if window.made.kinds[name] == "boxes":
            assert sides is not None
            moved = ((across * sides[1]).round() / sides[1], (down * sides[0]).round() / sides[0])
            window.put(name, _boxes_moved(window.fields[name], *moved), chosen)


def _moved(pictures: torch.Tensor, down: torch.Tensor, across: torch.Tensor) -> torch.Tensor:
    """Pictures (N×C×H×W) or masks (N×H×W), each moved by shares of its sides, whole pixels, the edge repeated."""
    import torch

    for axis, by in ((-1, across), (-2, down)):
        size = pictures.shape[axis]
        places = torch.arange(size, device=by.device) - (by * size).round().long()[:, None]
        places = places.clamp_(0, size - 1)
        shape = [len(pictures), *[1] * (pictures.ndim - 1)]
        shape[axis] = size
        pictures = pictures.gather(axis, places.reshape(shape).expand(pictures.shape))
    return pictures


def _later(sounds: torch.Tensor, by: torch.Tensor) -> torch.Tensor:
    """Sounds (N×C×T), each later by a share of its length, silent where nothing is left."""
    import torch

    length = sounds.shape[-1]
    places = torch.arange(length, device=by.device) - (by * length).round().long()[:, None]
    inside = (places >= 0) & (places < length)
    taken = sounds.gather(-1, places.clamp(0, length - 1)[:, None, :].expand(sounds.shape))
    return taken * inside[:, None, :]


def _boxes_moved(boxes: torch.Tensor, across: torch.Tensor, down: torch.Tensor) -> torch.Tensor:
    """Boxes (N×K×5) moved by shares of the picture; see :func:`_boxes_in`."""
    return _boxes_in(boxes, -across, -down, 1.0 + 0.0 * across, 1.0 + 0.0 * down)


def _boxes_in(
    boxes: torch.Tensor, left: torch.Tensor, top: torch.Tensor, wide: torch.Tensor, high: torch.Tensor
) -> torch.Tensor:
    """Boxes (N×K×5) as they lie in a part of the picture, given in shares of its sides, and cut at the part's edges;
    those of which little is left are absent."""
    moved, area = boxes.clone(), boxes[..., 2] * boxes[..., 3] / (wide * high)[:, None]
    for place, begin, size in ((0, left, wide), (1, top, high)):
        sides = (boxes[..., place] - boxes[..., place + 2] / 2, boxes[..., place] + boxes[..., place + 2] / 2)
        low, up = (((side - begin[:, None]) / size[:, None]).clamp(0, 1) for side in sides)
        moved[..., place], moved[..., place + 2] = (low + up) / 2, up - low
    gone = (boxes[..., 4] >= 0) & (moved[..., 2] * moved[..., 3] < LEFT * area)
    moved[..., :4] = moved[..., :4].masked_fill((gone | (boxes[..., 4] < 0))[..., None], 0.0)
    moved[..., 4] = moved[..., 4].masked_fill(gone, -1.0)
    return moved


def _crop(record: RandomCrop, window: _Window) -> None:
    import torch

    chosen, reach = window.chosen(record.share), math.log(record.stretch)
    area, ratio = window.drawn(record.smallest, 1.0), window.drawn(-reach, reach).exp()
    wide, high = (area * ratio).sqrt().clamp(max=1.0), (area / ratio).sqrt().clamp(max=1.0)
    left, top, none = window.drawn() * (1.0 - wide), window.drawn() * (1.0 - high), torch.zeros_like(wide)
    across, down = [wide, none, 2 * left + wide - 1.0], [none, high, 2 * top + high - 1.0]
    seen = torch.stack([*across, *down], dim=1).reshape(-1, 2, 3)
    for name in _fields(record, window.made, along=True):
        old = window.fields[name]
        boxed = window.made.kinds[name] == "boxes"
        window.put(name, _boxes_in(old, left, top, wide, high) if boxed else _seen(old, seen), chosen)


def _seen(tensor: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    """Pictures (N×C×H×W) or masks (N×H×W), each as it is seen through an affine map (N×2×3) from the new places to the
    old ones, its edge repeated beyond it."""
    from torch.nn.functional import affine_grid, grid_sample

    pictures = tensor if tensor.ndim == 4 else tensor[:, None].float()
    grid = affine_grid(where, list(pictures.shape), align_corners=False)
    mode = "bilinear" if tensor.ndim == 4 else "nearest"
    seen = grid_sample(pictures, grid, mode=mode, padding_mode="border", align_corners=False)
    return seen if tensor.ndim == 4 else seen[:, 0].to(tensor.dtype)


def _rotate(record: Rotate, window: _Window) -> None:
    import torch

    chosen = window.chosen(record.share)
    angle = window.drawn(-record.degrees, record.degrees) * (math.pi / 180.0)
    scale = 1.0 + window.drawn(-record.zoom, record.zoom)
    for name in _fields(record, window.made, along=True):
        tensor = window.fields[name]
        ratio = tensor.shape[-2] / tensor.shape[-1]
        cos, sin, none = angle.cos() / scale, angle.sin() / scale, torch.zeros_like(angle)
        turn = torch.stack([cos, -sin * ratio, none, sin / ratio, cos, none], dim=1).reshape(-1, 2, 3)
        window.put(name, _seen(tensor, turn), chosen)


def _colour(record: Colour, window: _Window) -> None:
    chosen = window.chosen(record.share)
    lighter = window.drawn(-record.brightness, record.brightness)
    harder = 1.0 + window.drawn(-record.contrast, record.contrast)
    richer = 1.0 + window.drawn(-record.saturation, record.saturation)
    for name in _fields(record, window.made):
        old = pictures = window.fields[name]
        if record.saturation and old.shape[1] == 3:
            grey = pictures.mean(dim=1, keepdim=True)
            pictures = grey + (pictures - grey) * _wide(richer, old)
        mean = pictures.mean(dim=(1, 2, 3), keepdim=True)
        span = old.amax(dim=(1, 2, 3), keepdim=True) - old.amin(dim=(1, 2, 3), keepdim=True)
        pictures = mean + (pictures - mean) * _wide(harder, old) + _wide(lighter, old) * span
        window.put(name, pictures, chosen)


def _noise(record: Noise, window: _Window) -> None:
    import torch

    chosen = window.chosen(record.share)
    for name in _fields(record, window.made):
        old = window.fields[name]
        noise = torch.randn(old.shape, generator=window.generator, device=old.device, dtype=old.dtype)
        window.put(name, old + noise * record.amount, chosen)


def _cutout(record: Cutout, window: _Window) -> None:
    import torch

    chosen = window.chosen(record.share)
    edge, top, left = window.drawn(0.0, record.size), window.drawn(), window.drawn()
    for name in _fields(record, window.made):
        old = window.fields[name]
        covered = []
        for size, centre in ((old.shape[-2], top), (old.shape[-1], left)):
            places = (torch.arange(size, device=old.device) + 0.5) / size
            covered.append((places - centre[:, None]).abs() * 2 <= edge[:, None])
        square = covered[0][:, None, :, None] & covered[1][:, None, None, :]
        window.put(name, old.mean(dim=(2, 3), keepdim=True).where(square, old), chosen)


def _mixup(record: Mixup, window: _Window) -> None:
    import torch

    other = torch.from_numpy(window.random.permutation(window.count)).to(window.device)
    weights = window.random.beta(record.alpha, record.alpha, window.count).astype(np.float32)
    weights = np.where(window.random.random(window.count) < record.share, np.maximum(weights, 1 - weights), 1.0)
    own = torch.from_numpy(weights.astype(np.float32)).to(window.device)
    for name, old in window.fields.items():
        if not old.is_floating_point():  # the cross-entropy of shares is that of both labels, mixed alike
            old = torch.nn.functional.one_hot(old, window.made.classes[name]).float()
        window.fields[name] = torch.lerp(old.index_select(0, other), old, _wide(own, old))


def _drop_tokens(record: DropTokens, window: _Window) -> None:
    import torch

    from nnstudio.data.steps.tokenizing import SPECIAL, UNKNOWN

    chosen = window.chosen(record.share)
    for name in _fields(record, window.made):
        old = window.fields[name]
        lot = torch.rand(old.shape, generator=window.generator, device=old.device)
        window.put(name, old.masked_fill((lot < record.amount) & (old >= len(SPECIAL)), UNKNOWN), chosen)


_WAYS: Mapping[type[Augmentation], Callable[[Any, _Window], None]] = {
    Flip: _flip, Shift: _shift, Rotate: _rotate, RandomCrop: _crop, Colour: _colour, Noise: _noise,
    Cutout: _cutout, Mixup: _mixup, DropTokens: _drop_tokens,
}  # fmt: skip
