"""Functions of torch in the code are layers that give the same numbers as the code itself, run in plain torch."""

from __future__ import annotations

import re

import pytest
import torch
from lines_of_code import outputs_of, with_line

from nnstudio.compile.resolve import resolve
from nnstudio.export.code_editing import CodeError, edited
from nnstudio.export.code_table import SIGNATURES
from nnstudio.export.python_source import written
from nnstudio.graph import Network
from nnstudio.resources import resource_path

LINES = """
torch.permute(image, (0, 2, 3, 1))
image.permute(0, 3, 1, 2)
image.permute(0, -1, 1, 2).contiguous()
image.transpose(1, 2)
torch.swapaxes(image, 1, -1)
series.mT
image @ other.mT
torch.matmul(image, other.transpose(-1, -2))
torch.bmm(series, series.transpose(1, 2))
image ** 2
torch.pow(image, 3)
image.square()
(image > 0).float()
(0.5 >= image).to(torch.float32)
(image < other).float()
((image > 0) & (other > 0)).float()
(~(image > 0)).float()
torch.ge(image, other).float()
F.pad(image, (1, 1))
F.pad(image, (1, 2, 0, 1))
F.pad(image, (1, 1), value=2.0)
F.pad(image, (1, 1, 1, 1), mode="reflect")
F.pad(series, (2, 1), "replicate")
F.normalize(image, dim=1)
F.normalize(vector, p=1, dim=-1)
torch.clamp(image, 0, 1)
image.clamp(min=-0.5)
image.clip(max=0.5)
torch.reshape(image, (-1, 4, 48))
image.reshape(image.size(0), -1)
image.view(image.shape[0], 4, -1)
image.view(-1, 192)
image.view(image.size(0), image.size(1), 48)
image.flatten(1)
image.flatten(2)
torch.flatten(image, start_dim=1, end_dim=2)
vector.unflatten(1, (3, 4))
image.mean(dim=(2, 3))
image.mean(dim=1, keepdim=True)
image.mean((-2, -1))
image.sum(1)
image.amax(dim=-1)
image.max(dim=1).values
torch.max(image, 1)[0]
image.min(dim=2).values
torch.max(image, other)
image.prod(dim=1)
image.var(dim=1)
image.std(dim=(2, 3), unbiased=False)
torch.std(image, dim=1, correction=0)
image.norm(dim=1)
torch.norm(image, p=1, dim=2, keepdim=True)
torch.linalg.vector_norm(image, dim=(1, 2))
torch.logsumexp(image, dim=1)
image.cumsum(dim=1)
image.softmax(dim=1)
F.softmax(series, dim=-1)
F.log_softmax(vector, dim=1)
torch.cat([image, other], dim=1)
torch.cat((image, other, image), 2)
torch.stack((image, other), dim=1)
torch.concat((vector, vector), dim=1)
image + 1
2 * image
1 - image
(image - 0.5) / 0.25
image / 2 + 1
-image
1 / (image + 9)
3 / (2 + image)
image + other
image + other + 1
(image + other) * 0.5
image * other - image
image / (other + 20)
torch.add(image, other)
image.mul(2).add(1)
image.sub(other)
torch.div(image, 4)
torch.relu(image)
F.relu(image + other)
F.gelu(image, approximate="tanh")
F.leaky_relu(image, 0.2)
F.elu(image, alpha=0.5)
F.silu(image) * torch.sigmoid(other)
F.glu(image, dim=1)
F.hardtanh(image, -0.5, 0.5)
F.softplus(image, beta=2)
F.threshold(image, 0.2, 0.1)
F.logsigmoid(image)
F.celu(image)
F.softsign(image)
F.dropout(image, 0.5, self.training)
F.max_pool2d(image, 2)
F.max_pool2d(image, kernel_size=3, stride=1, padding=1)
F.avg_pool2d(image, 2)
F.adaptive_avg_pool2d(image, (1, 1))
F.adaptive_avg_pool2d(image, 1).flatten(1)
F.max_pool1d(series, 2)
F.lp_pool2d(image, 2, 2)
F.pixel_shuffle(image, 2)
F.pixel_unshuffle(image, 2)
F.channel_shuffle(image, 2)
F.local_response_norm(image, 3)
F.unfold(image, 3, padding=1)
F.interpolate(image, scale_factor=2)
F.interpolate(image, scale_factor=2, mode="bilinear", align_corners=True)
F.interpolate(image, size=(9, 9), mode="bilinear", align_corners=False)
F.layer_norm(image, (8,))
F.layer_norm(image, image.shape[2:])
F.group_norm(image, 2)
F.cosine_similarity(vector, vector + 1, dim=1)
F.pairwise_distance(vector, vector * 2)
torch.cdist(series, series + 1)
F.scaled_dot_product_attention(image, other, image)
image.unsqueeze(1)
image[:, None]
image.unsqueeze(-1).squeeze(-1)
series.unsqueeze(2).expand(-1, -1, 3, -1)
image.repeat(1, 2, 1, 1)
image.repeat(1, 2, 1, 3)
torch.tile(image, (1, 1, 1, 2))
image.repeat_interleave(2, dim=1)
image.flip(1)
torch.flip(image, dims=(2, 3))
image.roll(1, 2)
series[:, -1]
series[:, 0]
image[:, 1:3]
image[..., ::2]
image[:, 0, 1:3]
image[:, :, None, 2]
image[:, [0, 2]]
image[..., -1]
torch.select(image, 1, 0)
torch.narrow(image, 1, 1, 2)
torch.split(image, 2, dim=1)[0]
torch.chunk(image, 2, dim=1)[1]
torch.topk(vector, 3)[0]
torch.sort(vector, dim=1, descending=True)[0]
vector.sort(dim=1).values
image.triu()
torch.tril(image, -1)
torch.where(image > 0, image, other)
torch.where(image > 0, image, 0.5)
torch.where(image > 0, 0.0, image)
image.masked_fill(image > 0, -2.0)
torch.lerp(image, other, 0.25)
torch.exp(image)
image.sin() + image.cos()
abs(image)
torch.log(image.exp())
torch.sqrt(image * image + 1)
torch.rsqrt(image ** 2 + 1)
torch.minimum(image, other)
torch.zeros_like(image) + image
torch.full_like(image, 3.0)
image.detach()
image.clone()
image % other
torch.einsum("nchw,nchw->nc", image, other)
image.argmax(dim=1).float()
F.rms_norm(image, (8,))
F.instance_norm(image)
torch.cross(image[:, :, :, :3], other[:, :, :, 1:4], dim=-1)
torch.matmul(image, other.mT) / image.size(-1) ** 0.5
series * math.sqrt(series.shape[-1])
image / torch.sqrt(torch.tensor(8.0))
image.view(image.size(0), image.size(1) // 2, 2 * 6, 8)
image + 2 * math.pi
(image * 10).long().float()
F.one_hot((vector > 0).long(), 3).float()
((vector * 2).long() == 1).float()
torch.diagonal(image, dim1=-2, dim2=-1)
torch.gather(image, 1, image.argmax(dim=1, keepdim=True))
image.relu().sigmoid().tanh()
F.hardswish(F.mish(image)) - F.selu(other)
F.rrelu(image, training=self.training)
F.alpha_dropout(image, 0.1, self.training)
F.softmin(image, dim=2)
F.adaptive_max_pool2d(image, (2, 2))
F.avg_pool1d(series, kernel_size=2, stride=1)
F.fold(F.unfold(image, 2, stride=2), (6, 8), 2, stride=2)
(image > 0).any(dim=1).float()
""".strip().splitlines()


