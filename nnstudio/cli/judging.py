"""`nnstudio evaluate`: loss and metrics, the confusion matrix, the worst rows, figures by group and under attack."""

from __future__ import annotations

import argparse
from argparse import Namespace
from typing import TYPE_CHECKING

from nnstudio.cli.output import CallError, Output, figure, figures, note
from nnstudio.cli.tables import Column, table
from nnstudio.project.errors import ProjectError

if TYPE_CHECKING:
    from nnstudio.project.judging.classes import Confusion
    from nnstudio.project.judging.intervals import Interval
    from nnstudio.project.judging.judge import Judge, Judged
    from nnstudio.project.project import Project

#: Classes up to which the confusion matrix is printed as one; beyond, its largest errors.
WIDE = 16


def arguments(command: argparse.ArgumentParser) -> None:
    """The options of ``evaluate``."""
    command.add_argument("project", metavar="PROJECT", help="a file that ends in .nnstudio")
    command.add_argument("--split", choices=("train", "validation", "test"), default="test", help="default: test")
    command.add_argument("--output", metavar="NAME", default="", help="which output is judged, where there are several")
    command.add_argument(
        "--confusion", action="store_true", help="which classes are taken for which, and precision and recall of each"
    )
    command.add_argument("--worst", type=_whole, metavar="N", default=0, help="the rows with the greatest losses")
    command.add_argument(
        "--slices", metavar="COLUMN", action="append", default=[],
        help="figures by the groups of a column, or by “class”; may be given several times",
    )  # fmt: skip
    command.add_argument("--by", metavar="FIGURE", default="", help="which figure orders groups, the worst first")
    command.add_argument("--attack", choices=("fgsm", "pgd"), help="change inputs so that the network is fooled")
    command.add_argument(
        "--strength", type=_number, metavar="X", action="append", default=[],
        help="how much inputs are changed; may be given several times; by itself, several up to one that is seen",
    )  # fmt: skip
    command.add_argument("--norm", choices=("inf", "2"), default="inf", help="how changes are measured; default: inf")
    command.add_argument("--rows", type=_whole, metavar="N", default=128, help="how many rows are attacked")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a number was expected, not “{text}”") from None


