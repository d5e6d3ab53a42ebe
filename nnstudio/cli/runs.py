"""The verb ``runs``: a table of a project's runs, one of them, two beside one another, and runs as files of others."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from nnstudio.cli import private
from nnstudio.cli.output import CallError, Output, figures
from nnstudio.project.errors import not_written
from nnstudio.train import privacy

if TYPE_CHECKING:
    from nnstudio.project.compared import Row
    from nnstudio.runs import RunDatabase, RunRecord
    from nnstudio.train.events import PrivacySpent
    from nnstudio.train.history import History


def arguments(command: ArgumentParser) -> None:
    """The arguments of the verb."""
    command.add_argument("project", metavar="PROJECT", help="a file that ends in .nnstudio")
    command.add_argument(
        "runs", metavar="RUN", nargs="*", help="a number, a name or the beginning of an id; two are compared"
    )
    command.add_argument(
        "--csv", metavar="FILE", help="write the losses and figures of the runs (of all, if none is given)"
    )
    command.add_argument("--tensorboard", metavar="FOLDER", help="write them as TensorBoard event files")
    command.add_argument("--mlflow", metavar="EXPERIMENT", help="log them to MLflow, where that is installed")
    command.add_argument("--mlflow-uri", metavar="URI", default="", help="where MLflow keeps its runs")


def runs(arguments: Namespace, out: Output) -> int:
    """Runs, newest first, and their best figures; or what was asked of some of them."""
    from nnstudio.cli.verbs import opened
    from nnstudio.project import places
    from nnstudio.runs import RunDatabase

    path = opened(arguments.project).runs / places.RUNS
    if not path.exists():
        if arguments.runs:
            raise CallError(f"{arguments.project} has no runs yet; start one with: nnstudio train {arguments.project}")
        out.line(f"{arguments.project} has no runs yet; start one with: nnstudio train {arguments.project}")
        return 0
    with RunDatabase(path) as database:
        known = sorted(database.runs(), key=lambda record: -record.started)
        chosen = [_found(known, text, arguments.project) for text in arguments.runs]
        if arguments.csv or arguments.tensorboard or arguments.mlflow:
            _hand_on(path, chosen or known[::-1], arguments, out)
        elif not chosen:
            _table(known, database, arguments.project, out)
        elif len(chosen) == 1:
            _details(chosen[0], database, out)
        elif len(chosen) == 2:
            _compare(chosen[0], chosen[1], database, out)
        else:
            raise CallError("two runs can be compared; name one or two")
    return 0


def _found(known: list[RunRecord], text: str, project: str) -> RunRecord:
    wanted = text.strip().lower()
    number = wanted.removeprefix("run").strip()
    for match in (
        [record for record in known if record.name and record.name.lower() == wanted],
        [record for record in known if number.isdigit() and record.number == int(number)],
        [record for record in known if record.id.startswith(wanted)],
    ):
        if len(match) == 1:
            return match[0]
        if match:
            names = ", ".join(f"{record.number} ({record.id})" for record in match)
            raise CallError(f"“{text}” is more than one run: {names}; give a number")
    raise CallError(f"{project} has no run “{text}”; nnstudio runs {project} lists them")


def _table(known: list[RunRecord], database: RunDatabase, project: str, out: Output) -> None:
    rows = [
        ("run", "name", "started", "outcome", "epochs", "best", "time", "device", "figures of the best epoch",
         "private", "tags")
    ]  # fmt: skip
    for record in known:
        spent = private.of_run(record, database)
        _item(record, spent, out)
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(record.started))
        rows.append(
            (str(record.number), record.name, when, record.state, str(record.epochs), str(record.best_epoch),
             _duration(record.seconds), record.device, figures(record.best),
             private.short(spent) if spent is not None else "", ", ".join(record.tags))
        )  # fmt: skip
    if not known:
        out.line(f"{project} has no runs yet; start one with: nnstudio train {project}")
        return
    empty = [place for place, column in enumerate(zip(*rows[1:], strict=True)) if not any(column)]
    shown = [tuple(cell for place, cell in enumerate(row) if place not in empty) for row in rows]
    right = [shown[0].index(name) for name in ("run", "epochs", "best", "time")]
    out.table(shown, right=right)


def _item(record: RunRecord, spent: PrivacySpent | None, out: Output) -> None:
    out.item(
        run=record.id, number=record.number, name=record.name, started=record.started, outcome=record.outcome,
        state=record.state, epochs=record.epochs, best_epoch=record.best_epoch, steps=record.steps,
        seconds=record.seconds, device=record.device, figures=record.figures, tags=list(record.tags), note=record.note,
        parent=record.parent, parent_step=record.parent_step, network=record.network, plan=record.plan,
        **private.item(spent),
    )  # fmt: skip


def _details(record: RunRecord, database: RunDatabase, out: Output) -> None:
    from nnstudio.compile.figures import memory_text
    from nnstudio.layers import load
    from nnstudio.project.compared import plan_text, plan_title, sheet_of
    from nnstudio.train.events import Diagnosis
    from nnstudio.train.plan import Plan

    load()
    spent = private.of_run(record, database)
    _item(record, spent, out)
    out.line(f"{record.title} ({record.id}), {record.state}{f': {record.reason}' if record.reason else ''}")
    sheet = sheet_of(database, record)
    size = database.sizes().get(record.id, 0)
    facts = [
        ("started", time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.started))),
        ("took", f"{_duration(record.seconds)}, {_epochs(record)}, {record.steps:,} steps"),
        ("on", f"{record.device}, {record.environment.get('torch', '') and 'PyTorch ' + record.environment['torch']}"),
        ("network", _network(record, None if sheet is None else len(sheet.network.nodes))),
        ("data", ", ".join(f"{count:,} {split}" for split, count in record.samples.items())),
        ("forked from", f"{record.parent} at step {record.parent_step:,}" if record.parent else ""),
        ("private", f"{privacy.told(spent.epsilon, spent.delta)} for any one of {spent.of:,} rows" if spent else ""),
        ("tags", ", ".join(record.tags)), ("note", record.note), ("on disk", memory_text(size)),
    ]  # fmt: skip
    out.table([(name, text) for name, text in facts if text])
    for split, values in record.figures.items():
        if values:
            out.line(f"epoch {record.best_epoch}, {split}: {figures(values)}")
    usual = Plan.make({}).to_json()
    changed = [(plan_title(name), plan_text(value)) for name, value in record.plan.items() if usual.get(name) != value]
    out.line("plan: " + (", ".join(f"{title} {value}" for title, value in changed) or "as it usually is"))
    for _, event in database.told(record.id, kind=Diagnosis.__name__):
        if isinstance(event, Diagnosis):
            out.item(event="diagnosis", code=event.code, message=event.message, hint=event.hint, step=event.step)
            out.line(f"step {event.step:,}: {event.message.rstrip('.')}; {event.hint}")


def _epochs(record: RunRecord) -> str:
    return f"{record.epochs} of {record.epochs_planned} epochs"


def _network(record: RunRecord, nodes: int | None) -> str:
    return f"{record.parameters:,} parameters" + (f", {nodes} layers ({record.network})" if nodes is not None else "")


def _compare(before: RunRecord, after: RunRecord, database: RunDatabase, out: Output) -> None:
    from nnstudio.layers import load
    from nnstudio.project.compared import compared, sheet_of

    load()
    found = compared(before, after, lambda record: sheet_of(database, record))
    parts: dict[str, tuple[Row, ...]] = {
        "figures": found.figures, "plan": found.plan, "network": found.network, "rest": found.rest,
    }  # fmt: skip
    out.item(
        runs=[before.id, after.id], networks_known=found.known,
        **{name: [{"what": r.what, "before": r.before, "after": r.after, "kind": r.kind} for r in rows]
           for name, rows in parts.items()},
    )  # fmt: skip
    rows = [("", before.title, after.title)]
    for name, part in parts.items():
        if part:
            rows += [("", "", ""), (name.capitalize() if name != "rest" else "Besides", "", "")]
            signs = {"added": "+ ", "removed": "− ", "changed": "~ "}
            rows += [(f"  {signs.get(row.kind, '')}{row.what}", row.before, row.after) for row in part]
    out.table(rows)
    out.line()
    out.line(f"What differs: {found.summary}.")


def _hand_on(path: Path, chosen: list[RunRecord], arguments: Namespace, out: Output) -> None:
    """Write or send runs."""
    from nnstudio.runs.replaying import Replay

    replays = [Replay(path, record.id) for record in chosen]
    try:
        known: list[tuple[RunRecord, History]] = [(r, each.load()) for r, each in zip(chosen, replays, strict=True)]
        if arguments.csv:
            _write_csv(Path(arguments.csv), known, out)
        if arguments.tensorboard:
            _write_tensorboard(Path(arguments.tensorboard), known, out)
        if arguments.mlflow:
            from nnstudio.runs.mlflow import send

            sent = send(arguments.mlflow, known, arguments.mlflow_uri)
            out.item(mlflow=sent)
            out.line(
                f"Logged {len(sent)} run{'' if len(sent) == 1 else 's'} to the MLflow experiment {arguments.mlflow}."
            )
    finally:
        for each in replays:
            each.close()


def _write_csv(path: Path, known: list[tuple[RunRecord, History]], out: Output) -> None:
    from nnstudio.runs.tables import write_csv

    try:
        rows = write_csv(path, [(record.title, history) for record, history in known])
    except OSError as error:
        raise not_written(path, error) from error
    out.item(csv=str(path), rows=rows)
    out.line(f"Wrote {rows:,} rows into {path}.")


def _write_tensorboard(path: Path, known: list[tuple[RunRecord, History]], out: Output) -> None:
    from nnstudio.runs.tensorboard import write_events

    try:
        written = write_events(path, [(record.title, record.started, history) for record, history in known])
    except OSError as error:
        raise not_written(path, error) from error
    out.item(tensorboard=[str(each) for each in written])
    out.line(
        f"Wrote {len(written)} event file{'' if len(written) == 1 else 's'}; see them with: tensorboard --logdir {path}"
    )


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
