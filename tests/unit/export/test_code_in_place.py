"""Where torch's own functions do something else than a drawing can, that is told and not drawn over."""

from __future__ import annotations

import pytest
import torch
from lines_of_code import outputs_of, with_line

from nnstudio.compile.resolve import resolve
from nnstudio.export.code_editing import CodeError, edited
from nnstudio.export.python_source import written
from nnstudio.graph import Network


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            "s = image; image += 1; y = s",
            "`image += 1` changes image in place, and in torch s with it, and s is used besides; write `image = ",
        ),
        ("s = image; s += 1; y = image", "changes s in place, and in torch image with it"),
        ("s = image + 0; r = s; s += 1; y = r", "changes s in place, and in torch r with it"),
        ("s = image + 0; r = s; s += 1; y = s * r", "changes s in place, and in torch r with it"),
        ("s = image[:, 0]; image += 1; y = s", "in torch s with it"),
        ("s = image.view(image.size(0), -1); image *= 2; y = s", "in torch s with it"),
        ("a, b = image.chunk(2, dim=1); image *= 2; y = a + b", "in torch a with it"),
        ("s = image.detach().mT; image *= 2; y = s", "in torch s with it"),
        ("y = F.relu(image, inplace=True) + image", "changes image in place, and image is used besides"),
        ("s = F.relu(image, True); y = s + image", "changes image in place, and image is used besides; leave inplace"),
        ("s = self.act(image); y = s + image", "changes image in place, and image is used besides; leave inplace away"),
        ("y = self.act(image) + image", "changes image in place, and image is used besides; leave inplace away"),
    ],
)
def test_another_name_of_what_is_changed_in_place_is_told(drawing: Network, lines: str, said: str) -> None:
    text = with_line(drawing, *lines.split("; "))
    if "self.act" in lines:
        text = text.replace("super().__init__()", "super().__init__()\n        self.act = nn.ReLU(True)")
    with pytest.raises(CodeError) as caught:
        edited(written(resolve(drawing), ends=True), text)
    assert said in caught.value.sentence


@pytest.mark.parametrize(
    "lines",
    [
        "s = image.clone(); s += 1; y = s + image",
        "s = image; image = image + 1; y = s + image",
        "s = image + 1; s += image; s *= 2; y = s",
        "x = image * 2; x = F.relu(x, inplace=True); y = x + image",
        "x = image * 2; s = x; x += 1; s = x; y = s",
        "x = image - 1; x += F.relu(x); y = x",
        "x = F.relu(other - 1, True); x += image; y = x",
    ],
)
def test_what_is_changed_in_place_gives_the_same_as_in_torch(drawing: Network, lines: str) -> None:
    plain, drawn = outputs_of(drawing, with_line(drawing, *lines.split("; ")))
    torch.testing.assert_close(drawn, plain)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("image ** 0.5", "Power counts numbers below 1e-06 as 1e-06, where torch gives NaN or an infinity."),
        ("torch.relu(image ** 0.5)", "Power counts numbers below 1e-06 as 1e-06"),
        ("torch.sqrt(image)", "Sqrt counts numbers below 1e-06 as 1e-06"),
        ("image.log()", "Log counts numbers below 1e-06 as 1e-06"),
    ],
)
def test_a_layer_that_keeps_clear_of_nan_is_told_beside_the_drawing(drawing: Network, line: str, said: str) -> None:
    text = with_line(drawing, f"y = {line}")
    [remark] = edited(written(resolve(drawing), ends=True), text).remarks
    assert remark.startswith(said)


@pytest.mark.parametrize("line", ["image ** 2", "torch.sqrt(image.clamp(min=1e-06))", "image.exp()"])
def test_a_layer_that_does_the_same_as_torch_has_no_remark(drawing: Network, line: str) -> None:
    assert not edited(written(resolve(drawing), ends=True), with_line(drawing, f"y = {line}")).remarks
