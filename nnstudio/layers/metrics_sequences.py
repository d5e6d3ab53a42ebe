"""Metrics of sequences: what was written or read, beside what is right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnstudio.layers.base import BuildError, Layer, Port, layer, param
from nnstudio.layers.call import Call
from nnstudio.layers.checks import check_codes
from nnstudio.layers.metrics import ignore_param
from nnstudio.layers.scores import PADDING_HELP, check_padding, class_axis
from nnstudio.layers.types import TensorType

_WRITTEN = ("text", "translation", "generation", "seq2seq", "decoder")


class _Sequences(Layer):
    """Base of metrics of whole sequences."""

    prediction = Port("N *", dtype="number", help="a score for each code at each step, or codes")
    target = Port("N *", dtype="int", help="the right codes, filled up with 0")
    padding = Port("N *", dtype="bool", optional=True, help=PADDING_HELP)
    prediction_lengths = Port("N", dtype="int", optional=True, help="how many steps CTC reads; not wired, all")

    decode: str = param(
        "generate", choices=("generate", "best", "ctc"), title="Compare",
        help="what the network writes by itself (worked out at the end only), the best code at each step, or what CTC "
        "reads",
    )  # fmt: skip

    @property
    def generated(self) -> bool:
        """Whether the network has to write before this can be worked out."""
        return self.decode == "generate"

    def build(
        self, prediction: TensorType, target: TensorType, padding: TensorType | None = None,
        prediction_lengths: TensorType | None = None,
    ) -> Call:  # fmt: skip
        """CTC and writing give other lengths than the target's."""
        check_codes(target, "codes", ("int64", "int32"))
        check_padding(padding, target)
        axis = class_axis(prediction, target) if self.decode == "best" and prediction.is_float else -1
        if prediction.is_float and prediction.rank < (3 if self.decode == "ctc" else 2):
            raise BuildError(
                f"gets scores {prediction.per_sample()}", "feed it a score for each code at each step (codes last)"
            )
        return Call(f"nnstudio.nn.{self.type_name()}", self.decode, axis, **self._own())

    def _own(self) -> Mapping[str, Any]:
        return {}


@layer(
    family="Metrics", icon="metric", role="metric", telling=("decode",),
    synonyms=(*_WRITTEN, "edit distance", "levenshtein", "wer", "cer", "per", "word error rate", "phoneme", "speech"),
)  # fmt: skip
class ErrorRate(_Sequences):
    r"""Count how many tokens must be put in, taken out or replaced to make a sequence right.

    Use it for speech and handwriting: of words it is the word error rate, of characters or phonemes theirs. It can
    be above 1 where too much is written.

    ```math
    \frac{\text{insertions} + \text{deletions} + \text{replacements}}{\text{tokens of the target}}
    ```

    Shapes: scores `N×T×C` (code last) or codes `N×T`, and codes `N×S`, give one number.

    Source: Levenshtein, "Binary codes capable of correcting deletions, insertions and reversals" (1966); TorchMetrics,
    `word_error_rate`.
    """


@layer(family="Metrics", icon="metric", role="metric", telling=("decode",), synonyms=(*_WRITTEN, "accuracy", "qa"))
class ExactMatch(_Sequences):
    r"""Count which share of the sequences is right from beginning to end.

    Use it for short answers: a word, a date, a span of a text.

    ```math
    \frac{\text{sequences without an error}}{\text{sequences}}
    ```

    Shapes: scores `N×T×C` (code last) or codes `N×T`, and codes `N×S`, give one number.

    Source: Rajpurkar et al., "SQuAD" (2016), section 6.1.
    """


@layer(family="Metrics", icon="metric", role="metric", telling=("decode",), synonyms=(*_WRITTEN, "n-gram", "words"))
class BLEU(_Sequences):
    r"""Say how many runs of words of a translation also stand in the reference.

    Use it for translations of whole test sets; it is too coarse for single sentences. It goes from 0 to 1. What is
    too short is punished.

    ```math
    \min\big(1, e^{1 - r/c}\big) \exp\Big( \frac1n \sum_{k=1}^{n} \ln p_k \Big)
    ```

    Here p are the precisions of runs of k words, c and r the lengths of translation and reference.

    Shapes: scores `N×T×C` (code last) or codes `N×T`, and codes `N×S`, give one number.

    Source: Papineni et al., "BLEU: a method for automatic evaluation of machine translation" (2002), section 2.3;
    TorchMetrics, `bleu_score`.
    """

    n: int = param(4, min=1, max=8, title="Longest run", help="runs of 1 to so many words are compared")
    smooth: bool = param(False, title="Smooth", help="add one to each count, for small sets")

    def _own(self) -> Mapping[str, Any]:
        return {"n": self.n, "smooth": self.smooth}


