"""From a drawing to PyTorch: shapes and problems (`resolve`), the module (`lower`). Torch is imported when needed.

The package can be called: importing it puts it where the function ``nnstudio.compile`` (DESIGN 8) was, and a call must
go on meaning the same.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

    from nnstudio.layers import TensorType


class _CallablePackage(ModuleType):
    def __call__(self, net: Any, fields: Mapping[str, TensorType] | None = None, seed: int | None = None) -> nn.Module:
        """See ``nnstudio.compile``."""
        from nnstudio.compile.lower import compile_network

        return compile_network(getattr(net, "network", net), fields, seed).model


sys.modules[__name__].__class__ = _CallablePackage
