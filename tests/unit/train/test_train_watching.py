"""What the instruments tell of a run, and that it is the same run with them and without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torch import nn

from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.graph.builder import NetworkBuilder, with_names_as_ids
from nnstudio.layers import TensorType
from nnstudio.layers.catalogue import load
from nnstudio.runs.encoding import decode, encode
from nnstudio.train import noise, probes, timings
from nnstudio.train.control import Control
from nnstudio.train.events import Activations, Event, Gradients, Insides, RunFinished, Samples, Steps, Timings, Weights
from nnstudio.train.loop import run
from nnstudio.train.noise import FOLLOWED, LEAST, WINDOW, Noise
from nnstudio.train.observing import Observing
from nnstudio.train.phases import Phase
from nnstudio.train.plan import Plan
from nnstudio.train.probes import Norms, Reading, histograms, readings, unit_axis
from nnstudio.train.timings import Stopwatch
from nnstudio.train.walking import Route

LAYOUTS = {"N F": 1, "N C": 1, "N C H W": 1, "N C T": 1, "N T F": 2, "N H W C": 3, "N T E": 2, "N C D H W": 1}


# Activations.


@given(
    st.sampled_from(sorted(LAYOUTS)).flatmap(
        lambda layout: st.tuples(
            st.just(layout),
            arrays.arrays(
                np.float32, tuple([3] + [4] * (len(layout.split()) - 1)), elements=st.sampled_from([0.0, 1.0])
            ),
            st.sets(st.integers(0, 3)),
        )
    )
)
@settings(max_examples=40)
def test_dead_units_are_channels_of_images_and_features_of_vectors_and_sequences(
    drawn: tuple[str, np.ndarray[Any, Any], set[int]],
) -> None:
    layout, values, killed = drawn
    type = TensorType.of(layout, "N", *[4] * (len(layout.split()) - 1))
    axis = unit_axis(type)
    assert axis == LAYOUTS[layout]
    units = np.moveaxis(values, axis, 0)
    for unit in killed:
        units[unit] = 0.0
    expected = np.mean([not units[unit].any() for unit in range(4)])
    assert histograms({"n": torch.from_numpy(values)}, {"n": Reading(axis)})["n"].dead == pytest.approx(expected)


def test_one_number_a_sample_has_no_units_and_codes_are_never_dead() -> None:
    assert unit_axis(TensorType.of("N", "N")) is None
    found = histograms({"n": torch.zeros(4), "codes": torch.zeros(4, 3, dtype=torch.int64)}, {"codes": Reading(1)})
    assert (found["n"].dead, found["codes"].dead) == (0.0, 0.0)
    assert found["codes"].zeros == 1.0


def test_a_unit_is_dead_only_if_it_is_zero_in_the_whole_of_a_large_batch() -> None:
    values = torch.ones(500, 8, 10, 10)
    values[:, 3] = values[:, 5] = 0.0
    values[499, 5, 9, 9] = 0.1
    assert histograms({"n": values}, {"n": Reading(1)})["n"].dead == 1 / 8


@pytest.mark.parametrize(
    ("layer", "options", "far"),
    [
        ("Sigmoid", {}, lambda y: (y < 0.01) | (y > 0.99)),
        ("Tanh", {}, lambda y: abs(y) > 0.98),
        ("Hardsigmoid", {}, lambda y: (y < 0.01) | (y > 0.99)),
        ("Softsign", {}, lambda y: abs(y) > 0.98),
        ("Hardtanh", {"min_val": -2.0, "max_val": 3.0}, lambda y: (y < -1.95) | (y > 2.95)),
        ("Clamp", {"minimum": 0.0, "maximum": 1.0}, lambda y: (y < 0.01) | (y > 0.99)),
        ("Erf", {}, lambda y: abs(y) > 0.98),
        ("ReLU", {}, lambda y: y != y),
        ("Linear", {"out_features": 6}, lambda y: y != y),
    ],
)
def test_saturated_is_what_lies_within_one_percent_of_the_layers_bounds(
    layer: str, options: dict[str, Any], far: Callable[[torch.Tensor], torch.Tensor]
) -> None:
    net = NetworkBuilder()
    x = net.add("Input", field="x", name="x")
    net.add("Output", net.add(layer, x, name="layer", **options), name="answer")
    compiled = compile_network(with_names_as_ids(net.network), {"x": TensorType.of("N F", "N", 6)}, seed=0)
    with torch.no_grad():
        _, seen = compiled.observed(torch.randn(200, 6, generator=torch.Generator().manual_seed(1)) * 40)
    found = histograms(seen, readings(compiled))["layer"]
    expected = far(seen["layer"]).float().mean().item()
    assert found.saturated == pytest.approx(expected, abs=1e-6)
    assert (expected > 0) == (layer not in ("ReLU", "Linear"))


def test_every_layers_bounds_hold_what_comes_out() -> None:
    for cls in load():
        try:
            bounds = cls().bounds()
        except TypeError:
            continue
        assert bounds is None or bounds[0] < bounds[1]


def test_other_output_ports_are_told_too_and_are_kept_with_the_run() -> None:
    fields = {"x": TensorType.of("N T F", "N", 5, 3), "value": TensorType.of("N F", "N", 2)}
    net = NetworkBuilder()
    x, value = (net.add("Input", field=name, name=name) for name in fields)
    guess = net.add("Linear", net.add("LSTM", x, hidden_size=4, name="memory").last, out_features=2, name="guess")
    net.add("MSELoss", guess, value, name="error")
    compiled = compile_network(with_names_as_ids(net.network), fields, seed=0)
    batch = (torch.randn(8, 5, 3), torch.randn(8, 2))
    observing = Observing(compiled, compiled.observed)
    results, *seen = observing.forward(*batch)
    assert torch.equal(results["error"], compiled.training(*batch)["error"])
    told = Activations(step=3, time=1.0, **observing.told(*seen))
    assert told.layers.keys() == {"x", "value", "memory", "guess", "error"}
    assert {id: set(ports) for id, ports in told.ports.items()} == {"memory": {"last", "hidden", "cell"}}
    with torch.no_grad():
        _, last, _, cell = compiled.modules["memory"](batch[0])
    assert told.ports["memory"]["cell"].mean == pytest.approx(cell.mean().item(), abs=1e-6)
    assert told.ports["memory"]["last"].high == pytest.approx(last.max().item())
    kind, header, data = encode(told)
    again = decode(kind, 3, 1.0, header, data)
    assert isinstance(again, Activations)
    assert again.ports["memory"]["cell"].mean == told.ports["memory"]["cell"].mean
    np.testing.assert_array_equal(again.ports["memory"]["last"].counts, told.ports["memory"]["last"].counts)


def test_on_another_device_the_same_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "relu": torch.randn(50, 6).relu_() * torch.tensor([0, 1, 1, 1, 1, 1]),
        "tanh": torch.randn(50, 6).mul_(3).tanh_(), "bad": torch.tensor([[1.0, float("nan")], [2.0, 0.0]]),
        "ints": torch.arange(6),
    }  # fmt: skip
    how = {"relu": Reading(1), "tanh": Reading(1, (-1.0, 1.0)), "bad": Reading(1)}
    here = histograms(values, how)
    monkeypatch.setattr(probes, "_near", lambda _: False)
    away = histograms(values, how)
    assert list(here) == list(away)
    for id, one in here.items():
        other = away[id]
        for name in ("low", "high", "mean", "std", "zeros", "bad", "saturated", "dead"):
            assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-5), (id, name)
        assert np.abs(np.cumsum(one.counts) - np.cumsum(other.counts)).max() <= 2


# Gradients.


def parameters(seed: int, *shapes: tuple[int, ...]) -> tuple[list[nn.Parameter], Callable[[], None]]:
    drawn = torch.Generator().manual_seed(seed)
    made = [nn.Parameter(torch.zeros(shape)) for shape in shapes]
    means = [torch.randn(shape, generator=drawn) for shape in shapes]

    def step() -> None:
        for parameter, mean in zip(made, means, strict=True):
            parameter.grad = mean + torch.randn(parameter.shape, generator=drawn)

    return made, step


@given(st.integers(0, 100), st.integers(LEAST, WINDOW + 5))
@settings(max_examples=20)
def test_signal_and_noise_are_those_of_the_last_batches(seed: int, batches: int) -> None:
    made, step = parameters(seed, (3, 4), (5,))
    seen: list[list[torch.Tensor]] = []
    followed = Noise(made)
    for _ in range(batches):
        step()
        followed.take()
        seen.append([parameter.grad.clone() for parameter in made if parameter.grad is not None])
    told = followed.norms()
    for place in range(2):
        last = torch.stack([gradients[place] for gradients in seen[-WINDOW:]])
        assert told[0][place] == pytest.approx(last.mean(0).norm().item(), rel=1e-4)
        assert told[1][place] == pytest.approx(last.std(0).norm().item(), rel=1e-4)


def test_nothing_is_said_of_few_batches_and_large_networks_are_followed_in_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(noise, "WINDOW", 8)
    made, step = parameters(1, (300, 1000), (10,))
    followed = Noise(made)
    for _ in range(LEAST - 1):
        step()
        followed.take()
    assert not followed.norms()
    step()
    made[1].grad = None
    followed.take()
    mean, spread = followed.norms()
    assert mean[0] / spread[0] == pytest.approx((1 + 1 / LEAST) ** 0.5, rel=0.1)  # means of 1, noise of 1
    assert (
        sum(tensor.numel() for tensor in vars(followed).values() if isinstance(tensor, torch.Tensor)) < 9 * 2 * FOLLOWED
    )


def test_a_nodes_signal_is_over_all_its_weights(make_classifier: Callable[..., Compiled]) -> None:
    compiled = make_classifier()
    norms = Norms(compiled, list(compiled.training.parameters()))
    count = len(norms.parameters)
    for parameter in norms.parameters:
        parameter.grad = torch.ones_like(parameter)
    rows = [torch.full((count,), 3.0), torch.full((count,), 1.5)]
    signal = norms.measure(norms.gradients(), [], rows)[3]
    assert signal == pytest.approx(dict.fromkeys(norms.nodes, 2.0))
    rows[1][:2] = 0.0  # gradients that never differ have no ratio
    assert len(norms.measure(norms.gradients(), [], rows)[3]) == len(norms.nodes) - 1


# Time.


def test_time_is_told_by_node_forward_and_backward(
    make_classifier: Callable[..., Compiled], node_id: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled, now = make_classifier(), [0.0]
    monkeypatch.setattr(timings, "perf_counter", lambda: now[0])

    class Slow(torch.autograd.Function):
        @staticmethod
        def forward(_: Any, x: torch.Tensor) -> torch.Tensor:
            now[0] += 3.0
            return x.clone()

        @staticmethod
        def backward(_: Any, gradient: torch.Tensor) -> torch.Tensor:
            now[0] += 5.0
            return gradient

    compiled.modules[node_id(compiled, "relu")].forward = Slow.apply
    watch = Stopwatch(Route(compiled.observed, [spec.node for spec in compiled.inputs]), torch.device("cpu"))
    batch = (torch.randn(4, 4), torch.tensor([0, 1, 1, 0]))
    out = watch.forward(batch)
    out[node_id(compiled, "entropy")].backward()
    forward, backward = watch.stop()
    names = {compiled.name(id): (forward[id], backward.get(id, 0.0)) for id in forward}
    assert names == {"hidden": (0.0, 0.0), "relu": (3.0, 5.0), "scores": (0.0, 0.0), "entropy": (0.0, 0.0)}
    assert set(backward) == set(forward)


def test_a_slice_of_an_input_is_looked_at_as_a_layer_of_its_own() -> None:
    net = NetworkBuilder()
    kept = net.add("Slice", net.add("Input", name="x", field="features"), name="kept", end=2)
    net.add("Output", net.add("Linear", kept, name="scores", out_features=1), name="answer", kind="values")
    compiled = compile_network(net.network, {"features": TensorType.of("N F", "N", 4)})
    route = Route(compiled.observed, [spec.node for spec in compiled.inputs])
    owners = {compiled.name(id) for id in route.owner.values()}
    assert owners == {"kept", "scores"}


def test_a_step_that_is_timed_gives_the_numbers_of_one_that_is_not(
    make_two_headed: Callable[..., Compiled], bodies: dict[str, Any]
) -> None:
    compiled = make_two_headed(bodies["rich"])
    compiled.train()
    batch = (torch.randn(6, 4), torch.tensor([0, 1, 0, 1, 1, 0]), torch.randn(6, 1))
    watch = Stopwatch(Route(compiled.observed, [spec.node for spec in compiled.inputs]), torch.device("cpu"))
    found = []
    for forward in (compiled.training, lambda *inputs: watch.forward(inputs)):
        compiled.training.zero_grad()
        torch.manual_seed(3)
        out = forward(*batch)
        (out["entropy"] + out["error"]).backward()
        found.append((out, [parameter.grad.clone() for parameter in compiled.training.parameters()]))
    (plain, expected), (timed, gradients) = found
    assert plain.keys() == timed.keys()
    assert all(torch.equal(plain[name], timed[name]) for name in plain)
    assert all(torch.equal(a, b) for a, b in zip(expected, gradients, strict=True))


# A run.


def trained(compiled: Compiled, data: Any, plan: Plan, control: Control | None = None) -> list[Event]:
    events = list(run(compiled, data, plan, control))
    assert isinstance(events[-1], RunFinished), events[-1]
    return events


def losses(events: list[Event]) -> np.ndarray[Any, Any]:
    return np.concatenate([event.losses for event in events if isinstance(event, Steps)])


def test_the_same_run_comes_of_it_however_much_is_watched(
    make_classifier: Callable[..., Compiled], blobs: Any, bodies: dict[str, Any]
) -> None:
    plan = Plan(epochs=12, batch_size=8, optimizer="Adam", learning_rate=0.01, device="cpu", threads=1)
    unseen, watched = make_classifier(bodies["rich"]), make_classifier(bodies["rich"])
    before = losses(trained(unseen, blobs, plan.with_(watching=1e-9)))
    control = Control()
    control.look_into(watched.resolution.order, "validation", 3)
    events = trained(watched, blobs, plan.with_(watching=1.0), control)
    kinds = {type(event) for event in events}
    assert {Activations, Gradients, Weights, Timings, Insides} <= kinds
    np.testing.assert_array_equal(losses(events), before)
    weights = unseen.training.state_dict()
    assert all(torch.equal(weights[name], tensor) for name, tensor in watched.training.state_dict().items())


def test_what_is_seen_last_is_what_came_of_the_run_however_short_it_was(
    make_classifier: Callable[..., Compiled], blobs: Any
) -> None:
    plan = Plan(epochs=4, batch_size=25, device="cpu", threads=1)
    events = trained(make_classifier(), blobs, plan)
    steps = sum(len(event.losses) for event in events if isinstance(event, Steps))
    for kind in (Gradients, Activations, Weights):
        assert [event.step for event in events if isinstance(event, kind)][-1] == steps


def test_weights_are_told_by_node_and_parameter_as_they_are(
    make_classifier: Callable[..., Compiled], blobs: Any
) -> None:
    compiled = make_classifier()
    plan = Plan(epochs=3, batch_size=25, learning_rate=1e-30, optimizer="SGD", device="cpu", threads=1, watching=1.0)
    events = trained(compiled, blobs, plan)
    told = next(event for event in events if isinstance(event, Weights))
    assert {compiled.name(id) for id in told.layers} == {"hidden", "scores"}
    for id, layer in told.layers.items():
        assert set(layer) == {"weight", "bias"}
        for name, histogram in layer.items():
            values = getattr(compiled.modules[id], name).detach().numpy()
            assert histogram.counts.sum() == values.size
            assert histogram.mean == pytest.approx(values.mean(), abs=1e-6)
            assert histogram.high == pytest.approx(values.max())


def test_what_is_looked_into_is_told_of_the_sample_that_was_chosen(
    make_classifier: Callable[..., Compiled], blobs: Any, node_id: Callable[..., str]
) -> None:
    compiled, control = make_classifier(), Control()
    plan = Plan(epochs=3, batch_size=25, device="cpu", threads=1, watching=1.0)
    control.look_into([node_id(compiled, "x"), node_id(compiled, "hidden")], "test", 7)
    told = next(event for event in trained(compiled, blobs, plan, control) if isinstance(event, Insides))
    assert (told.split, told.sample) == ("test", 7)
    np.testing.assert_array_equal(told.nodes[node_id(compiled, "x")].values, blobs.arrays("test")["x"][7])
    assert told.nodes[node_id(compiled, "hidden")].values.shape == (8,)
    control.look_into([node_id(compiled, "x")], "test", 10_000)  # no such row: nothing to tell, and nothing fails
    assert not any(isinstance(event, Insides) for event in trained(compiled, blobs, plan, control))


def test_predictions_are_told_within_a_long_epoch_too(
    make_classifier: Callable[..., Compiled], blobs: Any, node_id: Callable[..., str]
) -> None:
    compiled = make_classifier()
    plan = Plan(epochs=1, batch_size=2, learning_rate=1e-30, optimizer="SGD", device="cpu", threads=1, watching=1.0)
    events = trained(compiled, blobs, plan)
    within, *_, ended = (event for event in events if isinstance(event, Samples))
    answer = node_id(compiled, "answer")
    assert within.step < ended.step
    np.testing.assert_array_equal(within.indices, ended.indices)
    np.testing.assert_allclose(within.outputs[answer], ended.outputs[answer], atol=1e-6)


def test_with_phases_every_instrument_sees_each_of_them(make_two_headed: Callable[..., Compiled], blobs: Any) -> None:
    compiled = make_two_headed()
    phases = (
        Phase(name="label", losses=("entropy",), trains=("hidden", "scores"), steps=2),
        Phase(name="value", losses=("error",), trains=("guess",)),
    )
    plan = Plan(epochs=250, batch_size=8, device="cpu", threads=1, watching=1.0, phases=phases)
    events = trained(compiled, blobs, plan)
    gradients = [set(event.gradients) for event in events if isinstance(event, Gradients)]
    assert {"hidden", "scores"} in gradients
    assert {"guess"} in gradients
    assert {"guess", "scores"} <= {id for event in events if isinstance(event, Activations) for id in event.layers}
    assert {id for event in events if isinstance(event, Weights) for id in event.layers} == {
        "hidden",
        "scores",
        "guess",
    }
