"""Augmentation: training batches change anew in each epoch, the same for the same seed, and nothing else does."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from nnstudio.compile.lower import compile_network
from nnstudio.data import DataError, DataReference
from nnstudio.data.augment import (
    AUGMENTATIONS,
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
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import TensorType
from nnstudio.train import batches as batches_module
from nnstudio.train.augmenting import Augmenting, augmenting_of
from nnstudio.train.batches import Batches, Rows
from nnstudio.train.events import EpochEnded, RunFailed, RunFinished
from nnstudio.train.loop import run
from nnstudio.train.plan import Plan

CPU = torch.device("cpu")
KINDS = {"image": "image", "mask": "mask", "boxes": "boxes", "sound": "sound", "text": "codes", "y": "number"}


def fields(count: int = 40) -> dict[str, torch.Tensor]:
    """Pictures whose pixels tell their place, a mask and a box on the same thing, sounds, texts."""
    drawn = torch.Generator().manual_seed(0)
    image = torch.rand(count, 3, 8, 10, generator=drawn)
    mask = (image[:, 0] > 0.5).long()
    boxes = torch.tensor([[0.25, 0.5, 0.2, 0.4, 1.0], [0.0, 0.0, 0.0, 0.0, -1.0]]).repeat(count, 1, 1)
    return {
        "image": image, "mask": mask, "boxes": boxes, "sound": torch.rand(count, 1, 100, generator=drawn),
        "text": torch.randint(4, 90, (count, 12), generator=drawn), "y": torch.rand(count, 1, generator=drawn),
    }  # fmt: skip


def changed(*records: Any, seed: int = 3, count: int = 40, **kinds: str) -> dict[str, torch.Tensor]:
    given = fields(count)
    kinds = kinds or {name: KINDS[name] for name in given}
    return Augmenting(records, kinds, frozenset({"y"}))({name: given[name] for name in kinds}, seed)


@pytest.mark.parametrize("kind", AUGMENTATIONS)
def test_each_kind_is_saved_and_changes_samples_the_same_for_the_same_seed(kind: str) -> None:
    record = AUGMENTATIONS[kind].make({})
    reference = DataReference("file:x", augment=(record,))
    assert DataReference.from_json(json.loads(json.dumps(reference.to_json()))) == reference
    names = {"image": "image", "y": "number"} if kind == "mixup" else {"image": "image", "text": "codes"}
    before, once, again = fields(), changed(record, **names), changed(record, **names)
    other = changed(record, seed=4, **names)
    assert any(not torch.equal(once[name], before[name]) for name in names)
    assert all(torch.equal(once[name], again[name]) for name in names)
    assert any(not torch.equal(once[name], other[name]) for name in names)
    assert all(once[name].shape == before[name].shape for name in names)
    assert all(torch.equal(before[name], fields()[name]) for name in names)


@pytest.mark.parametrize("data", [None, {}, {"kind": "blur"}, {"kind": "noise", "amount": -1}])
def test_what_is_no_augmentation_is_refused_in_a_sentence(data: Any) -> None:
    with pytest.raises(DataError) as caught:
        DataReference.from_json({"source": "file:x", "augment": [data]})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("record", [Flip(vertical=True), Shift(by=0.5), Rotate(degrees=0.0, zoom=0.0)])
def test_a_mask_stays_on_its_picture(record: Any) -> None:
    after = changed(record, image="image", mask="mask")
    assert torch.equal(after["mask"], (after["image"][:, 0] > 0.5).long())


def test_boxes_are_flipped_and_shifted_with_their_picture() -> None:
    before, after = fields(), changed(Flip(), image="image", boxes="boxes")
    flipped = torch.tensor([not torch.equal(a, b) for a, b in zip(after["image"], before["image"], strict=True)])
    assert 5 < int(flipped.sum()) < 35
    torch.testing.assert_close(after["boxes"][:, 0, 0], torch.where(flipped, 0.75, 0.25))
    assert (after["boxes"][:, 1] == before["boxes"][:, 1]).all()
    image = torch.zeros(40, 1, 10, 10)
    image[:, :, 3:7, 2] = 1.0  # what the box is around
    both = {"image": image, "boxes": torch.tensor([[[0.25, 0.5, 0.1, 0.4, 0.0]]]).repeat(40, 1, 1)}
    moved = Augmenting((Shift(by=0.2),), {"image": "image", "boxes": "boxes"}, frozenset())(both, 1)
    columns = torch.arange(10)[None] + 0.5
    centre = (moved["image"][:, 0].sum(1) * columns).sum(1) / moved["image"][:, 0].sum((1, 2)) / 10
    inside = moved["image"][:, 0].sum((1, 2)) == 4
    assert inside.sum() > 10
    torch.testing.assert_close(moved["boxes"][inside, 0, 0], centre[inside])


def test_a_box_that_leaves_the_picture_is_absent() -> None:
    boxes = torch.tensor([[[0.05, 0.5, 0.1, 0.2, 2.0]]]).repeat(60, 1, 1)
    both = {"image": torch.rand(60, 1, 20, 20), "boxes": boxes}
    after = Augmenting((Shift(by=0.5),), {"image": "image", "boxes": "boxes"}, frozenset())(both, 1)["boxes"][:, 0]
    gone = after[:, 4] == -1
    assert 5 < int(gone.sum()) < 55
    assert (after[gone, :4] == 0).all()
    assert (after[~gone, :4] >= 0).all()


def test_a_quarter_turn_turns_a_picture() -> None:
    image = torch.zeros(1, 1, 9, 9)
    image[0, 0, 4, 6] = 1.0
    angles = [
        Augmenting((Rotate(degrees=90.0),), {"image": "image"}, frozenset())({"image": image}, seed)["image"][0, 0]
        for seed in range(30)
    ]
    rows, columns = torch.meshgrid(torch.arange(9.0), torch.arange(9.0), indexing="ij")
    for turned in angles:
        away = torch.hypot((turned * rows).sum() / turned.sum() - 4, (turned * columns).sum() / turned.sum() - 4)
        assert abs(away - 2) < 0.25


def test_a_part_of_a_picture_is_scaled_to_its_size_and_a_mask_goes_along() -> None:
    rows, columns = torch.meshgrid(torch.linspace(0, 1, 64), torch.linspace(0, 1, 64), indexing="ij")
    image = torch.stack([rows, columns])[None].repeat(200, 1, 1, 1)
    both = {"image": image, "mask": (image[:, 0] > 0.5).long()}
    kinds = {"image": "image", "mask": "mask"}
    after = Augmenting((RandomCrop(smallest=0.25, stretch=4 / 3),), kinds, frozenset())(both, 0)
    high, wide = (after["image"][:, at].amax((1, 2)) - after["image"][:, at].amin((1, 2)) for at in (0, 1))
    assert 0.2 < float((high * wide).min()) < 0.35
    assert 0.85 < float((high * wide).max()) <= 1.0
    free = (high < 0.99) & (wide < 0.99)
    ratio = (wide / high)[free]
    assert 0.72 < float(ratio.min()) < 0.85
    assert 1.2 < float(ratio.max()) < 1.4
    edge = (after["image"][:, 0] - 0.5).abs() > 1 / 32
    assert torch.equal(after["mask"][edge], (after["image"][:, 0] > 0.5).long()[edge])
    whole = Augmenting((RandomCrop(smallest=1.0, stretch=1.0),), kinds, frozenset())(both, 0)
    torch.testing.assert_close(whole["image"], image)


def test_boxes_are_cut_with_their_picture_and_absent_where_little_is_left() -> None:
    image = torch.zeros(200, 1, 50, 50)
    image[:, :, 10:20, 5:15] = 1.0  # what the first box is around
    boxes = torch.tensor([[[0.2, 0.3, 0.2, 0.2, 3.0], [0.0, 0.0, 0.0, 0.0, -1.0]]]).repeat(200, 1, 1)
    kinds = {"image": "image", "boxes": "boxes"}
    after = Augmenting((RandomCrop(smallest=0.3),), kinds, frozenset())({"image": image, "boxes": boxes}, 2)
    found, seen = after["boxes"][:, 0], after["image"][:, 0]
    gone = found[:, 4] == -1
    assert 5 < int(gone.sum()) < 100
    assert (found[gone, :4] == 0).all()
    assert (after["boxes"][:, 1] == boxes[:, 1]).all()
    places = (torch.arange(50) + 0.5) / 50
    for box, picture in zip(found[~gone], seen[~gone], strict=True):
        lit = picture > 0.5
        for at, axis in ((0, 0), (1, 1)):
            there = places[lit.any(axis)]
            assert abs(float(there.min() + there.max()) / 2 - float(box[at])) < 0.025
            assert abs(float(there.max() - there.min()) + 0.02 - float(box[at + 2])) < 0.045


def test_colour_keeps_what_is_where_and_noise_has_the_amount_that_was_asked_for() -> None:
    before = fields()["image"]
    lighter = changed(Colour(brightness=0.5, contrast=0.0), image="image")["image"]
    difference = (lighter - before).flatten(1)
    torch.testing.assert_close(difference, difference[:, :1].expand_as(difference), atol=1e-5, rtol=0)
    noisy = changed(Noise(amount=0.3), image="image", sound="sound")
    assert abs(float((noisy["image"] - before).std()) - 0.3) < 0.02
    assert not torch.equal(noisy["sound"], fields()["sound"])


def test_a_square_is_cut_out_and_a_share_of_samples_is_left_alone() -> None:
    before, after = fields(200)["image"], changed(Cutout(size=0.5, share=0.5), count=200, image="image")["image"]
    touched = (after != before).flatten(1)
    assert 0.3 < float(touched.any(1).float().mean()) < 0.6
    assert float(touched.float().mean(1).max()) <= 0.3


def test_a_sound_is_later_with_silence_before_it() -> None:
    before, after = fields()["sound"], changed(Shift(by=0.3), sound="sound")["sound"]
    for old, new in zip(before[:, 0], after[:, 0], strict=True):
        start = int((new != 0).float().argmax())
        if start:
            assert torch.equal(new[start:], old[: 100 - start])
    assert (after[:, 0, 0] == 0).any()


def test_mixed_samples_have_targets_that_are_mixed_alike() -> None:
    before = {"image": torch.eye(6)[:, :, None, None] * torch.ones(1, 1, 2, 2), "y": torch.eye(6)}
    after = Augmenting((Mixup(alpha=1.0),), {"image": "image", "y": "array"}, frozenset({"y"}))(before, 0)
    torch.testing.assert_close(after["image"].mean((2, 3)), after["y"])
    torch.testing.assert_close(after["y"].sum(1), torch.ones(6))
    assert (after["y"].diagonal() >= 0.5).all()


def test_dropped_tokens_are_unknown_and_what_fills_up_stays() -> None:
    text = torch.tensor([[2, 7, 8, 9, 3, 0, 0]]).repeat(300, 1)
    after = Augmenting((DropTokens(amount=0.3),), {"text": "codes"}, frozenset())({"text": text}, 0)["text"]
    assert torch.equal(after[:, [0, 4, 5, 6]], text[:, [0, 4, 5, 6]])
    assert 0.2 < float((after[:, 1:4] == 1).float().mean()) < 0.4
    both = Augmenting((DropTokens(amount=1.0),), {"a": "codes", "b": "codes"}, frozenset({"b"}))(
        {"a": text, "b": text}, 0
    )
    assert torch.equal(both["b"], text)


# In training.

TYPES = {
    "image": TensorType.of("N C H W", "N", 1, 4, 4), "label": TensorType.of("N", "N", dtype="int64", classes=2)
}  # fmt: skip


class Pictures:
    """Small pictures, light or dark, with what is done to them."""

    def __init__(self, *augment: Any) -> None:
        drawn = np.random.default_rng(0)
        self.augment, self.splits = augment, {}
        self.fields = {
            "image": SimpleNamespace(kind="image", role="input"),
            "label": SimpleNamespace(kind="category", role="target"),
        }  # fmt: skip
        for split, rows in (("train", 50), ("validation", 20), ("test", 10)):
            label = drawn.integers(0, 2, rows)
            image = drawn.normal(size=(rows, 1, 4, 4)) + label[:, None, None, None]
            self.splits[split] = {"image": image.astype(np.float32), "label": label.astype(np.int64)}

    def count(self, split: str) -> int:
        return len(self.splits[split]["label"])

    def arrays(self, split: str) -> Any:
        return self.splits[split]


def classifier() -> Any:
    net = NetworkBuilder()
    image, label = net.add("Input", field="image", name="image"), net.add("Input", field="label", name="label")
    scores = net.add("Linear", net.add("Flatten", image, name="flat"), out_features=2, name="scores")
    net.add("CrossEntropyLoss", scores, label, name="entropy")
    return compile_network(net.network, TYPES, 0)


def batches(*augment: Any, seed: int = 0) -> Batches:
    data, inputs = Pictures(*augment), classifier().inputs
    return Batches(Rows(inputs, data.arrays("train"), 50, CPU, augmenting_of(data, inputs)), 8, seed)


def taken(made: Batches, epoch: int, start: int = 0) -> list[torch.Tensor]:
    return [batch[0] for batch in made.epoch(epoch, start)]


@pytest.mark.parametrize("window", [1, 1000, 1 << 20])
def test_batches_differ_from_epoch_to_epoch_and_begin_anywhere(window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches_module, "AUGMENTED_WINDOW", window)
    made, plain = batches(Noise(), Flip()), batches()
    whole = taken(made, 1)
    for start in range(len(whole)):
        rest = taken(batches(Noise(), Flip()), 1, start)
        assert all(torch.equal(a, b) for a, b in zip(whole[start:], rest, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(whole, taken(plain, 1), strict=True))
    assert made.rows_of(1, 0) == plain.rows_of(1, 0)
    assert not torch.equal(taken(made, 0)[0], taken(batches(Noise(), Flip(), seed=1), 0)[0])


def finished(*augment: Any) -> list[Any]:
    return list(run(classifier(), Pictures(*augment), Plan(epochs=2, batch_size=8, threads=1)))


def test_a_run_trains_on_changed_pictures_and_is_judged_on_those_of_the_data() -> None:
    plain, changed_run = finished(), finished(Noise(amount=3.0))
    assert isinstance(changed_run[-1], RunFinished)
    first, second = (next(e for e in events if isinstance(e, EpochEnded)) for events in (plain, changed_run))
    assert first.training != second.training
    assert [e.training for e in finished(Noise(amount=3.0)) if isinstance(e, EpochEnded)] == [
        e.training for e in changed_run if isinstance(e, EpochEnded)
    ]
    frozen = Plan(epochs=1, batch_size=8, threads=1, learning_rate=1e-12)
    figures = [
        next(e for e in run(classifier(), Pictures(*augment), frozen) if isinstance(e, EpochEnded)).validation
        for augment in ((), (Noise(amount=3.0),))
    ]
    assert figures[0] == pytest.approx(figures[1])


@pytest.mark.parametrize(
    ("record", "match"),
    [
        (Flip(field="picture"), "no input of the network takes"),
        (DropTokens(), "the network takes none"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_ends_the_run_with_a_sentence(record: Any, match: str) -> None:
    ended = finished(record)[-1]
    assert isinstance(ended, RunFailed)
    assert match in ended.message
    assert ended.hint
