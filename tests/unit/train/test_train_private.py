"""Private training: clipped gradients of single samples with noise, and what that gives away."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.data.augment import Mixup
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import load
from nnstudio.train import mixing, privacy
from nnstudio.train.batches import Rows
from nnstudio.train.control import Control
from nnstudio.train.environment import TrainingError
from nnstudio.train.events import EpochEnded, Event, Gradients, PrivacySpent, RunFailed, RunFinished, Steps
from nnstudio.train.history import History
from nnstudio.train.loop import run
from nnstudio.train.losses import Losses
from nnstudio.train.phases import Phase
from nnstudio.train.plan import Plan
from nnstudio.train.private import PrivateGradients, batches_of
from nnstudio.train.state import State
from nnstudio.train.stepping import Stepper

CPU = torch.device("cpu")
PRIVATE = Plan(private=True, repeatable=True, threads=1, batch_size=10, epochs=3, learning_rate=0.01)


def begun(compiled: Compiled, data: Any, plan: Plan = PRIVATE) -> tuple[State, Any]:
    """A run's state and its batches, before the first step."""
    state = State(compiled, plan, CPU)
    rows = Rows(compiled.inputs, data.arrays("train"), data.count("train"), CPU)
    return state, batches_of(state, rows)


def gradients_of(state: State) -> PrivateGradients:
    private = state.tracks.all[0].private
    assert private is not None
    return private


# -- the accountant --------------------------------------------------------------------------------------------

#: Share of rows, noise multiplier, steps, δ; ε as dp-accounting 0.6 works it out by Rényi divergences, and the ε of its
#: privacy loss distributions, which is exact but for rounding. The second row is the MNIST tutorial of TF Privacy.
KNOWN = [
    (0.01, 1.0, 1000, 1e-5, 2.1013665, 1.8282436),
    (256 / 60000, 1.1, 60 * 234, 1e-5, 2.5943634, 2.3796435),
    (32 / 1437, 1.0, 900, 1e-5, 4.6136729, 4.1606655),
    (1.0, 4.0, 10, 1e-5, 3.6170998, 3.3414095),
    (0.02, 2.0, 500, 1e-6, 1.1544682, 1.0626103),
]


@pytest.mark.parametrize(("rate", "noise", "steps", "delta", "known", "exact"), KNOWN)
def test_epsilon_is_what_others_work_out(
    rate: float, noise: float, steps: int, delta: float, known: float, exact: float
) -> None:
    found = privacy.epsilon([(rate, noise, steps)], delta)
    assert found == pytest.approx(known, rel=1e-4)
    assert found > exact, "a bound from Rényi divergences lies above the exact value"


@pytest.mark.parametrize("order", [1.5, 2.0, 7.3, 40.0])
def test_without_sampling_the_divergence_is_that_of_two_gaussians(order: float) -> None:
    assert privacy.divergence(1.0, 2.5, order) == pytest.approx(order / (2 * 2.5**2))


@settings(max_examples=25, deadline=None)
@given(st.floats(0.001, 0.5), st.floats(0.3, 8.0), st.integers(2, 40))
def test_the_integral_and_the_sum_agree(rate: float, noise: float, order: int) -> None:
    assert privacy._integral(rate, noise, order) == pytest.approx(privacy._sum(rate, noise, order), rel=1e-6, abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 500), st.integers(1, 500), st.sampled_from([0.5, 1.0, 2.0]), st.sampled_from([0.01, 0.1, 1.0]))
def test_epsilon_grows_with_steps_and_rows_and_falls_with_noise(
    steps: int, more: int, noise: float, rate: float
) -> None:
    here = privacy.epsilon([(rate, noise, steps)], 1e-5)
    assert 0 < here < privacy.epsilon([(rate, noise, steps), (rate, noise, more)], 1e-5)
    assert privacy.epsilon([(rate, 2 * noise, steps)], 1e-5) < here
    assert privacy.epsilon([(rate / 2, noise, steps)], 1e-5) < here
    assert privacy.epsilon([(rate, noise, steps)], 1e-3) < here


