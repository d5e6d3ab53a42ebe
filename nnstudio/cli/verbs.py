"""The verbs. Each takes the parsed arguments, prints, and returns the exit status."""

from __future__ import annotations

import difflib
from argparse import Namespace
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnstudio.cli import costing, private
from nnstudio.cli.output import CallError, Output, figure, note

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset
    from nnstudio.layers import Layer
    from nnstudio.project.inputs import Columns
    from nnstudio.project.project import Project

#: What `new` takes for data of the person's: roles of columns, and how it is read.
ROLES, OPTIONS = ("target", "group", "weight"), ("query", "sheet")
#: Numbers of an answer that are written out at most.
LONG = 16


def templates(arguments: Namespace, out: Output) -> int:
    """The gallery and the classical networks, a line each; or the page of one."""
    from nnstudio.project.gallery import classical, template, templates

    if arguments.template:
        one = template(arguments.template)
        out.item(id=one.id, kind=one.kind, title=one.title, summary=one.summary, page=one.page)
        out.line((one.page or f"# {one.title}\n\n{one.summary}").rstrip())
        return 0
    known = [*templates(), *classical()]
    for each in known:
        out.item(id=each.id, kind=each.kind, topic=each.topic, title=each.title, summary=each.summary)
    out.table([(each.id, each.topic or "Classical networks", each.summary) for each in known])
    return 0


def new(arguments: Namespace, out: Output) -> int:
    """A project from the gallery, a classical network, or one that suits a person's data."""
    from nnstudio.project.gallery import classical, templates
    from nnstudio.project.project import Project

    if bool(arguments.template) == bool(arguments.data):
        raise CallError("give either a template, which `nnstudio templates` lists, or --data with a file or folder")
    if arguments.data:
        return _suggested(arguments, out)
    for name in (*ROLES, *OPTIONS):
        if getattr(arguments, name):
            raise CallError(f"--{name} goes with data of your own, and none is given; add --data with a file or folder")
    known = [each.id for each in (*templates(), *classical())]
    if arguments.template not in known:
        close = difflib.get_close_matches(arguments.template, known, 1)
        meant = f"did you mean “{close[0]}”?" if close else f"there are {', '.join(known)}"
        raise CallError(f"the gallery has no project “{arguments.template}”; {meant}")
    path = Project.new(arguments.template).save(_new_file(arguments, f"{arguments.template}.nnstudio"))
    out.item(path=str(path), template=arguments.template)
    out.line(f"Made {path}. Open it with: nnstudio {path}")
    return 0


def _new_file(arguments: Namespace, example: str) -> Path:
    """Where a new project goes. CallError where that is no name, or there is one already."""
    target = Path(arguments.output)
    if not target.name:
        raise CallError(f"“{arguments.output}” is no file name; give one such as {example}")
    target = target if target.suffix else target.with_suffix(".nnstudio")
    if target.exists() and not arguments.force:
        raise CallError(f"{target} exists; choose another name, or add --force to replace it")
    return target


def _suggested(arguments: Namespace, out: Output) -> int:
    """A project with data of the person's and the network that is suggested for it."""
    from nnstudio.data import DataError, DataReference, describe_file, open_data
    from nnstudio.project.project import Project
    from nnstudio.project.suggesting import suggest

    target = _new_file(arguments, "my.nnstudio")
    base = target.resolve().parent

    def reopen(reference: DataReference) -> Dataset:
        return open_data(reference, base)

    if arguments.target and arguments.target == arguments.group:
        raise CallError(f"“{arguments.target}” cannot be both --target and --group; name another column for one")
    asked = {name: getattr(arguments, name) for name in OPTIONS if getattr(arguments, name)}
    reference = describe_file(Path(arguments.data).resolve(), base, asked)
    for role in ROLES:
        name, columns = getattr(arguments, role), reopen(reference).columns if getattr(arguments, role) else {}
        if name and name not in columns:
            raise DataError(f"The data has no column “{name}”; choose one of {', '.join(columns)}")
        if name:
            reference = reference.with_choice(name, role=role).with_(types={})
    found = suggest(reopen(reference), reopen)
    path = Project(found.sheet, target).save(target)
    out.item(path=str(path), data=arguments.data, told=list(found.told))
    for sentence in found.told:
        out.line(sentence + ".")
    out.line(f"Made {path}. Train it with: nnstudio train {path}")
    return 0


def layers(arguments: Namespace, out: Output) -> int:
    """The catalogue, or one layer's help."""
    from nnstudio.layers import load

    catalogue = load()
    if not arguments.name:
        family = ""
        width = max(len(cls.type_name()) for cls in catalogue)
        for cls in catalogue:
            if cls.family.title != family:
                out.line(f"\n{cls.family.title}" if family else cls.family.title)
                family = cls.family.title
            out.item(name=cls.type_name(), family=family, summary=cls.summary())
            out.line(f"  {cls.type_name():<{width}}  {cls.summary()}")
        return 0
    names = {cls.type_name().lower(): cls for cls in catalogue}
    wanted = names.get(arguments.name.lower())
    if wanted is None:
        close = difflib.get_close_matches(arguments.name.lower(), names, 1)
        meant = f"did you mean {names[close[0]].type_name()}?" if close else "`nnstudio layers` lists them"
        raise CallError(f"there is no layer type “{arguments.name}”; {meant}")
    _explain(wanted, out)
    return 0


