"""The torch modules that layers need and torch lacks. Each class depends on torch alone, so that its source can be
printed into an exported Python file."""

from nnstudio.nn.attention import (
    MultiheadAttention,
    ScaledDotProductAttention,
    Transformer,
    TransformerDecoder,
    TransformerDecoderLayer,
    TransformerEncoder,
    TransformerEncoderLayer,
)
from nnstudio.nn.channels import MelSpectrogram, SqueezeExcitation
from nnstudio.nn.codes import AdaptiveLogSoftmax, EmbeddingBag, TiedEmbedding
from nnstudio.nn.detection import BoxLoss, GroupPixels, HeatmapLoss, OffsetLoss, PeakBoxes
from nnstudio.nn.graphs import GATConv, GraphConv, RelationalGraphConv
from nnstudio.nn.losses import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    CTCLoss,
    GaussianNLLLoss,
    KLDivLoss,
    MultiLabelSoftMarginLoss,
    MultiMarginLoss,
    NLLLoss,
    SoftMarginLoss,
    TripletMarginWithDistanceLoss,
)
from nnstudio.nn.losses_adversarial import DiscriminatorLoss, GeneratorLoss, HingeLoss
from nnstudio.nn.losses_areas import FocalLoss, OverlapLoss
from nnstudio.nn.losses_embeddings import BatchTripletLoss, ContrastiveLoss, NTXentLoss
from nnstudio.nn.losses_padded import KLNormalLoss, MaskedLoss, QuantileLoss, SequenceCrossEntropyLoss
from nnstudio.nn.masks import FlipSequence, LengthMask, MaskedPool
from nnstudio.nn.metrics import MAE, R2, RMSE, Accuracy, BinaryAccuracy, Perplexity
from nnstudio.nn.metrics_counted import F1, CalibrationError, MatthewsCorrelation, MeanIoU, Precision, Recall
from nnstudio.nn.metrics_detection import InstancePrecision, MeanAveragePrecision
from nnstudio.nn.metrics_gathered import ROCAUC, AveragePrecision, EqualErrorRate, RecallAtK
from nnstudio.nn.metrics_sequences import BLEU, ChrF, EntityF1, ErrorRate, ExactMatch
from nnstudio.nn.pooling import (
    FractionalMaxPool2d,
    FractionalMaxPool3d,
    LPPool1d,
    LPPool2d,
    LPPool3d,
    MaxUnpool1d,
    MaxUnpool2d,
    MaxUnpool3d,
)
from nnstudio.nn.positions import ClassToken, LearnedPositions, PatchEmbedding, PositionalEncoding, RotaryEncoding
from nnstudio.nn.recurrent import GRU, LSTM, RNN, LSTMCell
from nnstudio.nn.resizing import InterpolateLike
from nnstudio.nn.time_steps import UnfoldTime
from nnstudio.nn.variational import Reparameterise, StochasticDepth
from nnstudio.nn.warping import RandomAffine

__all__ = [
    "BLEU",
    "F1",
    "GRU",
    "LSTM",
    "MAE",
    "R2",
    "RMSE",
    "RNN",
    "ROCAUC",
    "Accuracy",
    "AdaptiveLogSoftmax",
    "AveragePrecision",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchTripletLoss",
    "BinaryAccuracy",
    "BoxLoss",
    "CTCLoss",
    "CalibrationError",
    "ChrF",
    "ClassToken",
    "ContrastiveLoss",
    "CrossEntropyLoss",
    "DiscriminatorLoss",
    "EmbeddingBag",
    "EntityF1",
    "EqualErrorRate",
    "ErrorRate",
    "ExactMatch",
    "FlipSequence",
    "FocalLoss",
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
    "GATConv",
    "GaussianNLLLoss",
    "GeneratorLoss",
    "GraphConv",
    "GroupPixels",
    "HeatmapLoss",
    "HingeLoss",
    "InstancePrecision",
    "InterpolateLike",
    "KLDivLoss",
    "KLNormalLoss",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "LSTMCell",
    "LearnedPositions",
    "LengthMask",
    "MaskedLoss",
    "MaskedPool",
    "MatthewsCorrelation",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
    "MeanAveragePrecision",
    "MeanIoU",
    "MelSpectrogram",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "MultiheadAttention",
    "NLLLoss",
    "NTXentLoss",
    "OffsetLoss",
    "OverlapLoss",
    "PatchEmbedding",
    "PeakBoxes",
    "Perplexity",
    "PositionalEncoding",
    "Precision",
    "QuantileLoss",
    "RandomAffine",
    "Recall",
    "RecallAtK",
    "RelationalGraphConv",
    "Reparameterise",
    "RotaryEncoding",
    "ScaledDotProductAttention",
    "SequenceCrossEntropyLoss",
    "SoftMarginLoss",
    "SqueezeExcitation",
    "StochasticDepth",
    "TiedEmbedding",
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
    "TripletMarginWithDistanceLoss",
    "UnfoldTime",
]
