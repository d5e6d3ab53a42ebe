"""Steps for texts: cutting a long one into rows, and texts as codes of a vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nnstudio.data.steps.base import Columns, Learned, Step, step
from nnstudio.layers.params import param

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nnstudio.data.columns import Column, Source

#: Kinds of columns that can be taken as texts.
TEXTS = ("text", "category")


@step("tokens", "Text to tokens")
class Tokens(Step):
    """Texts become whole numbers: the places of their characters, words or parts of words in a vocabulary.

    Codes 0 to 3 are ``<pad>``, ``<unknown>``, ``<start>`` and ``<end>``. The vocabulary is learned from training rows,
    the most frequent first; what is not in it becomes ``<unknown>``. Each row has the same length: shorter texts are
    filled up with ``<pad>`` and longer ones cut.
    """

    kinds = TEXTS

    column: str = param("", kind="column", help="the column of texts")
    by: str = param(
        "words", choices=("characters", "words", "spaces", "bpe"), title="Cut into",
        help="characters; words and signs; what stands between spaces; or parts of words that occur often (byte-pair "
        "encoding)",
    )  # fmt: skip
    length: int = param(0, min=0, max=65536, unit="tokens", help="tokens in a row; 0: as many as the longest has")
    vocabulary: int = param(10000, min=5, max=1_000_000, unit="tokens", help="the most tokens that are told apart")
    start: bool = param(False, title="Mark the start", help="put <start> before each text")
    end: bool = param(False, title="Mark the end", help="put <end> behind each text")
    lower: bool = param(False, title="Lower case", help="take capital letters as small ones")
    also: tuple[str, ...] = param(
        (), kind="columns", title="The same for", help="other columns of texts that share this vocabulary and length"
    )

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.column, *self.also)

    @property
    def feeds(self) -> tuple[str, ...]:
        return self.reads

    def without(self, names: set[str]) -> Step | None:
        if not names & set(self.reads):
            return self
        left = [name for name in self.reads if name not in names]
        return self.with_(column=left[0], also=tuple(left[1:])) if left else None

    def learn(self, columns: Columns, train: NDArray[np.int64]) -> dict[str, Any]:
        from nnstudio.data.steps import tokenizing

        return tokenizing.learned(self, [self.texts(columns, name) for name in self.reads], train)

    def apply(self, columns: Columns, learned: Learned) -> Columns:
        from nnstudio.data.steps import tokenizing

        coded = {name: tokenizing.coded(self, columns[name], learned) for name in self.reads if name in columns}
        return {**columns, **coded}

    def cut(self, text: str) -> tuple[str, ...]:
        """The tokens of a text as it is written; () where they are parts of words."""
        from nnstudio.data.steps import tokenizing

        return () if self.by == "bpe" else tokenizing.cut(self.by, text)

    def told(self, learned: Learned, encodings: Mapping[str, Any]) -> str:
        return f"{len(learned['vocabulary']):,} tokens, {learned['length']} in a row"

    def doubts(self, columns: Columns, learned: Learned) -> list[str]:
        from nnstudio.data.steps import tokenizing

        return tokenizing.doubts(self, columns, learned)

    def texts(self, columns: Columns, name: str) -> Column:
        """A column that can be taken as texts. DataError where it is none."""
        return self.taken(columns, name, TEXTS)


@step("chunks", "Cut a long text")
class Chunks(Step):
    """A long text becomes rows of equal length, as a language model needs them.

    Each row has one character (or word) more than ``length``: the input of the model is all but the last, its target
    all but the first. A row begins where the one before ended, so that each character is predicted once.
    """

    column: str = param("", kind="column", help="the column of texts")
    by: str = param("characters", choices=("characters", "words"), title="Count", help="what length and stride count")
    length: int = param(128, min=1, max=65536, help="what is predicted in a row; the row has one more")
    stride: int = param(0, min=0, help="how far apart rows begin; 0: as far as the length")
    join: bool = param(True, title="One text", help="take all rows as the lines of one text")

    reshapes = True
    kinds = TEXTS

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.column,)

    def reshape(self, source: Source) -> Source:
        from nnstudio.data.steps import cutting

        return cutting.chunked(self, source, self.taken(source.columns, self.column, TEXTS))

    def reshape_given(self, columns: Columns) -> Columns:
        """Texts that a person gave are rows as they are."""
        if self.column not in columns:
            return columns
        from nnstudio.data.steps import tokenizing

        given = columns[self.column]
        return {**columns, self.column: replace(given, kind="text", values=tokenizing.texts_of(given), categories=())}