def _explain(cls: type[Layer], out: Output) -> None:
    from nnstudio.layers.help_page import as_text, help_page

    page = help_page(cls)
    ports = {"inputs": cls.inputs, "outputs": cls.outputs}
    out.item(
        name=cls.type_name(), family=cls.family.title, help=cls.help(), formulas=list(page.formulas),
        source=page.source, synonyms=list(cls.synonyms),
        **{side: {name: port.pattern for name, port in found.items()} for side, found in ports.items()},
        parameters={name: {"default": p.default, "expected": p.expected(), "help": p.help}
                    for name, p in cls.params.items()},
    )  # fmt: skip
    out.line(as_text(page))


def check(arguments: Namespace, out: Output) -> int:
    """Node, layer, output type, parameters, problems; 1 where something keeps the network from being trained."""
    from nnstudio.data.reference import DataError

    project = opened(arguments.project)
    unreadable = ""
    try:
        if project.sheet.data is not None:
            for text in project.dataset.warnings:
                note(text)
    except DataError as error:
        unreadable = str(error)
    resolution = project.check()
    found = project.costs() if getattr(arguments, "costs", False) else None
    rows: list[tuple[str, ...]] = [("node", "layer", "output", "parameters", *(costing.TITLES if found else ()))]
    for id, node in resolution.network.nodes.items():
        resolved = resolution.nodes[id]
        types = {name: str(type) for name, type in resolved.outputs.items()}
        problems = [
            {"severity": p.severity, "code": p.code, "message": p.message, "hint": p.hint}
            for p in resolution.problems_of(id)
        ]
        out.item(
            node=node.name, layer=node.layer.type_name(), outputs=types, parameters=resolved.parameters,
            problems=problems, **(costing.item(found.nodes[id]) if found else {}),
        )  # fmt: skip
        described = ", ".join(type.described() for type in resolved.outputs.values())
        told = costing.cells(found.nodes[id]) if found else ()
        rows.append((node.name, node.layer.subtitle(), described, f"{resolved.parameters:,}", *told))
    out.table(rows, right=(3, 4, 5, 6))
    out.line(f"\n{len(rows) - 1} layers, {resolution.parameters:,} parameters")
    if found:
        out.line(costing.summary(found))
    for problem in resolution.problems:
        hint = f"; {problem.hint}" if problem.hint else ""
        out.line(f"{problem.severity}: {problem.message}{hint}")
    if unreadable:
        out.line(f"error: {unreadable}")
    doubts = project.doubts(resolution) if not resolution.errors else []
    for one in doubts:
        out.item(diagnosis=one.code, message=one.message, hint=one.hint)
        out.line(f"warning: {one.message}; {one.hint}")
    wrong = _wrong_in_plan(project, out) + private.tell_check(project, out)
    errors = len(resolution.errors) + bool(unreadable) + len(wrong)
    ahead = costing.forecast(project) if found and not errors else None
    if ahead:
        out.line(costing.run_summary(ahead, project.plan.epochs))
    out.item(
        layers=len(rows) - 1, parameters=resolution.parameters, errors=errors, data=unreadable or None, plan=wrong,
        **(costing.total(found) if found else {}), **(costing.run_item(ahead, project.plan.epochs) if ahead else {}),
    )  # fmt: skip
    if not (resolution.problems or errors or doubts):
        out.line("No problems.")
    return int(errors > 0)


def _wrong_in_plan(project: Project, out: Output) -> list[dict[str, str]]:
    """Tell what the plan's phases and groups name that is not there."""
    from nnstudio.train.planning import plan_problems

    found = plan_problems(project.sheet.plan, project.sheet.network)
    for problem in found:
        out.line(f"error: {problem.message}; {problem.hint}")
    return [{"message": problem.message, "hint": problem.hint} for problem in found]


def train(arguments: Namespace, out: Output) -> int:
    """Train, and save the weights in the project."""
    from nnstudio.cli import folds, training

    project = opened(arguments.project)
    if arguments.folds:
        return folds.show(project, arguments, out)
    return training.show(project, arguments, out)


def predict(arguments: Namespace, out: Output) -> int:
    """An answer for each row of each input."""
    from nnstudio.cli.beside import Beside, completed
    from nnstudio.cli.explaining import reasons
    from nnstudio.project.inputs import expanded

    project = opened(arguments.project)
    inputs = expanded(arguments.inputs)
    beside = Beside(project, arguments)
    given, unread = _read(project, inputs, passed_over=set(inputs) - set(arguments.inputs))
    for name in inputs:
        if name in unread:
            out.item(input=name, unread=str(unread[name]))
            note(str(unread[name]))
            continue
        rows = given[name]
        rows = completed(rows, beside.column, project)
        answers = project.predict(rows)
        why = reasons(project, rows, arguments.explain) if arguments.explain else [None] * len(answers)
        for number, (answer, reason) in enumerate(zip(answers, why, strict=True)):
            out.item(input=name, row=number, outputs=answer, **(reason.item() if reason is not None else {}))
            label = "" if len(answers) == 1 and len(inputs) == 1 else f"{_short(name)} {number + 1}: "
            out.line(label + ", ".join(_spoken(output, value) for output, value in answer.items()))
            if reason is not None:
                reason.show(out)
            beside.show(rows, number, answer, out)
    notes(project)
    if project.learned is None:
        changed(project.dataset)
    return 0