def test_noise_is_found_for_an_epsilon() -> None:
    plan = PRIVATE.with_(epochs=20, batch_size=32)
    noise = privacy.noise_for(plan, 1437, 3.0)
    assert privacy.forecast(plan.with_(noise_multiplier=noise), 1437) <= 3.0
    assert privacy.forecast(plan.with_(noise_multiplier=noise - 0.01), 1437) > 3.0
    with pytest.raises(ValueError, match="no noise"):
        privacy.noise_for(plan, 1437, 0.0)


def test_an_epsilon_is_told_rounded_up() -> None:
    assert [privacy.figure(value) for value in (0.0, 0.01234, 2.3012, 99.91, 1234.2)] == [
        "0", "0.0124", "2.31", "100.0", "1,235",
    ]  # fmt: skip


# -- gradients -------------------------------------------------------------------------------------------------


def test_no_sample_counts_more_than_the_clipping_norm(make_classifier: Callable[..., Compiled], blobs: Any) -> None:
    plan = PRIVATE.with_(sample_norm=0.05, noise_multiplier=0.01)
    state, batches = begun(make_classifier(), blobs, plan)
    private = gradients_of(state)
    batch = next(each for each in batches.epoch(0) if len(each[0]) > 4)
    found, _, _ = private.samples(batch)
    assert all(norm > 0.05 for norm in _norms(found)), "else clipping would change nothing here"
    state.secret.noise.manual_seed(1)
    private(batch)
    own = torch.cat([parameter.grad.flatten() for parameter in private.parameters.values()])
    state.secret.noise.manual_seed(1)
    private(tuple(tensor[1:] for tensor in batch))
    without = torch.cat([parameter.grad.flatten() for parameter in private.parameters.values()])
    one = float((own - without).norm()) * private.drawn.expected
    assert one == pytest.approx(0.05, rel=1e-3), "one sample more moves the sum by the norm and no further"


def test_short_gradients_are_left_as_they_are(make_classifier: Callable[..., Compiled], blobs: Any) -> None:
    plan = PRIVATE.with_(sample_norm=1e4, noise_multiplier=0.01)
    state, _ = begun(make_classifier(), blobs, plan)
    batch = _rows_of(state, blobs, 10)
    private = gradients_of(state)
    private._add_noise = lambda sums, _: [total.div_(10) for total in sums.values()] and None  # type: ignore
    private(batch)
    found = {name: parameter.grad.clone() for name, parameter in private.parameters.items()}
    for parameter in private.parameters.values():
        parameter.grad = None
    track = state.tracks.all[0]
    track.objective.total(track.part.training(*batch)).backward()
    for name, parameter in private.parameters.items():
        torch.testing.assert_close(found[name], parameter.grad)


def test_the_noise_has_the_deviation_that_the_plan_says(make_classifier: Callable[..., Compiled], blobs: Any) -> None:
    plan = PRIVATE.with_(sample_norm=0.5, noise_multiplier=3.0)
    state, _ = begun(make_classifier(), blobs, plan)
    private = gradients_of(state)
    nothing = _rows_of(state, blobs, 0)
    drawn = []
    for _ in range(200):
        private(nothing)
        drawn.append(torch.cat([parameter.grad.flatten() for parameter in private.parameters.values()]))
    noise = torch.stack(drawn) * private.drawn.expected
    assert float(noise.std()) == pytest.approx(3.0 * 0.5, rel=0.03)
    assert abs(float(noise.mean())) < 0.05


def test_samples_one_by_one_give_what_all_at_once_give(make_two_headed: Callable[..., Compiled], blobs: Any) -> None:
    state, _ = begun(make_two_headed(), blobs)
    private, batch = gradients_of(state), _rows_of(state, blobs, 6)
    private.together, private.held = True, 4
    first, _, totals = private.samples(batch)
    private.together = False
    second, _, again = private.samples(batch)
    torch.testing.assert_close(totals, again)
    for name in first:
        torch.testing.assert_close(first[name], second[name])


# -- batches ---------------------------------------------------------------------------------------------------


