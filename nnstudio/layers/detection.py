"""Objects in pictures: what a network says of each cell becomes boxes, or the object that each pixel belongs to."""

from __future__ import annotations

from nnstudio.layers.base import Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.types import TensorType

_OBJECTS = ("object detection", "instances", "centernet", "decoder")


@layer(family="Selection", icon="topk", telling=("most",), synonyms=(*_OBJECTS, "boxes", "nms", "yolo", "fcos"))
class PeakBoxes(Layer):
    r"""Read boxes around objects from a map of scores and a map of shapes.

    Put it behind the two maps of an object detector and before an Output of the kind boxes. Each peak of the scores is
    a box; from the best on, each leaves out those of its class that overlap it too much (non-maximum suppression).

    ```math
    x = \frac{i + \tfrac12 + s_1}{W}, \qquad w = \frac{e^{s_3}}{W}
    ```

    Here i is the cell's column and s the shape at the cell; height and row alike.

    Shapes: scores `N×C×H×W` (class, height, width) and shape `N×4×H×W` give boxes `N×K×6`: centre and size as shares of
    the picture, class (−1: no box) and score.

    Source: Zhou et al., "Objects as points" (2019), sections 3 and 4; for the suppression, Girshick et al., "Rich
    feature hierarchies for accurate object detection and semantic segmentation" (2014), section 2.1.
    """

    scores = Port("N C H W", help="a raw score for each class at each cell")
    shape = Port("N 4 H W", help="from the cell's middle to the box's, and the logarithm of width and height; in cells")
    output = Port("N K' 6")

    most: int = param(20, min=1, max=1000, title="At most", help="how many boxes a picture has at most")
    overlap: float = param(
        0.5, min=0.0, max=1.0, title="Overlap", help="boxes of a class that overlap a better one by more are left out"
    )
    least: float = param(0.1, min=0.0, max=1.0, title="Least score", help="boxes that are less sure are left out")

    def build(self, scores: TensorType, shape: TensorType) -> Call:
        return Call("nnstudio.nn.PeakBoxes", self.most, self.overlap, self.least)


@layer(family="Selection", icon="topk", telling=("most",), synonyms=(*_OBJECTS, "instance segmentation", "panoptic"))
class GroupPixels(Layer):
    r"""Say which object each pixel belongs to, from where its object's middle is said to be.

    Put it behind the three maps of a network that separates objects, and before an Output of the kind mask. Pixels of
    the foreground go to the peak that is nearest to where their offset points.

    ```math
    o(p) = \arg\min_k \lVert p + \text{offset}(p) - \text{peak}_k \rVert
    ```

    Shapes: foreground `N×1×H×W`, scores `N×C×P×Q` (class, on a grid that may be coarser) and offset `N×2×H×W` give
    numbers of objects `N×H×W`, 0 for background.

    Source: Cheng et al., "Panoptic-DeepLab" (2020), section 3.
    """

    foreground = Port("N 1 H W", help="a raw score: above 0 is an object")
    scores = Port("N C P Q", help="raw scores whose peaks are the middles of objects")
    offset = Port("N 2 H W", help="from the pixel to the middle of its object, across and down, in pixels")
    output = Port("N H W", dtype="int")

    most: int = param(20, min=1, max=1000, title="At most", help="how many objects a picture has at most")
    least: float = param(0.3, min=0.0, max=1.0, title="Least score", help="peaks that are less sure are left out")

    def build(self, foreground: TensorType, scores: TensorType, offset: TensorType) -> Call:
        return Call("nnstudio.nn.GroupPixels", self.most, self.least)


@layer(
    family="Metrics", icon="metric", role="metric", telling=("overlap",),
    synonyms=("map", "object detection", "boxes", "coco", "voc", "average precision"),
)  # fmt: skip
class MeanAveragePrecision(Layer):
    r"""Say how well objects are found: precision over recall, the mean over the classes.

    Use it for object detection, as its usual figure. A box is right where it overlaps a true one of its class by at
    least so much, and no surer box does.

    ```math
    \frac{1}{C} \sum_c \int_0^1 p_c(r)\, dr
    ```

    Here p is the best precision at a recall of r or more, read at 101 recalls.

    Shapes: boxes `N×K×6` with scores, as PeakBoxes gives them, and true boxes `N×K×5` give one number.

    Source: Everingham et al., "The Pascal visual object classes challenge" (2010), section 4.2; Lin et al., "Microsoft
    COCO" (2014).
    """

    prediction = Port("N K 6", help="boxes with class and score")
    target = Port("N S 5", help="the true boxes with class, −1 where there is none", within=(-1.0, 1.0))

    overlap: float = param(0.5, min=0.05, max=0.95, title="Overlap", help="by how much a right box overlaps a true one")

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        return Call("nnstudio.nn.MeanAveragePrecision", self.overlap)


@layer(
    family="Metrics", icon="metric", role="metric", telling=("overlap",),
    synonyms=("instance segmentation", "nuclei", "cells", "average precision", "stardist", "objects"),
)  # fmt: skip
class InstancePrecision(Layer):
    r"""Say how many objects were outlined: those found, of all that are found, missed or made up.

    Use it where cells and nuclei are outlined; there it is called average precision. It says nothing of classes.

    ```math
    \frac{TP}{TP + FP + FN}
    ```

    An object is found where its pixels and those of a true one overlap by more than the threshold.

    Shapes: numbers of objects `N×H×W` and the true numbers `N×H×W`, 0 for background, give one number.

    Source: Caicedo et al., "Nucleus segmentation across imaging experiments: the 2018 Data Science Bowl" (2019),
    methods; Schmidt et al., "Cell detection with star-convex polygons" (2018), section 3.
    """

    prediction = Port("N H W", dtype="int", help="the number of each pixel's object")
    target = Port("N H W", dtype="int", help="the true numbers")

    overlap: float = param(
        0.5, min=0.5, max=0.95, title="Overlap", help="by how much an object that is found overlaps a true one"
    )

    def build(self, prediction: TensorType, target: TensorType) -> Call:
        return Call("nnstudio.nn.InstancePrecision", self.overlap)
