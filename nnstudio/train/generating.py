"""A network that writes: its output is put into one of its inputs, step by step, until the text is complete.

What does not depend on that input (an encoder) runs once. Codes 0 to 3 are those of `data.steps.tokenizing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from nnstudio.train import searching
from nnstudio.train.environment import TrainingError
from nnstudio.train.feeding import Fed, feed
from nnstudio.train.searching import END, PAD, START, Decoding

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import Compiled
    from nnstudio.graph import Network

__all__ = ["END", "PAD", "START", "Decoding", "Token", "Writer", "generate", "writing"]

#: Rows that are written at once.
ROWS = 256
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Token:
    """One token that was written. probabilities: of every code, before a temperature. attention: by the name of a node
    that attends, heads × keys: where it looked from the step that was just read."""

    code: int
    probability: float
    probabilities: NDArray[np.float32]
    attention: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


def writing(compiled: Compiled) -> tuple[str, ...]:
    """Ids of the outputs that write: those of tokens that feed an Input."""
    nodes = compiled.network.nodes
    return tuple(id for id in compiled.outputs if getattr(nodes[id].layer, "feeds", "") and _is_tokens(nodes[id].layer))


def fed_fields(network: Network) -> frozenset[str]:
    """Fields of the Inputs that outputs of a network feed with what they write."""
    feeds = {getattr(node.layer, "feeds", "") for node in network.of_role("output") if _is_tokens(node.layer)} - {""}
    inputs = [(node.name, str(getattr(node.layer, "field", ""))) for node in network.of_role("input")]
    return frozenset(field for name, field in inputs if field and feeds & {name, field})


def _is_tokens(layer: Any) -> bool:
    return getattr(layer, "kind", "") == "tokens"


def generate(
    compiled: Compiled,
    fields: Mapping[str, NDArray[Any]],
    *,
    output: str = "",
    rows: int | None = None,
    seed: int = 0,
    **decoding: Any,
) -> Codes:
    """What the network writes for each row: codes N×L, without start and end, filled up with 0.

    Args:
        fields: encoded arrays by field name. Where the field of the Input that is fed is among them, what stands in it
            is continued; else it begins with ``<start>``.
        output: id or name of the output that writes; where there is one alone it need not be said.
        rows: how many rows, where the network takes no field but the one that is fed, and that is not given.
        decoding: values of :class:`Decoding` in place of the output's own.

    Raises:
        TrainingError: no output writes, it feeds no Input, or a field is missing.
    """
    return Writer(compiled, output).write(fields, rows=rows, seed=seed, **decoding)


class Writer:
    """Writes with one output of a compiled network, with its weights as they are."""

    def __init__(self, compiled: Compiled, output: str = "") -> None:
        self.compiled, self.output = compiled, _output(compiled, output)
        self.fed: Fed = feed(compiled, self.output)
        self.decoding = Decoding.of(compiled.network.nodes[self.output].layer)

    @property
    def takes(self) -> tuple[str, ...]:
        """The fields that it needs: all but the one that is fed."""
        return tuple(spec.field for spec in self.fed.before if spec.draw is None)

    def write(
        self, fields: Mapping[str, NDArray[Any]], *, rows: int | None = None, seed: int = 0, **decoding: Any
    ) -> Codes:
        """See :func:`generate`."""
        import torch

        from nnstudio.train.evaluate import evaluating

        chosen = self.decoding.with_(**decoding)
        prompts = _prompts(fields[self.fed.field]) if self.fed.field in fields else None
        count = self._count(fields, prompts, rows)
        random = torch.Generator().manual_seed(seed)
        found: list[Codes] = []
        with evaluating(self.compiled.model):
            for start in range(0, count, ROWS):
                stop = min(start + ROWS, count)
                part = {name: np.asarray(fields[name][start:stop]) for name in self.takes}
                begun = prompts[start:stop] if prompts is not None else [[START]] * (stop - start)
                found += self._written(part, begun, chosen, random)
        longest = max((len(row) for row in found), default=0)
        made = np.full((count, longest), PAD, np.int64)
        for row, codes in zip(made, found, strict=True):
            row[: len(codes)] = codes
        return made

    def stream(
        self, fields: Mapping[str, NDArray[Any]], *, seed: int = 0, attention: bool = False, **decoding: Any
    ) -> Iterator[Token]:
        """The tokens of the first row one by one, greedily or drawn at random; it ends before ``<end>``.

        It stops when it is not asked any more. Other threads may train meanwhile, on other weights.
        """
        import torch

        from nnstudio.train.evaluate import evaluating

        chosen = self.decoding.with_(**decoding)
        prompts = _prompts(fields[self.fed.field][:1]) if self.fed.field in fields else [[START]]
        part = {name: np.asarray(fields[name][:1]) for name in self.takes}
        random = torch.Generator().manual_seed(seed)
        steps, codes = None, list(prompts[0])
        for _ in range(chosen.length or self.fed.length):
            seen: dict[str, NDArray[np.float32]] = {}
            with evaluating(self.compiled.model):  # not while it waits to be asked
                steps = steps or self.fed.begin(part, 1, random)
                scores = steps.scores(torch.tensor([codes], device=steps.device), seen if attention else None)
            shares = scores[0].softmax(0)
            code = int(searching.chosen(scores, chosen, random)[0])
            if code == END:
                return
            codes.append(code)
            yield Token(code, float(shares[code]), cast(Any, shares.cpu().numpy()), seen)

    def _count(self, fields: Mapping[str, NDArray[Any]], prompts: Sequence[Any] | None, rows: int | None) -> int:
        for name in self.takes:
            if name not in fields:
                raise TrainingError(
                    f"The output “{self.compiled.name(self.output)}” needs the field “{name}” to write",
                    f"give it; what was given has {', '.join(fields) or 'nothing'}",
                    self.output,
                )
        counts = {len(fields[name]) for name in self.takes} | ({len(prompts)} if prompts is not None else set())
        if len(counts) > 1:
            raise TrainingError("All fields to write from must have as many rows", "give one value of each for a row")
        return next(iter(counts), 1 if rows is None else rows)

    def _written(
        self, fields: Mapping[str, NDArray[Any]], prompts: Sequence[Sequence[int]], chosen: Decoding,
        random: torch.Generator,
    ) -> list[Codes]:  # fmt: skip
        """Rows that begin alike long are written together."""
        found: list[Codes] = [np.zeros(0, np.int64)] * len(prompts)
        by_length: dict[int, list[int]] = {}
        for row, prompt in enumerate(prompts):
            by_length.setdefault(len(prompt), []).append(row)
        for length, rows in by_length.items():
            begun = np.asarray([prompts[row] for row in rows], np.int64).reshape(len(rows), length)
            part = {name: array[rows] for name, array in fields.items()}
            ways = chosen.beams if chosen.decoder == "beam" else 1
            steps = self.fed.begin(part, len(rows), random, ways)
            made = searching.written(steps, begun, chosen, chosen.length or self.fed.length, random)
            for row, codes in zip(rows, made, strict=True):
                found[row] = codes
        return found


def _output(compiled: Compiled, output: str) -> str:
    """The id of the output that is to write."""
    there = writing(compiled)
    named = [id for id in there if output in (id, compiled.name(id))] if output else list(there)
    if not named:
        raise TrainingError(
            f"“{output}” writes nothing" if output else "No output of this network writes",
            "give an Output the kind tokens, and in Feeds the name of the Input whose codes it continues",
        )
    return named[0]


def _prompts(codes: NDArray[Any]) -> list[list[int]]:
    """What stands in rows of codes, without what fills them up and without the end; ``<start>`` where nothing does."""
    found = []
    for row in np.asarray(codes).astype(np.int64).tolist():
        while row and row[-1] in (PAD, END):
            row.pop()
        found.append(row or [START])
    return found
