"""Layers as they are typed: ``conv 64 k5 s2``, ``linear 128 > relu > linear 10``. No Qt.

The leading words name the type; what follows are its parameters:

- free numbers fill the telling parameters, then the other numbers in the order of the declaration; ``5x5`` is one size;
- ``k5 s2 p1 d2 g4`` are kernel_size, stride, padding, dilation and groups; any other beginning of a name does as well
  (``heads=8``, ``bias=off``, ``stride 2``);
- a bare word is a choice (``same``), switches something on (``bidirectional``) or, after ``no``, off (``no bias``);
- ``x3`` repeats the layer; ``>`` puts the next layer behind;
- where a number stands arithmetic without spaces does too, and so do named parameters (``conv 2*width k5``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from nnstudio.graph.computed import as_typed
from nnstudio.graph.expressions import ExpressionError, Number
from nnstudio.layers import Layer, ParameterError
from nnstudio.layers.params import Param
from nnstudio.ui.typed_values import NUMBER, OFF, ON, SIZE, Computed, computed, plain_value, shown_value

LayerType = type[Layer]
#: For each layer (parameter, expression).
Said = Sequence[Sequence[tuple[str, str]]]
#: Finds the layer types that a name may mean, best first.
Find = Callable[[str, Iterable[LayerType]], Sequence[LayerType]]

#: What single letters mean where a type has such a parameter.
SHORT = {"k": "kernel_size", "s": "stride", "p": "padding", "d": "dilation", "g": "groups"}
#: So often can one word repeat a layer.
MOST_REPEATS = 64
_LETTERS_THEN_VALUE = re.compile(r"([a-z_]+?)_?([+-]?\.?\d.*)")
_REPEAT = re.compile(r"[x×*](\d{1,3})")
_NEXT = re.compile(r"\s*(?:->|→|>)\s*")
_NUMBERS = ("int", "size", "float")
NO_PARAMETERS: Mapping[str, Number] = MappingProxyType({})


@dataclass(frozen=True)
class Read:
    """One layer as it was understood. ``layer`` is None where a value is not allowed, or there is none; ``trouble``
    says in one sentence what was not understood ("" where all was)."""

    type: LayerType
    layer: Layer | None
    told: tuple[str, ...] = ()
    trouble: str = ""
    repeat: int = 1
    #: (parameter, expression) of what is to follow named parameters, or is arithmetic
    said: tuple[tuple[str, str], ...] = ()

    @property
    def preview(self) -> str:
        """``Conv2d · out_channels 64 · kernel 5×5``: what was typed, as it was understood."""
        shown = " · ".join((self.type.type_name(), *self.told))
        return f"{shown} ×{self.repeat}" if self.repeat > 1 else shown


@dataclass(frozen=True)
class Typed:
    """A whole text: ``before`` are the layers that are complete, ``found`` the types that the last name may mean, best
    first, and ``words`` the parameters behind that name; ``first`` is how the first layer was called."""

    before: tuple[Read, ...]
    found: tuple[LayerType, ...]
    name: str = ""
    words: tuple[str, ...] = ()
    trouble: str = ""
    first: str = ""
    parameters: Mapping[str, Number] = field(default_factory=dict)

    def chosen(self, type: LayerType) -> tuple[Read, ...]:
        """All layers, in order, with this type for the last one."""
        return (*self.before, read(type, self.words, self.parameters))


def parse(
    text: str,
    types: Sequence[LayerType],
    everything: Sequence[LayerType],
    find: Find,
    parameters: Mapping[str, Number] = NO_PARAMETERS,
) -> Typed:
    """What a text means: the first layer one of ``types``, those behind it any of ``everything``; ``parameters``: the
    network's, which arithmetic may name."""
    parts = _NEXT.split(text)
    parts = [*filter(str.strip, parts[:-1]), parts[-1]]
    behind = [cls for cls in everything if cls.inputs]
    before: list[Read] = []
    trouble = first = ""
    for part in parts[:-1]:
        found, called, words = _named(part, behind if before else types, find, parameters)
        first = first or called
        if found:
            before.append(read(found[0], words, parameters))
        elif not trouble:
            trouble = f"No layer{' that fits here' if not before else ''} is called “{part.strip()}”."
    found, name, words = _named(parts[-1], behind if len(parts) > 1 else types, find, parameters)
    return Typed(tuple(before), tuple(found), name, tuple(words), trouble, first or name, parameters)


