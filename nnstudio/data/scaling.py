"""Ways of scaling numbers other than by mean and standard deviation."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def fitted(flat: Numbers, how: str, groups: int) -> tuple[Numbers, Numbers]:
    """What is taken off numbers and what they are then divided by, one for each entry of a row.

    flat: rows × entries, NaN where missing. how: ``min–max`` (least, range), ``robust`` (median, width of the middle
    half) or ``log1p`` (mean and standard deviation of `signed_log`). groups: every so many entries share one; 0: none
    do. Where nothing varies, the second is 1.
    """
    times = flat.shape[1] // groups if groups > 1 else 1
    if groups:
        flat = flat.reshape(-1, groups)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # entries without any value
        if how == "min–max":
            first = np.nanmin(flat, axis=0)
            second = np.nanmax(flat, axis=0) - first
        elif how == "robust":
            low, first, high = np.nanquantile(flat, (0.25, 0.5, 0.75), axis=0)
            second = high - low
        else:
            logs = signed_log(flat)
            first, second = np.nanmean(logs, axis=0), np.nanstd(logs, axis=0)
    first, second = np.nan_to_num(first), np.nan_to_num(second)
    flatly = second <= 1e-12 * np.maximum(np.abs(first), 1.0)
    return np.tile(first, times), np.tile(np.where(flatly, 1.0, second), times)


def signed_log(values: Numbers) -> Numbers:
    """log(1 + |value|) with the value's sign."""
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))


def signed_exp(values: Numbers) -> Numbers:
    """The inverse of :func:`signed_log`."""
    return np.asarray(np.sign(values) * np.expm1(np.abs(values)))
