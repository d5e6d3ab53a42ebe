"""What of a class is the same before and after its text was changed: modules by name, lines by what they do."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

from nnstudio.export.code_meaning import Meaning, Origin, meaning
from nnstudio.export.code_reading import Alias, ClassCode, Step, dotted, refuse, same
from nnstudio.graph import Network, Node


def known_name(name: ast.Name, variables: Mapping[str, Origin]) -> Origin:
    """What a name in forward stands for. CodeError where it is nothing yet."""
    if name.id not in variables:
        refuse(name, f"Nothing is called {name.id} at this place; compute it in a line before this one.")
    return variables[name.id]


def fed_by(step: Step, variables: Mapping[str, Origin]) -> tuple[Origin | None, ...] | Meaning:
    """What a step takes: of a module its inputs in order (None for one left out), else what its expression says."""
    if not step.attr:
        return meaning(step.value, lambda name: known_name(name, variables))
    found: list[Origin | None] = []
    for each in step.arguments:
        match each:
            case ast.Name():
                found.append(known_name(each, variables))
            case ast.Constant(value=None):
                found.append(None)
            case _:
                refuse(each, "Write what feeds a module on a line of its own, and its name here.")
    return tuple(found)


#: Of torch's own recurrent modules, what they give in the order in which torch gives it.
_OF_TORCH = {"RNN": ("sequence", "hidden"), "GRU": ("sequence", "hidden"), "LSTM": ("sequence", "hidden", "cell")}


def is_of_torch(made: ast.Call | None) -> TypeGuard[ast.Call]:
    """Whether a module is made of torch's own class."""
    return made is not None and dotted(made.func).startswith("torch.nn.")


def named_outputs(step: Step, node: Node, made: ast.Call | None) -> tuple[str, ...]:
    """The outputs that a line's names stand for; those behind the last that is used may be left out, or be ``_``.

    CodeError where more or fewer are named. made: how a module was made, since torch's own may give other things.
    """
    outputs, targets = tuple(node.layer.outputs), step.targets
    if is_of_torch(made):
        own = _OF_TORCH.get(dotted(made.func).rpartition(".")[2], outputs)
        if step.grouped and len(targets) == len(own) and own != outputs:
            return own
        if len(targets) == 2 and own != outputs and (len(own) == 2 or targets[1] == "_"):
            return own[:2]
        if len(own) == 3 and len(targets) == 2:
            refuse(step.at, f"Write `{targets[0]}, (hidden, cell) = …`: it gives two states.")
    unused = set(targets[1:]) == {"_"}
    if len(targets) != len(outputs) and not (unused and (len(targets) < len(outputs) or len(outputs) == 1)):
        said = ", ".join(["x", *["_"] * (len(outputs) - 1)])
        refuse(step.at, f"{node.name} gives {len(outputs)}, and {len(targets)} are named here; write `{said} = …`.")
    return outputs[: len(targets)]


def result_of(code: ClassCode, variables: Mapping[str, Origin]) -> dict[str | int, Origin]:
    """What forward gives back, by its key or its place."""
    value = code.result.value if code.result is not None else None
    if value is None:
        refuse(code.result or code.at, "forward has to return what comes out.")
    pairs: Iterable[tuple[str | int, ast.expr | None]]
    match value:
        case ast.Dict(keys=keys, values=values):
            pairs = [(str(getattr(key, "value", "")), each) for key, each in zip(keys, values, strict=True)]
        case ast.Tuple(elts=elements):
            pairs = list(enumerate(elements))
        case _:
            pairs = [(0, value)]
    found: dict[str | int, Origin] = {}
    for key, each in pairs:
        if not isinstance(each, ast.Name):
            refuse(each or value, "Return plain names; compute what they are in lines before.")
        found[key] = known_name(each, variables)
    return found


@dataclass
class Before:
    """A class as it was written. ids: the node of each step, by its place; modules: of each attribute."""

    code: ClassCode
    ids: dict[int, str] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    fed: dict[str, tuple[Origin | None, ...] | Meaning] = field(default_factory=dict)
    result: dict[str | int, Origin] = field(default_factory=dict)

    def work_out(self, network: Network) -> None:
        """What feeds each of its nodes."""
        variables = dict(zip(self.code.inputs, ((id, "output") for id in self.inputs), strict=False))
        for place, step in enumerate(self.code.steps):
            if isinstance(step, Alias):
                variables[step.target] = known_name(step.value, variables)
            else:
                id = self.ids[place]
                self.fed[id] = fed_by(step, variables)
                variables.update(
                    zip(step.targets, ((id, port) for port in network.nodes[id].layer.outputs), strict=False)
                )
        self.result = result_of(self.code, variables)


def renamed_modules(old: ClassCode, new: ClassCode) -> dict[str, str]:
    """New name to old of every module that is in both: those of the same name, and those that are called otherwise."""
    found = {attr: attr for attr in new.made if attr in old.made}
    gone = [made for attr, made in old.made.items() if attr not in new.made]
    for alike in (same, lambda a, b: dotted(a.func) == dotted(b.func)):
        for attr, made in new.made.items():
            if attr not in found:
                was = next((each for each in gone if alike(each.call, made.call)), None)
                if was is not None:
                    found[attr] = was.attr
                    gone.remove(was)
    return found


def matched_steps(before: Before, new: ClassCode, attributes: Mapping[str, str]) -> dict[int, str]:
    """The node of each new step that was there before, by the step's place."""
    free = {place: step for place, step in enumerate(before.code.steps) if isinstance(step, Step)}
    found: dict[int, str] = {}

    def take(place: int, alike: Iterable[int]) -> None:
        was = next((each for each in alike if each in free), None)
        if was is not None:
            del free[was]
            found[place] = before.ids[was]

    fresh = {place: step for place, step in enumerate(new.steps) if isinstance(step, Step)}
    for strict in (True, False):
        for place, step in fresh.items():
            if place in found or not step.attr or step.attr not in attributes:
                continue
            mine = [p for p, was in free.items() if was.attr == attributes[step.attr]]
            take(place, [p for p in mine if free[p].targets == step.targets] if strict else mine)
    for level in range(3):
        for place, step in fresh.items():
            if place not in found and not step.attr:
                take(place, [p for p, was in free.items() if not was.attr and _alike(was, step, level)])
    return found


def _alike(one: Step, other: Step, level: int) -> bool:
    """Level 0: the same name and form; 1: the same name; 2: the same form."""
    names, form = one.targets == other.targets, _form(one.value) == _form(other.value)
    return (names and form, names, form)[level]


def _form(tree: ast.expr) -> Meaning:
    return meaning(tree, lambda _: "")