def test_batches_are_drawn_row_by_row(make_classifier: Callable[..., Compiled], make_blobs: type) -> None:
    _, batches = begun(make_classifier(), make_blobs(train=200), PRIVATE.with_(batch_size=20))
    sizes, seen = [], np.zeros(200)
    for epoch in range(40):
        for at, batch in enumerate(batches.epoch(epoch)):
            rows = batches.rows_of(epoch, at)
            assert len(rows) == len(set(rows)) == len(batch[0])
            seen[list(rows)] += 1
            sizes.append(len(rows))
    assert len(sizes) == 400, "as many steps as without privacy"
    assert np.mean(sizes) == pytest.approx(20, rel=0.05)
    assert np.var(sizes) == pytest.approx(200 * 0.1 * 0.9, rel=0.25), "sizes vary as independent draws do"
    assert seen.min() > 15, "every row has its chance"


def test_a_step_may_draw_no_rows(make_classifier: Callable[..., Compiled], make_blobs: type) -> None:
    events = list(run(make_classifier(), make_blobs(train=6), PRIVATE.with_(batch_size=1)))
    assert isinstance(events[-1], RunFinished)
    losses = np.concatenate([event.losses for event in events if isinstance(event, Steps)])
    assert len(losses) == 18
    assert np.isfinite(losses).all()


# -- runs ------------------------------------------------------------------------------------------------------


def spent(events: list[Event]) -> list[PrivacySpent]:
    return [event for event in events if isinstance(event, PrivacySpent)]


def test_a_private_run_tells_what_it_gave_away(make_classifier: Callable[..., Compiled], blobs: Any) -> None:
    history, events = History(), []
    for event in run(make_classifier(), blobs, PRIVATE):
        history.feed(event)
        events.append(event)
    told = spent(events)
    assert isinstance(events[-1], RunFinished)
    assert told[0].epsilon == 0.0
    assert [each.epsilon for each in told] == sorted(each.epsilon for each in told)
    assert told[-1].epsilon == pytest.approx(told[0].planned) == pytest.approx(privacy.forecast(PRIVATE, 50))
    assert (told[-1].rows, told[-1].of, told[-1].noise, told[-1].norm) == (10, 50, 1.0, 1.0)
    assert [each.step for each in history.privacy][-3:] == [5, 10, 15]
    assert {"gradients"} <= {name for event in events if isinstance(event, Gradients) for name in ("gradients",)}


def test_without_privacy_nothing_of_it_is_told(make_classifier: Callable[..., Compiled], blobs: Any) -> None:
    assert not spent(list(run(make_classifier(), blobs, Plan(epochs=1, threads=1))))


def test_the_noise_of_two_runs_differs_unless_it_is_repeatable(
    make_classifier: Callable[..., Compiled], blobs: Any
) -> None:
    def weights(plan: Plan) -> torch.Tensor:
        compiled = make_classifier()
        list(run(compiled, blobs, plan))
        return torch.cat([parameter.detach().flatten() for parameter in compiled.training.parameters()])

    once = PRIVATE.with_(epochs=1)
    assert torch.equal(weights(once), weights(once))
    hidden = once.with_(repeatable=False)
    assert not torch.equal(weights(hidden), weights(hidden))


def _until(events: Any, steps: int, control: Control) -> list[Event]:
    found = []
    for event in events:
        found.append(event)
        if event.step >= steps:
            control.stop()
    return found


def test_a_private_run_goes_on_exactly(make_classifier: Callable[..., Compiled], blobs: Any, tmp_path: Any) -> None:
    """With its secret: noise, batches and what was spent go on, also where no one can repeat them."""
    compiled, control = make_classifier(), Control()
    plan = PRIVATE.with_(repeatable=False, epochs=4)
    _until(run(compiled, blobs, plan, control, checkpoints=tmp_path, run_id="a"), 7, control)
    ends = []
    for _ in range(2):
        again = make_classifier()
        events = list(run(again, blobs, plan.with_(keep_best=False), resume=_kept(tmp_path), checkpoints=None))
        assert isinstance(events[-1], RunFinished), events[-1]
        assert spent(events)[-1].epsilon == pytest.approx(privacy.forecast(plan, 50))
        ends.append(torch.cat([parameter.detach().flatten() for parameter in again.training.parameters()]))
    assert torch.equal(*ends)


