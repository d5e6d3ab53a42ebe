"""Losses of our own say what torch's say, with weights as numbers and targets as data has them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional

from nnstudio import nn


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(3)


@pytest.mark.parametrize(("ours", "torchs"), [(nn.CrossEntropyLoss, torch.nn.CrossEntropyLoss),
                                              (nn.NLLLoss, torch.nn.NLLLoss)])  # fmt: skip
def test_classes_have_weights_and_one_is_ignored(ours: Any, torchs: Any) -> None:
    scores, target = torch.randn(6, 3, 5), torch.randint(0, 3, (6, 5))
    expected = torchs(weight=torch.tensor([1.0, 2.0, 0.5]), ignore_index=1)(scores, target)
    assert torch.equal(ours((1.0, 2.0, 0.5), ignore_index=1)(scores, target), expected)


@pytest.mark.parametrize("ours", [nn.CrossEntropyLoss, nn.NLLLoss])
def test_a_batch_of_padding_alone_costs_nothing_and_is_a_number(ours: Any) -> None:
    scores = torch.randn(4, 3, requires_grad=True)
    loss = ours(ignore_index=0)(scores, torch.zeros(4, dtype=torch.long))
    loss.backward()
    assert loss == 0
    assert scores.grad is not None
    assert not scores.grad.any()


@pytest.mark.parametrize("weights", [None, (0.5, 1.0, 2.0, 0.0, 3.0)])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_scores_of_tokens_cost_the_same_however_they_lie_in_memory(weights: Any, smoothing: float) -> None:
    loss = nn.CrossEntropyLoss(weights, label_smoothing=smoothing, ignore_index=1)
    scores, codes = torch.randn(3, 6, 5, requires_grad=True), torch.randint(0, 5, (3, 6))
    codes[0, :3] = 1
    beside = loss(scores.permute(0, 2, 1), codes)
    apart = loss(scores.permute(0, 2, 1).contiguous(), codes)
    assert torch.allclose(beside, apart)
    gradients = [torch.autograd.grad(each, scores)[0] for each in (beside, apart)]
    assert torch.allclose(*gradients, atol=1e-6)
    nothing = loss(scores.permute(0, 2, 1), torch.ones_like(codes))
    assert nothing == 0
    assert not torch.autograd.grad(nothing, scores)[0].any()


def test_weights_are_not_saved_with_the_model() -> None:
    for made in (nn.CrossEntropyLoss((1.0, 2.0)), nn.BCEWithLogitsLoss((1.0,), (2.0,)), nn.MultiMarginLoss((1.0,))):
        assert not made.state_dict()
        assert len(list(made.buffers())) >= 1, "weights move with the module to the device"


def test_yes_and_labels_have_weights() -> None:
    scores, target = torch.randn(6, 2), torch.randint(0, 2, (6, 2))
    options = {"weight": torch.tensor([1.0, 3.0]), "pos_weight": torch.tensor([9.0, 1.0])}
    expected = functional.binary_cross_entropy_with_logits(scores, target.float(), **options)
    assert torch.equal(nn.BCEWithLogitsLoss((1.0, 3.0), (9.0, 1.0))(scores, target), expected)
    expected = functional.binary_cross_entropy(scores.sigmoid(), target.float(), weight=options["weight"])
    assert torch.equal(nn.BCELoss((1.0, 3.0))(scores.sigmoid(), target), expected)


@pytest.mark.parametrize("reduction", ["mean", "sum", "batchmean"])
@pytest.mark.parametrize("log_target", [False, True])
def test_divergence_is_torchs(reduction: str, log_target: bool) -> None:
    scores, target = torch.randn(2, 5, 3).log_softmax(-1)
    target = target if log_target else target.exp()
    parts = target.exp() * (target - scores) if log_target else target * (target.log() - scores)
    expected = {"mean": parts.mean(), "sum": parts.sum(), "batchmean": parts.sum() / 5}[reduction]
    assert torch.allclose(nn.KLDivLoss(reduction=reduction, log_target=log_target)(scores, target), expected)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_scores_of_one_and_minus_one_are_compared_as_torch_does(reduction: str) -> None:
    scores, target = torch.randn(8), torch.randn(8).sign()
    expected = functional.soft_margin_loss(scores, target, reduction=reduction)
    assert torch.allclose(nn.SoftMarginLoss(reduction)(scores, target), expected)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_variance_that_is_too_small_counts_as_epsilon(full: bool, reduction: str) -> None:
    mean, target = torch.randn(8, requires_grad=True), torch.randn(8)
    variance = torch.tensor([1.0, 0.1, 0.0, 1e-9, 2.0, 0.5, 3.0, 1.0], requires_grad=True)
    grads = []
    for cls in (nn.GaussianNLLLoss, torch.nn.GaussianNLLLoss):
        loss = cls(full=full, eps=1e-3, reduction=reduction)(mean, target, variance)
        grads.append((loss, *torch.autograd.grad(loss, (mean, variance))))
    for one, other in zip(*grads, strict=True):
        assert torch.allclose(one, other)


def test_a_negative_variance_stops_no_run() -> None:
    loss = nn.GaussianNLLLoss()(torch.zeros(2), torch.zeros(2), torch.tensor([-1.0, 1.0]))
    assert torch.isfinite(loss)


def test_ctc_reads_the_batch_first_and_counts_what_is_not_blank() -> None:
    scores = torch.randn(2, 9, 4).log_softmax(-1)
    target = torch.tensor([[1, 2, 3], [2, 0, 0]])
    lengths = {"input_lengths": torch.tensor([9, 9]), "target_lengths": torch.tensor([3, 1])}
    expected = functional.ctc_loss(scores.transpose(0, 1), target, **lengths)
    assert torch.equal(nn.CTCLoss()(scores, target), expected)
    shorter = functional.ctc_loss(scores.transpose(0, 1), target, torch.tensor([6, 4]), torch.tensor([2, 1]))
    assert torch.equal(nn.CTCLoss()(scores, target, torch.tensor([6, 4]), torch.tensor([2, 1])), shorter)


def test_a_length_beyond_the_steps_is_that_of_all_steps() -> None:
    logs = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(0)).log_softmax(2)
    target = torch.tensor([[1, 2], [3, 0]])
    read, said = torch.tensor([400, 5]), torch.tensor([9, 1])  # as counted before convolutions shortened the sound
    expected = nn.CTCLoss()(logs, target, torch.tensor([6, 5]), torch.tensor([2, 1]))
    torch.testing.assert_close(nn.CTCLoss()(logs, target, read, said), expected)


def test_a_target_that_does_not_fit_can_be_left_out() -> None:
    scores = torch.randn(1, 2, 4).log_softmax(-1)
    target = torch.tensor([[1, 2, 3]])
    assert nn.CTCLoss()(scores, target).isinf()
    assert nn.CTCLoss(zero_infinity=True)(scores, target) == 0


@pytest.mark.parametrize("swap", [False, True])
def test_triplets_by_a_named_distance(swap: bool) -> None:
    anchor, positive, negative = torch.randn(3, 5, 7)

    def expected(distance: Any) -> torch.Tensor:
        near, far = distance(anchor, positive), distance(anchor, negative)
        far = torch.minimum(far, distance(positive, negative)) if swap else far
        return (near - far + 0.5).clamp(min=0).mean()

    for name, distance in {
        "cosine": lambda a, b: 1 - functional.cosine_similarity(a, b),
        "squared euclidean": lambda a, b: (a - b).square().sum(-1),
        "manhattan": lambda a, b: (a - b + 1e-6).abs().sum(-1),
        "euclidean": lambda a, b: (a - b + 1e-6).square().sum(-1).sqrt(),
    }.items():
        found = nn.TripletMarginWithDistanceLoss(name, margin=0.5, swap=swap)(anchor, positive, negative)
        assert torch.allclose(found, expected(distance)), name
