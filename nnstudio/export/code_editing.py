"""Edits of a network's source as edits of the network: nodes keep their ids, and what is not touched stays.

The old and the new text are read as the same structure (`code_reading`), and what differs becomes ordinary edits.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from nnstudio.compile.resolve import Resolution, resolve
from nnstudio.export.code_class import ClassWork
from nnstudio.export.code_reading import ClassCode, Code, CodeError, read, refuse, same
from nnstudio.export.python_source import Source
from nnstudio.graph import Edit, EditError, Network
from nnstudio.graph.blocks import in_block
from nnstudio.graph.parameters import set_network_parameter
from nnstudio.layers import ParameterError

__all__ = ["CodeEdit", "CodeError", "edited"]


@dataclass(frozen=True)
class CodeEdit:
    """What an edit of the code does. network: what comes of it, all of it; edit: the same for the network that the code
    was written from; added: of each definition ("" for the whole), the new nodes and what feeds each first ("" for
    nothing); remarks: sentences on layers that are not in everything what was written."""

    network: Network
    edit: Edit
    added: Mapping[str, Mapping[str, str]]
    remarks: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added) or self._changes

    _changes: bool = True


def edited(source: Source, text: str) -> CodeEdit:
    """The edit that makes the drawing say what ``text`` says, which was changed from a source (of `written`, with
    ``ends``). Nothing is run.

    Raises:
        CodeError: the text is not of the kind that can be drawn; it says where and why.
    """
    assert source.of is not None
    before = source.of.network
    try:
        work = Work(source, read(source.text), read(text))
        work.do_all()
    except RecursionError:
        raise CodeError(0, 0, "A line is nested too deep to be drawn; write it in several lines.") from None
    made = work.network

    def edit(network: Network) -> Network:
        if network is made or made is before:
            return network
        if network is not before:
            raise EditError("the drawing has changed since the code was written; go back to its code and edit that")
        return made

    added = {name: ids for name, ids in work.added.items() if ids}
    return CodeEdit(made, edit, added, tuple(work.remarks), made is not before)


class Work:
    """Turns one text into the other, edit by edit, with what is known of the network after each."""

    def __init__(self, source: Source, old: Code, new: Code) -> None:
        assert source.of is not None
        self.source, self.old, self.new = source, old, new
        self.resolution: Resolution = source.of
        self.network = source.of.network
        self.added: dict[str, dict[str, str]] = {}
        self.remarks: dict[str, None] = {}
        self.lines: dict[int, tuple[str, tuple[str, ...]]] = {
            span.line: (span.block, span.nodes) for span in source.spans
        }

    def do_all(self) -> None:
        self._file()
        self._constants()
        whose = {name: self._block_of(code) for name, code in self.old.classes.items()}
        for name, was in self.old.classes.items():
            code, block = self.new.classes[name], whose[name]
            if same(was.at, code.at):
                continue
            if block is None:
                refuse(code.at, f"{name} is the program's own; only the classes of the drawing can be changed.")
            if code.error is not None:
                raise code.error
            if sum(other == block for other in whose.values()) > 1:
                refuse(
                    code.at, f"The copies of {block} differ, so that it is several classes; change it on the canvas."
                )
            ClassWork(self, block, was, code).do()

    def _file(self) -> None:
        for name, code in self.new.classes.items():
            if name not in self.old.classes:
                refuse(code.at, f"There is no block {name}; make blocks on the canvas, of what is selected.")
        for name in self.old.classes:
            if name not in self.new.classes:
                raise CodeError(0, 0, f"The class {name} is gone; take blocks away on the canvas.")
        known = set(self.old.other)
        for text in self.new.other:
            plain = text.startswith(("import ", "from ", "'", '"'))
            if text not in known and not plain:
                line = next((i for i, line in enumerate(text.split("\n")) if line), 0)
                raise CodeError(line, 0, "Only classes, imports and numbers can stand outside the classes.")

    def _constants(self) -> None:
        names = {name.upper(): name for name in self.network.parameters}
        for name, assign in self.new.constants.items():
            was = self.old.constants.get(name)
            if was is not None and same(was.value, assign.value):
                continue
            try:
                value = ast.literal_eval(assign.value)
            except (ValueError, SyntaxError):
                value = None
            if isinstance(value, bool) or not isinstance(value, int | float):
                refuse(assign, f"{name} has to be a number.")
            self.do("", assign, set_network_parameter(names.get(name, name.lower()), value))
        self._gone = [names.get(name, name.lower()) for name in self.old.constants if name not in self.new.constants]

    def _block_of(self, code: ClassCode) -> str | None:
        last = code.at.end_lineno or code.at.lineno
        for line in range(code.at.lineno - 1, last):
            if line in self.lines:
                return self.lines[line][0]
        return None

    def nodes_at(self, tree: ast.AST) -> tuple[str, ...]:
        """The nodes of which a piece of the old text is."""
        first = getattr(tree, "lineno", 1) - 1
        for line in range(first, getattr(tree, "end_lineno", first + 1)):
            if line in self.lines:
                return self.lines[line][1]
        return ()

    def do(self, block: str, at: ast.AST, edit: Edit) -> None:
        """One edit, inside a definition or outside; CodeError at this place where it cannot be."""
        try:
            self.network = (in_block(block, edit) if block else edit)(self.network)
        except (EditError, ParameterError) as error:
            refuse(at, f"{str(error)[:1].upper()}{str(error)[1:]}.")

    def here(self, block: str) -> Network:
        """The network of a class as it is now."""
        return self.network.blocks[block] if block else self.network

    def resolved(self, block: str) -> Resolution:
        """What is known of the network of a class as it is now."""
        if self.resolution.network is not self.network:
            self.resolution = resolve(self.network, self.resolution.fields, self.resolution)
        return self.resolution.definition(block) if block else self.resolution