@layer(
    family="Metrics", icon="metric", role="metric", telling=("decode",), synonyms=(*_WRITTEN, "n-gram", "characters")
)
class ChrF(_Sequences):
    r"""Say how many runs of characters of a translation also stand in the reference, and the other way round.

    Use it for translations of short sentences and into languages with many forms of a word, where it is steadier
    than BLEU. It goes from 0 to 1.

    ```math
    \frac1n \sum_{k=1}^{n} (1 + \beta^2) \frac{P_k\, R_k}{\beta^2 P_k + R_k}
    ```

    Here P and R are precision and recall of runs of k characters; lengths of which there are none do not count. Spaces
    are left out.

    Shapes: scores `N×T×C` (code last) or codes `N×T`, and codes `N×S`, give one number.

    Source: Popović, "chrF: character n-gram F-score for automatic MT evaluation" (2015); TorchMetrics, `chrf_score`.
    """

    n: int = param(6, min=1, max=12, title="Longest run", help="runs of 1 to so many characters are compared")
    beta: float = param(2.0, exclusive_min=0.0, title="Beta", help="how much more recall counts than precision")

    def _own(self) -> Mapping[str, Any]:
        return {"n": self.n, "beta": self.beta}


@layer(
    family="Metrics", icon="metric", role="metric",
    synonyms=("ner", "named entities", "tagging", "bio", "spans", "information extraction", "chunking"),
)  # fmt: skip
class EntityF1(Layer):
    r"""Weigh how many spans are found against how many of those found are right.

    Use it for named entity recognition: a span is right where its beginning, its end and its kind are. Give the
    tags in the order of their codes, such as `O, B-person, I-person`; without them each code but 0 is a kind.

    ```math
    F_1 = \frac{2\, \text{right}}{\text{found} + \text{true}}
    ```

    Shapes: scores `N×T×C` (tag last) or `N×C×T`, and codes `N×T`, give one number.

    Source: Tjong Kim Sang and De Meulder, "Introduction to the CoNLL-2003 shared task" (2003), section 3.
    """

    prediction = Port("N *", help="a score for each tag at each place")
    target = Port("N *", dtype="int", help="the code of the right tag")
    padding = Port("N *", dtype="bool", optional=True, help=PADDING_HELP)

    tags: str = param("", title="Tags", help="the tags in the order of their codes, such as O, B-person, I-person")
    ignore_index: int | None = ignore_param()

    def build(self, prediction: TensorType, target: TensorType, padding: TensorType | None = None) -> Call:
        check_padding(padding, target)
        axis = class_axis(prediction, target, self.ignore_index)
        count = prediction.sizes[axis]
        assert isinstance(count, int)
        names = [tag.strip() for tag in self.tags.split(",")] if self.tags.strip() else []
        if names and len(names) < count:
            raise BuildError(
                f"has {len(names)} tags for {count} scores",
                "give it the names of all tags, in their order",
            )
        kinds, begins = _kinds(names) if names else (tuple(range(-1, count - 1)), (False,) * count)
        ignored = {} if self.ignore_index is None else {"ignore_index": self.ignore_index}
        return Call("nnstudio.nn.EntityF1", kinds, begins, axis=axis, **ignored)


def _kinds(tags: list[str]) -> tuple[tuple[int, ...], tuple[bool, ...]]:
    """For each tag the kind of span that it is part of (−1: none), and whether it begins one at any rate."""
    known: dict[str, int] = {}
    kinds, begins = [], []
    for tag in tags:
        first, dash, rest = tag.partition("-")
        marked = bool(dash) and first.upper() in ("B", "I", "E", "S", "L", "U")
        name = rest if marked else tag
        outside = tag.upper() in ("O", "") or tag.startswith("<")
        kinds.append(-1 if outside else known.setdefault(name, len(known)))
        begins.append(marked and first.upper() in ("B", "S", "U"))
    return tuple(kinds), tuple(begins)
