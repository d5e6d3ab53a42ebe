"""A layer type's help page: what its declaration and docstring say, taken apart. Drawn by `ui`, printed by `cli`.

The docstring holds paragraphs: the first sentence, when to use it, formulas as LaTeX in fenced ``math`` blocks (or a
line that begins ``Formula:`` and says in words, or why there is none), and a line that begins ``Source:``.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from nnstudio.layers.base import Layer, Port
from nnstudio.layers.formula_text import plain
from nnstudio.layers.params import Param
from nnstudio.layers.types import AXIS_NAMES

_FENCE = re.compile(r"^```math\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_DTYPES = {
    "float": "real numbers", "int": "whole numbers", "number": "numbers", "bool": "yes or no", "any": "anything",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PortRow:
    """One port: ``shape`` as sizes (``N×C×H×W``), ``axes`` what these are called, ``takes`` which numbers."""

    name: str
    shape: str
    axes: str
    takes: str
    help: str


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """One parameter: its default and limits as text, its unit behind the default."""

    name: str
    default: str
    expected: str
    help: str


@dataclass(frozen=True, slots=True)
class HelpPage:
    """All that a page says.

    body: what follows the first sentence, in order: ``("text", Markdown)``, ``("math", LaTeX)`` and, where a formula is
    said in words, ``("words", Markdown)``.
    shapes: Markdown on how sizes follow from one another, "" where the ports say it all.
    """

    title: str
    family: str
    summary: str
    body: tuple[tuple[str, str], ...]
    shapes: str
    source: str
    synonyms: tuple[str, ...]
    inputs: tuple[PortRow, ...]
    outputs: tuple[PortRow, ...]
    parameters: tuple[ParameterRow, ...]

    @property
    def formulas(self) -> tuple[str, ...]:
        """The formulas that are drawn, as LaTeX."""
        return tuple(text for kind, text in self.body if kind == "math")


def help_page(cls: type[Layer]) -> HelpPage:
    """The page of a layer type."""
    summary, *rest = _blocks(cls.help())
    body, labelled = [], {"Source": "", "Shapes": ""}
    for kind, text in rest:
        label = text.partition(":")[0]
        if kind == "text" and label in labelled:
            labelled[label] = text.partition(":")[2].strip()
        elif kind == "text" and label == "Formula":
            body.append(("words", text.partition(":")[2].strip()))
        else:
            body.append((kind, text))
    return HelpPage(
        cls.type_name(), cls.family.title, summary[1], tuple(body), labelled["Shapes"], labelled["Source"],
        cls.synonyms,
        tuple(_port(name, port) for name, port in cls.inputs.items()),
        tuple(_port(name, port) for name, port in cls.outputs.items()),
        tuple(_parameter(name, declared) for name, declared in cls.params.items()),
    )  # fmt: skip


def _blocks(text: str) -> list[tuple[str, str]]:
    """Paragraphs (each as one line, lists as they are) and formulas, in order."""
    found = []
    for place, part in enumerate(_FENCE.split(text)):
        if place % 2:
            found.append(("math", " ".join(part.split())))
            continue
        for paragraph in filter(None, map(str.strip, part.split("\n\n"))):
            listed = paragraph.startswith(("- ", "* ", "| ", "1. "))
            found.append(("text", paragraph if listed else " ".join(paragraph.split())))
    return found or [("text", "")]


def _port(name: str, port: Port) -> PortRow:
    takes = _DTYPES.get(port.dtype, port.dtype)
    notes = [note for note, holds in (("optional", port.optional), ("one or more wires", port.many)) if holds]
    return PortRow(name, _shape(port.pattern), _axes(port.pattern), ", ".join([takes, *notes]), port.help)


def _shape(pattern: str) -> str:
    """``N×C'×H'×W'`` for ``N C' H' W'``; a star is …, nothing is ``scalar``."""
    tokens = ["…" if token.startswith("*") else token.replace("'", "′") for token in pattern.split()]
    return "×".join(tokens) or "scalar"


def _axes(pattern: str) -> str:
    tokens = pattern.split()
    if not tokens:
        return "one number"
    names = []
    for token in tokens:
        label = token.rstrip("'")
        name = "any axes" if token.startswith("*") else f"{token} numbers" if token.isdigit() else AXIS_NAMES.get(
            label, label
        )  # fmt: skip
        names.append(f"{name} (new)" if token.endswith("'") else name)
    return ", ".join(names)


def _parameter(name: str, declared: Param) -> ParameterRow:
    default = declared.default
    if isinstance(default, tuple):
        shown = ", ".join(map(str, default)) or "none"
    elif isinstance(default, bool):
        shown = "on" if default else "off"
    elif isinstance(default, float):
        shown = f"{default:g}"
    else:
        shown = "nothing" if default is None else str(default) or "empty"
    unit = f" {declared.unit}" if declared.unit and default is not None else ""
    expected = "on or off" if declared.kind == "bool" else declared.expected()
    return ParameterRow(name, shown + unit, expected, declared.help)


def as_text(page: HelpPage, width: int = 100) -> str:
    """The page for a terminal, formulas written in letters and signs."""
    lines = [f"{page.title} · {page.family}", "", *textwrap.wrap(page.summary, width)]
    for kind, text in page.body:
        if kind == "math":
            lines += ["", f"    {plain(text)}"]
        else:
            lines += ["", *(text.splitlines() if "\n" in text else textwrap.wrap(text, width))]
    for title, ports in (("Inputs", page.inputs), ("Outputs", page.outputs)):
        rows = [(port.name, port.shape, port.axes, port.takes, port.help) for port in ports]
        lines += ["", title, *_columns(rows)] if rows else []
    if page.parameters:
        settings = [(each.name, each.default, f"{each.help} ({each.expected})") for each in page.parameters]
        lines += ["", "Parameters", *_columns(settings)]
    for title, words in (("Shapes", page.shapes), ("Also found as", ", ".join(page.synonyms)), ("Source", page.source)):
        if words:
            lines += ["", title, *textwrap.wrap(words, width, initial_indent="  ", subsequent_indent="  ")]
    return "\n".join(line.rstrip() for line in lines)


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return ["  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