def layers_of(reads: Sequence[Read]) -> list[Layer]:
    """The layers that are to be placed, repeats included; none where one of them has a value that is not allowed."""
    if any(each.layer is None for each in reads):
        return []
    return [each.layer for each in reads for _ in range(each.repeat) if each.layer is not None]


def said_of(reads: Sequence[Read]) -> Said:
    """The expressions of each of :func:`layers_of`."""
    return [each.said for each in reads for _ in range(each.repeat)]


def trouble_of(reads: Sequence[Read]) -> str:
    """The first sentence on what was not understood; "" where all was."""
    return next((each.trouble for each in reads if each.trouble), "")


def preview_of(reads: Sequence[Read]) -> str:
    """All layers in one line."""
    return "  →  ".join(each.preview for each in reads)


# -- the name -----------------------------------------------------------------------------------------------------


def _named(
    text: str, types: Sequence[LayerType], find: Find, parameters: Mapping[str, Number]
) -> tuple[list[LayerType], str, list[str]]:
    """The types that the leading words may mean, those words, and what is left."""
    words = text.split()
    if not words:
        return list(find("", types)), "", []
    taken = 1
    found = list(find(words[0], types))
    while found and taken < len(words) and _is_word(words[taken]):
        if words[taken] in parameters or _is_parameter(words[taken], found[0]):
            break
        longer = list(find(" ".join(words[: taken + 1]), types))
        if not longer:
            break
        found, taken = longer, taken + 1
    left = words[taken:]
    return _most_apt(found, left), " ".join(words[:taken]), left


def _is_word(word: str) -> bool:
    """Whether a word may belong to a name: no number, size or assignment. ``2d`` may."""
    return bool(re.fullmatch(r"[123]d", word.casefold())) or not ("=" in word or word[0].isdigit() or word[0] in "+-.")


def _is_parameter(word: str, cls: LayerType) -> bool:
    """Whether a word says something of a parameter of this type rather than of its name."""
    lowered = word.casefold()
    if lowered in ("no", "without") or _REPEAT.fullmatch(lowered) or _parameter(lowered, cls) is not None:
        return True
    match = _LETTERS_THEN_VALUE.fullmatch(lowered)
    if match and _parameter(match[1], cls) is not None:
        return True
    return _choice(lowered, cls, {}) is not None or any(cls.params[name].kind == "text" for name in cls.telling)


def _most_apt(found: list[LayerType], words: Sequence[str]) -> list[LayerType]:
    """The same, but of types that differ in their axes alone (Conv1d, Conv2d, Conv3d) first the one whose number of
    axes was typed (``5x5``), else the two-dimensional one."""
    if not found or not (end := re.search(r"\d+d$", found[0].type_name())):
        return found
    stem = found[0].type_name()[: end.start()]
    kin = [cls for cls in found if re.fullmatch(re.escape(stem) + r"\d+d", cls.type_name())]
    axes = next((len(re.split("[x×,]", word)) for word in words if SIZE.fullmatch(word)), 2)
    first = next((cls for cls in kin if cls.type_name().endswith(f"{axes}d")), None)
    if first is None or len(kin) < 2:
        return found
    return [first, *(cls for cls in found if cls is not first)]


# -- parameters ---------------------------------------------------------------------------------------------------


