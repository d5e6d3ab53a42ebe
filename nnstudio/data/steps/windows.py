"""Steps over time: windows of the past with what followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnstudio.data.steps.base import Columns, Step, step
from nnstudio.layers.params import param

if TYPE_CHECKING:
    from nnstudio.data.columns import Source


@step("windows", "Windows over time")
class Windows(Step):
    """Rows that follow one another become windows: ``past`` (rows × columns) and ``future``, what is to be forecast.

    Split by time, no window reaches from one part into another. With a horizon of 0 there is no ``future``: the target
    is what the target's column says in the last row of the window. Other columns keep their value of that row.
    """

    columns: tuple[str, ...] = param(
        (), kind="columns", help="what a window shows; none: all numbers that are inputs or targets"
    )
    past: int = param(24, min=1, max=65536, unit="rows", help="how far back a window looks")
    horizon: int = param(1, min=0, max=65536, unit="rows", help="how far ahead is forecast; 0: the present row")
    target: str = param("", kind="column", help="what is forecast; empty: the first of the columns")
    stride: int = param(1, min=1, unit="rows", help="how far apart windows begin")
    order: str = param("", kind="column", title="In the order of", help="a column of times; empty: as the rows stand")
    group: str = param("", kind="column", title="Apart for each", help="no window goes from one value of it to another")

    reshapes = True
    kinds = ("number",)

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(filter(None, (*self.columns, self.target, self.order, self.group))))

    def settled(self, columns: Columns) -> Windows:
        from nnstudio.data.steps import cutting

        return cutting.settled(self, columns)

    def origins(self, name: str) -> tuple[str, ...]:
        return {"past": self.columns, "future": (self.target,)}.get(name, (name,))

    def reshape(self, source: Source) -> Source:
        from nnstudio.data.steps import cutting

        return cutting.windowed(self, source)

    def reshape_given(self, columns: Columns) -> Columns:
        from nnstudio.data.steps import cutting

        return cutting.windows_given(self, columns)
