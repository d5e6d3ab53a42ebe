"""`nnstudio predict --nearest` and `--rank`: rows of the data near an embedding, and the best values of a column."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nnstudio.cli.output import Output, figure
from nnstudio.cli.tables import Column, table
from nnstudio.project.errors import ProjectError

if TYPE_CHECKING:
    from nnstudio.project.project import Project

#: Values of a ranking that are told unless another number is asked for.
TOP = 10


class Beside:
    """What is told beside the answers to a project's rows."""

    def __init__(self, project: Project, arguments: Namespace) -> None:
        self.project, self.count, self.column = project, arguments.nearest, arguments.rank
        self.top = arguments.top
        self.found: dict[str, Any] = {}
        self.outputs: tuple[str, ...] = ()
        if self.count:
            self._place()

    def _place(self) -> None:
        """Work out where rows of the data lie."""
        from nnstudio.project.neighbours import Neighbourhood, embedding_outputs

        self.outputs = embedding_outputs(self.project.network)
        if not self.outputs:
            raise ProjectError(
                "--nearest compares embeddings, and no Output of this network is of the kind embedding; give one that "
                "kind, or leave --nearest out."
            )
        compiled, dataset = self.project.compiled(), self.project.judged_data
        self.found = {name: Neighbourhood(compiled, dataset, name) for name in self.outputs}

    def show(self, rows: Mapping[str, Sequence[Any]], number: int, answer: Mapping[str, Any], out: Output) -> None:
        """Tell what was asked for of one row of those given."""
        for name, near in self.found.items():
            told = near.nearest(answer[name]["embedding"], self.count)
            for each in told:
                out.item(output=name, row=number, near=each.row, distance=each.distance, label=each.label)
            cells = [(f"{each.row:,}", each.label, figure(each.distance)) for each in told]
            heads = [Column("row", right=True), Column("label"), Column("distance", right=True)]
            table(out, f"Nearest training rows by {name}", heads, cells)
        if self.column:
            self._rank({name: values[number] for name, values in rows.items()}, number, out)

    def _rank(self, given: Mapping[str, Any], number: int, out: Output) -> None:
        from nnstudio.project.ranking import ranked

        output = next(node.name for node in self.project.network.of_role("output"))
        found = ranked(self.project.compiled(), self.project.judged_data, given, self.column, output, self.top)
        for place, (value, score) in enumerate(found.best, 1):
            out.item(row=number, rank=place, **{self.column: value}, score=score)
        cells = [(f"{place}", value, figure(score)) for place, (value, score) in enumerate(found.best, 1)]
        heads = [Column("", right=True), Column(self.column), Column(output, right=True)]
        left = f"; {found.met:,} that the data has already are left out" if found.met else ""
        table(out, f"Best {self.column}{left}", heads, cells)


def completed(rows: dict[str, Sequence[Any]], column: str, project: Project) -> dict[str, Sequence[Any]]:
    """The rows with some value of the column that is to be ranked, where they have none."""
    if not column or column in rows:
        return rows
    known = project.judged_data.columns.get(column)
    if known is None or not known.categories:
        raise ProjectError(f"“{column}” has no values that could be ranked; --rank takes a column of categories.")
    return {**rows, column: [known.categories[0]] * len(next(iter(rows.values()), ()))}
