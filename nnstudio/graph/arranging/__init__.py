"""The steps of a layered drawing, on boxes by number: layers, their order, rows, heights, parts on a page.

After Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures" (1981). Knows
sizes and links alone; `nnstudio.graph.arrange` makes them of a network.
"""

from nnstudio.graph.arranging.drawing import Drawing, drawn
from nnstudio.graph.arranging.layers import Cancelled, Link
from nnstudio.graph.arranging.packing import grid, stacked

__all__ = ["Cancelled", "Drawing", "Link", "drawn", "grid", "stacked"]
