"""What a layer cannot do on its inputs it says in a sentence, with what to do about it."""

from __future__ import annotations

from typing import Any

import pytest

from nnstudio.layers import BuildError, Layer, Symbol, TensorType, load

CATALOGUE = load()
image = TensorType.of("N C H W", "N", 6, 5, 5)
vector = TensorType.of("N F", "N", 64)
sequence = TensorType.of("N T F", "N", 7, 4)
digits = TensorType.of("N", "N", dtype="int64", classes=10)


def scores(count: int) -> TensorType:
    return TensorType.of("N C", "N", count)


def layer(name: str, **values: Any) -> Layer:
    return CATALOGUE[name].make(values)


@pytest.mark.parametrize(
    ("made", "given", "said", "hint"),
    [
        (layer("Conv2d", groups=4), (image,), r"its input's channels \(6\) into 4 groups", "one of 1, 2"),
        (layer("Conv2d", kernel_size=7), (image,), "kernel of 7×7, which is larger than its input of 5×5", "smaller"),
        (layer("Conv2d", kernel_size=3, dilation=3), (image,), r"3×3 \(spread to 7×7 by its dilation\)", "padding"),
        (layer("Conv2d", kernel_size=9, padding=1), (image,), "5×5 padded by 1×1", "smaller"),
        (layer("Conv2d", kernel_size=2, padding="same"), (image,), "both sides alike for a kernel of 2×2", "odd"),
        (layer("Conv2d", padding=5, padding_mode="reflect"), (image,), "padding of 5 in reflect", "at most 4"),
        (layer("ConvTranspose2d", output_padding=2), (image,), "smaller than its stride", "at most 1"),
        (layer("ConvTranspose2d", padding=9), (image,), "leaves nothing", "at most 4"),
        (layer("MaxPool2d", padding=2), (image,), "more than half its window of 2×2", "at most 1"),
        (layer("MaxPool2d", padding=1, dilation=6, stride=3), (image,), "nothing but padding", "dilation smaller"),
        (layer("AvgPool1d", kernel_size=9), (sequence,), "kernel of 9, which is larger than its input of 4", "smaller"),
        (layer("BatchNorm1d"), (image,), "needs vectors or signals", "BatchNorm2d"),
        (layer("GroupNorm", num_groups=4), (image,), "6 channels into 4 groups", "1, 2, 3, 6"),
        (layer("LayerNorm", axes=3), (sequence,), "last 3 axes, but its input 7×4 has 2", "at most 2"),
        (layer("Softmax", axis=0), (vector,), "mixes the samples", "from 1 to 1"),
        (layer("Softmax", axis=4), (sequence,), "axis 4, but its input 7×4 has axes 1 to 2", "from 1 to 2"),
        (layer("Flatten", start_dim=3), (sequence,), "has axes 1 to 2", "from 1 to 2"),
        (layer("Flatten"), (digits,), "one number a sample", "Reshape"),
        (layer("Reshape", shape=(3, 3)), (vector,), r"3×3 \(9 numbers\) of 64", "product is 64"),
        (layer("Reshape", shape=(3, -1)), (vector,), "64 is no multiple of 3", "divides 64"),
        (layer("Reshape", shape=(-1, -1)), (vector,), "cannot give a sample the sizes -1×-1", "at most once"),
        (layer("Permute", order=(1, 1)), (sequence,), "order 1, 1, but its input 7×4 has 2 axes", "2, 1"),
        (layer("Add"), ((vector,),), "at least two inputs", "wire another"),
        (layer("Add"), ((vector, sequence),), "64, 7×4", "same"),
        (layer("Subtract"), (vector, scores(5)), "64, 5", "same"),
        (layer("Concatenate"), ((vector, sequence),), "different numbers of axes", "Flatten"),
        (layer("Concatenate", axis=2), ((sequence, TensorType.of("N T F", "N", 8, 4)),), "differ in more", "the same"),
        (layer("MatMul"), (sequence, sequence), "left has 4 columns, right 7 rows", "turn transpose right on"),
        (layer("Embedding"), (TensorType.of("N T", "N", 9, dtype="int64"),), "does not know how many", "Codes"),
        (layer("Embedding", num_embeddings=4), (digits,), "vectors for 4 codes but its input has 10", "to 10"),
        (layer("Embedding"), (TensorType.of("N", "N", dtype="uint8", classes=3),), "fed uint8", "int64"),
        (layer("LSTM"), (sequence, TensorType.of("N F", "N", 5), None, None), "64 numbers a sample", "64 outputs"),
        (layer("CrossEntropyLoss"), (scores(5), digits), "gets 5 scores but the target has 10 classes",
         "give the last Linear 10 outputs"),
        (layer("CrossEntropyLoss"), (scores(1), digits), "gets 1 score but the target has 10 classes", "10 outputs"),
        (layer("BCEWithLogitsLoss"), (scores(1), digits), "its target has 10 classes", "CrossEntropyLoss"),
        (layer("CrossEntropyLoss", class_weights=(1, 2)), (scores(10), digits), "2 class weights for 10 classes", "10"),
        (layer("BCELoss", class_weights=(1, 2)), (scores(3), scores(3)), "2 label weights for 3 classes", "3 numbers"),
        (layer("MultiheadAttention", num_heads=3), (sequence, None, None, None, None), "4 features among 3", "1, 2, 4"),
        (layer("MultiheadAttention", num_heads=4, rotary=True), (sequence, None, None, None, None),
         "each of its heads has 1", "even number"),
        (layer("MultiheadAttention", num_heads=2, rotary=True, add_zero_attn=True), (sequence, None, None, None, None),
         "turns keys by their positions", "Empty step"),
        (layer("GLU"), (scores(5),), "cannot halve channel of size 5", "such as 6"),
        (layer("PixelShuffle", upscale_factor=4), (image,), "a multiple of 16 channels", "it 16 channels"),
        (layer("Fold", kernel_size=2), (TensorType.of("N C B", "N", 6, 9),), "4 numbers, and its input has 6", "of 4"),
        (layer("ReflectionPad2d", padding=5), (image,), "cannot fill a padding of 5 from an input of 5×5", "at most 4"),
        (layer("Interpolate"), (image, sequence), "like is fed 7×4", "wire an image to like"),
        (layer("LearnedPositions", length=3), (sequence,), "learns 3 positions, and its input has 7", "to 7"),
        (layer("PatchEmbedding"), (image,), "5×5 into patches of 4×4 without a rest", "ZeroPad2d"),
        (layer("Hardtanh", min_val=2), (vector,), "lower limit of 2, not below its upper limit of 1", "below 1"),
        (layer("EmbeddingBag"), (TensorType.of("N T", "N", 9, dtype="int64", classes=4), TensorType.of("N T", "N", 9)),
         "weights, which count in a sum alone", "to sum"),
        (layer("LSTM", hidden_size=4, proj_size=4), (sequence, None, None, None), "4 units to 4, which is no", "below"),
        (layer("Upsample", mode="trilinear"), (image,), "6×5×5 in trilinear fashion", "bilinear"),
        (layer("Unflatten", unflattened_size=(3, -1)), (vector,), "an axis of 64 into 3×-1", "product is 64"),
        (layer("CTCLoss"), (TensorType.of("N T C", "N", 7, 4), TensorType.of("N S", "N", 8, dtype="int64"), None, None),
         "cannot fit 8 codes into 7 steps", "less"),
        (layer("Accuracy"), (scores(5), digits), "gets 5 scores but the target has 10 classes", "10 outputs"),
        (layer("Accuracy", top_k=11), (scores(10), digits), "11 best of 10 scores", "at most 10"),
        (layer("Accuracy"), (scores(1), digits), "a single score but the target has 10 classes", "10 outputs"),
        (layer("FocalLoss"), (scores(3), TensorType.of("N", "N", dtype="uint8", classes=3)), "fed uint8", "int64"),
    ],
    ids=lambda value: value.subtitle() if isinstance(value, Layer) else "",
)  # fmt: skip
def test_says_what_is_wrong_and_what_to_do(made: Layer, given: tuple[Any, ...], said: str, hint: str) -> None:
    with pytest.raises(BuildError, match=said) as caught:
        made.build(*given)
    assert hint in caught.value.hint