def test_a_private_run_that_was_cut_off_is_the_run_that_was_not(
    make_classifier: Callable[..., Compiled], bodies: Any, blobs: Any, tmp_path: Any
) -> None:
    def body(net: Any, x: Any) -> Any:
        return net.add("Dropout", bodies["plain"](net, x), p=0.5, name="dropout")

    whole, cut, control = make_classifier(body), make_classifier(body), Control()
    list(run(whole, blobs, PRIVATE))
    _until(run(cut, blobs, PRIVATE, control, checkpoints=tmp_path, run_id="a"), 7, control)
    list(run(cut, blobs, PRIVATE, resume=_kept(tmp_path)))
    for one, other in zip(whole.training.parameters(), cut.training.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_fork_has_noise_of_its_own(make_classifier: Callable[..., Compiled], blobs: Any, tmp_path: Any) -> None:
    compiled, control = make_classifier(), Control()
    plan = PRIVATE.with_(repeatable=False, epochs=4, keep_best=False)
    _until(run(compiled, blobs, plan, control, checkpoints=tmp_path, run_id="a"), 7, control)
    ends = []
    for _ in range(2):
        again = make_classifier()
        events = list(run(again, blobs, plan, resume=_kept(tmp_path), fork=True))
        assert spent(events)[0].epsilon > 0, "what the parent spent counts"
        ends.append(torch.cat([parameter.detach().flatten() for parameter in again.training.parameters()]))
    assert not torch.equal(*ends)


def test_looking_at_a_private_step_changes_nothing_of_it(
    make_classifier: Callable[..., Compiled], bodies: Any, blobs: Any
) -> None:
    def body(net: Any, x: Any) -> Any:
        return net.add("Dropout", bodies["plain"](net, x), p=0.5, name="dropout")

    def weights(how: str) -> torch.Tensor:
        torch.manual_seed(5)
        compiled = make_classifier(body)
        state, batches = begun(compiled, blobs)
        stepper = Stepper(compiled, state, Losses(state), batches.steps_per_epoch)
        compiled.train()
        track, at = state.tracks.all[0], lambda: {"step": 0, "time": 0.0}
        for batch in (*batches.epoch(0), _rows_of(state, blobs, 0)):
            finish = stepper.finisher(track)
            if how == "plain":
                finish(*gradients_of(state)(batch))
                continue
            looker = stepper.lookers[track]
            seen = looker.timed(batch, finish, at) if how == "timed" else looker.look(
                batch, finish, at, ("activations", "gradients")
            )  # fmt: skip
            assert seen or not len(batch[0])
        return torch.cat([parameter.detach().flatten() for parameter in compiled.training.parameters()])

    assert torch.equal(weights("plain"), weights("looked at"))
    assert torch.equal(weights("plain"), weights("timed"))


def test_privacy_is_not_switched_on_in_the_middle(
    make_classifier: Callable[..., Compiled], blobs: Any, tmp_path: Any
) -> None:
    plan = Plan(epochs=2, threads=1)
    list(run(make_classifier(), blobs, plan, checkpoints=tmp_path, run_id="a"))
    ended = list(run(make_classifier(), blobs, plan.with_(private=True, epochs=4), resume=_kept(tmp_path)))[-1]
    assert isinstance(ended, RunFailed)
    assert "private training" in ended.message


def test_more_noise_midway_is_counted_from_there(make_classifier: Callable[..., Compiled], blobs: Any) -> None:
    control, events = Control(), []
    for event in run(make_classifier(), blobs, PRIVATE, control):
        events.append(event)
        if isinstance(event, EpochEnded) and event.epoch == 1:
            control.change_plan({"noise_multiplier": 4.0})
    expected = privacy.epsilon([(0.2, 1.0, 5), (0.2, 4.0, 10)], PRIVATE.delta)
    assert spent(events)[-1].epsilon == pytest.approx(expected)


def test_it_learns_all_the_same(make_classifier: Callable[..., Compiled], make_blobs: type) -> None:
    plan = PRIVATE.with_(epochs=8, batch_size=50, learning_rate=0.05, noise_multiplier=0.8)
    events = list(run(make_classifier(), make_blobs(train=500), plan))
    epochs = [event for event in events if isinstance(event, EpochEnded)]
    assert epochs[-1].validation["accuracy"] >= 0.85
    assert math.isfinite(epochs[-1].training["loss"])


# -- what cannot be private ------------------------------------------------------------------------------------


def test_what_mixes_samples_is_refused_and_mended(
    make_classifier: Callable[..., Compiled], bodies: Any, blobs: Any
) -> None:
    compiled = make_classifier(bodies["rich"])
    ended = list(run(compiled, blobs, PRIVATE))[-1]
    assert isinstance(ended, RunFailed)
    assert ended.message.startswith("norm works out mean and variance over the batch")
    assert "GroupNorm" in ended.hint
    network = compiled.resolution.network
    (found,) = mixing.hindrances(PRIVATE, network)
    assert found.fix is not None
    mended = compile_network(found.fix.edit(network), type(blobs).types, 0)
    assert mixing.hindrances(PRIVATE, mended.resolution.network) == ()
    assert isinstance(list(run(mended, blobs, PRIVATE))[-1], RunFinished)


def test_batch_normalisation_that_is_frozen_or_unused_is_no_hindrance() -> None:
    from nnstudio.graph import edits

    net = NetworkBuilder()
    x, label = net.add("Input", field="x", name="x"), net.add("Input", field="label", name="label")
    inside = net.add("BatchNorm1d", x, name="norm")
    net.add("CrossEntropyLoss", net.add("Linear", inside, out_features=2, name="scores"), label, name="entropy")
    network = net.network
    assert mixing.hindrances(PRIVATE, network)
    assert not mixing.hindrances(PRIVATE.with_(private=False), network)
    assert not mixing.hindrances(PRIVATE, edits.set_frozen([network.named("norm").id])(network))


def test_groups_divide_the_channels_and_keep_some() -> None:
    assert mixing.groups_of({64}) == 16
    assert mixing.groups_of({64, 48}) == 8
    assert mixing.groups_of({6}) == 1
    assert mixing.groups_of({0, 64}) == 1


def test_phases_and_blended_samples_are_refused(make_two_headed: Callable[..., Compiled], blobs: Any) -> None:
    phases = (Phase(name="one", losses=("entropy",)), Phase(name="two", losses=("error",)))
    ended = list(run(make_two_headed(), blobs, PRIVATE.with_(phases=phases)))[-1]
    assert isinstance(ended, RunFailed)
    assert "one phase" in ended.message
    compiled = make_two_headed()
    state = State(compiled, PRIVATE, CPU)
    rows = Rows(compiled.inputs, blobs.arrays("train"), 50, CPU)
    rows.augmenting = type("Blended", (), {"records": (Mixup(),)})()
    with pytest.raises(TrainingError, match="blends samples"):
        batches_of(state, rows)


def test_layers_that_mix_say_so() -> None:
    """Those of the catalogue whose output for one sample depends on the others, or that keep figures of them."""
    said = {cls.type_name() for cls in load() if cls().mixes()}
    batch = {"BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"}
    assert said == batch | {"BatchTripletLoss", "NTXentLoss"}
    assert load()["InstanceNorm2d"](track_running_stats=True).mixes()
    assert load()["Embedding"](max_norm=1.0).mixes()


def _norms(gradients: dict[str, torch.Tensor]) -> list[float]:
    squares: Any = sum(gradient.flatten(1).square().sum(1) for gradient in gradients.values())
    found: list[float] = squares.sqrt().tolist()
    return found


def _rows_of(state: State, data: Any, count: int) -> tuple[torch.Tensor, ...]:
    arrays = data.arrays("train")
    return tuple(torch.from_numpy(arrays[spec.field][:count]) for spec in state.compiled.inputs)


def _kept(folder: Any) -> Any:
    """The newest checkpoint, copied aside, so that runs that go on from it do not write there."""
    from nnstudio.train.run_folder import latest

    last = latest(folder)
    assert last is not None
    return last.path
