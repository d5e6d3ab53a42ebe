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
    """One statement of forward that computes something, or a call within one, whose target is no identifier then.
    attr: the module that it calls, "" for plain functions; times: how often, in a loop; arguments: what a module is
    called with; grouped: the last targets stand in brackets, ``out, (hidden, cell)``; changes: the name that it
    changes in place, ``x += 1``."""

    targets: tuple[str, ...]
    value: ast.expr
    at: ast.stmt
    attr: str = ""
    arguments: tuple[ast.expr, ...] = ()
    times: int = 1
    grouped: bool = False
    changes: str = ""


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
                into.result = _returned(into, each)
            case ast.Assign(targets=[target], value=value):
                _assign(into, target, value, each)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                _assign(into, target, value, each)
            case ast.AugAssign(target=ast.Name(id=name) as target, op=op, value=value):
                before = ast.copy_location(ast.Name(name, ast.Load()), target)
                _assign(into, target, ast.copy_location(ast.BinOp(before, op, value), each), each, name)
            case ast.For():
                into.steps.append(_loop(each))
            case ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
                pass
            case _:
                refuse(each, "Only lines such as `x = self.conv1(x)` and `x = a + b` can be drawn.")


def _assign(into: ClassCode, target: ast.expr, value: ast.expr, at: ast.stmt, changes: str = "") -> None:
    if isinstance(target, ast.Name) and isinstance(value, ast.Name):
        into.steps.append(Alias(target.id, value))
        return
    step = _step(_targets(target), _Inner(into, at).visit_outer(value), at)
    step.changes = changes
    step.grouped = isinstance(target, ast.Tuple) and isinstance(target.elts[-1], ast.Tuple)
    into.steps.append(step)


class _Inner(ast.NodeTransformer):
    """Takes calls of modules out of an expression, and what computes their arguments: each is a step of its own."""

    def __init__(self, into: ClassCode, at: ast.stmt) -> None:
        self._into, self._at = into, at

    def visit_outer(self, tree: ast.expr) -> ast.expr:
        """The expression, with names in the place of what was taken out of it."""
        if isinstance(tree, ast.Call) and _is_module(tree):
            return self._with_names(tree)
        found = self.generic_visit(tree)
        assert isinstance(found, ast.expr)
        return found

    def visit_Call(self, node: ast.Call) -> ast.AST:
        return self.named(self._with_names(node)) if _is_module(node) else self.generic_visit(node)

    def _with_names(self, call: ast.Call) -> ast.Call:
        arguments: list[ast.expr] = [
            each if isinstance(each, ast.Name | ast.Constant) else self.named(self.visit_outer(each))
            for each in call.args
        ]
        return ast.copy_location(ast.Call(call.func, arguments, call.keywords), call)

    def named(self, value: ast.expr) -> ast.Name:
        """A step for a piece of the expression, and what it is called."""
        text = ast.unparse(value)
        count = sum(step.targets[0].startswith(text) for step in self._into.steps if isinstance(step, Step))
        name = f"{text} ({count + 1})" if count or text.isidentifier() else text
        self._into.steps.append(_step((name,), value, self._at))
        return ast.copy_location(ast.Name(name, ast.Load()), value)


def _is_module(call: ast.Call) -> bool:
    return (
        isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) and call.func.value.id == "self"
    )


def _returned(into: ClassCode, tree: ast.Return) -> ast.Return:
    """What comes out as plain names, with a step for everything that is computed there."""

    def named(each: ast.expr) -> ast.expr:
        inner = _Inner(into, tree)
        return each if isinstance(each, ast.Name) else inner.named(inner.visit_outer(each))

    match tree.value:
        case ast.Dict(keys=keys, values=values) as value:
            made: ast.expr | None = ast.copy_location(ast.Dict(keys, [named(each) for each in values]), value)
        case ast.Tuple(elts=elements) as value:
            made = ast.copy_location(ast.Tuple([named(each) for each in elements], ast.Load()), value)
        case None | ast.Constant():
            made = tree.value
        case value:
            made = named(value)
    return ast.copy_location(ast.Return(made), tree)


def _targets(tree: ast.expr) -> tuple[str, ...]:
    match tree:
        case ast.Name(id=name):
            return (name,)
        case ast.Tuple(elts=[*first, ast.Tuple(elts=last)]) if first:
            return tuple(name for each in (*first, *last) for name in _targets(each))
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
