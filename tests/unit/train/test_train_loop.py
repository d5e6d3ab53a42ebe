"""The loop, watched through its events."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.train.control import Control
from nnstudio.train.evaluate import evaluate, predict
from nnstudio.train.events import (
    Activations,
    Diagnosis,
    EpochEnded,
    Event,
    Gradients,
    RunFailed,
    RunFinished,
    RunStarted,
    Samples,
    Steps,
)
from nnstudio.train.history import History
from nnstudio.train.loop import run
from nnstudio.train.plan import OPTIMIZERS, SCHEDULES, Plan

Make = Callable[..., Compiled]


def only(events: list[Event], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def losses_of(events: list[Event]) -> np.ndarray[Any, Any]:
    history = History()
    for event in events:
        history.feed(event)
    return history.losses.copy()


def weights_of(compiled: Compiled) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in compiled.training.state_dict().items()}


def test_a_run_begins_learns_and_finishes(blobs: Any, make_classifier: Make) -> None:
    events = list(run(make_classifier(), blobs, Plan(epochs=10, batch_size=8, learning_rate=0.01)))
    assert isinstance(events[0], RunStarted)
    assert isinstance(events[-1], RunFinished)
    assert events[-1].reason == "completed"
    epochs = only(events, EpochEnded)
    assert [epoch.epoch for epoch in epochs] == list(range(1, 11))
    assert epochs[-1].training["loss"] < 0.7 * epochs[0].training["loss"]
    assert epochs[-1].validation["accuracy"] > 0.7
    assert events[0].steps_per_epoch == 7
    assert events[0].samples == {"train": 50, "validation": 20, "test": 10}


def test_every_steps_loss_is_told_once_and_in_order(blobs: Any, make_classifier: Make) -> None:
    events = list(run(make_classifier(), blobs, Plan(epochs=30, batch_size=4)))
    steps = only(events, Steps)
    assert steps[0].first == 0
    assert all(before.first + len(before.losses) == after.first for before, after in pairwise(steps))
    assert sum(len(event.losses) for event in steps) == 30 * 13
    assert all(len(event.learning_rates) == len(event.losses) for event in steps)


def test_steps_of_an_epoch_average_to_its_training_loss(make_blobs: Any, make_classifier: Make) -> None:
    events = list(run(make_classifier(), make_blobs(train=50), Plan(epochs=1, batch_size=16)))
    (epoch,) = only(events, EpochEnded)
    assert epoch.training["loss"] == pytest.approx(np.average(losses_of(events), weights=[16, 16, 16, 2]), rel=1e-6)
    assert epoch.training["loss"] == epoch.training["entropy"]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_optimizer_takes_the_steps_of_torchs_own(optimizer: str, make_blobs: Any, make_classifier: Make) -> None:
    """Against a loop by hand with the plain form of the optimizer, on the whole data so that order does not matter."""
    blobs = make_blobs(train=40)
    plan = Plan(epochs=12, batch_size=40, optimizer=optimizer, learning_rate=0.01, weight_decay=0.01, keep_best=False)
    trained, by_hand = make_classifier(), make_classifier()
    list(run(trained, blobs, plan))
    options: dict[str, Any] = {"momentum": 0.9} if optimizer in ("SGD", "RMSprop") else {}
    reference = getattr(torch.optim, optimizer)(
        by_hand.training.parameters(), lr=0.01, weight_decay=0.01, foreach=False, **options
    )
    inputs = [torch.from_numpy(blobs.arrays("train")[name]) for name in ("x", "label")]
    for _ in range(12):
        reference.zero_grad()
        by_hand.training(*inputs)[by_hand.losses[0]].backward()
        reference.step()
    for name, value in by_hand.training.state_dict().items():
        torch.testing.assert_close(trained.training.state_dict()[name], value, rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize("changes", [{"nesterov": True}, {"l1": 0.05}, {"clip_norm": 0.01}, {"weight_decay": 0.5}])
def test_an_option_of_the_plan_changes_the_weights(changes: Any, blobs: Any, make_classifier: Make) -> None:
    found = []
    for more in ({}, changes):
        compiled = make_classifier()
        list(run(compiled, blobs, Plan(optimizer="SGD", epochs=2, **more)))
        found.append(weights_of(compiled)["hidden.weight"])
    assert not torch.equal(*found)


def test_l1_adds_the_sign_of_the_weights_to_the_gradient(make_blobs: Any, make_classifier: Make) -> None:
    blobs = make_blobs(train=10)
    plan = Plan(optimizer="SGD", momentum=0.0, epochs=1, batch_size=10, learning_rate=0.1, keep_best=False)
    start = weights_of(make_classifier())["hidden.weight"]
    ends = []
    for l1 in (0.0, 0.5):
        compiled = make_classifier()
        list(run(compiled, blobs, plan.with_(l1=l1)))
        ends.append(weights_of(compiled)["hidden.weight"])
    torch.testing.assert_close(ends[1], ends[0] - 0.1 * 0.5 * start.sign())


def test_a_clipped_step_is_no_longer_than_rate_times_norm(make_blobs: Any, make_classifier: Make) -> None:
    blobs, compiled = make_blobs(train=10), make_classifier()
    before = weights_of(compiled)
    plan = Plan(optimizer="SGD", momentum=0.0, epochs=1, batch_size=10, learning_rate=1.0, clip_norm=0.01)
    list(run(compiled, blobs, plan))
    moved = torch.sqrt(sum(((v - before[k]) ** 2).sum() for k, v in weights_of(compiled).items()))  # type: ignore[arg-type]
    assert 0 < float(moved) <= 0.01 * 1.001


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_rates_that_are_told_are_the_schedules(schedule: str, blobs: Any, make_classifier: Make) -> None:
    from nnstudio.train import schedules

    plan = Plan(schedule=schedule, epochs=4, batch_size=10, step_epochs=2, warmup_epochs=2.0, plateau_epochs=100)
    events = list(run(make_classifier(), blobs, plan))
    told = np.concatenate([event.learning_rates for event in only(events, Steps)])
    rate = schedules.schedule(plan, 5)
    np.testing.assert_allclose(told, [rate(step) for step in range(20)], rtol=1e-6)


def test_a_plateau_lowers_the_rate(blobs: Any, make_classifier: Make) -> None:
    plan = Plan(
        schedule="reduce on plateau", plateau_epochs=1, factor=0.5, epochs=12, optimizer="SGD", momentum=0.0,
        learning_rate=1e-12,
    )  # fmt: skip
    rates = [epoch.learning_rate for epoch in only(list(run(make_classifier(), blobs, plan)), EpochEnded)]
    assert rates[0] == 1e-12
    assert rates[-1] < 1e-14


def test_the_same_seed_gives_the_same_run_and_another_does_not(blobs: Any, make_classifier: Make, bodies: Any) -> None:
    runs = [
        losses_of(list(run(make_classifier(bodies["rich"]), blobs, Plan(epochs=3, seed=seed)))) for seed in (1, 1, 2)
    ]
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_looking_changes_nothing(blobs: Any, make_classifier: Make, bodies: Any) -> None:
    """A run that is looked at on every step it does one by one has the losses and weights of one that is not."""
    plan, control = Plan(epochs=2, batch_size=10), Control(paused=True)
    watched, unwatched = make_classifier(bodies["rich"]), make_classifier(bodies["rich"])
    expected = losses_of(list(run(unwatched, blobs, plan)))
    for _ in range(10):
        control.step_once()
    events = []
    for event in run(watched, blobs, plan, control):
        events.append(event)
        if event.step == 10:
            control.resume()
    assert len(only(events, Activations)) >= 10
    assert np.array_equal(losses_of(events), expected)
    for name, value in weights_of(unwatched).items():
        assert torch.equal(weights_of(watched)[name], value)


def test_snapshots_show_every_layer_and_every_trained_node(blobs: Any, make_classifier: Make, node_id: Any) -> None:
    compiled = make_classifier()
    events = list(run(compiled, blobs, Plan(epochs=2, batch_size=25)))
    (activations, *_), (gradients, *_) = only(events, Activations), only(events, Gradients)
    assert {compiled.name(id) for id in activations.layers} == {"x", "hidden", "relu", "scores", "entropy"}
    relu = activations.layers[node_id(compiled, "relu")]
    assert relu.low == 0
    assert relu.counts.sum() == 25 * 8
    assert 0 < relu.zeros < 1
    assert {compiled.name(id) for id in gradients.gradients} == {"hidden", "scores"}
    assert all(
        value > 0 for part in (gradients.gradients, gradients.weights, gradients.updates) for value in part.values()
    )
    assert events[0].trained == tuple(gradients.gradients)


def test_the_last_partial_batch_is_trained_on_and_a_single_sample_joins_the_batch_before(
    make_blobs: Any, make_classifier: Make, bodies: Any
) -> None:
    for rows, steps in ((35, 4), (34, 3), (33, 3), (12, 1), (11, 1), (1, 1)):
        compiled = make_classifier(bodies["rich"] if rows > 1 else bodies["plain"])
        events = list(run(compiled, make_blobs(train=rows), Plan(epochs=1, batch_size=11)))
        assert isinstance(events[-1], RunFinished), events[-1]
        assert events[0].steps_per_epoch == steps


def test_fewer_rows_than_a_batch_train_with_a_warning(make_blobs: Any, make_classifier: Make) -> None:
    events = list(run(make_classifier(), make_blobs(train=5), Plan(epochs=2, batch_size=32)))
    (warning,) = only(events, Diagnosis)
    assert warning.code == "fewer-rows-than-batch"
    assert "5 rows" in warning.message
    assert len(losses_of(events)) == 2


def test_without_validation_rows_training_goes_on(make_blobs: Any, make_classifier: Make) -> None:
    events = list(run(make_classifier(), make_blobs(validation=0), Plan(epochs=3, early_stopping=True)))
    assert [epoch.validation for epoch in only(events, EpochEnded)] == [{}, {}, {}]
    assert isinstance(events[-1], RunFinished)


def test_no_rows_to_train_on_is_said(make_blobs: Any, make_classifier: Make) -> None:
    (failure,) = run(make_classifier(), make_blobs(train=0), Plan())
    assert isinstance(failure, RunFailed)
    assert "no rows to train on" in failure.message


def test_early_stopping_ends_the_run_and_keeps_the_best_weights(blobs: Any, make_classifier: Make) -> None:
    compiled = make_classifier()
    plan = Plan(epochs=500, early_stopping=True, patience=3, learning_rate=0.3, batch_size=10)
    events = list(run(compiled, blobs, plan))
    finished, epochs = events[-1], only(events, EpochEnded)
    assert isinstance(finished, RunFinished)
    assert finished.reason == "early stopping"
    assert finished.best_epoch == finished.epochs - 3
    best = epochs[finished.best_epoch - 1]
    assert best.best
    assert best.validation["loss"] == min(epoch.validation["loss"] for epoch in epochs)
    assert evaluate(compiled, blobs, "validation") == pytest.approx(best.validation)


def test_without_keeping_the_best_the_last_weights_stay(blobs: Any, make_classifier: Make) -> None:
    compiled = make_classifier()
    events = list(run(compiled, blobs, Plan(epochs=40, learning_rate=0.3, keep_best=False)))
    assert evaluate(compiled, blobs, "validation") == pytest.approx(only(events, EpochEnded)[-1].validation)


def several_losses(weight: float) -> Compiled:
    net = NetworkBuilder()
    x, label = net.add("Input", field="x", name="x"), net.add("Input", field="label", name="label")
    value = net.add("Input", field="value", name="value")
    body = net.add("Linear", x, out_features=6, name="body")
    scores = net.add("Linear", body, out_features=2, name="scores")
    number = net.add("Linear", body, out_features=1, name="number")
    net.add("CrossEntropyLoss", scores, label, name="entropy")
    net.add("MSELoss", number, value, name="error", weight=weight)
    net.add("Output", scores, name="answer")
    net.add("Output", number, name="amount", kind="number")
    from nnstudio.layers import TensorType

    types = {
        "x": TensorType.of("N F", "N", 4),
        "label": TensorType.of("N", "N", dtype="int64", classes=2),
        "value": TensorType.of("N F", "N", 1),
    }
    return compile_network(net.network, types, 0)


def test_several_losses_are_added_by_their_weights_and_told_apart(blobs: Any, node_id: Any) -> None:
    compiled = several_losses(0.25)
    events = list(run(compiled, blobs, Plan(epochs=3)))
    entropy, error = (node_id(compiled, name) for name in ("entropy", "error"))
    for event in only(events, Steps):
        np.testing.assert_allclose(event.losses, event.parts[entropy] + 0.25 * event.parts[error], rtol=1e-5)
    figures = only(events, EpochEnded)[-1].validation
    assert figures["loss"] == pytest.approx(figures["entropy"] + 0.25 * figures["error"])
    assert set(predict(compiled, blobs.arrays("test"))) == {"answer", "amount"}


def test_samples_are_the_outputs_of_the_first_validation_rows(blobs: Any, make_classifier: Make, node_id: Any) -> None:
    compiled = make_classifier()
    (samples, *_) = only(list(run(compiled, blobs, Plan(epochs=1))), Samples)
    expected = predict(compiled, {"x": blobs.arrays("validation")["x"][:16]})["answer"]
    np.testing.assert_allclose(samples.outputs[node_id(compiled, "answer")], expected, rtol=1e-5)


def noisy(seed: int = 0) -> Compiled:
    from nnstudio.layers import TensorType

    net = NetworkBuilder()
    noise, value = net.add("Noise", shape=(3,), name="noise"), net.add("Input", field="value", name="value")
    net.add("MSELoss", net.add("Linear", noise, out_features=1, name="made"), value, name="error")
    return compile_network(net.network, {"value": TensorType.of("N F", "N", 1)}, seed)


def test_noise_is_drawn_anew_for_each_batch_from_the_seed(blobs: Any) -> None:
    drawn: list[torch.Tensor] = []

    def record(_: Any, inputs: Any) -> None:
        drawn.append(inputs[0].clone())

    runs = []
    for _ in range(2):
        compiled = noisy()
        drawn.clear()
        handle = next(iter(compiled.modules.values())).register_forward_pre_hook(record)
        list(run(compiled, blobs, Plan(epochs=2, batch_size=25)))
        handle.remove()
        runs.append([value for value in drawn if len(value) == 25])
    assert len(runs[0]) == 4
    assert all(torch.equal(a, b) for a, b in zip(*runs, strict=True))
    assert not any(torch.equal(runs[0][0], other) for other in runs[0][1:])


def test_threads_determinism_and_random_state_are_given_back(blobs: Any, make_classifier: Make) -> None:
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled(), torch.get_rng_state()
    events = run(make_classifier(), blobs, Plan(epochs=1, threads=before[0] + 1, deterministic=True))
    next(events)
    assert torch.get_num_threads() == before[0] + 1
    assert torch.are_deterministic_algorithms_enabled()
    assert isinstance(list(events)[-1], RunFinished)
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before[:2]
    assert torch.equal(torch.get_rng_state(), before[2])


def test_a_run_that_is_given_up_leaves_the_process_as_it_was(blobs: Any, make_classifier: Make) -> None:
    before = torch.get_num_threads()
    events = run(make_classifier(), blobs, Plan(epochs=5, threads=before + 1, deterministic=True))
    next(events)
    events.close()  # type: ignore[attr-defined]
    assert torch.get_num_threads() == before
    assert not torch.are_deterministic_algorithms_enabled()