@dataclass
class _Reading:
    """Values as they come in."""

    cls: LayerType
    parameters: Mapping[str, Number]
    values: dict[str, Any] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    repeat: int = 1
    said: dict[str, str] = field(default_factory=dict)
    problem: str = ""

    def put(self, name: str, text: str) -> bool:
        """Have a value as it is written; arithmetic keeps the case of its names."""
        declared = self.cls.params[name]
        value = plain_value(declared, text if declared.kind == "text" else text.casefold())
        if value is not None or (text.casefold() == "none" and declared.optional):
            self.values[name] = value
            return True
        return self.put_computed(name, self.computed(declared, text))

    def put_computed(self, name: str, found: Computed | None) -> bool:
        if found is None:
            return False
        self.values[name], self.said[name] = found
        return True

    def computed(self, declared: Param, text: str) -> Computed | None:
        """What arithmetic gives for a parameter; None where it is none, or has no value."""
        try:
            return computed(declared, text, self.parameters)
        except ExpressionError as error:
            self.problem = self.problem or f"“{text}”: {error}."
            return None


def read(cls: LayerType, words: Sequence[str], parameters: Mapping[str, Number] = NO_PARAMETERS) -> Read:
    """A layer of this type with the parameters that these words say."""
    state = _Reading(cls, parameters)
    left = [word.strip(",;") for word in words if word.strip(",;")]
    while left:
        before = state.problem
        used = _take(state, left)
        if used:
            state.problem = before
        else:
            state.unread.append(left[0])
        left = left[max(used, 1) :]
    told = tuple(_said(state, name, value) for name, value in state.values.items())
    if state.problem:
        return Read(cls, None, told, state.problem, state.repeat)
    try:
        layer = cls.make(state.values)
    except ParameterError as error:
        return Read(cls, None, told, f"{_plain_name(error.parameter)} {error.message}.", state.repeat)
    said = tuple((name, text) for name, text in state.said.items() if name in state.values)
    return Read(cls, layer, told, _trouble(state), state.repeat, said)


def _take(state: _Reading, left: list[str]) -> int:
    """Understand what stands first; how many words that used, 0 where it was not understood."""
    word = left[0].casefold()
    following = left[1].casefold() if len(left) > 1 else ""
    if (match := _REPEAT.fullmatch(word)) and 1 <= int(match[1]) <= MOST_REPEATS:
        if "repeat" in state.cls.params:  # a block repeats itself
            state.values["repeat"] = int(match[1])
        else:
            state.repeat = int(match[1])
        return 1
    if NUMBER.fullmatch(word) or SIZE.fullmatch(word):
        return _take_number(state, word)
    if word in ("no", "without") and following:
        name = _parameter(following, state.cls, kinds=("bool",))
        if name is not None:
            state.values[name] = False
            return 2
        return 0
    if "=" in word:
        head, _, text = left[0].partition("=")
        name = _parameter(head.casefold(), state.cls)
        return int(name is not None and state.put(name, text))
    return _take_word(state, left, word, following) or _take_computed(state, left[0])


def _take_word(state: _Reading, left: list[str], word: str, following: str) -> int:
    cls = state.cls
    match = _LETTERS_THEN_VALUE.fullmatch(word)
    if match and (name := _parameter(match[1], cls)) is not None and state.put(name, left[0][match.start(2) :]):
        return 1
    if (name := _parameter(word, cls)) is not None:
        if cls.params[name].kind == "bool" and following not in ON | OFF:
            state.values[name] = True
            return 1
        return 2 if following and state.put(name, left[1]) else 0
    if (chosen := _choice(word, cls, state.values)) is not None:
        state.values[chosen[0]] = chosen[1]
        return 1
    text = next((n for n in cls.telling if cls.params[n].kind == "text" and n not in state.values), None)
    if text is not None:
        state.values[text] = left[0]
        return 1
    return 0


def _wanted(state: _Reading) -> Iterator[str]:
    """The parameters that a free number may be, the telling ones first: those without a value that have an effect."""
    cls = state.cls
    for name in dict.fromkeys((*cls.telling, *cls.params)):
        when = cls.params[name].when
        if name not in state.values and (
            when is None or state.values.get(when[0], cls.params[when[0]].default) in when[1]
        ):
            yield name


