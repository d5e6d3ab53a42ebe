"""Reading the source of a network: its classes, what they make and what they do with it, as data.

The text is parsed with `ast` and never run.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import NoReturn

#: Names that stand for packages in the source.
_LONG = {"nn.": "torch.nn.", "F.": "torch.nn.functional.", "torch.": "torch."}


class CodeError(ValueError):
    """Code that cannot be drawn; the text is one sentence for a person. line, column: where, counted from 0."""

    def __init__(self, line: int, column: int, sentence: str) -> None:
        super().__init__(sentence)
        self.line, self.column, self.sentence = line, column, sentence


def trouble(at: ast.AST, sentence: str) -> CodeError:
    """The error at a piece of the code."""
    return CodeError(getattr(at, "lineno", 1) - 1, getattr(at, "col_offset", 0), sentence)


def refuse(at: ast.AST, sentence: str) -> NoReturn:
    """Raise a CodeError at a piece of the code."""
    raise trouble(at, sentence)


@dataclass
class Made:
    """``self.attr = called(...)`` in a constructor."""

    attr: str
    call: ast.Call
    at: ast.AST


@dataclass
class Step:
    """One statement of forward that computes something. attr: the module that it calls, "" for plain functions;
    times: how often, in a loop; arguments: what a module is called with."""

    targets: tuple[str, ...]
    value: ast.expr
    at: ast.stmt
    attr: str = ""
    arguments: tuple[ast.expr, ...] = ()
    times: int = 1


@dataclass
class Alias:
    """``name = other`` in forward."""

    target: str
    value: ast.Name


@dataclass
class ClassCode:
    """A class of the source. notes: other statements of its constructor on an attribute, as text; error: why the
    rest of it is not known."""

    name: str
    at: ast.ClassDef
    defaults: dict[str, ast.expr] = field(default_factory=dict)
    given: tuple[str, ...] = ()
    made: dict[str, Made] = field(default_factory=dict)
    notes: dict[str, list[tuple[str, ast.stmt]]] = field(default_factory=dict)
    frozen: set[str] = field(default_factory=set)
    inputs: tuple[str, ...] = ()
    forward: ast.FunctionDef | None = None
    steps: list[Step | Alias] = field(default_factory=list)
    result: ast.Return | None = None
    error: CodeError | None = None


@dataclass
class Code:
    """A whole file: its classes, and the numbers that are constants of it."""

    classes: dict[str, ClassCode] = field(default_factory=dict)
    constants: dict[str, ast.Assign] = field(default_factory=dict)
    other: list[str] = field(default_factory=list)


def read(text: str) -> Code:
    """The structure of a source. CodeError where it is no Python; what is wrong with a class is its ``error``."""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        line, column = (error.lineno or 1) - 1, max(0, (error.offset or 1) - 1)
        raise CodeError(line, column, f"This is not Python yet: {error.msg}.") from None
    except (ValueError, RecursionError, MemoryError):
        raise CodeError(0, 0, "This cannot be read as Python.") from None
    code = Code()
    for each in tree.body:
        match each:
            case ast.ClassDef():
                if each.name in code.classes:
                    refuse(each, f"There are two classes named {each.name}; give one another name.")
                code.classes[each.name] = _class(each)
            case ast.Assign(targets=[ast.Name(id=name)]):
                code.constants[name] = each
            case _:
                code.other.append(ast.unparse(each))
    return code


def _class(tree: ast.ClassDef) -> ClassCode:
    made = ClassCode(tree.name, tree)
    try:
        _body(made, tree)
    except CodeError as error:
        made.error = error
    return made


def _body(made: ClassCode, tree: ast.ClassDef) -> None:
    for each in tree.body:
        match each:
            case ast.FunctionDef(name="__init__"):
                _constructor(made, each)
            case ast.FunctionDef(name="forward"):
                _forward(made, each)
            case ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
                pass
            case ast.FunctionDef(name=name):
                made.notes.setdefault("", []).append((f"def {name}: {ast.dump(each)}", each))
            case _:
                made.notes.setdefault("", []).append((ast.dump(each), each))


def _constructor(into: ClassCode, tree: ast.FunctionDef) -> None:
    arguments = [each.arg for each in tree.args.args[1:]]
    into.given = tuple(arguments)
    defaults = tree.args.defaults
    into.defaults = dict(zip(arguments[len(arguments) - len(defaults) :], defaults, strict=True))
    for each in tree.body:
        match each:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super"))))) | ast.Pass():
                pass
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=attr)], value=ast.Call() as call):
                if attr in into.made:
                    refuse(each, f"self.{attr} is made twice; give one of them another name.")
                into.made[attr] = Made(attr, call, each)
            case ast.Expr(
                value=ast.Call(
                    func=ast.Attribute(
                        value=ast.Attribute(value=ast.Name(id="self"), attr=attr), attr="requires_grad_"
                    ),
                    args=[ast.Constant(value=False)],
                )
            ):
                into.frozen.add(attr)
            case ast.Expr(value=ast.Constant(value=str())):
                pass
            case _:
                attr = next(
                    (n.attr for n in ast.walk(each)
                     if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == "self"), "",
                )  # fmt: skip
                into.notes.setdefault(attr, []).append((ast.unparse(each), each))


def _forward(into: ClassCode, tree: ast.FunctionDef) -> None:
    into.inputs, into.forward = tuple(each.arg for each in tree.args.args[1:]), tree
    for each in tree.body:
        if into.result is not None:
            refuse(each, "Nothing is done after return; put this line before it.")
        match each:
            case ast.Return():
                into.result = each
            case ast.Assign(targets=[ast.Name(id=target)], value=ast.Name() as value):
                into.steps.append(Alias(target, value))
            case ast.Assign(targets=[target], value=value):
                into.steps.append(_step(_targets(target), value, each))
            case ast.For():
                into.steps.append(_loop(each))
            case ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
                pass
            case _:
                refuse(each, "Only lines such as `x = self.conv1(x)` and `x = a + b` can be drawn.")


def _targets(tree: ast.expr) -> tuple[str, ...]:
    match tree:
        case ast.Name(id=name):
            return (name,)
        case ast.Tuple(elts=elements) if all(isinstance(each, ast.Name) for each in elements):
            return tuple(each.id for each in elements if isinstance(each, ast.Name))
    refuse(tree, "Give what comes out a plain name, such as `x`.")


def _step(targets: tuple[str, ...], value: ast.expr, at: ast.stmt) -> Step:
    match value:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=attr), args=args, keywords=[]):
            return Step(targets, value, at, attr, tuple(args))
        case ast.Call(func=ast.Attribute(value=ast.Name(id="self"))):
            refuse(value, "Call a module with its inputs in order, without names.")
    return Step(targets, value, at)


def _loop(tree: ast.For) -> Step:
    """``for copy in self.attr: …`` or ``for _ in range(3): … = self.attr[0](…)``."""
    match tree:
        case ast.For(
            target=ast.Name(id=each), iter=ast.Attribute(value=ast.Name(id="self"), attr=attr),
            body=[
                ast.Assign(
                    targets=[target], value=ast.Call(func=ast.Name(id=called), args=args, keywords=[]) as call
                )
            ],
            orelse=[],
        ) if each == called:  # fmt: skip
            return Step(_targets(target), call, tree, attr, tuple(args), 0)
        case ast.For(
            iter=ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int() as times)]),
            body=[
                ast.Assign(
                    targets=[target],
                    value=ast.Call(
                        func=ast.Subscript(value=ast.Attribute(value=ast.Name(id="self"), attr=attr)),
                        args=args, keywords=[],
                    ) as call,
                )
            ],
            orelse=[],
        ):  # fmt: skip
            return Step(_targets(target), call, tree, attr, tuple(args), times)
    refuse(tree, "Only loops over the copies of a block can be drawn.")


def dotted(tree: ast.expr) -> str:
    """``torch.nn.functional.relu`` of ``F.relu`` and the like; "" where it is no dotted name."""
    parts = []
    while isinstance(tree, ast.Attribute):
        parts.append(tree.attr)
        tree = tree.value
    if not isinstance(tree, ast.Name):
        return ""
    name = ".".join([tree.id, *reversed(parts)])
    return next((long + name.removeprefix(short) for short, long in _LONG.items() if name.startswith(short)), name)


def same(one: ast.AST | None, other: ast.AST | None) -> bool:
    """Whether two pieces of code say the same, however they are written."""
    if one is None or other is None:
        return one is other
    return ast.dump(one) == ast.dump(other)
