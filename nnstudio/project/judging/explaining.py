"""Which parts of an input made a network say what it says, through captum, as a person knows them."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.steps.tokenizing import SPECIAL
from nnstudio.project.errors import ProjectError
from nnstudio.project.judging.asking import Asking
from nnstudio.project.judging.attributing import BY_WAY, Model, columns_of, is_painted
from nnstudio.project.judging.judge import ONE_NUMBER, Judge, codes_of, shares_of
from nnstudio.project.judging.subjects import Subject, names_of

if TYPE_CHECKING:
    import torch

    from nnstudio.data.dataset import Dataset

Floats = NDArray[np.float64]
#: Ways to explain, by what a person calls them.
WAYS: Mapping[str, str] = {
    "gradients": "integrated gradients", "saliency": "saliency", "occlusion": "occlusion",
}  # fmt: skip
#: Steps of the way from the baseline to the input.
STEPS = 50
NO_CAPTUM = "Explaining needs the package captum; install it with “pip install captum”, then start the program again."


@dataclass(frozen=True, eq=False)
class Part:
    """What one field contributed. values: for a picture (C, H, W) as it is fed; for columns one a column (K,); for
    codes one at each place (T,). names: of the columns or codes. input: a picture as it was fed (C, H, W)."""

    field: str
    kind: str
    values: Floats
    names: tuple[str, ...] = ()
    input: NDArray[np.float32] | None = None

    @property
    def strongest(self) -> list[int]:
        """Places of the values, those that count most first."""
        return np.argsort(-np.abs(self.values.reshape(-1)), kind="stable").tolist()  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False)
class Explained:
    """Why a row got its answer. asked: the class (or number) that is explained, as a text; code: its place; at: the
    place of a sequence whose answer it is, −1 where it is all of them, or no sequence. score: of the row; baseline: of
    an input that says nothing (zeros; code 0 of a sequence, the mean vector of a category), where the way has one and
    gradients reach all inputs, else NaN. Integrated gradients then add up to the difference of the two. word: what
    stands at the place of a text that is explained, where classes are such places."""

    way: str
    place: int
    asked: str
    code: int
    score: float
    baseline: float
    parts: tuple[Part, ...]
    at: int = -1
    word: str = ""

    @property
    def told(self) -> str:
        """What is explained, in words."""
        if self.word:
            return f"“{visible(self.word)}”, word {int(self.asked) + 1},"
        return f"“{visible(self.asked)}” at place {self.at + 1}" if self.at >= 0 else self.asked


def explained(
    judge: Judge, place: int, way: str = "gradients", split: str = "test", name: str = "", code: int = -1,
    steps: int = STEPS, at: int = -1,
) -> Explained:  # fmt: skip
    """Explain the answer to a row of a split: its predicted class, or the class ``code``; of numbers their mean, in the
    data's own unit; of a sequence the answer at a place, by itself the last that says something.

    Scores are those before they become probabilities. ProjectError where captum is missing or there is no such way.
    """
    if way not in WAYS:
        raise ProjectError(f"There is no way “{way}” to explain; those are: {', '.join(WAYS)}.")
    asking = Asking(judge, split, [place], name)
    return explain(asking, judge.dataset, place, way, code, steps, at)


def explain(
    asking: Asking, dataset: Dataset, place: int, way: str, code: int = -1, steps: int = STEPS, at: int = -1
) -> Explained:  # fmt: skip
    """As :func:`explained`, for the one row of ``asking``."""
    _captum()
    import torch

    with asking.still():
        model = Model(asking)
        if not model.inputs:
            raise ProjectError("The prediction depends on no input of the data, so there is nothing to explain.")
        with torch.no_grad():
            prediction = model.prediction(*model.inputs)
        if code < 0 and is_sequence(asking.subject, prediction.dim()):
            at = _telling(asking, prediction) if at < 0 else at
            code = int(codes_of(asking.subject, prediction)[0, at])
        code = _asked(asking, prediction) if code < 0 else code
        model.choose(code, prediction.shape, at)
        with torch.no_grad():
            score = float(model(*model.inputs)[0])
            adds = way == "gradients" and model.smooth
            baseline = float(model(*model.baselines)[0]) if adds else float("nan")
        values = model.by_input(BY_WAY[way](model, steps))
    row = int(dataset.indices(asking.split)[place]) if asking.split else -1
    parts = tuple(_part(asking, dataset, place, asking.inputs[place].detach(), value, row) for place, value in values)
    asked = _told(asking, code, prediction.shape)
    word = _word(asked, parts, prediction.shape) if asking.subject.kind == "classes" else ""
    return Explained(way, place, asked, code, score, baseline, parts, at, word)


def _word(asked: str, parts: Sequence[Part], shape: Sequence[int]) -> str:
    """What stands at the place that a class is the number of, in the text with as many places as there are scores; ""
    where there is no such text."""
    names = next((part.names for part in parts if part.kind == "codes" and shape[1:] == part.values.shape), ())
    return names[int(asked)] if asked.isdigit() and int(asked) < len(names) else ""


def visible(token: str) -> str:
    """A token as it can be seen where it is a space or the end of a line."""
    return token.replace("\n", "⏎").replace(" ", "␣") if not token.strip() else token


def _captum() -> None:
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # captum brings it along; its fonts are of no concern
    try:
        import captum.attr  # noqa: F401
    except ImportError as error:
        raise ProjectError(NO_CAPTUM) from error


def _asked(asking: Asking, prediction: torch.Tensor) -> int:
    """Which class is explained by itself: the one that is predicted (of places: most often, but for what is nothing in
    particular, class 0 of a mask)."""
    subject = asking.subject
    if subject.kind in ("numbers", "boxes"):
        return 0
    if subject.kind == "classes":
        return int(shares_of(subject, prediction).argmax(dim=1)[0])
    if subject.link in (*ONE_NUMBER, "none"):
        return 1
    codes = codes_of(subject, prediction).reshape(-1)
    things = codes[codes > 0]
    return int((things if prediction.dim() > 3 and len(things) else codes).mode().values)


def is_sequence(subject: Subject, axes: int) -> bool:
    """Whether a prediction with so many axes is one class of several at each place of a sequence."""
    return subject.kind == "places" and axes == 3 and subject.link not in (*ONE_NUMBER, "none")


def _telling(asking: Asking, prediction: torch.Tensor) -> int:
    """The last place whose answer says something, among those that count."""
    said = codes_of(asking.subject, prediction)[0].tolist()
    right = asking.target.reshape(1, -1)[0].tolist()
    names = asking.subject.classes
    counted = [at for at, code in enumerate(right) if code != asking.ignored] if len(right) == len(said) else []
    among = counted or list(range(len(said)))
    silent = {code for code, name in enumerate(names) if name in (*SPECIAL, "O")}
    return max([at for at in among if said[at] not in silent], default=among[-1])


def _told(asking: Asking, code: int, shape: Sequence[int]) -> str:
    subject = asking.subject
    if is_painted(subject, shape):
        return f"the error of {subject.name}"
    if subject.kind == "boxes":
        return "what was found"
    if subject.kind == "numbers":
        name, many = subject.field or subject.name, math.prod(shape[1:]) > 1
        return f"the mean of {name}" if many else name
    return subject.classes[code] if code < len(subject.classes) else str(code)


# --- what they gave, as a person knows it ---------------------------------------------------------------------------


def _part(asking: Asking, dataset: Dataset, place: int, raw: torch.Tensor, value: torch.Tensor, at: int) -> Part:
    """One field's attributions by pixel, column or place. at: the row in the file, −1 where it is a new one."""
    spec = asking.judge.compiled.inputs[place]
    found = value.detach().double().cpu().numpy()[0]
    row = raw.cpu().numpy()[0]
    field = dataset.fields.get(spec.field)
    if found.ndim == 3 and row.ndim == 3:
        return Part(spec.field, "image", found, (), row.astype(np.float32))
    groups = columns_of(asking, spec.field)
    if groups is not None and found.ndim == 1:
        assert field is not None
        return Part(spec.field, "columns", np.bincount(groups, weights=found).astype(np.float64), field.columns)
    if row.dtype.kind in "iu":
        codes = row.reshape(-1)
        names = _names(dataset, spec.field, codes, at)
        return Part(spec.field, "codes", np.asarray(found, np.float64).reshape(-1), names)
    if found.size == 1:
        return Part(spec.field, "columns", found.reshape(-1), (spec.field,))
    return Part(spec.field, "array", found, window_names(dataset, spec.field, found.shape))


def window_names(dataset: Dataset, field: str, shape: tuple[int, ...]) -> tuple[str, ...]:
    """What the numbers of a window over time are, row by row: ``demand, 3 back``; () of other arrays."""
    step = dataset.prepared.reshaping
    columns = tuple(getattr(step, "columns", ()))
    if field != "past" or len(shape) != 2 or len(columns) != shape[1]:
        return ()
    return tuple(
        f"{name}, {shape[0] - 1 - at} back" if at < shape[0] - 1 else f"{name}, now"
        for at in range(shape[0]) for name in columns
    )  # fmt: skip


def _names(dataset: Dataset, field: str, codes: NDArray[Any], row: int) -> tuple[str, ...]:
    """What codes stand for; words that are not in the vocabulary as the row has them."""
    names, known = names_of(dataset, field), dataset.fields.get(field)
    column = dataset.columns.get(known.columns[0]) if known is not None and known.kind == "codes" else None
    if row >= 0 and column is not None and column.kind == "text" and len(codes) > 1:
        return dataset.prepared.written(column.name, column.values[row], codes.tolist())
    told = tuple(names[code] if 0 <= code < len(names) else str(code) for code in codes.tolist())
    return told if len(told) > 1 else (f"{field}: {told[0]}",)