def _take_computed(state: _Reading, word: str) -> int:
    """Put free arithmetic where the first number of its kind is still wanted."""
    for name in _wanted(state):
        if state.put_computed(name, state.computed(state.cls.params[name], word)):
            return 1
        if state.problem and name in state.cls.telling:
            break
    return 0


def _take_number(state: _Reading, word: str) -> int:
    """Put a free number, or a size, where the first of its kind is still wanted."""
    whole, size = bool(re.fullmatch(r"-?\d+", word)), SIZE.fullmatch(word)
    for name in _wanted(state):
        declared = state.cls.params[name]
        if declared.kind == "bool":
            continue
        if size:
            fits = declared.kind == "ints" or (declared.axes > 1 and len(re.split("[x×,]", word)) == declared.axes)
        else:
            fits = (declared.kind in _NUMBERS and (whole or declared.kind == "float")) or declared.kind == "ints"
            fits = fits or (declared.kind == "choice" and bool(declared.axes) and whole)
        if fits and state.put(name, word):
            return 1
        if not (whole or size) and name in state.cls.telling and declared.kind in ("int", "size"):
            state.problem = state.problem or f"{_plain_name(name)} must be a whole number, not {word}."
            break
    return 0


def _parameter(word: str, cls: LayerType, kinds: Sequence[str] = ()) -> str | None:
    """The one parameter that a word means: its name, a short form, or the beginning of the name or of a word in it."""
    known = [name for name, declared in cls.params.items() if not kinds or declared.kind in kinds]
    if word in known:
        return word
    if SHORT.get(word) in known:
        return SHORT[word]
    for begins in (_starts, _has_word):
        fitting = [name for name in known if begins(name, word)]
        shortest = min(fitting, key=len, default="")
        if shortest and all(name.startswith(shortest) for name in fitting):  # padding, before padding_mode
            return shortest
        if fitting and fitting[0] in cls.telling:
            return fitting[0]
        if fitting:
            return None
    return None


def _starts(name: str, word: str) -> bool:
    return name.startswith(word)


def _has_word(name: str, word: str) -> bool:
    return any(part.startswith(word) for part in name.split("_"))


def _choice(word: str, cls: LayerType, taken: dict[str, Any]) -> tuple[str, str] | None:
    """The parameter and choice that a bare word (at least three letters of it) means, where only one does."""
    if len(word) < 3:
        return None
    fitting = [
        (name, choice)
        for name, declared in cls.params.items()
        if name not in taken
        for choice in declared.choices
        if choice.casefold().startswith(word)
    ]
    exact = [found for found in fitting if found[1].casefold() == word]
    return (exact or fitting)[0] if len(exact or fitting) == 1 or exact else None


# -- in words -----------------------------------------------------------------------------------------------------


def _plain_name(name: str) -> str:
    return "kernel" if name == "kernel_size" else name


def _said(state: _Reading, name: str, value: Any) -> str:
    declared = state.cls.params[name]
    shown = shown_value(declared, value, whole=name in state.cls.telling)
    text = as_typed(declared, state.said[name]) + " = " if name in state.said else ""
    return f"{_plain_name(name)} {text}{shown}"


def _trouble(state: _Reading) -> str:
    if not state.unread:
        return ""
    *others, last = (f"“{word}”" for word in state.unread[:4])
    words = f"{', '.join(others)} and {last}" if others else last
    was = "were" if others else "was"
    known = ", ".join(list(state.cls.params)[:6]) or "no parameters"
    if all(NUMBER.fullmatch(word) for word in state.unread):
        return f"{words}: {state.cls.type_name()} takes no further number; it has {known}."
    return (
        f"{words} {was} not understood: {state.cls.type_name()} has {known}; write “>” before the layer that follows."
    )
