"""What the rules say of ill runs, and that they say nothing of healthy ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnstudio.diagnose import Case, Doctor, diagnose
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.train.events import (
    Activations,
    EpochEnded,
    FlightRecorded,
    Gradients,
    Histogram,
    RunFailed,
    RunStarted,
    Steps,
)
from nnstudio.train.history import History


@pytest.fixture
def history() -> History:
    made = History()
    made.feed(
        RunStarted(
            step=0,
            time=0.0,
            run="r",
            device="cpu",
            threads=1,
            epochs=10,
            steps_per_epoch=10,
            batch_size=8,
            samples={},
            nodes={"a": "first", "b": "last", "l": "entropy"},
            trained=("a", "b"),
            losses=("l",),
            metrics=(),
            parameters=1,
            plan={},
        )
    )
    return made


def gradients(history: History, first: float, last: float, times: int = 5) -> None:
    for step in range(times):
        history.feed(Gradients(step=step, time=0.0, gradients={"a": first, "b": last}, weights={"a": 1.0, "b": 1.0}))


def activations(history: History, zeros: float, times: int = 5, node: str = "a") -> None:
    for step in range(times):
        layer = Histogram(np.ones(4, np.float32), 0.0, 1.0, 0.1, 0.1, zeros)
        history.feed(Activations(step=step, time=0.0, layers={node: layer}))


def losses(history: History, values: Any) -> None:
    array = np.asarray(values, np.float32)
    history.feed(Steps(step=len(array), time=0.0, first=0, losses=array, learning_rates=array))


def epochs(history: History, training: list[float], validation: list[float]) -> None:
    for number, (one, other) in enumerate(zip(training, validation, strict=True), 1):
        history.feed(
            EpochEnded(
                step=number,
                time=0.0,
                epoch=number,
                training={"loss": one},
                validation={"loss": other},
                learning_rate=0.1,
                seconds=1.0,
            )
        )


def found(history: History) -> list[tuple[str, str]]:
    return [(one.code, one.node) for one in diagnose(Case(history))]


def test_a_healthy_run_gets_no_diagnosis(history: History) -> None:
    gradients(history, 0.3, 0.5)
    activations(history, 0.5)
    losses(history, 2 * np.exp(-np.arange(1000) / 300) + np.random.default_rng(0).uniform(0, 0.5, 1000))
    epochs(history, [1, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1], [1, 0.6, 0.5, 0.45, 0.46, 0.45, 0.45])
    assert found(history) == []


def test_an_empty_history_gets_no_diagnosis() -> None:
    assert diagnose(Case()) == []


def test_a_gradient_that_vanishes_names_its_layer(history: History) -> None:
    gradients(history, 1e-7, 0.5)
    assert found(history) == [("vanishing-gradient", "a")]
    assert "“first”" in diagnose(Case(history))[0].message
    assert "ReLU" in diagnose(Case(history))[0].hint


def test_a_gradient_that_explodes_names_its_layer(history: History) -> None:
    gradients(history, 0.5, 1e5)
    assert ("exploding-gradient", "b") in found(history)


def test_one_bad_snapshot_or_too_few_are_no_illness(history: History) -> None:
    gradients(history, 1e-9, 0.5, times=4)
    assert found(history) == []
    gradients(history, 0.4, 0.5)
    gradients(history, 1e-9, 0.5, times=1)
    assert found(history) == []


def test_small_gradients_everywhere_are_the_end_of_learning_not_an_illness(history: History) -> None:
    gradients(history, 1e-9, 2e-9)
    assert found(history) == []
    gradients(history, 0.0, 0.0)
    assert found(history) == []


def test_a_layer_that_puts_out_zeros_is_dead(history: History) -> None:
    activations(history, 0.999)
    assert found(history) == [("dead-output", "a")]
    assert "LeakyReLU" in diagnose(Case(history))[0].hint


def test_a_loss_of_zero_is_no_dead_layer(history: History) -> None:
    activations(history, 1.0, node="l")
    assert found(history) == []


def test_a_loss_that_rises_is_told(history: History) -> None:
    losses(history, np.concatenate([np.linspace(2, 1, 500), np.linspace(1, 30, 500)]))
    assert found(history) == [("learning-rate-high", "")]


def test_learning_by_heart_is_told(history: History) -> None:
    training = [1.0, 0.6, 0.4, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02]
    epochs(history, training, [1.0, 0.7, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9])
    (one,) = diagnose(Case(history))
    assert one.code == "overfitting"
    assert "epoch 3" in one.message


def test_a_gap_that_grows_is_told_where_the_training_rows_are_known_by_heart(history: History) -> None:
    losses(history, [2.3] * 10)
    validation = [0.8, 0.4, 0.24, 0.33, 0.36, 0.37, 0.38, 0.39, 0.4, 0.41]
    epochs(history, [1.2, 0.4, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8], validation)
    assert found(history) == [("overfitting", "")]


def test_a_gap_that_stays_small_is_none(history: History) -> None:
    losses(history, [2.3] * 10)
    validation = [0.8, 0.4, 0.1, 0.11, 0.12, 0.12, 0.13, 0.13, 0.13, 0.14]
    epochs(history, [1.2, 0.4, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8], validation)
    assert found(history) == []


def test_a_run_that_ended_in_nan_points_at_the_node(history: History) -> None:
    history.feed(
        RunFailed(
            step=5,
            time=0.0,
            node="a",
            hint="clip",
            message="Training stopped at step 6: the gradient of “first” was no longer a finite number (NaN or Inf); "
            "the last good weights are kept",
        )
    )
    assert found(history) == [("not-finite", "a")]


def test_what_the_flight_recorder_saw_is_the_evidence_of_numbers_gone_bad(history: History) -> None:
    peaks = np.array([[1.0, 1.0], [100.0, 1.0], [np.inf, 1.0]], np.float32)
    history.feed(
        FlightRecorded(
            step=5,
            time=0.0,
            node="a",
            what="gradient",
            value="Inf",
            epoch=2,
            batch=3,
            rows=np.array([4, 7]),
            sample=7,
            steps=np.array([3, 4, 5]),
            nodes=("a", "b"),
            losses=np.ones(3, np.float32),
            outputs=peaks,
            gradients=peaks,
            weights=peaks,
        )
    )
    history.feed(RunFailed(step=5, time=0.0, node="a", message="… was no longer a finite number (Inf); …"))
    (one,) = diagnose(Case(history))
    assert one.evidence["series"] == [0.0, 2.0]
    assert "gradient" in one.evidence["measure"]
    assert (one.evidence["epoch"], one.evidence["batch"], one.evidence["row"]) == (2, 4, 8)


@pytest.mark.parametrize(
    ("told", "expected"),
    [(np.ones(3), []), (np.linspace(1.0, 0.1, 200), []), (np.ones(200), ["saturated"])],
    ids=["losses to come", "falling", "not falling"],
)
def test_units_at_their_bounds_are_ill_where_the_loss_is_known_to_stay(
    history: History, told: Any, expected: list[str]
) -> None:
    """Losses are told later than looks: of the first few it cannot be said that they do not fall."""
    net = NetworkBuilder()
    hidden = net.add("Linear", net.add("Input", field="x", name="x"), out_features=2, name="hidden")
    squash = net.add("Tanh", hidden, name="squash")
    net.add("Linear", squash, out_features=1, name="score")
    losses(history, told)
    for step in range(0, 240, 40):
        at_bounds = Histogram(np.ones(4, np.float32), -1.0, 1.0, 0.0, 0.9, 0.0, saturated=0.8 if step else 0.1)
        history.feed(Activations(step=step, time=0.0, layers={squash.node: at_bounds}))
    assert [one.code for one in diagnose(Case(history, net.network)) if one.code == "saturated"] == expected


def test_a_doctor_tells_each_thing_once_a_run(history: History) -> None:
    doctor = Doctor(history)
    activations(history, 1.0)
    assert [one.code for one in doctor.look()] == ["dead-output"]
    activations(history, 1.0)
    assert doctor.look() == []


def test_a_network_of_sigmoids_that_cannot_learn_is_diagnosed_while_it_trains() -> None:
    """The rules against a real run: ten saturated layers."""
    from nnstudio.compile.lower import compile_network
    from nnstudio.layers import TensorType
    from nnstudio.train.control import Control
    from nnstudio.train.loop import run
    from nnstudio.train.plan import Plan

    class Data:
        def count(self, split: str) -> int:
            return 64 if split == "train" else 0

        def arrays(self, split: str) -> Any:
            drawn = np.random.default_rng(0)
            x = drawn.normal(size=(64, 4)).astype(np.float32)
            return {"x": x, "y": x[:, :1].copy()}

    types = {"x": TensorType.of("N F", "N", 4), "y": TensorType.of("N F", "N", 1)}
    net = NetworkBuilder()
    x, y = net.add("Input", field="x", name="x"), net.add("Input", field="y", name="y")
    for place in range(10):
        x = net.add("Sigmoid", net.add("Linear", x, out_features=4, name=f"hidden{place}"))
    net.add("MSELoss", net.add("Linear", x, out_features=1, name="out"), y, name="error")
    compiled, history, control = compile_network(net.network, types, 0), History(), Control(paused=True)
    for _ in range(6):
        control.step_once()
    for event in run(compiled, Data(), Plan(epochs=6, batch_size=64), control):
        history.feed(event)
        if event.step == 6:
            control.resume()
    (one,) = (one for one in diagnose(Case(history)) if one.code == "vanishing-gradient")
    diagnosed = one.evidence["nodes"]
    assert net.network.named("hidden0").id in diagnosed
    assert net.network.named("out").id not in diagnosed


def test_the_doctor_comes_when_an_epoch_or_the_run_ends_and_not_at_every_step(history: History) -> None:
    doctor = Doctor(history)
    activations(history, 1.0)
    ended = EpochEnded(step=5, time=0.0, epoch=1, training={}, validation={}, learning_rate=0.1, seconds=0.0)
    assert doctor.visit(()) == []
    assert [found.code for found in doctor.visit((ended,))] == ["dead-output"]
    gradients(history, 1e4, 1.0)
    assert doctor.visit((ended,)) == []  # it was there a moment ago
    failed = RunFailed(step=6, time=0.0, node="a", message="The weights were no longer a finite number", hint="")
    history.feed(failed)
    assert [found.code for found in doctor.visit((failed,))] == ["exploding-gradient"]  # what failed has said itself


def test_a_shared_layer_that_no_loss_reaches_learns_with_the_one_whose_weights_it_has() -> None:
    """As the decoder of a variational autoencoder, which also draws from noise."""
    from nnstudio.compile.resolve import resolve
    from nnstudio.diagnose import Case, before_training

    net = NetworkBuilder()
    x = net.add("Input", name="x", shape=(4,))
    decoded = net.add("Linear", x, name="decoder", out_features=4)
    net.add("MSELoss", decoded, x, name="loss")
    noise = net.add("Noise", name="noise", shape=(4,))
    net.add("Output", net.add("Shared", noise, name="again", of=decoded.node), name="drawn", kind="values")
    whole = resolve(net.network)
    found = before_training(Case(network=whole.flat, shared=whole.expansion.shared))
    assert "no-gradient" not in [one.code for one in found]
    assert "no-gradient" in [one.code for one in before_training(Case(network=whole.flat))]
