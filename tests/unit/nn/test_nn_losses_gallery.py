"""Losses that torch lacks: their numbers are those of their formulas, worked out another way."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from nnstudio import nn


@pytest.fixture
def scores() -> torch.Tensor:
    return torch.randn(6, 3, 4, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def codes() -> torch.Tensor:
    return torch.randint(0, 3, (6, 4), generator=torch.Generator().manual_seed(2))


def test_focal_is_cross_entropy_without_gamma(scores: torch.Tensor, codes: torch.Tensor) -> None:
    entropy = functional.cross_entropy(scores, codes)
    assert nn.FocalLoss(0.0)(scores, codes) == pytest.approx(float(entropy), rel=1e-6)
    assert nn.FocalLoss(0.0, axis=-1)(scores.movedim(1, -1), codes) == pytest.approx(float(entropy), rel=1e-6)
    yes = (codes == 1).long()
    expected = functional.binary_cross_entropy_with_logits(scores[:, 0], yes.float())
    assert nn.FocalLoss(0.0, axis=None)(scores[:, 0], yes) == pytest.approx(float(expected), rel=1e-6)


def test_focal_hardly_counts_what_is_easy() -> None:
    sure, guessed = torch.tensor([[4.0, -4.0]]), torch.tensor([[0.0, 0.0]])
    loss, plain = nn.FocalLoss(2.0), nn.FocalLoss(0.0)
    target = torch.tensor([0])
    assert loss(guessed, target) == pytest.approx(0.25 * math.log(2))
    share = loss(sure, target) / plain(sure, target)
    assert share == pytest.approx(torch.sigmoid(torch.tensor(-8.0)).square().item(), rel=1e-3)
    ignored = nn.FocalLoss(ignore_index=-1)(torch.cat((sure, guessed)), torch.tensor([-1, 0]))
    assert ignored == pytest.approx(0.25 * math.log(2))
    weighted = nn.FocalLoss(class_weights=(3.0, 1.0))(guessed, target)
    assert weighted == pytest.approx(0.75 * math.log(2))


@pytest.mark.parametrize("void", [255, -1, 2])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_yes_or_no_that_does_not_count_leaves_the_gradient_a_number(void: int, gamma: float) -> None:
    raw = (60 * torch.randn(40, generator=torch.Generator().manual_seed(0))).requires_grad_()
    target = torch.arange(40) % 2
    target[::3] = void
    kept = target != void
    loss = nn.FocalLoss(gamma, axis=None, ignore_index=void)(raw, target)
    expected = nn.FocalLoss(gamma, axis=None)(raw[kept], target[kept])
    torch.testing.assert_close(loss, expected)
    (gradient,) = torch.autograd.grad(loss, raw)
    assert gradient.isfinite().all()
    assert (gradient[~kept] == 0).all()


@pytest.mark.parametrize("kind", ["dice", "jaccard"])
def test_areas_that_are_right_cost_nothing(kind: str, codes: torch.Tensor) -> None:
    right = 50 * functional.one_hot(codes, 3).movedim(-1, 1).float()
    loss = nn.OverlapLoss(kind, smooth=1e-6)
    assert float(loss(right, codes)) == pytest.approx(0, abs=1e-5)
    assert float(loss(-right, codes)) == pytest.approx(1, abs=1e-5)


def test_areas_that_overlap_in_part() -> None:
    yes = torch.tensor([[50.0, 50.0, -50.0, -50.0]])
    target = torch.tensor([[1, 0, 1, 0]])
    assert nn.OverlapLoss("dice", axis=None, smooth=1e-6)(yes, target) == pytest.approx(0.5, abs=1e-5)
    assert nn.OverlapLoss("jaccard", axis=None, smooth=1e-6)(yes, target) == pytest.approx(2 / 3, abs=1e-5)
    void = torch.tensor([[1, -1, -1, 0]])
    assert nn.OverlapLoss("dice", axis=None, smooth=1e-6, ignore_index=-1)(yes, void) == pytest.approx(0, abs=1e-5)


def test_pairs_are_drawn_together_or_pushed_apart() -> None:
    distance, together = torch.tensor([[0.5], [0.25], [3.0]]), torch.tensor([1, 0, 0])
    expected = (0.25 + 0.75**2 + 0) / 3
    assert nn.ContrastiveLoss()(distance, together) == pytest.approx(expected)


def test_the_hardest_triplets_of_a_batch() -> None:
    at = torch.tensor([[0.0], [1.0], [4.0], [6.0], [50.0]])
    codes = torch.tensor([0, 0, 1, 1, 2])  # the last has none of its own class
    gaps = [1 - 4, 1 - 3, 2 - 3, 2 - 5]
    assert nn.BatchTripletLoss(2.0)(at, codes) == pytest.approx(sum(max(0, gap + 2) for gap in gaps) / 4)
    soft = sum(math.log1p(math.exp(gap)) for gap in gaps) / 4
    assert nn.BatchTripletLoss(soft=True)(at, codes) == pytest.approx(soft)
    alone = at.clone().requires_grad_()
    loss = nn.BatchTripletLoss()(alone, torch.zeros(5, dtype=torch.int64))
    loss.backward()
    assert float(loss.detach()) == 0
    assert (alone.grad == 0).all()


def test_samples_that_are_the_same_are_no_distance_apart() -> None:
    draw = torch.Generator().manual_seed(0)
    vectors = torch.randn(40, 64, generator=draw)
    vectors[20:] = vectors[:20]  # each class is one point, twice
    codes = torch.arange(20).repeat(2)
    nearest = torch.cdist(vectors[:20].double(), vectors[:20].double()).fill_diagonal_(math.inf).amin(1)
    margin = float(nearest.max()) + 1
    expected = float((margin - nearest).mean())
    assert float(nn.BatchTripletLoss(margin)(vectors, codes)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("within", [True, False])
def test_each_view_finds_its_partner(within: bool) -> None:
    left, right = torch.randn(2, 5, 4)
    views = functional.normalize(torch.cat((left, right)), dim=1)
    alike = (views @ views.T / 0.5).exp()
    found = []
    for row in range(10):
        rivals = [c for c in range(10) if c != row and (within or (c < 5) != (row < 5))]
        found.append(-math.log(alike[row, (row + 5) % 10] / sum(alike[row, c] for c in rivals)))
    assert nn.NTXentLoss(0.5, within)(left, right) == pytest.approx(sum(found) / 10, rel=1e-5)


def test_steps_that_fill_up_do_not_count(scores: torch.Tensor, codes: torch.Tensor) -> None:
    steps = scores.movedim(1, -1)
    padding = torch.arange(4) >= torch.tensor([4, 1, 2, 3, 4, 1])[:, None]
    expected = functional.cross_entropy(steps[~padding], codes[~padding])
    assert nn.SequenceCrossEntropyLoss(None)(steps, codes, padding) == pytest.approx(float(expected), rel=1e-6)
    expected = functional.cross_entropy(steps[codes > 0], codes[codes > 0], label_smoothing=0.1)
    found = nn.SequenceCrossEntropyLoss(label_smoothing=0.1)(steps, codes)
    assert found == pytest.approx(float(expected), rel=1e-6)
    assert nn.SequenceCrossEntropyLoss()(steps, torch.zeros_like(codes)) == 0


@pytest.mark.parametrize(
    ("kind", "plain"),
    [
        ("squared", functional.mse_loss), ("absolute", functional.l1_loss),
        ("smooth", functional.smooth_l1_loss), ("huber", functional.huber_loss),
    ],
)  # fmt: skip
def test_numbers_that_fill_up_do_not_count(kind: str, plain: object) -> None:
    prediction, target = torch.randn(2, 3, 4, 2)
    padding = torch.arange(4) >= torch.tensor([4, 1, 2])[:, None]
    assert callable(plain)
    expected = plain(prediction[~padding], target[~padding])
    assert nn.MaskedLoss(kind)(prediction, target, padding) == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize("kind", ["squared", "absolute", "smooth", "huber"])
def test_what_does_not_count_may_be_no_number(kind: str) -> None:
    found = torch.randn(3, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    true, padding = torch.zeros(3, 4), torch.arange(4) >= torch.tensor([[4], [1], [0]])
    loss = nn.MaskedLoss(kind)(found, true.masked_fill(padding, math.nan), padding)
    torch.testing.assert_close(loss, nn.MaskedLoss(kind)(found, true, padding))
    (gradient,) = torch.autograd.grad(loss, found)
    assert gradient.isfinite().all()
    assert (gradient[padding] == 0).all()


def test_the_divergence_from_a_standard_normal() -> None:
    mean, log_variance = torch.randn(2, 5, 3)
    made = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    expected = torch.distributions.kl_divergence(made, torch.distributions.Normal(0.0, 1.0)).sum() / 5
    assert nn.KLNormalLoss()(mean, log_variance) == pytest.approx(float(expected), rel=1e-5)


def test_a_quantile_is_where_its_loss_is_least() -> None:
    values = torch.randn(501, 1)
    grid = torch.linspace(-2, 2, 401)
    for quantile in (0.1, 0.5, 0.9):
        loss = nn.QuantileLoss((quantile,))
        best = grid[min(range(401), key=lambda at: float(loss(grid[at].expand(501, 1), values)))]
        assert float(best) == pytest.approx(float(values.quantile(quantile)), abs=0.02)
    several = nn.QuantileLoss((0.1, 0.9))(torch.stack((values - 1, values + 1), -1), values)
    assert several == pytest.approx(0.1)  # a tenth of 1 below, and the same above


@pytest.mark.parametrize("kind", ["logistic", "hinge", "wasserstein", "least squares"])
def test_two_networks_want_the_opposite_of_made_up_samples(kind: str) -> None:
    real, fake = torch.full((3, 1), 0.5), torch.zeros(3, 1, requires_grad=True)
    (one,) = torch.autograd.grad(nn.DiscriminatorLoss(kind)(real, fake - 0.25), fake)
    (other,) = torch.autograd.grad(nn.GeneratorLoss(kind)(fake - 0.25), fake)
    if kind == "least squares":  # it wants them at 0 and at 1
        assert (one < 0).all()
    else:
        assert (one > 0).all()
    assert (other < 0).all()


def test_made_up_samples_are_told_as_by_cross_entropy() -> None:
    real, fake = torch.randn(2, 4, 1)
    entropy = functional.binary_cross_entropy_with_logits
    expected = entropy(real, torch.full((4, 1), 0.9)) + entropy(fake, torch.zeros(4, 1))
    assert nn.DiscriminatorLoss(smoothing=0.1)(real, fake) == pytest.approx(float(expected), rel=1e-6)
    assert nn.GeneratorLoss()(fake) == pytest.approx(float(entropy(fake, torch.ones(4, 1))), rel=1e-6)


def test_scores_beyond_the_margin_cost_nothing() -> None:
    scores, yes = torch.tensor([[2.0], [0.5], [-3.0], [0.25]]), torch.tensor([1, 1, 0, 0])
    assert nn.HingeLoss()(scores, yes) == pytest.approx((0 + 0.5 + 0 + 1.25) / 4)
    assert nn.HingeLoss(p=2)(scores[:, 0], 2 * yes - 1) == pytest.approx((0.25 + 1.25**2) / 4)
