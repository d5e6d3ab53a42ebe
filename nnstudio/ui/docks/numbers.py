"""Numbers as a plot shows them: ticks at round places, and figures short enough to read. No Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def figure(value: float) -> str:
    """A value in three or four digits: ``0.213``, ``12.35``, ``1,234``, ``3.1e-5``; ``–`` where it is not a number."""
    if value != value:
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e6 or size < 9.995e-4:
        mantissa, exponent = f"{value:.1e}".split("e")
        text = f"{mantissa}e{int(exponent)}"
    elif size >= 1000:
        text = f"{value:,.0f}"
    else:
        power = math.floor(math.log10(size))
        text = f"{value:.{3 - power if power >= 0 else 2 - power}f}"
    return "−" + text[1:] if value < 0 else text


def share(value: float) -> str:
    """A share from 0 to 1 as per cent: ``38 %``, ``0.4 %``."""
    percent = 100 * value
    return f"{percent:.1f} %" if 0 < percent < 0.95 else f"{percent:.0f} %"


def shares(values: Sequence[float]) -> list[str]:
    """Parts of one whole as per cent that add up to 100 (largest remainders), all with a decimal where one of them
    needs it: ``99.6 %, 0.4 %``; as :func:`share` each where they are no parts of one whole."""
    if not math.isclose(math.fsum(values), 1, abs_tol=0.001):
        return [share(value) for value in values]
    decimals = int(any(0.0005 <= value < 0.0095 for value in values))
    exact = [100 * 10**decimals * value for value in values]
    told = [math.floor(each) for each in exact]
    order = sorted(range(len(told)), key=lambda place: told[place] - exact[place])
    for place in order[: 100 * 10**decimals - sum(told)]:
        told[place] += 1
    return [f"{each / 10**decimals:.{decimals}f} %" for each in told]


def count(value: int, one: str, many: str = "") -> str:
    """How many of something: ``1 row``, ``1,797 rows``."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def tick_step(low: float, high: float, most: int) -> float:
    """The smallest 1, 2 or 5 times a power of ten that gives at most ``most`` steps between ``low`` and ``high``."""
    span = high - low
    if not (span > 0 and math.isfinite(span)):
        return 1.0
    rough = span / max(1, most)
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in (1, 2, 5, 10):
        if factor * power >= rough * (1 - 1e-9):
            return factor * power
    return 10 * power


def ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """Round places from ``low`` to ``high``, at most ``most + 1`` of them; whole numbers alone if ``whole``."""
    step = tick_step(low, high, most)
    if whole:
        step = max(1.0, step)
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    return [number * step for number in range(first, last + 1)]


def tick_texts(values: list[float]) -> list[str]:
    """Ticks as texts with the same number of decimals: ``0.0 0.5 1.0``."""
    if not values:
        return []
    step = min((b - a for a, b in pairwise(values)), default=abs(values[0]) or 1.0)
    largest = max(abs(value) for value in values)
    if largest >= 1e6 or (0 < largest < 1e-3):
        return [figure(value) for value in values]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
    texts = [f"{value:,.{decimals}f}" for value in values]
    return [text.replace("-", "−") if float(text.replace(",", "")) else text.lstrip("-") for text in texts]


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Whole decades between two logarithms (base 10), thinned to at most ``most``; 2 and 5 between where few fit."""
    first, last = math.ceil(low - 1e-6), math.floor(high + 1e-6)
    decades = list(range(first, last + 1))
    if len(decades) >= 2 or high - low > 1.5:
        every = max(1, math.ceil(len(decades) / max(1, most)))
        return [float(decade) for decade in decades if decade % every == 0]
    between = [d + math.log10(f) for d in range(first - 1, last + 2) for f in (1, 2, 5)]
    return [value for value in between if low - 1e-6 <= value <= high + 1e-6]


def log_text(value: float) -> str:
    """A logarithm (base 10) as the number it stands for: ``1e-3``, ``0.2``, ``1``, ``50``; "" past any float."""
    if abs(value) > 300:
        return ""
    number = 10.0**value
    if abs(value - round(value)) < 1e-6:
        exponent = round(value)
        return f"{number:g}" if 0 <= exponent <= 2 else f"1e{exponent}"
    return f"{number:.1g}" if number < 1 else f"{number:,.0f}"


def nice_top(value: float) -> float:
    """The next round number at or above a positive value: 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 or 10 times a power of ten."""
    if not (value > 0 and math.isfinite(value)):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    for factor in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10):
        if factor * power >= value * (1 - 1e-9):
            return factor * power
    return 10 * power


def decades(values: Array, least: int = 2) -> tuple[int, int]:
    """Exponents of the whole decades around the positive values, at least ``least`` decades; (−5, −1) for none."""
    good = values[np.isfinite(values) & (values > 0)]
    if not len(good):
        return -5, -1
    low, high = math.floor(math.log10(float(good.min())) - 0.15), math.ceil(math.log10(float(good.max())))
    while high - low < least:
        high, low = (high + 1, low) if (high - low) % 2 else (high, low - 1)
    return low, high


def log10(values: Array) -> Array:
    """Logarithms (base 10); NaN where a value is not positive."""
    values = np.asarray(values, dtype=np.float64)
    result: Array = np.full(values.shape, np.nan)
    good = np.isfinite(values) & (values > 0)
    result[good] = np.log10(values[good])
    return result


def cut(text: str, most: int) -> str:
    """A text of at most ``most`` characters; a longer one loses its middle."""
    if len(text) <= most:
        return text
    head = (most - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (most - 1 - head) :]}"
