"""What torch has and the catalogue has not, by name, and why. A test compares both lists with torch's own."""

from __future__ import annotations

_LAZY = "its sizes follow from what is wired to it, as every layer's do here"
_CONTAINER = "holds other modules: a drawing, a block or a repeat does that"
_BASE = "a base class that does nothing by itself"
_DEPRECATED = "deprecated in torch"

#: Names of ``torch.nn`` that are no layer type.
LEFT_OUT: dict[str, str] = {
    **dict.fromkeys(
        """LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d LazyConv1d LazyConv2d LazyConv3d LazyConvTranspose1d
        LazyConvTranspose2d LazyConvTranspose3d LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d
        LazyLinear""".split(),
        _LAZY,
    ),
    **dict.fromkeys("Container ModuleDict ModuleList ParameterDict ParameterList Sequential".split(), _CONTAINER),
    **dict.fromkeys("Module RNNBase RNNCellBase".split(), _BASE),
    **dict.fromkeys(
        "Parameter Buffer UninitializedParameter UninitializedBuffer".split(),
        "a tensor inside a module: the layers have their own, and Constant gives a fixed one",
    ),
    "DataParallel": "spreads a module over several devices: the device is the run's, not a layer's",
    "factory_kwargs": "a function for writing modules, no module",
    "NLLLoss2d": f"{_DEPRECATED}: NLLLoss takes images too",
    "UpsamplingBilinear2d": f"{_DEPRECATED}: Upsample in bilinear mode",
    "UpsamplingNearest2d": f"{_DEPRECATED}: Upsample in nearest mode",
    "CrossMapLRN2d": "the same as LocalResponseNorm, kept in torch for models of its first years",
    "AdaptiveLogSoftmaxWithLoss": "is AdaptiveLogSoftmax, then NLLLoss: weights inside a loss could not predict",
    "LinearCrossEntropyLoss": "is Linear, then CrossEntropyLoss: weights inside a loss could not predict",
    "LinearCrossEntropyOptions": "options of LinearCrossEntropyLoss, no module",
}

#: Arguments of torch's classes that are no parameter anywhere: device and dtype are the run's, the rest follows.
EVERYWHERE: dict[str, str] = {
    "device": "the run chooses the device",
    "dtype": "the run chooses the number type",
    "inplace": "saves memory at the price of wrong gradients where the input is used elsewhere too",
    "size_average": f"{_DEPRECATED}: reduction",
    "reduce": f"{_DEPRECATED}: reduction",
    "batch_first": "the batch always comes first",
    "in_features": "the input's",
    "in1_features": "the left input's",
    "in2_features": "the right input's",
    "in_channels": "the input's",
    "num_features": "the input's",
    "num_channels": "the input's",
    "input_size": "the input's",
    "d_model": "the input's",
    "embed_dim": "the query's",
    "kdim": "the key's",
    "vdim": "the value's",
    "_weight": "weights come from training or from a file",
    "_freeze": "freezing is a node's, not a layer's",
    "_random_samples": "drawn while training, still when predicting",
    "sparse": "most optimizers, and the gradients' plots, take no sparse gradients",
    "_stacklevel": "where torch says that a warning comes from",
}

#: Arguments under another name, by type and argument ("*" for every type).
RENAMED: dict[tuple[str, str], str] = {
    ("*", "dim"): "axis",
    ("*", "weight"): "class_weights",
    ("LayerNorm", "normalized_shape"): "axes",
    ("RMSNorm", "normalized_shape"): "axes",
    ("PReLU", "num_parameters"): "per_channel",
}

#: Other arguments that are no parameter, by type and argument.
FIXED: dict[tuple[str, str], str] = {
    ("ConvTranspose1d", "padding_mode"): "torch takes zeros alone",
    ("ConvTranspose2d", "padding_mode"): "torch takes zeros alone",
    ("ConvTranspose3d", "padding_mode"): "torch takes zeros alone",
    ("Hardtanh", "min_value"): f"{_DEPRECATED}: min_val",
    ("Hardtanh", "max_value"): f"{_DEPRECATED}: max_val",
    ("Upsample", "size"): "Interpolate brings to a size",
    ("Upsample", "recompute_scale_factor"): "has no effect on whole factors",
    ("RNN", "mode"): "the type itself, and nonlinearity",
    ("GRU", "mode"): "the type itself",
    ("LSTM", "mode"): "the type itself",
    ("RNN", "proj_size"): "torch projects LSTM alone",
    ("GRU", "proj_size"): "torch projects LSTM alone",
    ("EmbeddingBag", "include_last_offset"): "bags come as rows here, not as offsets",
    ("SyncBatchNorm", "process_group"): "all processes of the run",
    ("Transformer", "custom_encoder"): "draw the encoder",
    ("Transformer", "custom_decoder"): "draw the decoder",
    ("TransformerEncoder", "encoder_layer"): "made of the layer's own parameters",
    ("TransformerEncoder", "enable_nested_tensor"): "off: what comes out would be shorter where all samples are padded",
    ("TransformerEncoder", "mask_check"): "has an effect on nested tensors alone",
    ("TransformerDecoder", "decoder_layer"): "made of the layer's own parameters",
}
