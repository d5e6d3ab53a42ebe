"""Sets of sounds."""

from __future__ import annotations

from nnstudio.data.described import Packaged, Shipped

SHIPPED: tuple[Shipped, ...] = ()
PACKAGED: tuple[Packaged, ...] = ()
