"""What a person is told when training goes wrong, and what is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import TensorType
from nnstudio.train.events import EpochEnded, FlightRecorded, RunFailed, RunFinished, Steps
from nnstudio.train.failures import went_bad
from nnstudio.train.loop import run
from nnstudio.train.plan import Plan
from nnstudio.train.replay import Culprit

Make = Callable[..., Compiled]


def finite(compiled: Compiled) -> bool:
    return all(bool(value.isfinite().all()) for value in compiled.training.state_dict().values())


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_where_there_is_none_is_one_sentence(blobs: Any, make_classifier: Make) -> None:
    (failure,) = run(make_classifier(), blobs, Plan(device="cuda"))
    assert isinstance(failure, RunFailed)
    assert "cuda" in failure.message
    assert "auto" in failure.hint


def test_bad_numbers_in_the_data_name_the_step_and_the_input(
    make_blobs: Any, make_classifier: Make, node_id: Any
) -> None:
    blobs, compiled = make_blobs(train=40), make_classifier()
    blobs.splits["train"]["x"][17, 2] = np.nan
    events = list(run(compiled, blobs, Plan(epochs=5, batch_size=10)))
    failure = events[-1]
    assert isinstance(failure, RunFailed)
    assert failure.node == node_id(compiled, "x")
    losses = np.concatenate([event.losses for event in events if isinstance(event, Steps)])
    assert failure.step == int(np.argmax(~np.isfinite(losses))) < 4
    assert f"step {failure.step + 1}" in failure.message
    assert "“x”" in failure.message
    assert finite(compiled)
    flight = events[-2]
    assert isinstance(flight, FlightRecorded)
    assert (flight.sample, flight.value, flight.what) == (17, "NaN", "data")
    assert 17 in flight.rows
    assert "row 18 of the training data" in failure.message


def dividing() -> Compiled:
    """The square root of a sum that becomes negative: NaN arises in the middle of the network."""
    from nnstudio.layers import TensorType

    net = NetworkBuilder()
    x, value = net.add("Input", field="x", name="x"), net.add("Input", field="value", name="value")
    first = net.add("Linear", x, out_features=4, name="first")
    middle = net.add("Linear", first, out_features=4, name="middle")
    net.add("MSELoss", net.add("Linear", middle, out_features=1, name="last"), value, name="error")
    types = {"x": TensorType.of("N F", "N", 4), "value": TensorType.of("N F", "N", 1)}
    return compile_network(net.network, types, 0)


def test_an_output_that_goes_bad_names_its_node_and_step(blobs: Any, node_id: Any) -> None:
    compiled, calls = dividing(), []

    def poison(module: Any, _: Any, output: torch.Tensor) -> torch.Tensor:
        """Infinite from where a weight has the value that it has at step 7; so a repeated run meets it there too."""
        if not module.training:
            return output
        calls.append(float(module.weight.detach().sum()))
        bad = len(calls) > 7 and calls[-1] == calls[7]
        return output * torch.tensor(float("inf")) if bad else output

    compiled.modules[node_id(compiled, "middle")].register_forward_hook(poison)
    events = list(run(compiled, blobs, Plan(epochs=5, batch_size=10, optimizer="SGD", learning_rate=1e-4)))
    failure = events[-1]
    assert isinstance(failure, RunFailed)
    assert (failure.node, failure.step) == (node_id(compiled, "middle"), 7)
    assert finite(compiled)
    flight = events[-2]
    assert isinstance(flight, FlightRecorded)
    assert (flight.epoch, flight.batch, flight.value) == (2, 2, "Inf")
    assert flight.steps.tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    outputs = flight.outputs[:, flight.nodes.index(node_id(compiled, "middle"))]
    assert np.isfinite(outputs[:-1]).all()
    assert np.isinf(outputs[-1])
    assert np.allclose(flight.losses[:7], np.concatenate([e.losses for e in events if isinstance(e, Steps)])[:7])


def test_a_gradient_that_goes_bad_names_its_node(blobs: Any, node_id: Any) -> None:
    compiled = dividing()
    weight = compiled.modules[node_id(compiled, "first")].weight
    weight.register_hook(lambda gradient: gradient * float("inf"))  # type: ignore[operator, union-attr]
    failure = list(run(compiled, blobs, Plan(epochs=5, batch_size=10)))[-1]
    assert isinstance(failure, RunFailed)
    assert (failure.node, failure.step) == (node_id(compiled, "first"), 0)
    assert "gradient" in failure.message
    assert finite(compiled)


def test_the_sample_whose_gradient_goes_bad_is_found(blobs: Any, node_id: Any) -> None:
    compiled = dividing()
    blobs.splits["train"]["x"][31] = 0.0

    def spoil(_: Any, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        """The gradient of samples that are all zero is infinite."""
        if output.requires_grad:
            zero = (inputs[0] == 0).all(dim=1, keepdim=True)
            output.register_hook(lambda gradient: gradient.masked_fill(zero, float("inf")))

    compiled.modules[node_id(compiled, "first")].register_forward_hook(spoil)
    *_, flight, failure = run(compiled, blobs, Plan(epochs=2, batch_size=10))
    assert isinstance(failure, RunFailed)
    assert isinstance(flight, FlightRecorded)
    assert (flight.what, flight.node, flight.sample) == ("gradient", node_id(compiled, "first"), 31)
    assert "row 32" in failure.message


def test_a_rate_far_too_high_stops_the_run_and_keeps_finite_weights(blobs: Any) -> None:
    compiled = dividing()
    events = list(run(compiled, blobs, Plan(epochs=200, batch_size=10, optimizer="SGD", learning_rate=900.0)))
    failure = events[-1]
    assert isinstance(failure, RunFailed)
    assert failure.node
    assert "learning rate" in failure.hint
    assert finite(compiled)


def test_after_a_failure_the_best_epochs_weights_are_kept(blobs: Any, node_id: Any) -> None:
    compiled, plan = dividing(), Plan(epochs=30, batch_size=50, learning_rate=0.01)
    weight = compiled.modules[node_id(compiled, "first")].weight
    calls: list[int] = []

    def later_bad(gradient: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        return gradient * float("nan") if len(calls) > 20 else gradient

    weight.register_hook(later_bad)  # type: ignore[operator, union-attr]
    events = list(run(compiled, blobs, plan))
    assert isinstance(events[-1], RunFailed)
    best = [event for event in events if isinstance(event, EpochEnded) and event.best][-1]
    from nnstudio.train.evaluate import evaluate

    assert evaluate(compiled, blobs, "validation") == pytest.approx(best.validation)


def test_memory_that_runs_out_is_one_sentence_with_the_batch_size(
    blobs: Any, make_classifier: Make, node_id: Any
) -> None:
    compiled = make_classifier()
    calls: list[int] = []

    def exhaust(*_: Any) -> None:
        calls.append(1)
        if len(calls) == 5:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    handle = compiled.modules[node_id(compiled, "hidden")].register_forward_pre_hook(exhaust)
    failure = list(run(compiled, blobs, Plan(epochs=3, batch_size=10)))[-1]
    assert isinstance(failure, RunFailed)
    assert "Memory ran out" in failure.message
    assert "10" in failure.message
    assert "batch size of 5" in failure.hint
    assert "OutOfMemoryError" in failure.detail
    handle.remove()
    assert isinstance(list(run(compiled, blobs, Plan(epochs=1)))[-1], RunFinished)


def test_an_error_in_a_layer_is_a_sentence_with_details(blobs: Any, make_classifier: Make, node_id: Any) -> None:
    compiled = make_classifier()

    def fail(*_: Any) -> None:
        raise RuntimeError("the layer broke\nsecond line")

    compiled.modules[node_id(compiled, "hidden")].register_forward_pre_hook(fail)
    failure = list(run(compiled, blobs, Plan()))[-1]
    assert isinstance(failure, RunFailed)
    assert failure.message == "Training failed: the layer broke"
    assert "Traceback" in failure.detail


def test_a_field_that_the_data_lacks_names_the_input(make_blobs: Any, make_classifier: Make, node_id: Any) -> None:
    blobs, compiled = make_blobs(), make_classifier()
    del blobs.splits["train"]["x"]
    (failure,) = run(compiled, blobs, Plan())
    assert isinstance(failure, RunFailed)
    assert failure.node == node_id(compiled, "x")
    assert "“x”" in failure.message


def test_a_network_without_weights_or_without_a_loss_is_told(blobs: Any) -> None:
    from nnstudio.layers import TensorType

    types = {"x": TensorType.of("N F", "N", 4), "value": TensorType.of("N F", "N", 1)}
    net = NetworkBuilder()
    x = net.add("Input", field="x", name="x")
    net.add("Output", net.add("ReLU", x), name="answer")
    (failure,) = run(compile_network(net.network, types), blobs, Plan())
    assert isinstance(failure, RunFailed)
    assert "no loss" in failure.message
    net.add("MSELoss", x, x, name="error")
    (failure,) = run(compile_network(net.network, types), blobs, Plan())
    assert isinstance(failure, RunFailed)
    assert "nothing to train" in failure.message


def test_batch_normalisation_on_single_samples_says_what_to_do(blobs: Any, make_classifier: Make, bodies: Any) -> None:
    failure = list(run(make_classifier(bodies["rich"]), blobs, Plan(batch_size=1)))[-1]
    assert isinstance(failure, RunFailed)
    assert "at least two samples" in failure.message


@pytest.mark.parametrize(("blamed", "value", "expected"), [
    ("loss", "Inf", "turn on Leave out impossible"), ("loss", "NaN", "lower the learning rate"),
    ("scores", "Inf", "lower the learning rate"),
])  # fmt: skip
def test_a_target_that_does_not_fit_into_its_steps_is_told_as_such(blamed: str, value: Any, expected: str) -> None:
    net = NetworkBuilder()
    scores = net.add("Linear", net.add("Input", field="sound"), out_features=6, name="scores")
    net.add("CTCLoss", net.add("LogSoftmax", scores), net.add("Input", field="text"), name="loss")
    fields = {
        "sound": TensorType.of("N T F", "N", 4, 3),
        "text": TensorType.of("N S", "N", 3, dtype="int64", classes=6),
    }
    compiled = compile_network(net.network, fields, seed=0)
    id = compiled.network.named(blamed).id
    culprit = Culprit(step=0, node=id, what="output", value=value, epoch=0, batch=0, sample=-1)
    assert expected in went_bad(culprit, compiled, 0.0).hint