@pytest.mark.parametrize("line", LINES)
def test_a_function_gives_the_same_as_in_torch(drawing: Network, line: str) -> None:
    plain, drawn = outputs_of(drawing, with_line(drawing, f"y = {line}"))
    torch.testing.assert_close(drawn, plain)


@pytest.mark.parametrize(
    "lines",
    [
        ("y = torch.flatten(self.fc(self.act(self.fc0(image))), 1)",),
        ("y = self.act(self.fc(image) + self.fc0(other)) * 2",),
        ("y = self.fc(torch.relu(self.fc0(image)).mean(dim=(1, 2)))",),
        ("x = self.fc0(image)", "x += self.fc(image)", "y: Tensor = self.act(x)"),
        ("a, b = torch.split(image, 2, dim=1)", "y = self.fc(a) + self.fc0(self.act(b))"),
        ("a, b = image.chunk(2, dim=1)", "y = self.fc(self.act(self.fc0(a * b)))"),
        ("out, _ = self.rnn(series)", "y = self.fc(self.act(self.fc0(out)))"),
        ("out, (hidden, cell) = self.rnn(series)", "y = self.fc(self.act(self.fc0(hidden[-1])))"),
        ("out, (hidden, cell) = self.rnn(series)", "y = self.fc(self.act(self.fc0(out[:, -1])))"),
        ("_, hidden = self.gru(series)", "out, _ = self.gru(series, hidden)", "y = self.fc(self.act(self.fc0(out)))"),
        ("out, _ = self.attention(series, series, series)", "y = self.fc(self.act(self.fc0(out)))"),
        ("out, shown = self.attention(series, series, series)", "y = self.fc(self.act(self.fc0(out)))"),
    ],
    ids=lambda lines: "; ".join(lines),
)
def test_modules_called_within_a_line_give_the_same_as_in_torch(drawing: Network, lines: tuple[str, ...]) -> None:
    text = with_line(drawing, *lines)
    made = {
        "fc": "nn.Linear(8, 8)", "fc0": "nn.Linear(8, 8)", "act": "nn.ReLU(inplace=True)",
        "rnn": "nn.LSTM(8, 8, batch_first=True)", "gru": "nn.GRU(8, 8, batch_first=True)",
        "attention": "nn.MultiheadAttention(8, 2, batch_first=True)",
    }  # fmt: skip
    new = [f"        self.{name} = {how}" for name, how in made.items() if f"self.{name}(" in text]
    text = text.replace("super().__init__()", "\n".join(["super().__init__()", *new]))
    plain, drawn = outputs_of(drawing, text)
    torch.testing.assert_close(drawn, plain)


