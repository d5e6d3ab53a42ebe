"""Networks on tables, series and sounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from making import rows, sheet, tables_series
from nnstudio.data import Split
from nnstudio.data.opening import shipped_reference
from nnstudio.graph.builder import NetworkBuilder, PortHandle
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan

#: A larger test split, where there are few rows.
FEW = Split.make({"train": 0.6, "validation": 0.15, "test": 0.25})


def yes_or_no(net: NetworkBuilder, score: PortHandle, field: str, answer: str, *metrics: str, **loss: object) -> None:
    """What is asked for, its loss, metrics and output, for a single score."""
    asked = net.add("Input", name=field, field=field)
    net.add("BCEWithLogitsLoss", score, asked, name="loss", **loss)
    for metric in metrics:
        net.add(
            metric,
            score,
            asked,
            name={"ROCAUC": "auc", "AveragePrecision": "average_precision"}.get(metric, metric.lower()),
        )
    net.add("Output", score, name=answer, kind="class scores")


def diagnosis() -> Sheet:
    """Benign or malignant, from all thirty measures."""
    net = NetworkBuilder()
    features = net.add("Input", name="measures", field="features")
    x = net.add("ReLU", net.add("Linear", features, name="hidden", out_features=32), name="relu")
    x = net.add("Dropout", x, name="dropout", p=0.3)
    yes_or_no(net, net.add("Linear", x, name="score", out_features=1), "diagnosis", "answer", "ROCAUC", "Accuracy")
    return sheet(
        net, rows("measures hidden relu dropout score", ". . . diagnosis loss", ". . . answer auc", ". . . . accuracy"),
        Plan.make({"epochs": 40, "batch_size": 16, "optimizer": "AdamW", "learning_rate": 0.003, "weight_decay": 0.5,
                   "schedule": "one-cycle", "keep_best": False}),
        shipped_reference("breast_cancer").with_(split=Split.make({"train": 0.7, "validation": 0.1, "test": 0.2})),
        "Diagnosis", "Thirty measures of a tissue sample say whether it is benign or malignant, and how sure that is.",
    )  # fmt: skip


def fraud() -> Sheet:
    """Phishing sites among genuine ones, where a miss costs more than an alarm."""
    net = NetworkBuilder()
    x = net.add("Input", name="signs", field="features")
    for number in (1, 2):
        x = net.add("ReLU", net.add("Linear", x, name=f"hidden{number}", out_features=64), name=f"relu{number}")
        x = net.add("Dropout", x, name=f"dropout{number}", p=0.3)
    score = net.add("Linear", x, name="score", out_features=1)
    yes_or_no(net, score, "site", "verdict", "AveragePrecision", "F1", pos_weight=(2.0,))
    return sheet(
        net, rows("signs hidden1 relu1 dropout1", "hidden2 relu2 dropout2 score verdict", ". . site f1 loss",
                  ". . . average_precision"),
        Plan.make({"epochs": 100, "batch_size": 32, "optimizer": "AdamW", "learning_rate": 0.005, "weight_decay": 0.05,
                   "schedule": "one-cycle"}),
        shipped_reference("phishing").with_(split=FEW),
        "Fraud", "Nine signs of a web site tell phishing from genuine sites; a missed fraud weighs twice.",
    )  # fmt: skip


def credit() -> Sheet:
    """Loans that will not be paid back: numbers as they are, words as learned vectors."""
    net = NetworkBuilder()
    features = net.add("Input", name="features", field="features")
    parts = [net.add("Slice", features, name="numbers", end=11)]
    for field in ("home", "marital", "job"):
        code = net.add("Input", name=field, field=field)
        parts.append(net.add("Embedding", code, name=f"{field}_vector", embedding_dim=3))
    x = net.add("Concatenate", *parts, name="together")
    x = net.add("ReLU", net.add("Linear", x, name="hidden", out_features=32), name="relu")
    x = net.add("Dropout", x, name="dropout", p=0.3)
    yes_or_no(net, net.add("Linear", x, name="score", out_features=1), "loan", "risk", "ROCAUC")
    return sheet(
        net, rows("features numbers together hidden relu", "home home_vector . . dropout",
                  "marital marital_vector loan . score", "job job_vector auc risk loss"),
        Plan.make({"epochs": 30, "batch_size": 32, "optimizer": "AdamW", "learning_rate": 0.003, "weight_decay": 0.05,
                   "schedule": "one-cycle"}),
        shipped_reference("credit"),
        "Credit scoring", "Numbers and learned vectors for categories together say how likely a loan goes unpaid.",
    )  # fmt: skip


def anomaly() -> Sheet:
    """An autoencoder that has seen normal moments alone rebuilds others badly."""
    net = NetworkBuilder()
    sensors = net.add("Input", name="sensors", field="features")
    x = net.add("Tanh", net.add("Linear", sensors, name="encode", out_features=16), name="tanh1")
    x = net.add("Linear", x, name="middle", out_features=3)
    x = net.add("Tanh", net.add("Linear", x, name="decode", out_features=16), name="tanh2")
    rebuilt = net.add("Linear", x, name="rebuilt", out_features=9)
    net.add("MSELoss", rebuilt, sensors, name="loss")
    error = net.add("Square", net.add("Subtract", sensors, rebuilt, name="difference"), name="squared")
    score = net.add("Mean", error, name="score")
    net.add("ROCAUC", score, net.add("Input", name="unusual", field="label"), name="auc")
    net.add("Output", score, name="strangeness", kind="values")
    return sheet(
        net, rows("sensors encode tanh1 middle decode", "tanh2 rebuilt loss",
                  ". difference squared score strangeness", ". . . unusual auc"),
        Plan.make({"epochs": 10, "batch_size": 128, "optimizer": "Adam", "learning_rate": 0.003,
                   "schedule": "one-cycle"}),
        shipped_reference("shuttle"),
        "Anomalies", "An autoencoder learns what normal sensors look like; what it rebuilds badly is unusual.",
    )  # fmt: skip


def recommend() -> Sheet:
    """Stars that a person would give a film: what both are like, and how generous and how good they are."""
    net = NetworkBuilder()
    user, film = net.add("Input", name="user", field="user"), net.add("Input", name="film", field="film")
    start = {"weight_init": "normal", "init_std": 0.05}
    taste = net.add("Embedding", user, name="taste", embedding_dim=16, **start)
    style = net.add("Embedding", film, name="style", embedding_dim=16, **start)
    match = net.add("Sum", net.add("Multiply", taste, style, name="agreement"), name="match", keepdim=True)
    generous = net.add("Embedding", user, name="generosity", embedding_dim=1, **start)
    good = net.add("Embedding", film, name="quality", embedding_dim=1, **start)
    total = net.add("Add", generous, match, good, name="together")
    guess = net.add("Scale", total, name="around_mean", offset=3.5)
    stars = net.add("Input", name="stars", field="stars")
    net.add("MSELoss", guess, stars, name="loss")
    net.add("RMSE", guess, stars, name="rmse")
    net.add("Output", guess, name="guess", kind="number")
    return sheet(
        net, rows("user taste agreement match together", "film style . around_mean",
                  ". generosity guess . stars", ". quality . loss rmse"),
        Plan.make({
            "epochs": 12, "batch_size": 512, "optimizer": "AdamW", "learning_rate": 0.005, "weight_decay": 0.1,
            "schedule": "one-cycle",
        }),
        shipped_reference("ratings"),
        "Recommendations", "People and films become points whose agreement says how many stars one would give.",
    )  # fmt: skip


PROJECTS: Mapping[str, Callable[[], Sheet]] = {
    "diagnosis": diagnosis, "fraud": fraud, "credit": credit, "anomaly": anomaly, "recommend": recommend,
    **tables_series.PROJECTS,
}  # fmt: skip