def _read(
    project: Project, inputs: Sequence[str], passed_over: Collection[str]
) -> tuple[dict[str, Columns], dict[str, Exception]]:
    """The rows of each input, and why others have none: those of a folder that cannot be read are ``passed_over``,
    unless all are such."""
    from nnstudio.data import DataError
    from nnstudio.project.errors import ProjectError
    from nnstudio.project.inputs import read_inputs
    from nnstudio.train.generating import fed_fields

    data = project.learned or project.dataset
    needed, written = project.input_fields(), fed_fields(project.network)
    told: list[str] = []
    given: dict[str, Columns] = {}
    unread: dict[str, Exception] = {}
    for name in inputs:
        try:
            (given[name],) = read_inputs([name], data, needed, project.sheet.data, told, written=written)
        except (DataError, ProjectError) as error:
            unread[name] = error
            if name not in passed_over or len(unread) == len(set(inputs)):
                raise
    for text in dict.fromkeys(told):
        note(text)
    return given, unread


def _spoken(name: str, answer: dict[str, Any]) -> str:
    """An answer in a line: long lists of numbers are told by what they are, and are whole with --json."""
    if "class" in answer:
        return f"{name} {answer['class']} ({100 * answer['probability']:.1f} %)"
    if "labels" in answer:
        told = [f"{label} ({100 * answer['probabilities'][label]:.1f} %)" for label in answer["labels"]]
        return f"{name} {', '.join(told) or 'none of them'}"
    if "text" in answer:
        return f"{name} {answer['text']}"
    if "boxes" in answer:
        told = [f"{box['class']} ({100 * box.get('score', 1):.0f} %)" for box in answer["boxes"]]
        return f"{name} {len(told)} found" + (f": {', '.join(told)}" if told else "")
    if "mask" in answer:
        rows = answer["mask"]
        areas = sorted({code for row in rows for code in row})
        return f"{name} a mask of {len(rows[0])}×{len(rows)} pixels with {', '.join(map(str, areas))}"
    if "sound" in answer:
        return f"{name} {_heard(answer)}"
    value = answer.get("value", answer.get("embedding"))
    if value is None:
        return f"{name} {', '.join(f'{key} {value}' for key, value in answer.items())}"
    if isinstance(value, list) and _sizes(value).count("×") == 2 and len(value) in (1, 3):
        return f"{name} a picture of {len(value[0][0])}×{len(value[0])} pixels"
    if isinstance(value, list) and (len(value) > LONG or (value and isinstance(value[0], list))):
        return f"{name} {_sizes(value)} numbers"
    if isinstance(value, list):
        return f"{name} {', '.join(figure(each) for each in value)}"
    unit = f" {answer['unit']}" if answer.get("unit") else ""
    return f"{name} {figure(value) if isinstance(value, float | int) else value}{unit}"


def _heard(answer: dict[str, Any]) -> str:
    samples, channels, rate = len(answer["sound"][0]), len(answer["sound"]), answer.get("rate")
    told = f"a sound of {samples / rate:.2f} s" if rate else f"a sound of {samples} samples"
    return told if channels == 1 else f"{told} in {channels} channels"


def _sizes(value: Any) -> str:
    """The sizes of nested lists: ``1×28×28``."""
    found = []
    while isinstance(value, list):
        found.append(str(len(value)))
        value = value[0] if value else None
    return "×".join(found)


def _short(name: str) -> str:
    return "row" if name.lstrip()[:1] in ("{", "[") else Path(name).name


def export(arguments: Namespace, out: Output) -> int:
    """The trained model as a file for other programs, tried beside this one."""
    project = opened(arguments.project)
    proof = project.export(arguments.output, arguments.format)
    notes(project)
    out.item(
        path=str(proof.path), format=proof.format, samples=proof.samples, largest_difference=proof.largest_difference
    )
    out.line(f"{proof.path}: {proof.sentence}")
    return 0


def opened(path: str) -> Project:
    """The project of this path; what could not be taken as it stands is said."""
    from nnstudio.project.project import Project

    project = Project.open(path)
    notes(project)
    return project


def notes(project: Project) -> None:
    """Say what could not be taken as it stands, once."""
    for text in project.notes:
        note(text)
    project.notes = ()


def changed(dataset: Dataset) -> None:
    """Say what is odd about the data where it is not what the project was trained on."""
    if dataset.has_changed:
        for text in dataset.warnings:
            note(text)
