"""Finding objects: boxes read from maps, objects from offsets, and the figures of both."""

from __future__ import annotations

import math
import sys
import types
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from nnstudio.nn import (
    BoxLoss,
    GroupPixels,
    HeatmapLoss,
    InstancePrecision,
    MeanAveragePrecision,
    OffsetLoss,
    PeakBoxes,
)
from nnstudio.nn.metrics_detection import matched_boxes

#: Two objects on a grid of 8 × 8 cells: classes 0 and 2; the third row is no box.
BOXES = torch.tensor([[[0.3, 0.3, 0.25, 0.375, 0.0], [0.7, 0.65, 0.5, 0.25, 2.0], [0.0, 0.0, 0.0, 0.0, -1.0]]])


def maps(boxes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores and shapes of 8 × 8 cells, trained until they say these boxes."""
    scores = torch.full((len(boxes), 3, 8, 8), -2.0, requires_grad=True)
    shape = torch.zeros(len(boxes), 4, 8, 8, requires_grad=True)
    optimizer = torch.optim.Adam([scores, shape], 0.2)
    for _ in range(150):
        optimizer.zero_grad()
        (HeatmapLoss()(scores, boxes) + BoxLoss()(shape, boxes)).backward()
        optimizer.step()
    return scores.detach(), shape.detach()


def test_maps_that_were_trained_on_boxes_are_read_as_those_boxes() -> None:
    found = PeakBoxes(most=6, least=0.3)(*maps(BOXES))
    kept = found[0][found[0, :, 4] >= 0]
    assert len(kept) == 2
    assert torch.allclose(kept[kept[:, 4].argsort(), :5], BOXES[0, :2], atol=0.02)
    assert (kept[:, 5] > 0.8).all()
    metric = MeanAveragePrecision()
    metric.update(found, BOXES)
    assert metric.compute() == pytest.approx(1.0)


def test_of_boxes_that_overlap_the_best_of_a_class_is_left() -> None:
    scores, shape = torch.full((1, 2, 8, 8), -9.0), torch.full((1, 4, 8, 8), 0.0)
    shape[:, 2:] = torch.tensor(4.0).log()
    scores[0, 0, 3, 2], scores[0, 0, 3, 4], scores[0, 1, 3, 4] = 3.0, 2.0, 1.0
    strict, lenient = PeakBoxes(5, overlap=0.3), PeakBoxes(5, overlap=0.9)
    assert strict(scores, shape)[0, :, 4].tolist().count(0.0) == 1
    assert strict(scores, shape)[0, :, 4].tolist().count(1.0) == 1
    assert lenient(scores, shape)[0, :, 4].tolist().count(0.0) == 2


def test_a_box_that_is_left_out_leaves_out_none() -> None:
    scores, shape = torch.full((2, 1, 8, 8), -9.0), torch.zeros(2, 4, 8, 8)
    shape[:, 2:] = torch.tensor(4.0).log()  # 4 cells wide: two cells away a third is shared, four cells away nothing
    for sample, columns in enumerate(((1, 3, 5), (3, 1, 5))):
        for score, column in zip((3.0, 2.0, 1.0), columns, strict=True):
            scores[sample, 0, 3, column] = score
    found = PeakBoxes(5, overlap=0.3)(scores, shape)
    middles = [sorted(round(8 * float(x) - 0.5) for x in row[row[:, 4] >= 0, 0]) for row in found]
    assert middles == [[1, 5], [3]]


def suppressed_plainly(found: torch.Tensor, overlap: float) -> torch.Tensor:
    """Greedy non-maximum suppression of one picture's boxes, best first, box by box."""
    stays: list[torch.Tensor] = []
    for box in found[found[:, 4] >= 0]:
        low, up = box[:2] - box[2:4] / 2, box[:2] + box[2:4] / 2
        for better in stays:
            shared = torch.minimum(up, better[:2] + better[2:4] / 2) - torch.maximum(low, better[:2] - better[2:4] / 2)
            area = shared.clamp(min=0).prod()
            if better[4] == box[4] and area > overlap * (box[2:4].prod() + better[2:4].prod() - area):
                break
        else:
            stays.append(box)
    return torch.stack(stays) if stays else found[:0]


@pytest.mark.parametrize("overlap", [0.1, 0.4])
def test_boxes_are_suppressed_as_one_by_one(overlap: float) -> None:
    random = torch.Generator().manual_seed(3)
    scores = torch.randn(6, 2, 12, 12, generator=random)
    shape = torch.randn(6, 4, 12, 12, generator=random) * 0.4 + torch.tensor([0, 0, 1.9, 1.9])[:, None, None]
    every = PeakBoxes(30, overlap=1.0, least=0.2)(scores, shape)
    found = PeakBoxes(30, overlap=overlap, least=0.2)(scores, shape)
    left_out = 0
    for before, after in zip(every, found, strict=True):
        expected = suppressed_plainly(before, overlap)
        assert torch.allclose(after[after[:, 4] >= 0], expected)
        left_out += int((before[:, 4] >= 0).sum()) - len(expected)
    assert left_out > 20


def test_average_precision_is_that_of_a_case_done_by_hand() -> None:
    # One class, three true boxes. By score: right, wrong (no overlap), right, and a second one on the first (wrong).
    box = [[0.2, 0.2, 0.2, 0.2], [0.5, 0.5, 0.2, 0.2], [0.8, 0.8, 0.2, 0.2]]
    true = torch.tensor([[[*each, 0.0] for each in box]])
    found = torch.tensor([[[*box[0], 0, 0.9], [0.2, 0.8, 0.1, 0.1, 0, 0.8], [*box[1], 0, 0.7], [*box[0], 0, 0.6]]])
    metric = MeanAveragePrecision()
    metric.update(found, true)
    # recall 0..1/3 at precision 1, up to 2/3 at 2/3, then nothing: 34, 33 and 34 of 101 places
    assert metric.compute() == pytest.approx((34 + 33 * 2 / 3) / 101)
    metric.update(torch.tensor([[[0.0, 0, 0, 0, -1, 0]] * 4]), torch.tensor([[[0.5, 0.5, 0.1, 0.1, 1.0]] * 3]))
    assert metric.compute() == pytest.approx((34 + 33 * 2 / 3) / 101 / 2)


def as_told(rows: torch.Tensor) -> dict[str, torch.Tensor]:
    rows = rows[rows[:, 4] >= 0]
    told = {"boxes": rows[:, :4], "labels": rows[:, 4].long()}
    return {**told, "scores": rows[:, 5]} if rows.shape[1] > 5 else told


@pytest.mark.parametrize("overlap", [0.5, 0.75])
def test_average_precision_is_torchmetrics(overlap: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own metric wants torchvision too, for nothing but to turn boxes into corners and sizes, which is not
    installed: it has to be of the very build that torch is of."""
    from torchmetrics.detection import mean_ap

    operations = types.ModuleType("torchvision.ops")
    operations.box_convert = lambda boxes, **_: torch.cat([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, 2:]], 1)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision", types.ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.ops", operations)
    monkeypatch.setattr(mean_ap, "_TORCHVISION_AVAILABLE", True)
    recalls = [place / 100 for place in range(101)]
    theirs = mean_ap.MeanAveragePrecision(
        "cxcywh", iou_thresholds=[overlap], rec_thresholds=recalls, max_detection_thresholds=[1, 10, 100]
    )
    ours, random = MeanAveragePrecision(overlap), torch.Generator().manual_seed(5)
    for _ in range(4):
        true = torch.rand(10, 5, 5, generator=random) * 0.3 + 0.3
        true[:, :, 4] = torch.randint(-1, 3, (10, 5), generator=random)
        found = torch.cat([true, torch.rand(10, 5, 6, generator=random)[:, :, :5]], 1)  # some near the truth, some not
        found[:, :, :4] += 0.04 * torch.randn(10, 10, 4, generator=random)
        found[:, :, 2:4] = found[:, :, 2:4].clamp(min=0.01)
        found[:, 5:, 4] = torch.randint(-1, 4, (10, 5), generator=random)
        found = torch.cat([found, torch.rand(10, 10, 1, generator=random)], 2)
        ours.update(found, true)
        theirs.update([as_told(rows) for rows in found], [as_told(rows) for rows in true])
    expected = float(theirs.compute()["map"])
    assert 0.1 < expected < 0.9
    assert ours.compute() == pytest.approx(expected, abs=1e-6)


def test_boxes_of_a_network_that_went_astray_are_not_right() -> None:
    metric, astray = MeanAveragePrecision(), torch.full((1, 3, 6), float("nan"))
    metric.update(astray, BOXES)
    assert metric.compute() == 0.0
    astray[:, :, 4:] = torch.tensor([0.0, 0.9])
    metric.update(astray, BOXES)
    assert metric.compute() == 0.0
    metric.reset()
    metric.update(torch.zeros(1, 0, 6), BOXES)
    assert metric.compute() == 0.0
    metric.reset()
    metric.update(torch.rand(1, 3, 6), torch.full((1, 2, 5), -1.0))
    assert math.isnan(metric.compute())


def test_in_several_threads_at_once_nothing_is_printed_and_what_is_printed_afterwards_is_seen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def figure(_: int) -> float:
        metric = MeanAveragePrecision()
        metric.update(torch.cat([BOXES, torch.ones(1, 3, 1)], 2), BOXES)
        return metric.compute()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(figure, range(40))) == pytest.approx([1.0] * 40)
    sys.stdout.write("seen\n")
    assert capsys.readouterr().out == "seen\n"


def test_a_scene_without_boxes_has_a_loss_that_falls_with_its_scores() -> None:
    empty = torch.tensor([[[0.0, 0.0, 0.0, 0.0, -1.0]]])
    low, high = (HeatmapLoss()(torch.full((1, 3, 4, 4), level), empty) for level in (-6.0, 1.0))
    assert float(low) < 0.01 < float(high)
    assert float(BoxLoss()(torch.randn(1, 4, 4, 4), empty)) == 0.0


def two_squares() -> torch.Tensor:
    objects = torch.zeros(1, 12, 16, dtype=torch.long)
    objects[0, 2:7, 1:8], objects[0, 4:10, 8:14] = 1, 2  # they touch
    return objects


def test_objects_that_touch_are_separated_by_where_their_pixels_point() -> None:
    objects = two_squares()
    offset = torch.zeros(1, 2, 12, 16, requires_grad=True)
    optimizer = torch.optim.Adam([offset], 0.3)
    for _ in range(120):
        optimizer.zero_grad()
        OffsetLoss(3)(offset, objects).backward()
        optimizer.step()
    assert offset[0, :, 2, 1].tolist() == pytest.approx([3.0, 2.0], abs=0.1)
    scores = torch.full((1, 1, 6, 8), -5.0)
    scores[0, 0, 2, 2], scores[0, 0, 3, 5] = 4.0, 3.0
    foreground = torch.where(objects > 0, 2.0, -2.0).unsqueeze(1)
    found = GroupPixels(4)(foreground, scores, offset.detach())
    assert torch.equal(found, objects)
    metric = InstancePrecision()
    metric.update(found, objects)
    assert metric.compute() == 1.0
    assert not GroupPixels(4)(foreground, scores - 20, offset.detach()).any()


def test_objects_found_are_counted_against_missed_and_made_up_ones() -> None:
    true = two_squares()
    found = torch.where(true == 1, 5, 0)  # one found, one missed
    found[0, 11, :3] = 1  # one made up
    metric = InstancePrecision()
    metric.update(found, true)
    assert metric.compute() == pytest.approx(1 / 3)
    metric.update(torch.ones_like(true), true)  # all in one: that is neither
    assert metric.compute() == pytest.approx(1 / 6)


def test_pictures_without_any_object_are_matched_too() -> None:
    found = torch.tensor([[[0.5, 0.5, 0.2, 0.2, 1.0, 0.9]]])
    assert matched_boxes(found, torch.zeros(1, 0, 5), 0.5).tolist() == [[False]]
    assert matched_boxes(torch.zeros(1, 0, 6), BOXES, 0.5).shape == (1, 0)
