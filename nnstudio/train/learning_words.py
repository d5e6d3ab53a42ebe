"""What happens at a stage, said with its numbers: formulas with the values put in, and a sentence on each stage. No Qt,
no torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from nnstudio.train.learning import Part, Place
from nnstudio.train.learning_course import Course

#: So many terms of a sum are written out; of a longer one the first and the last.
TERMS = 6


def told(value: float, digits: int = 4) -> str:
    """A number in so many digits: ``0.8147``, ``−24``, ``1.2e−7``; ``–`` where it is none."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{digits}g}"
    if text in ("-0", "0"):
        return "0"
    if "e" in text:
        mantissa, exponent = text.split("e")
        text = f"{value:.0f}" if 0 <= int(exponent) < 7 else f"{mantissa}e{int(exponent)}"
    return text.replace("-", "−")


def factor(value: float) -> str:
    """A number as a factor: in brackets where it is negative."""
    text = told(value)
    return f"({text})" if text.startswith("−") else text


def summed(terms: Sequence[str]) -> str:
    """A sum; a term with a minus keeps it as its sign."""
    text = terms[0] if terms else "0"
    for term in terms[1:]:
        text += f" − {term[1:]}" if term.startswith("−") else f" + {term}"
    return text


def some(count: int) -> list[int]:
    """Which of so many terms are written out: all, or the first and the last; −1 stands for those between."""
    return list(range(count)) if count <= TERMS else [*range(TERMS - 2), -1, count - 1]


def added(count: int, term: Callable[[int], str]) -> str:
    """The sum of so many terms, of which those in the middle are left out where there are many."""
    return summed(["…" if at < 0 else term(at) for at in some(count)])


# --- forwards ---------------------------------------------------------------------------------------------------


def forward(course: Course, place: Place) -> list[str]:
    """How a unit's value comes about at the sample that is shown: a line with names, a line with numbers."""
    part = course.anatomy.by_id[place[0]]
    if part.role in ("input", "target"):
        return [f"{part.units[place[1]]} = {_value(course, place)}, from the data"]
    if part.role == "loss":
        return _loss(course, part)
    links = course.anatomy.into(place)
    if any(link.weight is not None for link in links):
        return _weighed(course, place)
    name = part.units[place[1]]
    inside = [(course.anatomy.unit_name(link.source), factor(_number(course, link.source))) for link in links]
    own = [told(course.passage.weights[at]) for at in course.anatomy.own.get(place, ())]
    names = _applied(part.kind, [name for name, _ in inside])
    numbers = _applied(part.kind, [number for _, number in inside])
    more = f", with {', '.join(own)}" if own else ""
    return [f"{name} = {names}", f"{name} = {numbers} = {told(_number(course, place))}{more}"]


_SIGNS = {"Add": " + ", "Subtract": " − ", "Multiply": " · ", "Divide": " / "}
_FORMS = {
    "ReLU": "max(0, {})", "Sigmoid": "1 / (1 + e^(−{}))", "Tanh": "tanh({})", "Square": "{}²", "Abs": "|{}|",
    "Negate": "−{}", "Identity": "{}", "Softplus": "ln(1 + e^{})", "Exp": "e^{}", "Flatten": "{}", "Log": "ln {}",
}  # fmt: skip


def _applied(kind: str, inside: Sequence[str]) -> str:
    if kind in _SIGNS:
        return _SIGNS[kind].join(inside)
    if kind in _FORMS and len(inside) == 1:
        bracketed = any(f"{mark}{{}}" in _FORMS[kind] for mark in ("(", ", ", "|"))
        return _FORMS[kind].format(inside[0].strip("()") if bracketed else inside[0])
    return f"{kind}({', '.join(item.strip('()') for item in inside)})"


def _weighed(course: Course, place: Place) -> list[str]:
    anatomy, weights = course.anatomy, course.passage.weights
    name = anatomy.unit_name(place)
    links = [link for link in anatomy.into(place) if link.weight is not None]
    own = anatomy.own.get(place, ())
    products = [(weights[link.weight or 0], link.source) for link in links]
    count, biased = len(products), bool(own)

    def named(at: int) -> str:
        return f"w · {anatomy.unit_name(products[at][1])}" if at < count else "b"

    def numbered(at: int) -> str:
        if at == count:
            return told(sum(float(weights[place]) for place in own))
        return f"{told(products[at][0])} · {factor(_number(course, products[at][1]))}"

    terms = count + biased
    return [f"{name} = {added(terms, named)}", f"{name} = {added(terms, numbered)} = {told(_number(course, place))}"]