def test_same_padding_keeps_the_size_and_is_a_number_in_the_code() -> None:
    built = layer("Conv2d", kernel_size=(3, 5), padding="same").build(image)
    assert built.keywords["padding"] == (1, 2)


def test_a_size_that_is_not_known_is_let_pass_by_windows_and_refused_where_weights_depend_on_it() -> None:
    signal = TensorType.of("N C T", "N", 4, "T")
    assert layer("Conv1d", kernel_size=9).build(signal)
    with pytest.raises(BuildError, match="needs a fixed time"):
        layer("LayerNorm", axes=1).build(signal)
    assert Symbol("T") in signal.sizes


def test_a_binary_target_may_be_class_codes_without_the_last_axis() -> None:
    yes_no = TensorType.of("N", "N", dtype="int64", classes=2)
    assert layer("BCEWithLogitsLoss").build(scores(1), yes_no).target == "nnstudio.nn.BCEWithLogitsLoss"
    assert layer("BCEWithLogitsLoss").build(scores(1), scores(1)).target == "torch.nn.BCEWithLogitsLoss"
    assert layer("Accuracy").build(scores(1), yes_no).target == "nnstudio.nn.BinaryAccuracy"
    assert layer("Accuracy").build(scores(2), yes_no).target == "nnstudio.nn.Accuracy"


@pytest.mark.parametrize(
    "name", ["CrossEntropyLoss", "FocalLoss", "DiceLoss", "JaccardLoss", "Accuracy", "F1", "MeanIoU",
             "MatthewsCorrelation", "ROCAUC", "CalibrationError", "Perplexity", "EntityF1"]
)  # fmt: skip
def test_a_last_class_that_is_ignored_needs_no_score(name: str) -> None:
    void = TensorType.of("N H W", "N", 5, 5, dtype="int64", classes=3)
    two = TensorType.of("N C H W", "N", 2, 5, 5)
    made = layer(name, ignore_index=2).build(two, void)
    with pytest.raises(BuildError, match="gets 2 scores but the target has 3 classes"):
        layer(name, ignore_index=0).build(two, void)
    if name.endswith(("Loss", "IoU")) and name != "CrossEntropyLoss":
        assert made != layer(name, ignore_index=2).build(TensorType.of("N C H W", "N", 1, 5, 5), void)


def test_each_step_of_a_sequence_needs_no_score_for_a_last_code_that_is_ignored() -> None:
    codes = TensorType.of("N T", "N", 7, dtype="int64", classes=5)
    assert layer("SequenceCrossEntropyLoss", ignore_index=4).build(sequence, codes)
    with pytest.raises(BuildError, match="gets 4 scores at each step, and there are 5 codes"):
        layer("SequenceCrossEntropyLoss").build(sequence, codes)


def test_transposed_convolutions_start_by_what_comes_in() -> None:
    he = layer("ConvTranspose2d", weight_init="he normal").initialise()[0]
    assert dict(he.kwargs)["mode"] == "fan_out"
