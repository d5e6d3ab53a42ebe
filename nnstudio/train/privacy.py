"""What private training gives away: from how it sampled and how loud its noise was to (ε, δ). Imports no torch.

A run is (ε, δ)-private when no event is more than e^ε times likelier, and δ, with one training row than without it
(Dwork and Roth, 2014, definition 2.4; rows are added or removed, not replaced). Each step draws every row by itself
with one probability, clips its gradient and adds Gaussian noise: the sampled Gaussian mechanism, accounted for in Rényi
differential privacy (Mironov, Talwar and Zhang, "Rényi differential privacy of the sampled Gaussian mechanism", 2019).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnstudio.train.plan import Plan

#: Rényi orders at which a run is accounted for. The best of them counts, so more of them only make ε smaller.
ORDERS: tuple[float, ...] = (
    *(1.0 + tenth / 10.0 for tenth in range(1, 100)), *map(float, range(11, 65)), 80.0, 96.0, 128.0, 192.0, 256.0,
    384.0, 512.0, 1024.0,
)  # fmt: skip
#: Below this much noise sampling is not counted on: the bound without it is as good, and the integral slow.
LOUD = 0.25
#: Noise that is looked for, at most, and how exactly.
MOST_NOISE, EXACT = 1e4, 1e-4

#: Steps that were done alike: the share of rows that each drew, the noise multiplier, and how many.
Segment = Sequence[float]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a plan draws rows: each step takes each of the ``rows`` with probability ``rate``; ``steps`` make an
    epoch."""

    rows: int
    rate: float
    steps: int

    @property
    def expected(self) -> float:
        """Rows of a step, on average."""
        return self.rate * self.rows


def sampling(plan: Plan, rows: int) -> Sampling:
    """How a private plan draws from so many rows: as many steps an epoch, and on average as many rows a step, as
    without."""
    size = min(plan.batch_size, rows)
    return Sampling(rows, size / rows if rows else 0.0, -(-rows // size) if size else 0)


def forecast(plan: Plan, rows: int) -> float:
    """The ε that a plan buys with all its epochs done, at its δ."""
    drawn = sampling(plan, rows)
    return epsilon([(drawn.rate, plan.noise_multiplier, plan.epochs * drawn.steps)], plan.delta)


def noise_for(plan: Plan, rows: int, wanted: float) -> float:
    """The least noise multiplier with which a plan's epochs stay within an ε. ValueError where none does."""

    def spent(noise: float) -> float:
        return forecast(plan.with_(noise_multiplier=noise), rows)

    low, high = Plan.params["noise_multiplier"].min or 0.0, MOST_NOISE
    if not wanted > 0.0 or spent(high) > wanted:
        raise ValueError(f"no noise up to {MOST_NOISE:,.0f} stays within ε = {wanted:g}")
    while high - low > EXACT * high:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if spent(middle) > wanted else (low, middle)
    return math.ceil(high * 1000.0) / 1000.0


def epsilon(segments: Iterable[Segment], delta: float) -> float:
    """The ε of steps that followed one another, at δ. 0 where none was done.

    From Rényi divergences to (ε, δ) as in Canonne, Kamath and Steinke, "The discrete Gaussian for differential privacy"
    (2020), proposition 12.
    """
    total = np.zeros(len(ORDERS))
    for rate, noise, steps in segments:
        if steps:
            total = total + steps * np.asarray(divergences(rate, noise))
    if not total.any():
        return 0.0
    orders = np.asarray(ORDERS)
    found = total + np.log1p(-1.0 / orders) - (math.log(delta) + np.log(orders)) / (orders - 1.0)
    return max(0.0, float(found.min()))


@functools.lru_cache(maxsize=64)
def divergences(rate: float, noise: float) -> tuple[float, ...]:
    """The Rényi divergence of one step at each of :data:`ORDERS`."""
    return tuple(divergence(rate, noise, order) for order in ORDERS)


def divergence(rate: float, noise: float, order: float) -> float:
    """The Rényi divergence of one step of the sampled Gaussian mechanism (Mironov et al., 2019, section 3.3).

    rate: the probability of each row; noise: the noise's standard deviation over the clipping norm; order: above 1.
    """
    if not rate:
        return 0.0
    whole = order / (2.0 * noise**2)
    if rate == 1.0 or noise < LOUD:
        return whole
    moment = _sum(rate, noise, int(order)) if order == int(order) else _integral(rate, noise, order)
    return min(whole, max(0.0, moment / (order - 1.0)))


def _sum(rate: float, noise: float, order: int) -> float:
    """log E₀[(μ/μ₀)^α] for a whole α, as a sum (Mironov et al., 2019, equation 3)."""
    k = np.arange(order + 1)
    chosen = np.array([math.lgamma(order + 1) - math.lgamma(i + 1) - math.lgamma(order - i + 1) for i in k])
    terms = chosen + (order - k) * math.log1p(-rate) + k * math.log(rate) + k * (k - 1) / (2.0 * noise**2)
    return _log_sum(terms)


def _integral(rate: float, noise: float, order: float) -> float:
    """log E₀[(μ/μ₀)^α] for any α, by the trapezoidal rule, which is exact to rounding for so smooth a function."""
    variance = noise**2
    step = min(noise, variance) / 8.0
    z = np.arange(-12.0 * noise, order + 12.0 * noise, step)
    ratio = np.logaddexp(math.log1p(-rate), math.log(rate) + (2.0 * z - 1.0) / (2.0 * variance))
    density = -(z**2) / (2.0 * variance) - math.log(noise * math.sqrt(2.0 * math.pi))
    return _log_sum(density + order * ratio) + math.log(step)


def _log_sum(terms: NDArray[np.float64]) -> float:
    """log Σ exp(terms), without overflow."""
    most = float(terms.max())
    return most + math.log(float(np.exp(terms - most).sum()))


def counted(segments: list[list[float]], rate: float, noise: float) -> None:
    """One more step was done: it joins the last segment where it is like those."""
    if segments and segments[-1][0] == rate and segments[-1][1] == noise:
        segments[-1][2] += 1
    else:
        segments.append([rate, noise, 1])


def told(epsilon: float, delta: float) -> str:
    """``ε = 2.31 at δ = 1e-05``, rounded up."""
    return f"ε = {figure(epsilon)} at δ = {delta:.3g}"


def figure(epsilon: float) -> str:
    """An ε in three digits, rounded up: no less is told than was given away."""
    if epsilon <= 0.0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(epsilon)))
    scale = 10.0**digits
    return f"{math.ceil(epsilon * scale - 1e-9) / scale:,.{min(digits, 6)}f}"