def _loss(course: Course, part: Part) -> list[str]:
    """The loss at the sample that is shown, then over all of them."""
    passage, at = course.passage, course.at
    prediction, target = part.sources[0], part.sources[-1]
    guess = passage.values[prediction][at]
    lines = [f"sample {course.state.row + 1}: {_one_loss(course, part, guess, target)}"]
    rows = len(passage.rows)
    if rows > 1:
        terms = added(rows, lambda one: told(float(passage.row_losses[one])))
        lines.append(f"sum over {rows} samples = {terms} = {told(passage.sum, 6)}")
        lines.append(f"mean = {told(passage.sum, 6)} / {rows} = {told(passage.mean, 6)}")
    return lines


def _one_loss(course: Course, part: Part, guess: np.ndarray, target: str) -> str:
    own = told(float(course.passage.row_losses[course.at]), 6)
    right = course.passage.values[target][course.at]
    several = len(guess) > 1
    if part.kind == "MSELoss":
        squares = added(len(guess), lambda one: f"({told(float(guess[one]))} − {factor(float(right[one]))})²")
        shared = several and course.lesson.own_reduction(part.id) == "mean"
        return f"{f'({squares}) / {len(guess)}' if shared else squares} = {own}"
    if part.kind == "L1Loss" and not several:
        return f"|{told(float(guess[0]))} − {factor(float(right[0]))}| = {own}"
    if part.kind == "BCEWithLogitsLoss" and not several:
        share = 1 / (1 + math.exp(-float(guess[0])))
        chance = share if right[0] > 0.5 else 1 - share
        return f"probability of the right answer {told(chance)}; −ln {told(chance)} = {own}"
    if part.kind == "CrossEntropyLoss" and right.shape == (1,):
        shares = np.exp(guess - guess.max())
        chance = float(shares[int(right[0])] / shares.sum())
        return f"probability of the right class {told(chance)}; −ln {told(chance)} = {own}"
    numbers = ", ".join(told(value) for value in guess)
    return f"{part.kind}({numbers}; {_value(course, (target, 0))}) = {own}"


# --- backwards --------------------------------------------------------------------------------------------------


def backward(course: Course, place: Place) -> list[str]:
    """How a unit's gradient comes about at the sample that is shown: the chain rule, with names and with numbers."""
    anatomy, passage = course.anatomy, course.passage
    if place[0] not in passage.gradients or anatomy.by_id[place[0]].role in ("target", "loss"):
        return []
    name, own = anatomy.unit_name(place), told(float(passage.gradients[place[0]][course.at, place[1]]))
    slopes = course.lesson.slopes(passage.weights, course.state.row)
    names, numbers, losses = [], [], []
    for part in anatomy.readers[place[0]]:
        if part.role == "loss":
            losses.append(part)
            continue
        local = slopes.get((part.id, place[0]))
        for unit in range(len(part.units)) if local is not None else ():
            slope = float(local[unit, place[1]]) if local is not None else 0.0
            if slope or any(link.source == place for link in anatomy.into((part.id, unit))):
                behind = float(passage.gradients[part.id][course.at, unit])
                names.append(f"∂L/∂{part.units[unit]} · ∂{part.units[unit]}/∂{name}")
                numbers.append(f"{told(behind)} · {factor(slope)}")
    if losses:
        after = f" + {added(len(names), lambda at: names[at])}" if names else ""
        return [f"∂L/∂{name} = {_loss_slope(course, losses[0], place)}{after}", f"∂L/∂{name} = {own}"]
    numbered = added(len(numbers), lambda at: numbers[at])
    return [f"∂L/∂{name} = {added(len(names), lambda at: names[at])}", f"∂L/∂{name} = {numbered} = {own}"]


def _loss_slope(course: Course, part: Part, place: Place) -> str:
    """The slope of the loss itself along its prediction, with numbers where the formula is short."""
    passage = course.passage
    guess = float(passage.values[place[0]][course.at, place[1]])
    right = passage.values[part.sources[-1]][course.at]
    rows = len(passage.rows)
    shared = f" / {rows}" if passage.reduction == "mean" and rows > 1 else ""
    if course.lesson.weight_of(part.id) != 1:
        return f"the slope of {part.kind} there, times its weight {told(course.lesson.weight_of(part.id))}"
    if part.kind == "MSELoss" and len(part.sources) == 2 and passage.values[place[0]].shape[1] == 1:
        return f"2 · ({told(guess)} − {factor(float(right[0]))}){shared}"
    if part.kind == "BCEWithLogitsLoss" and passage.values[place[0]].shape[1] == 1:
        return (
            f"(probability − target){shared} = ({told(1 / (1 + math.exp(-guess)))} − {told(float(right[0]))}){shared}"
        )
    return f"the slope of {part.kind} there"


