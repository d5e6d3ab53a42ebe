"""Data: where it comes from, what its columns are, how it is encoded and split.

Imports `layers` for tensor types, NumPy, and polars for tables; neither torch nor Qt. Importing this package is
light: NumPy and polars are loaded when data is opened.
"""

from nnstudio.data.opening import describe_file, open_data, shipped, shipped_reference
from nnstudio.data.reference import ColumnChoice, DataError, DataReference, Split

__all__ = [
    "ColumnChoice", "DataError", "DataReference", "Split", "describe_file", "open_data", "shipped",
    "shipped_reference",
]  # fmt: skip
