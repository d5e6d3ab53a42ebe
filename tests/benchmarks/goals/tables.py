"""Networks on tables, series and sounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from goals import Goal

#: Ways of splitting a small table, of which the mean is taken.
SPLITS = 5


def over_splits(project: Path) -> float:
    """The area under the ROC curve on the test split, the mean of five splits: of the project as it was trained, and of
    four that are trained here alike on rows that were drawn anew. On one split of 114 rows, one patient who is unlike
    all others moves it by 0.01."""
    from dataclasses import replace

    from nnstudio.project.project import Project

    opened = Project.open(project)
    figures = [opened.evaluate("test")["auc"]]
    assert opened.sheet.data is not None, "the project has its data"
    for seed in range(1, SPLITS):
        data = opened.sheet.data.with_(split=opened.sheet.data.split.with_(seed=seed))
        again = Project(replace(opened.sheet, data=data), project.with_name(f"{project.stem}-{seed}.nnstudio"))
        again.train()
        figures.append(again.evaluate("test")["auc"])
    return sum(figures) / len(figures)


def over_linear(project: Path) -> float:
    """The network's RMSE as a share of that of a linear model (ridge regression on the same windows, its penalty chosen
    by validation), both on the test split."""
    import numpy as np

    from nnstudio.project.project import Project

    opened = Project.open(project)
    parts = {split: opened.dataset.arrays(split) for split in ("train", "validation", "test")}
    flat = {split: _with_one(_rows(arrays["past"])) for split, arrays in parts.items()}
    asked = {split: _rows(arrays["remaining"])[:, 0] for split, arrays in parts.items()}

    def error(split: str, weights: Any) -> float:
        return float(np.sqrt(((flat[split] @ weights - asked[split]) ** 2).mean()))

    square, right = flat["train"].T @ flat["train"], flat["train"].T @ asked["train"]
    fits = [np.linalg.solve(square + penalty * np.eye(len(square)), right) for penalty in 10.0 ** np.arange(-1, 5)]
    best = min(fits, key=lambda weights: error("validation", weights))
    return opened.evaluate("test")["rmse"] / error("test", best)


def over_naive(project: Path) -> float:
    """The network's mean absolute error as a share of that of the better seasonal forecast: as a day ago, or as a week
    ago at the same time, both on the test split."""
    import numpy as np

    from nnstudio.project.project import Project

    opened = Project.open(project)
    dataset = opened.dataset
    arrays = dataset.arrays("test")
    past = np.stack(
        [np.asarray(dataset.decode("past", window[None])[0])[:, 0] for window in np.asarray(arrays["past"])]
    )
    future = np.stack([np.asarray(row) for row in dataset.decode("future", np.asarray(arrays["future"]))])
    steps = future.shape[1]
    naive = min(float(np.abs(past[:, -lag:][:, :steps] - future).mean()) for lag in (48, 336))
    unit = np.abs(
        np.diff(np.asarray(dataset.decode("future", np.array([[0.0] * steps, [1.0] * steps]))), axis=0)
    ).mean()
    return opened.evaluate("test")["loss"] * float(unit) / naive


def _rows(values: Any) -> Any:
    import numpy as np

    array = np.asarray(values[np.arange(len(values))], dtype=float)
    return array.reshape(len(array), -1)


def _with_one(flat: Any) -> Any:
    import numpy as np

    return np.concatenate([flat, np.ones((len(flat), 1))], axis=1)


GOALS: dict[str, Goal] = {
    "diagnosis": Goal(30, f"auc, mean of {SPLITS} splits", 0.99, judge=over_splits),
    "fraud": Goal(30, "average_precision", 0.95),
    "credit": Goal(30, "auc", 0.78),
    "anomaly": Goal(60, "auc", 0.97),
    "recommend": Goal(120, "rmse", most=0.93),
    "forecast": Goal(120, "MAE, share of seasonal-naive", most=0.6, judge=over_naive),
    "maintenance": Goal(180, "RMSE, share of a linear model", most=0.8, judge=over_linear),
    "molecules": Goal(240, "auc", 0.85),
    "speaker": Goal(60, "accuracy", 0.95),
    "speech": Goal(240, "accuracy", 0.90),
}
