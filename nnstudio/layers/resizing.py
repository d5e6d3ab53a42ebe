"""Other sizes: margins, larger pictures from smaller ones, and pictures of a given size."""

from __future__ import annotations

from nnstudio.layers.axes import axis_param
from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Arg, Call, Function
from nnstudio.layers.checks import Size, each, place_of
from nnstudio.layers.types import TensorType

#: Ways to blend, and the number of axes (batch and channel among them) that each is for.
_MODES = {"nearest": (3, 4, 5), "nearest-exact": (3, 4, 5), "linear": (3,), "bilinear": (4,), "bicubic": (4,),
          "trilinear": (5,)}  # fmt: skip


@layer(
    family="Padding and resizing", icon="upsample", telling=("scale_factor",),
    synonyms=("enlarge", "scale up", "unpooling", "decoder"),
)  # fmt: skip
class Upsample(Layer):
    r"""Enlarge an image, a signal or a volume by a whole factor, without weights.

    Use it in decoders and generators, with a Conv2d behind it: together they make no checkerboard, as a
    ConvTranspose2d can. For a given size in place of a factor there is Interpolate.

    ```math
    y_{c,h,w} = x_{c,\; \lfloor h / s \rfloor,\; \lfloor w / s \rfloor} \quad \text{(nearest)}
    ```

    Here s is the factor.

    Shapes: `N×C×H×W` (channel, height, width) becomes `N×C×sH×sW`; signals `N×C×T` and volumes `N×C×D×H×W` likewise.

    Source: Odena et al., "Deconvolution and checkerboard artifacts" (2016); PyTorch `torch.nn.Upsample`.
    """

    input = Port("N C *")
    output = Port("N C *")

    scale_factor: Size = param(2, axes=2, min=1, title="Factor", help="how many times larger it becomes")
    mode: str = param(
        "nearest", choices=tuple(_MODES), title="Between pixels",
        help="nearest repeats; bilinear and bicubic blend pixels, linear steps, trilinear the points of volumes",
    )  # fmt: skip
    align_corners: bool = param(
        False, title="Corners stay", help="the values of the corners stay as they are",
        when=("mode", ("linear", "bilinear", "bicubic", "trilinear")),
    )  # fmt: skip

    def build(self, input: TensorType) -> Call:
        if not 3 <= input.rank <= 5:
            raise BuildError(f"needs an image, a signal or a volume; it is fed {input.per_sample()}",
                             "put a Reshape before it")  # fmt: skip
        if input.rank not in _MODES[self.mode]:
            blending = {3: "linear", 4: "bilinear", 5: "trilinear"}[input.rank]
            raise BuildError(
                f"cannot blend {input.per_sample()} in {self.mode} fashion", f"choose nearest or {blending}"
            )
        if input.rank != 4 and isinstance(self.scale_factor, tuple):
            raise BuildError(f"has a factor for height and width, and is fed {input.per_sample()}",
                             "give it one factor for all axes")  # fmt: skip
        corners = {"align_corners": True} if self.align_corners and not self.mode.startswith("nearest") else {}
        return Call("torch.nn.Upsample", scale_factor=self.scale_factor, mode=self.mode, **corners)


@layer(
    family="Padding and resizing", icon="interpolate", telling=("size",),
    synonyms=("resize", "rescale image", "scale to size", "bilinear resize", "f.interpolate"),
)  # fmt: skip
class Interpolate(Layer):
    r"""Bring an image to a given height and width, without weights.

    Use it to give branches of different scales the same size, before an Add or Concatenate. Wire the other branch to
    `like` where its height and width are known only at run time. Upsample enlarges by a factor instead.

    ```math
    y_{c,h,w} = x\!\left(c,\; h \cdot \tfrac{H}{H'},\; w \cdot \tfrac{W}{W'}\right)
    ```

    Shapes: `N×C×H×W` (channel, height, width) becomes `N×C×H′×W′`, where H′ and W′ are the size, or those of `like`.

    Source: Gonzalez and Woods, "Digital image processing" (2018), section 2.4; PyTorch
    `torch.nn.functional.interpolate`.
    """

    input = Port("N C H W")
    like = Port(
        "N * R K", dtype="any", optional=True, help="a picture whose height and width come out, not the set size"
    )
    output = Port("N C H' W'")

    size: Size = param(
        32, axes=2, min=1, max=65_536, unit="px", help="height and width that come out, unless like is wired"
    )
    mode: str = param(
        "bilinear", choices=("nearest", "bilinear", "bicubic", "area"), title="Between pixels",
        help="nearest repeats pixels, bilinear and bicubic blend them, area averages (best for making smaller)",
    )  # fmt: skip

    def build(self, input: TensorType, like: TensorType | None = None) -> Call | Function:
        if like is not None:
            if like.rank != 4:
                raise BuildError(f"takes height and width from an image; like is fed {like.per_sample()}",
                                 "wire an image to like, or nothing, and set the size")  # fmt: skip
            return Call("nnstudio.nn.InterpolateLike", mode=self.mode)
        return Function("torch.nn.functional.interpolate", Arg("input"), size=each(self.size, 2), mode=self.mode)


@layer(family="Padding and resizing", icon="pad", telling=("before", "after"), synonyms=("padding", "margin", "border"))
class Pad(Layer):
    r"""Put a number before and after an axis.

    Use it to give a sequence or picture the size that a later layer needs. Most convolutions pad by themselves.

    ```math
    y_{\dots,\,i,\,\dots} = \begin{cases} x_{\dots,\; i - \mathrm{before},\; \dots} & \text{inside} \\
    \mathrm{value} & \text{outside} \end{cases}
    ```

    Shapes: the axis becomes longer: `N×C×T` (channel, time) becomes `N×C×T'` with `T' = before + T + after`.

    Source: PyTorch `torch.nn.functional.pad`.
    """

    input = Port("N *", dtype="number")
    output = Port("N *", dtype="number")

    before: int = param(1, min=0, max=100_000, help="how many are put before it")
    after: int = param(1, min=0, max=100_000, help="how many are put after it")
    value: float = param(0.0, help="the number that is put there")
    axis: int = axis_param(-1, "that becomes longer")

    def build(self, input: TensorType) -> Function:
        place = place_of(self.axis, input, what="make longer")
        sizes = (0, 0) * (input.rank - 1 - place) + (self.before, self.after)
        value = self.value if input.is_float else int(self.value)
        return Function("torch.nn.functional.pad", Arg("input"), sizes, **({"value": value} if value else {}))