def weight_slope(course: Course, place: int) -> list[str]:
    """How a weight's gradient comes about: over the samples, what comes from behind times what the weight is
    multiplied by."""
    anatomy, passage = course.anatomy, course.passage
    weight = anatomy.weights[place]
    own = told(float(passage.weight_gradients[place]), 6)
    part = anatomy.by_id[weight.node]
    if weight.parameter not in ("weight", "bias") or part.kind != "Linear":
        return [f"∂L/∂w = {own}"]
    unit = part.units[weight.unit]
    after = passage.gradients[part.id][:, weight.unit]
    count = len(passage.rows)
    if weight.source is None:
        what, first = "∂L/∂b", f"∂L/∂b = ∂L/∂{unit}"
        terms = added(count, lambda row: told(float(after[row])))
    else:
        before = passage.values[weight.source[0]][:, weight.source[1]]
        what, first = "∂L/∂w", f"∂L/∂w = ∂L/∂{unit} · {anatomy.unit_name(weight.source)}"
        terms = added(count, lambda row: f"{told(float(after[row]))} · {factor(float(before[row]))}")
    if count > 1:
        first += f", added up over {count} samples"
    return [first, f"{what} = {terms} = {own}"]


def update(course: Course, place: int) -> str:
    """A weight's update with its numbers."""
    weight, passage = course.anatomy.weights[place], course.passage
    if not weight.trained:
        return "frozen: an update leaves it as it is"
    old, slope = float(passage.weights[place]), float(passage.weight_gradients[place])
    new = old - course.rate * slope
    return f"w − η · ∂L/∂w = {told(old, 6)} − {told(course.rate)} · {factor(slope)} = {told(new, 6)}"


# --- the stages -------------------------------------------------------------------------------------------------


def samples(course: Course) -> str:
    """What a round is about: ``all 5 samples``, ``sample 3``, ``samples 17 to 32``."""
    rows = course.rows
    if len(rows) == 1:
        return f"sample {rows[0] + 1}"
    if len(rows) < course.lesson.count:
        return f"samples {rows[0] + 1} to {rows[-1] + 1}"
    return f"{'all' if len(rows) == course.lesson.there else 'the first'} {len(rows)} samples"


def stage(course: Course) -> str:
    """The present stage in a sentence or two."""
    step, passage = course.step, course.passage
    part = course.anatomy.by_id.get(step.node)
    match step.phase:
        case "sample":
            return (
                f"A round begins with {samples(course)}; the drawing shows sample {course.state.row + 1}. Its "
                "numbers stand at the inputs, and what should come out stands before the loss."
            )
        case "forward" if part is not None and part.kind == "Linear":
            return (
                f"Forward, {part.name}: each unit multiplies what arrives by its weights and adds up"
                f"{', with its bias' if course.anatomy.own.get((part.id, 0)) else ''}."
            )
        case "forward" if part is not None:
            return f"Forward, {part.name}: {part.kind} is applied to what arrives."
        case "loss":
            taken = f"the {course.reduction} over {samples(course)}" if len(course.rows) > 1 else samples(course)
            return (
                f"The loss says how wrong the predictions are, in one number: {told(passage.loss, 6)} "
                f"({taken}). Learning makes it smaller."
            )
        case "backward" if part is not None:
            first = step == next(other for other in course.steps if other.phase == "backward")
            what = "each value and each weight" if any(
                weight.node == part.id for weight in course.anatomy.weights
            ) else "each value"  # fmt: skip
            begin = "from the loss" if first else "from the layer behind it"
            return (
                f"Backward, {part.name}: the gradient ∂ of {what} says how much the loss would grow per step up. It "
                f"comes {begin}, by the chain rule."
            )
        case _:
            return (
                f"Update: each weight goes a step of η = {told(course.rate)} against its gradient, "
                "w − η · ∂L/∂w. Then the next round begins."
            )


def _number(course: Course, place: Place) -> float:
    return float(course.passage.values[place[0]][course.at, place[1]])


def _value(course: Course, place: Place) -> str:
    """A value for a person: a class by its name."""
    number, classes = _number(course, place), course.anatomy.by_id[place[0]].classes
    if classes and number == int(number) and 0 <= number < len(classes):
        return f"{classes[int(number)]} ({int(number)})"
    return told(number, 6)


def brief(value: float) -> str:
    """A number in at most seven signs, for the drawing: ``0.814``, ``−0.02``, ``1.2e5``."""
    if 1e5 <= abs(value) < math.inf:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa}e{int(exponent)}".replace("-", "−")
    return next((text for text in (told(value, digits) for digits in (3, 2, 1)) if len(text) <= 6), told(value, 1))