def test_the_help_page_names_every_function_that_is_understood() -> None:
    page = resource_path("help/code.md").read_text(encoding="utf-8")
    for name in SIGNATURES:
        short = re.sub(r"[13]d$", "2d", name.removeprefix("torch.").removeprefix("operator.").replace("truediv", "div"))
        assert re.search(rf"[`.]{re.escape(short)}[`(]", page), short


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("image.permute(1, 0, 2, 3)", "the batch, axis 0, stays first"),
        ("image[0]", "leave the batch whole"),
        ("image.mean()", "Say dim of mean as well"),
        ("image.view(-1, 8)", "The samples would be mixed"),
        ("image.max(dim=1)", "take one, as in x.max(dim=1).values"),
        ("F.dropout(image, 0.5, training=True)", "F.dropout as it stands here draws at random when predicting, too"),
        ("F.dropout(image)", "F.dropout as it stands here draws at random when predicting, too"),
        ("F.dropout2d(image, 0.5, False)", "F.dropout2d as it stands here draws nothing at random"),
        ("F.alpha_dropout(image, 0.1)", "F.alpha_dropout as it stands here draws nothing at random"),
        ("F.rrelu(image)", "training can only be self.training, and has to be said"),
        ("F.scaled_dot_product_attention(image, other, image, dropout_p=0.5)", "set the dropout in the inspector"),
        ("torch.mean(image, 1, dtype=torch.float64)", "mean is drawn with input, dim, keepdim alone"),
        ("torch.split(image, 2)", "the batch, axis 0, stays first"),
        ("image ** other", "give a number, as in x ** 2"),
        ("F.interpolate(image, size=(9, 9), align_corners=True)", "align_corners can only be False"),
        ("torch.fft.fft(image)", "No layer does"),
        ("torch.clamp(image, 'a', [1])", "Clamp.minimum"),
        ("self.missing(image)", "not made in __init__"),
    ],
)
def test_a_function_that_cannot_be_drawn_says_what_can(drawing: Network, line: str, said: str) -> None:
    with pytest.raises(CodeError) as caught:
        edited(written(resolve(drawing), ends=True), with_line(drawing, f"y = {line}"))
    assert said in caught.value.sentence


def test_layers_that_are_called_within_a_line_stay_the_same_nodes(drawing: Network) -> None:
    text = written(resolve(drawing), ends=True).text
    text = text.replace("y = torch.flatten(image_, 1)", "y = torch.flatten(self.image_(image), 1)")
    text = "\n".join(line for line in text.split("\n") if "image_ = self.image_(image)" not in line)
    assert edited(written(resolve(drawing), ends=True), text).network == drawing
