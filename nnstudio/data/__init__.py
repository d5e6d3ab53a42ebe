"""Data: where it comes from, what its columns are, how it is encoded and split.

Imports `layers` for tensor types, NumPy, and polars for tables; neither torch nor Qt. Importing this package is
light: NumPy and polars are loaded when data is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnstudio.data.opening import describe_file, open_data, shipped, shipped_reference
from nnstudio.data.reference import ColumnChoice, DataError, DataReference, Split

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset

__all__ = [
    "ColumnChoice", "DataError", "DataReference", "Dataset", "Split", "describe_file", "open_data", "shipped",
    "shipped_reference",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Dataset, which brings NumPy along, when it is first asked for."""
    if name == "Dataset":
        from nnstudio.data.dataset import Dataset

        return Dataset
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
