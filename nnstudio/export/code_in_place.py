"""What is changed in place while another name of the same numbers is used after: torch changes both, no drawing does.

A plain name (``s = x``), a view (``x[:, 0]``, ``x.flatten(1)``) and what a module passes on as it is are other names.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from nnstudio.export.code_reading import Alias, ClassCode, Made, Step, dotted, refuse
from nnstudio.export.code_table import ROWS, SIGNATURES

#: Functions and methods that give other axes of the same numbers, and modules that may pass on what comes in.
_VIEWS = frozenset(
    "view view_as reshape flatten unflatten transpose swapaxes swapdims permute squeeze unsqueeze expand expand_as "
    "broadcast_to narrow select diagonal unfold chunk split unbind detach contiguous to float movedim moveaxis".split()
)
_IN_PLACE = frozenset(row.layer for row in ROWS.values() if any(each.name == "inplace" for each in row.arguments))
_PASSING = frozenset(
    "Identity Flatten Unflatten Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout".split()
)


def check_in_place(code: ClassCode) -> None:
    """CodeError where forward uses a name whose numbers a line before has changed under another name."""
    storage: dict[str, int] = {name: place for place, name in enumerate(code.inputs)}
    changed: dict[str, str] = {}
    for place, step in enumerate(code.steps, len(storage)):
        if isinstance(step, Alias):
            _refuse_changed(step.value, changed)
            storage[step.target] = storage.get(step.value.id, place)
            changed.pop(step.target, None)
            continue
        own = [step.changes] if step.changes else []
        within = list(_changed_within(step.value, code.made))
        _refuse_changed(step.value, changed)
        for name in within:
            if sum(isinstance(each, ast.Name) and each.id == name for each in ast.walk(step.value)) > 1:
                refuse(step.value, _sentence(name, name, step))
        for name in (*own, *within):
            for other, at in storage.items():
                if at == storage.get(name) and other not in step.targets:
                    changed[other] = _sentence(name, other, step)
        shared = step.changes or _same_numbers(step.value, code.made)
        for target in step.targets:
            storage[target] = storage.get(shared, place)
            changed.pop(target, None)
    if code.result is not None:
        _refuse_changed(code.result, changed)


def _sentence(name: str, other: str, step: Step) -> str:
    line = ast.unparse(step.at)[:40]
    instead = f"write `{name} = {ast.unparse(step.value)[:40]}`" if step.changes else "leave inplace away"
    also = "" if name == other else f", and in torch {other} with it"
    return f"`{line}` changes {name} in place{also}, and {other} is used besides; {instead}: no drawing changes it."


def _refuse_changed(tree: ast.AST, changed: Mapping[str, str]) -> None:
    for each in ast.walk(tree):
        if isinstance(each, ast.Name) and each.id in changed:
            refuse(each, changed[each.id])


def _changed_within(tree: ast.AST, made: Mapping[str, Made]) -> Iterator[str]:
    """The names that calls in an expression change in place."""
    for each in ast.walk(tree):
        if isinstance(each, ast.Call) and _is_in_place(each, made):
            first = _first(each)
            if isinstance(first, ast.Name):
                yield first.id


def _is_in_place(call: ast.Call, made: Mapping[str, Made]) -> bool:
    match call.func:
        case ast.Attribute(value=ast.Name(id="self"), attr=attr):
            module = made[attr].call if attr in made else None
            return module is not None and dotted(module.func).rpartition(".")[2] in _IN_PLACE and _says_so(module)
    return _says_so(call)


def _says_so(call: ast.Call) -> bool:
    """Whether ``inplace`` is true; torch has it last of a module's arguments."""
    named = [keyword.value for keyword in call.keywords if keyword.arg == "inplace"]
    names = SIGNATURES.get(dotted(call.func).replace("torch.nn.functional.", "torch."), ())
    if "inplace" in names:
        place = names.index("inplace")
    else:
        place = 0 if dotted(call.func).rpartition(".")[2] in _IN_PLACE else len(call.args)
    return any(isinstance(each, ast.Constant) and each.value is True for each in (*named, *call.args[place:]))


def _first(call: ast.Call) -> ast.expr | None:
    """What a function or a method is of."""
    named = dotted(call.func)
    if isinstance(call.func, ast.Attribute) and not named.startswith(("torch.", "self.", "math.")):
        return call.func.value
    return call.args[0] if call.args else None


def _same_numbers(tree: ast.expr | None, made: Mapping[str, Made]) -> str:
    """The name whose numbers an expression gives, as they are or on other axes; "" where it gives new ones."""
    match tree:
        case ast.Name(id=name):
            return name
        case ast.Subscript(value=value) | ast.Attribute(value=value, attr="mT" | "T"):
            return _same_numbers(value, made)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=attr)) if attr in made:
            passing = dotted(made[attr].call.func).rpartition(".")[2] in _PASSING
            return _same_numbers(_first(tree), made) if passing or _is_in_place(tree, made) else ""
        case ast.Call() if _says_so(tree) or dotted(tree.func).rpartition(".")[2] in _VIEWS:
            return _same_numbers(_first(tree), made)
        case ast.Call(func=ast.Attribute(attr=attr)) if attr in _VIEWS:
            return _same_numbers(_first(tree), made)
    return ""
