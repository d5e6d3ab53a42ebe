"""Functions of torch, and the layer of the catalogue that each is: one line for each, in torch's order of arguments.

A line is the layer, the function and its arguments. ``$input`` is a tensor, ``$tensors*`` several of them, in the order
of the layer's inputs; ``dim>axes`` is a parameter of another name, ``p=0.5`` one that may be left out, and ``inplace~``
has no effect on what comes out. The same function is known in ``torch``, in ``torch.nn.functional`` and as a method.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_POOL = "$input kernel_size stride=None padding=0"
_TEXT = f"""
Sum                 sum              $input dim>axes keepdim=False
Mean                mean             $input dim>axes keepdim=False
Max                 amax             $input dim>axes keepdim=False
Min                 amin             $input dim>axes keepdim=False
LogSumExp           logsumexp        $input dim>axes keepdim=False
Product             prod             $input dim>axis keepdim=False
ArgMax              argmax           $input dim>axis keepdim=False
ArgMin              argmin           $input dim>axis keepdim=False
Any                 any              $input dim>axis keepdim=False
All                 all              $input dim>axis keepdim=False
CumSum              cumsum           $input dim>axis
CumProd             cumprod          $input dim>axis
Concatenate         cat              $tensors* dim>axis=0
Stack               stack            $tensors* dim>axis=0
Chunk               chunk            $input chunks>parts dim>axis=0
RReLU               rrelu            $input lower=0.125 upper=0.3333333333333333 training~ inplace~
TopK                topk             $input k dim>axis=-1 largest!smallest=True sorted~
Sort                sort             $input dim>axis=-1 descending=False stable~
Flatten             flatten          $input start_dim=0 end_dim=-1
Unflatten           unflatten        $input dim>axis sizes>unflattened_size
Transpose           transpose        $input dim0>first dim1>second
Squeeze             squeeze          $input dim>axis
Unsqueeze           unsqueeze        $input dim>axis
Select              select           $input dim>axis index
Gather              gather           $input dim>axis $index
Roll                roll             $input shifts>shift dims>axis
Triu                triu             $input diagonal=0
Tril                tril             $input diagonal=0
MaskedFill          masked_fill      $input $mask value
MatMul              matmul           $input $other
Log                 log              $input
Sqrt                sqrt             $input
Rsqrt               rsqrt            $input
ReLU                relu             $input inplace~
ReLU6               relu6            $input inplace~
LeakyReLU           leaky_relu       $input negative_slope=0.01 inplace~
ELU                 elu              $input alpha=1.0 inplace~
CELU                celu             $input alpha=1.0 inplace~
SELU                selu             $input inplace~
GELU                gelu             $input approximate="none"
SiLU                silu             $input inplace~
Mish                mish             $input inplace~
Softplus            softplus         $input beta=1.0 threshold=20.0
Sigmoid             sigmoid          $input
LogSigmoid          logsigmoid       $input
Tanh                tanh             $input
Hardtanh            hardtanh         $input min_val=-1.0 max_val=1.0 inplace~
Hardsigmoid         hardsigmoid      $input inplace~
Hardswish           hardswish        $input inplace~
Hardshrink          hardshrink       $input lambd=0.5
Softshrink          softshrink       $input lambd=0.5
Tanhshrink          tanhshrink       $input
Softsign            softsign         $input
Threshold           threshold        $input threshold value inplace~
Softmax             softmax          $input dim>axis
LogSoftmax          log_softmax      $input dim>axis
Softmin             softmin          $input dim>axis
GLU                 glu              $input dim>axis=-1
Dropout             dropout          $input p=0.5 training~ inplace~
Dropout1d           dropout1d        $input p=0.5 training~ inplace~
Dropout2d           dropout2d        $input p=0.5 training~ inplace~
Dropout3d           dropout3d        $input p=0.5 training~ inplace~
AlphaDropout        alpha_dropout    $input p=0.5 training~ inplace~
FeatureAlphaDropout feature_alpha_dropout $input p=0.5 training~ inplace~
MaxPool1d           max_pool1d       {_POOL} dilation=1 ceil_mode=False return_indices=False
MaxPool2d           max_pool2d       {_POOL} dilation=1 ceil_mode=False return_indices=False
MaxPool3d           max_pool3d       {_POOL} dilation=1 ceil_mode=False return_indices=False
AvgPool1d           avg_pool1d       {_POOL} ceil_mode=False count_include_pad=True
AvgPool2d           avg_pool2d       {_POOL} ceil_mode=False count_include_pad=True divisor_override=None
AvgPool3d           avg_pool3d       {_POOL} ceil_mode=False count_include_pad=True divisor_override=None
LPPool1d            lp_pool1d        $input norm_type kernel_size stride=None ceil_mode=False
LPPool2d            lp_pool2d        $input norm_type kernel_size stride=None ceil_mode=False
LPPool3d            lp_pool3d        $input norm_type kernel_size stride=None ceil_mode=False
AdaptiveAvgPool1d   adaptive_avg_pool1d $input output_size
AdaptiveAvgPool2d   adaptive_avg_pool2d $input output_size
AdaptiveAvgPool3d   adaptive_avg_pool3d $input output_size
AdaptiveMaxPool1d   adaptive_max_pool1d $input output_size return_indices=False
AdaptiveMaxPool2d   adaptive_max_pool2d $input output_size return_indices=False
AdaptiveMaxPool3d   adaptive_max_pool3d $input output_size return_indices=False
MaxUnpool1d         max_unpool1d     $input $indices kernel_size stride=None padding=0
MaxUnpool2d         max_unpool2d     $input $indices kernel_size stride=None padding=0
MaxUnpool3d         max_unpool3d     $input $indices kernel_size stride=None padding=0
Unfold              unfold           $input kernel_size dilation=1 padding=0 stride=1
Fold                fold             $input output_size kernel_size dilation=1 padding=0 stride=1
PixelShuffle        pixel_shuffle    $input upscale_factor
PixelUnshuffle      pixel_unshuffle  $input downscale_factor
ChannelShuffle      channel_shuffle  $input groups
LocalResponseNorm   local_response_norm $input size alpha=0.0001 beta=0.75 k=1.0
CosineSimilarity    cosine_similarity $x1 $x2 dim>axis=1 eps=1e-08
PairwiseDistance    pairwise_distance $x1 $x2 p=2.0 eps=1e-06 keepdim=False
"""

#: Functions that are read by a rule of their own (`code_rules`), with their arguments in torch's order.
_RULED = """
add input other
sub input other
mul input other
truediv input other
neg input
pow input exponent
eq input other
ne input other
lt input other
le input other
gt input other
ge input other
clamp input min max
permute input dims
reshape input shape
broadcast_to input size
tile input dims
repeat_interleave input repeats dim
flip input dims
split tensor split_size_or_sections dim
unbind input dim
narrow input dim start length
where condition input other
lerp input end weight
max input dim keepdim
min input dim keepdim
var input dim unbiased keepdim correction
std input dim unbiased keepdim correction
norm input p dim keepdim
linalg.vector_norm x ord dim keepdim
normalize input p dim eps
pad input pad mode value
interpolate input size scale_factor mode align_corners recompute_scale_factor antialias
layer_norm input normalized_shape weight bias eps
group_norm input num_groups weight bias eps
rms_norm input normalized_shape weight eps
instance_norm input running_mean running_var weight bias use_input_stats momentum eps
cross input other dim
one_hot input num_classes
diagonal input offset dim1 dim2
size input axis
cdist x1 x2 p
full_like input value
ones_like input
zeros_like input
scaled_dot_product_attention query key value attn_mask dropout_p is_causal scale
"""

#: Other names of the same functions, without ``torch.``.
_ALIASES = """
view=reshape concat=cat concatenate=cat clip=clamp swapaxes=transpose swapdims=transpose expand=broadcast_to repeat=tile
multiply=mul subtract=sub divide=truediv div=truediv true_divide=truediv negative=neg absolute=abs bmm=matmul mm=matmul
special.expit=sigmoid special.softmax=softmax greater=gt greater_equal=ge less=lt less_equal=le not_equal=ne
linalg.norm=linalg.vector_norm special.erf=erf special.expm1=expm1 special.log1p=log1p special.logsumexp=logsumexp
bitwise_not=logical_not bitwise_and=logical_and bitwise_or=logical_or bitwise_xor=logical_xor
"""
_OPERATORS = frozenset({"add", "sub", "mul", "truediv", "neg", "getitem"})


@dataclass(frozen=True)
class Argument:
    """One argument of a function. parameter: of the layer, "" where it has no effect; default: as text, None where it
    has to be said; negated: the parameter is true where the argument is not."""

    name: str
    parameter: str = ""
    tensor: bool = False
    default: str | None = None
    negated: bool = False

    @property
    def value(self) -> Any:
        """Its default."""
        return ast.literal_eval(str(self.default))


@dataclass(frozen=True)
class Row:
    """A function that is a layer."""

    layer: str
    arguments: tuple[Argument, ...]


def full_name(short: str) -> str:
    """A function as meanings name it: ``operator.add``, ``torch.flatten``."""
    return f"operator.{short}" if short in _OPERATORS else f"torch.{short}"


def _argument(text: str) -> Argument:
    if text.startswith("$"):
        return Argument(text.strip("$*"), tensor=True)
    name, _, default = text.partition("=")
    said = default or None
    if name.endswith("~"):
        return Argument(name[:-1], default="None")
    if "!" in name:
        name, _, parameter = name.partition("!")
        return Argument(name, parameter, default=said, negated=True)
    name, _, parameter = name.partition(">")
    return Argument(name, parameter or name, default=said)


def _rows() -> Iterator[tuple[str, Row]]:
    for line in _TEXT.strip().splitlines():
        layer, function, *arguments = line.split()
        yield full_name(function), Row(layer, tuple(map(_argument, arguments)))


#: The layer that each function is, by the function's name.
ROWS: Mapping[str, Row] = dict(_rows())
#: The names of every known function's arguments.
SIGNATURES: Mapping[str, tuple[str, ...]] = {
    **{name: tuple(each.name for each in row.arguments) for name, row in ROWS.items()},
    **{full_name(line.split()[0]): tuple(line.split()[1:]) for line in _RULED.strip().splitlines()},
}
#: The name that meanings have for functions with several.
ALIASES: Mapping[str, str] = {
    **{full_name(name): full_name(same) for name, _, same in (each.partition("=") for each in _ALIASES.split())},
    **{f"torch.{name}": f"operator.{name}" for name in _OPERATORS},
    "operator.pow": "torch.pow",
    "operator.matmul": "torch.matmul",
}
