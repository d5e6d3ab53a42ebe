"""Networks on series, sounds and molecules: what comes one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from making import rows, sheet
from nnstudio.data.opening import shipped_reference
from nnstudio.data.steps import STEPS
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan


def forecast() -> Sheet:
    """The next six hours of demand for electricity out of the week before."""
    net = NetworkBuilder()
    past = net.add("Input", name="week", field="past")
    flat = net.add("Flatten", past, name="flatten")
    x = net.add("ReLU", net.add("Linear", flat, name="hidden", out_features=128), name="relu")
    x = net.add("Dropout", x, name="dropout", p=0.1)
    bent = net.add("Linear", x, name="bent", out_features=12)
    straight = net.add("Linear", flat, name="straight", out_features=12)
    guess = net.add("Add", straight, bent, name="next_hours")
    future = net.add("Input", name="future", field="future")
    net.add("L1Loss", guess, future, name="loss")
    net.add("Output", guess, name="demand", kind="number")
    week = STEPS["windows"].make({
        "columns": ("demand", "temperature", "workday"), "past": 336, "horizon": 12, "target": "demand", "stride": 2,
    })  # fmt: skip
    return sheet(
        net, rows("week flatten hidden relu dropout", ". straight . . bent", ". . future . next_hours",
                  ". . . loss demand"),
        Plan.make({"epochs": 15, "batch_size": 64, "optimizer": "AdamW", "learning_rate": 0.001, "weight_decay": 0.1,
                   "schedule": "one-cycle"}),
        shipped_reference("demand").with_(steps=(week,)),
        "Forecast", "A week of demand for electricity, half hour by half hour, says what the next six hours will need.",
    )  # fmt: skip


def maintenance() -> Sheet:
    """How many cycles an engine has left."""
    net = NetworkBuilder()
    past = net.add("Input", name="sensors", field="past")
    x = net.add("ReLU", net.add("Linear", past, name="each_cycle", out_features=32), name="relu1")
    memory = net.add("GRU", x, name="memory", hidden_size=32)
    x = net.add("ReLU", net.add("Linear", memory.last, name="hidden", out_features=32), name="relu2")
    left = net.add("Linear", x, name="left", out_features=1)
    remaining = net.add("Input", name="remaining", field="remaining")
    net.add("SmoothL1Loss", left, remaining, name="loss")
    net.add("RMSE", left, remaining, name="rmse")
    net.add("Output", left, name="cycles_left", kind="number")
    window = STEPS["windows"].make({"past": 30, "horizon": 0, "target": "remaining", "stride": 2, "group": "engine"})
    return sheet(
        net, rows("sensors each_cycle relu1 memory", ". hidden relu2 left", ". . remaining cycles_left",
                  ". . loss rmse"),
        Plan.make({"epochs": 15, "batch_size": 64, "optimizer": "AdamW", "learning_rate": 0.005, "weight_decay": 0.01,
                   "schedule": "one-cycle"}),
        shipped_reference("engines").with_(steps=(window,)),
        "Maintenance (simulated)", "Thirty cycles of an engine's sensors say how many are left before it breaks.",
    )  # fmt: skip


def molecules() -> Sheet:
    """Into the brain or not, from how a molecule is written."""
    net = NetworkBuilder()
    smiles = net.add("Input", name="smiles", field="smiles")
    x = net.add("Embedding", smiles, name="characters", embedding_dim=32, padding_idx=0)
    x = net.add("Transpose", x, name="turn")
    for number, channels in ((1, 64), (2, 96)):
        x = net.add("Conv1d", x, name=f"conv{number}", out_channels=channels, kernel_size=5, padding="same")
        x = net.add("ReLU", net.add("BatchNorm1d", x, name=f"bn{number}"), name=f"relu{number}")
        if number == 1:
            x = net.add("MaxPool1d", x, name="pool", kernel_size=2)
    x = net.add("Flatten", net.add("AdaptiveMaxPool1d", x, name="strongest", output_size=1), name="flatten")
    x = net.add("Dropout", x, name="dropout", p=0.4)
    score = net.add("Linear", x, name="score", out_features=1)
    barrier = net.add("Input", name="barrier", field="barrier")
    net.add("BCEWithLogitsLoss", score, barrier, name="loss")
    net.add("ROCAUC", score, barrier, name="auc")
    net.add("Output", score, name="brain", kind="class scores")
    tokens = STEPS["tokens"].make({"column": "smiles", "by": "characters", "length": 128})
    return sheet(
        net, rows("smiles characters turn conv1 bn1", "relu1 pool conv2 bn2 relu2",
                  "strongest flatten dropout score brain", ". . barrier loss auc"),
        Plan.make({"epochs": 12, "batch_size": 64, "optimizer": "AdamW", "learning_rate": 0.003, "weight_decay": 0.05,
                   "schedule": "one-cycle"}),
        shipped_reference("molecules").with_(steps=(tokens,)),
        "Molecules", "Read letter by letter, a molecule's formula says whether it gets from the blood into the brain.",
    )  # fmt: skip


def speaker() -> Sheet:
    """Which of nine men speaks, and whether it is who he says."""
    net = NetworkBuilder()
    voice = net.add("Input", name="voice", field="coefficients")
    heard = net.add("GRU", voice, name="listen", hidden_size=48, bidirectional=True)
    x = net.add("Mean", heard, name="on_average", axes=(1,))
    x = net.add("Dropout", x, name="dropout", p=0.3)
    x = net.add("Linear", x, name="embedding", out_features=16)
    x = net.add("Normalize", x, name="on_sphere")
    near = net.add("Linear", x, name="nearness", out_features=9, bias=False)
    scores = net.add("Scale", near, name="sharpness", factor=8.0)
    speaker = net.add("Input", name="speaker", field="speaker")
    net.add("CrossEntropyLoss", scores, speaker, name="loss")
    net.add("Accuracy", scores, speaker, name="accuracy")
    net.add("EqualErrorRate", near, net.add("OneHot", speaker, name="claim"), name="false_claims", measure="likeness")
    net.add("Output", scores, name="who", kind="class scores")
    net.add("Output", x, name="voiceprint", kind="embedding")
    return sheet(
        net, rows("voice listen on_average dropout", "embedding on_sphere nearness sharpness who",
                  ". voiceprint speaker . loss", ". . claim false_claims accuracy"),
        Plan.make({"epochs": 60, "batch_size": 16, "optimizer": "AdamW", "learning_rate": 0.005, "weight_decay": 0.05,
                   "schedule": "one-cycle", "keep_best": False}),
        shipped_reference("vowels"),
        "Who is speaking", "A voice becomes a point, and the nearer it lies to a speaker's point, the surer it is him.",
    )  # fmt: skip


def speech() -> Sheet:
    """Ten words, whoever says them."""
    part = NetworkBuilder(channels=16)
    x = part.add("Conv2d", part.add("BlockInput", name="input"), name="conv", out_channels="channels", kernel_size=3,
                 padding="same", bias=False)  # fmt: skip
    x = part.add("ReLU", part.add("BatchNorm2d", x, name="bn"), name="relu")
    part.add("BlockOutput", part.add("MaxPool2d", x, name="pool", kernel_size=2), name="output")
    net = NetworkBuilder()
    net.define("Hear", part)
    x = net.add("Input", name="spectrogram", field="sound")
    for number, channels in ((1, 16), (2, 32), (3, 64)):
        x = net.add("Block", x, name=f"hear{number}", definition="Hear", channels=channels)
    x = net.add("Flatten", net.add("AdaptiveMaxPool2d", x, name="strongest", output_size=(5, 1)), name="flatten")
    x = net.add("Dropout", x, name="dropout", p=0.5)
    scores = net.add("Linear", x, name="scores", out_features=10)
    word = net.add("Input", name="word", field="word")
    net.add("CrossEntropyLoss", scores, word, name="loss")
    net.add("Accuracy", scores, word, name="accuracy")
    net.add("Output", scores, name="heard", kind="class scores")
    mel = STEPS["spectrogram"].make({"column": "sound", "window": 256, "hop": 96, "mel": 40})
    return sheet(
        net, rows("spectrogram hear1 hear2 hear3 strongest", ". flatten dropout scores heard", ". . . word loss",
                  ". . . . accuracy"),
        Plan.make({"epochs": 30, "batch_size": 32, "optimizer": "AdamW", "learning_rate": 0.003, "weight_decay": 0.05,
                   "schedule": "one-cycle", "keep_best": False}),
        shipped_reference("words").with_(steps=(mel,)),
        "Spoken words (synthetic)", "Ten words are told apart in voices that were never heard in training.",
    )  # fmt: skip


PROJECTS: Mapping[str, Callable[[], Sheet]] = {
    "forecast": forecast, "maintenance": maintenance, "molecules": molecules, "speaker": speaker,
    "speech": speech,
}  # fmt: skip
