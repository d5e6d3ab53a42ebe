"""The accountant of private training: ε as others work it out, and noise for a given ε."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnstudio.train import privacy
from nnstudio.train.plan import Plan

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
    plan = Plan(private=True, epochs=20, batch_size=32)
    noise = privacy.noise_for(plan, 1437, 3.0)
    assert privacy.forecast(plan.with_(noise_multiplier=noise), 1437) <= 3.0
    assert privacy.forecast(plan.with_(noise_multiplier=noise - 0.01), 1437) > 3.0
    with pytest.raises(ValueError, match="no noise"):
        privacy.noise_for(plan, 1437, 0.0)


def test_an_epsilon_is_told_rounded_up() -> None:
    assert [privacy.figure(value) for value in (0.0, 0.01234, 2.3012, 99.91, 1234.2)] == [
        "0", "0.0124", "2.31", "100.0", "1,235",
    ]  # fmt: skip
