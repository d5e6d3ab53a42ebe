"""Sets of pictures with boxes or masks."""

from __future__ import annotations

from nnstudio.data.described import Packaged, Shipped

SHIPPED: tuple[Shipped, ...] = ()
PACKAGED: tuple[Packaged, ...] = ()
