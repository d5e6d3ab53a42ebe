"""Private training: clipped gradients of single samples with noise, and what that gives away."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from nnstudio.compile.lower import Compiled
from nnstudio.train import privacy
from nnstudio.train.batches import Rows
from nnstudio.train.control import Control
from nnstudio.train.events import EpochEnded, Event, Gradients, PrivacySpent, RunFailed, RunFinished, Steps
from nnstudio.train.history import History
from nnstudio.train.loop import run
from nnstudio.train.losses import Losses
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
