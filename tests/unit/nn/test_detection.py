"""Finding objects: boxes read from maps, objects from offsets, and the figures of both."""

from __future__ import annotations

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
