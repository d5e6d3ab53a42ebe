"""Runs handed to MLflow, where that is installed (``pip install "nnstudio[mlflow]"``)."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

from nnstudio.runs.errors import RunsError
from nnstudio.runs.records import RunRecord
from nnstudio.runs.tensorboard import points_of
from nnstudio.train.history import History

#: So many points of a curve go to MLflow at most.
POINTS = 1000


def send(experiment: str, runs: Iterable[tuple[RunRecord, History]], tracking: str = "") -> list[str]:
    """Log runs to an MLflow experiment: plan as parameters, figures and losses as metrics, tags, note. Their ids.

    tracking: where MLflow keeps its runs; "": where MLflow's own settings say. RunsError where it is not installed, or
    refuses.
    """
    mlflow = _mlflow()
    try:
        client = mlflow.tracking.MlflowClient(tracking_uri=tracking or None)
        known = client.get_experiment_by_name(experiment)
        place = known.experiment_id if known is not None else client.create_experiment(experiment)
        return [_send(mlflow, client, place, record, history) for record, history in runs]
    except mlflow.exceptions.MlflowException as error:
        raise RunsError(f"MLflow did not take the runs ({error}); check where it keeps them (--mlflow-uri)") from error


def _mlflow() -> Any:
    try:
        return importlib.import_module("mlflow")
    except ImportError as error:
        raise RunsError('MLflow is not installed; get it with: pip install "nnstudio[mlflow]"') from error


def _send(mlflow: Any, client: Any, experiment: str, record: RunRecord, history: History) -> str:
    entities, began = mlflow.entities, int(1000 * record.started)
    tags = {"mlflow.runName": record.title, "mlflow.note.content": record.note, "nnstudio.run": record.id}
    tags.update(dict.fromkeys(record.tags, "true"))
    made = client.create_run(experiment, start_time=began, tags=tags).info.run_id
    metrics = []
    for epoch in history.epochs:
        at = began + int(1000 * epoch.time)
        for split in ("training", "validation"):
            figures = getattr(epoch, split).items()
            metrics += [entities.Metric(f"{split} {name}", value, at, epoch.step) for name, value in figures]
    points = list(points_of(history.losses))
    pace = history.time / history.step if history.step else 0.0
    for step, value in points[:: max(1, -(-len(points) // POINTS))]:
        metrics.append(entities.Metric("loss", value, began + int(1000 * pace * step), step))
    params = [entities.Param(name, str(value)[:500]) for name, value in record.plan.items()]
    for start in range(0, max(len(metrics), len(params)), 100):  # MLflow takes a hundred parameters at once
        client.log_batch(made, params=params[start : start + 100])
    for start in range(0, len(metrics), 1000):
        client.log_batch(made, metrics=metrics[start : start + 1000])
    ended = {"completed": "FINISHED", "early stopping": "FINISHED", "running": "RUNNING", "failed": "FAILED"}
    client.set_terminated(made, ended.get(record.state, "KILLED"), began + int(1000 * record.seconds))
    return str(made)
