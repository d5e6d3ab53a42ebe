"""Losses for finding objects: where they are, how large, and which pixels belong to them."""

from __future__ import annotations

from nnstudio.layers.base import Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.losses import Loss
from nnstudio.layers.types import TensorType

_OBJECTS = ("object detection", "boxes", "centernet")


def _boxes() -> Port:
    return Port("N K 5", help="boxes: centre, size, class; −1 where there is none", within=(-1.0, 1.0))


@layer(family="Losses", icon="loss", role="loss", synonyms=(*_OBJECTS, "focal", "keypoints", "heat map", "peaks"))
class HeatmapLoss(Loss):
    r"""Make a map of scores high where objects have their middle, and low elsewhere.

    Use it for the scores of an object detector. Around each middle the map may be high as well, the more so the larger
    the object: what is near is punished less.

    ```math
    \ell = -\frac1n \sum \begin{cases} (1 - p)^2 \ln p & y = 1 \\ (1 - y)^4\, p^2 \ln(1 - p) & \text{else}\end{cases}
    ```

    Here p is the probability at a cell, y the bump around a middle and n the number of objects. Let the biases of the
    layer before it start at −4, as most cells are empty.

    Shapes: scores `N×C×H×W` (class, height, width) and boxes `N×K×5` give one number.

    Source: Zhou et al., "Objects as points" (2019), equation 1; Law and Deng, "CornerNet" (2018), section 3.2.
    """

    prediction = Port("N C H W", help="a raw score for each class at each cell")
    target = _boxes()

    spread: float = param(
        0.12, exclusive_min=0.0, max=1.0, title="Spread", help="how wide the bump is, as a share of the object's size"
    )

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        return Call("nnstudio.nn.HeatmapLoss", self.spread, reduction=self.reduction)


@layer(family="Losses", icon="loss", role="loss", synonyms=(*_OBJECTS, "regression", "size", "fcos"))
class BoxLoss(Loss):
    r"""Compare the shapes that cells near an object's middle predict with its box.

    Use it beside HeatmapLoss. A shape is the way from the cell's middle to the box's, in cells, and the logarithm of
    its width and height in cells, as PeakBoxes reads them.

    ```math
    \ell = \frac1n \sum_{\text{cells}} \sum_{j=1}^{4} \text{smooth}_{L1}(s_j - t_j)
    ```

    Shapes: shapes `N×4×H×W` (height, width) and boxes `N×K×5` give one number.

    Source: Zhou et al., "Objects as points" (2019), section 3; Girshick, "Fast R-CNN" (2015), equation 3.
    """

    prediction = Port("N 4 H W", help="a shape for each cell")
    target = _boxes()

    reach: float = param(
        1.5, min=0.5, max=16.0, unit="cells", title="Reach", help="how far from the middle cells count"
    )

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        return Call("nnstudio.nn.BoxLoss", self.reach, reduction=self.reduction)


@layer(family="Losses", icon="loss", role="loss", synonyms=("instance segmentation", "panoptic", "centre", "votes"))
class OffsetLoss(Loss):
    r"""Compare where each pixel says that its object has its middle with where it has.

    Use it to separate objects that touch: pixels that point to the same middle belong together. The background does
    not count.

    ```math
    \ell = \frac1n \sum_{p} \sum_{j=1}^{2} \text{smooth}_{L1}(o_j(p) - (m(p) - p)_j)
    ```

    Here m is the middle of the box around the pixel's object.

    Shapes: offsets `N×2×H×W` (across and down, in pixels) and the number of each pixel's object `N×H×W`, 0 for
    background, give one number.

    Source: Cheng et al., "Panoptic-DeepLab" (2020), section 3; smooth L1: Girshick, "Fast R-CNN" (2015), equation 3.
    """

    prediction = Port("N 2 H W", help="from the pixel to the middle of its object, across and down, in pixels")
    target = Port("N H W", dtype="int", help="the number of each pixel's object, 0 for background")

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        return Call("nnstudio.nn.OffsetLoss", max(2, target.classes or 256), reduction=self.reduction)
