"""The source of classes together with all that it uses from its own modules, so that it stands alone."""

from __future__ import annotations

import ast
import functools
import importlib.util
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import ModuleType


@dataclass
class Embedded:
    """Import lines and definitions, each after what it uses."""

    imports: dict[str, None] = field(default_factory=dict)
    definitions: dict[str, str] = field(default_factory=dict)


def embedded(classes: Iterable[type]) -> Embedded:
    """What a file has to hold so that these classes can be defined in it.

    Names that a class's module imports from the module's own package are followed there.

    Raises:
        ValueError: two modules define different things by the same name.
        OSError: the source is not there (a compiled program).
    """
    found = Embedded()
    for cls in classes:
        _add(sys.modules[cls.__module__], cls.__name__, found)
    return found


@dataclass(frozen=True)
class _Module:
    """What stands at the top of a module, by name."""

    imports: dict[str, ast.Import | ast.ImportFrom]
    definitions: dict[str, tuple[ast.stmt, str]]


@functools.cache
def _read(module: ModuleType) -> _Module:
    text = inspect.getsource(module)
    lines = text.splitlines()
    imports: dict[str, ast.Import | ast.ImportFrom] = {}
    definitions: dict[str, tuple[ast.stmt, str]] = {}
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            for alias in statement.names:
                imports[alias.asname or alias.name.partition(".")[0]] = _only(statement, alias)
        for name in _defined(statement):
            decorated = getattr(statement, "decorator_list", [])
            first = min([statement.lineno, *(decorator.lineno for decorator in decorated)])
            source = "\n".join(lines[first - 1 : statement.end_lineno])
            definitions[name] = (statement, re.sub(r"  # (type: ignore|noqa)\b.*", "", source))
    return _Module(imports, definitions)


def _only(statement: ast.Import | ast.ImportFrom, alias: ast.alias) -> ast.Import | ast.ImportFrom:
    """The import of one name alone."""
    if isinstance(statement, ast.Import):
        return ast.Import(names=[alias])
    return ast.ImportFrom(module=statement.module, names=[alias], level=statement.level)


def _defined(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name


def _origin(module: ModuleType, statement: ast.Import | ast.ImportFrom) -> str:
    """The module that a statement in ``module`` imports from."""
    if isinstance(statement, ast.Import):
        return statement.names[0].name
    named = "." * statement.level + (statement.module or "")
    return importlib.util.resolve_name(named, module.__package__) if statement.level else named


def _add(module: ModuleType, name: str, found: Embedded) -> None:
    read = _read(module)
    if name in read.imports:
        statement = read.imports[name]
        package = module.__name__.partition(".")[0]
        origin = _origin(module, statement)
        if origin.partition(".")[0] == package and isinstance(statement, ast.ImportFrom):
            _add(sys.modules[origin], statement.names[0].name, found)
        elif origin != "__future__":
            found.imports[ast.unparse(statement)] = None
    elif name in read.definitions:
        statement_, source = read.definitions[name]
        if found.definitions.get(name, source) != source:
            raise ValueError(f"two different {name} would stand in one file")
        if name in found.definitions:
            return
        for used in ast.walk(statement_):
            if isinstance(used, ast.Name) and used.id != name:
                _add(module, used.id, found)
        found.definitions[name] = source