def _whole(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1 up was expected, not “{text}”")
    return value


def evaluate(given: Namespace, out: Output) -> int:
    """Figures of a split, and what else was asked for."""
    from nnstudio.cli.verbs import changed, notes, opened

    if given.strength and not given.attack:
        raise CallError("--strength says how strong an attack is; add --attack fgsm or --attack pgd")
    project = opened(given.project)
    found = project.evaluate(given.split)
    notes(project)
    changed(project.judged_data)
    out.item(split=given.split, samples=project.dataset.count(given.split), **found)
    out.line(f"{given.split} ({project.dataset.count(given.split):,} samples)  {figures(found)}")
    if given.confusion or given.worst or given.slices or given.attack:
        _judge(project, given, out)
    return 0


def _judge(project: Project, given: Namespace, out: Output) -> None:
    judge = project.judge()
    judged = judge.judged(given.split, given.output)
    if given.confusion:
        _confusion(judged, out)
    if given.worst:
        _worst(judged, given.worst, out)
    for column in given.slices:
        _slices(judge, judged, column, given.by, out)
    if given.attack:
        _attack(judge, given, out)


def _confusion(judged: Judged, out: Output) -> None:
    """The matrix, and the figures of each class; of numbers, how far predictions are off."""
    if judged.kind == "losses":
        raise ProjectError(
            "This network gives no answer that is compared with a target; --worst and --slices judge it by its losses."
        )
    if judged.kind == "numbers":
        _numbers(judged, out)
        return
    if judged.kind in ("boxes", "objects"):
        _objects(judged, out)
        return
    from nnstudio.project.judging.classes import by_class, calibration, confusion
    from nnstudio.project.judging.curves import curves

    matrix = confusion(judged)
    names = matrix.classes
    scored = judged.kind == "classes"
    rows = []
    for code, each in enumerate(by_class(matrix)):
        curve = curves(judged, int(matrix.codes[code])) if scored else None
        area = curve.area.value if curve is not None else float("nan")
        average = curve.average_precision if curve is not None else float("nan")
        taken = {names[said]: times for said, times in matrix.taken_for(code)}
        out.item(
            **{"class": each.name}, count=each.count, precision=each.precision, recall=each.recall, f1=each.f1,
            iou=each.iou, **({"auc": area, "average_precision": average} if scored else {}), taken_for=taken,
        )  # fmt: skip
        last = (_plain(area), _plain(average)) if scored else (_plain(each.iou),)
        rows.append((each.name, f"{each.count:,}", *map(_plain, (each.precision, each.recall, each.f1)), *last))
    if len(names) <= WIDE:
        counts = matrix.among(range(len(names)))
        cells = [(name, *(f"{count:,}" if count else "·" for count in counts[code])) for code, name in enumerate(names)]
        across = [Column(name, right=True, strong=code) for code, name in enumerate(names)]
        table(out, "Confusion: true class down, what it was taken for across", [Column(""), *across], cells)
    else:
        _largest_errors(matrix, out)
    more = ("AUC", "average precision") if scored else ("IoU",)
    heads = [Column(name, right=True) for name in ("samples", "precision", "recall", "F1", *more)]
    table(out, "By class", [Column("class"), *heads], rows)
    if scored:
        error = calibration(judged).error
        out.item(expected_calibration_error=error)
        out.line(f"Expected calibration error {figure(error)}")


def _objects(judged: Judged, out: Output) -> None:
    """How well the objects of each class are found."""
    from nnstudio.project.judging.objects import by_object, mean_average_precision

    figures, rows = by_object(judged), []
    for each in figures:
        told = {"precision": each.precision, "recall": each.recall, "average_precision": each.average_precision}
        out.item(**{"class": each.name}, count=each.count, found=each.found, missed=each.missed, made_up=each.made_up,
                 **told)  # fmt: skip
        counts = (f"{count:,}" for count in (each.count, each.found, each.missed, each.made_up))
        rows.append((each.name, *counts, *map(_plain, told.values())))
    names = ("objects", "found", "missed", "made up", "precision", "recall", "average precision")
    table(out, "By class, at an overlap of a half", [Column("class"), *(Column(n, right=True) for n in names)], rows)
    if judged.kind == "boxes":
        mean = mean_average_precision(figures)
        out.item(mean_average_precision=mean)
        out.line(f"Mean average precision {_plain(mean)}")


def _largest_errors(matrix: Confusion, out: Output) -> None:
    names = matrix.classes
    rows = [(names[true], names[said], f"{times:,}") for true, said, times in matrix.errors(20)]
    heads = [Column("class"), Column("taken for"), Column("times", right=True)]
    table(out, "Most frequent errors", heads, rows)


def _numbers(judged: Judged, out: Output) -> None:
    from nnstudio.project.judging.numbers import number_figures

    found = number_figures(judged)
    told = {
        "bias": found.bias, "mean_absolute_error": found.absolute, "root_mean_squared_error": found.root,
        "r2": found.r2,
    }  # fmt: skip
    out.item(output=judged.subject.name, count=found.count, **told)
    out.line("  ".join(f"{name.replace('_', ' ')} {figure(value)}" for name, value in told.items()))


def _worst(judged: Judged, count: int, out: Output) -> None:
    from nnstudio.project.judging.telling import answer_texts

    rows = []
    for place in judged.worst[:count].tolist():
        right, said = answer_texts(judged, place)
        out.item(row=int(judged.rows[place]), loss=float(judged.losses[place]), target=right, predicted=said)
        rows.append((f"{judged.rows[place]:,}", figure(float(judged.losses[place])), right, said))
    heads = [Column("row", right=True), Column("loss", right=True), Column("right"), Column("predicted")]
    table(out, "Worst rows", heads, rows)


def _slices(judge: Judge, judged: Judged, column: str, by: str, out: Output) -> None:
    from nnstudio.project.judging.slices import CLASS, sliced

    found = sliced(judged, judge.dataset, column, by)
    rows = []
    for each in (*found.slices, found.whole):
        whole = each is found.whole
        told = {
            name: {"value": value.value, "low": value.low, "high": value.high} for name, value in each.figures.items()
        }
        stands = not whole and found.stands_out(each)
        if whole:
            out.item(slices=column, group=None, count=each.count, figures=told)
        else:
            out.item(slices=column, group=each.name, count=each.count, figures=told, stands_out=stands)
        cells = [_ranged(value) for value in each.figures.values()]
        rows.append((f"{each.name}{' !' if stands else ''}", f"{each.count:,}", *cells))
    heads = [Column(column), *(Column(name, right=True) for name in ("samples", *found.whole.figures))]
    by_what = f"{judged.subject.name}, by {column}" if len(judge.subjects) > 1 else f"By {column}"
    table(out, f"{by_what}, the worst {found.figure} first; in brackets: 95 % confidence", heads, rows)
    if any(found.stands_out(each) for each in found.slices):
        out.line("! worse than the whole, beyond what chance explains")
    gap = found.gap("predicted share")
    if gap is not None and column != CLASS:
        out.item(slices=column, gap=gap.figure, least=gap.least, most=gap.most, difference=gap.difference,
                 ratio=gap.ratio)  # fmt: skip
        out.line(f"{judged.classes[1]} is predicted least for {gap.least}, most for {gap.most}: ratio {gap.ratio:.2f}")


def _attack(judge: Judge, given: Namespace, out: Output) -> None:
    from nnstudio.project.judging.attacks import Attack, attacked

    attack = Attack(given.attack, given.norm, tuple(sorted(set(given.strength))), rows=given.rows)
    found = attacked(judge, attack, given.split, given.output)
    numbers = judge.subject(given.output).kind == "numbers"
    what = "absolute error" if numbers else "accuracy"
    rows = []
    for strength, right, noise in zip(found.strengths, found.right, found.noise, strict=True):
        out.item(
            attack=given.attack, norm=given.norm, strength=float(strength),
            **{what.replace(" ", "_"): float(right), "under_noise": float(noise)},
        )  # fmt: skip
        rows.append((figure(float(strength)), figure(float(right)), figure(float(noise))))
    heads = [Column(name, right=True) for name in ("strength", f"{what} attacked", "under noise of that size")]
    table(
        out, f"{given.attack.upper()}, {'L∞' if given.norm == 'inf' else 'L2'}, {len(found.places):,} rows", heads, rows
    )
    if numbers:
        return
    out.item(attack=given.attack, norm=given.norm, rows=len(found.places), fooled=int(found.fooled.sum()),
             median_strength=found.median)  # fmt: skip
    if not bool((found.smallest > 0).any()):
        note("none of these rows was right to begin with, so there is nothing to fool; train the network first")
    elif found.median == float("inf"):
        note("the greatest strength fools less than half of the rows; a greater --strength would fool more")
    else:
        out.line(f"A change of {figure(found.median)} fools half of the rows that were right")


def _ranged(value: Interval) -> str:
    """``0.9123 (0.88 to 0.94)``."""
    if value.value != value.value:
        return "–"
    return (
        f"{value.value:.4g} ({value.low:.3g} to {value.high:.3g})" if value.low == value.low else f"{value.value:.4g}"
    )


def _plain(value: float) -> str:
    return figure(value) if value == value else "–"
