"""The layer that a function of torch is: by its line of the table (`code_table`), or by a rule of its own."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from nnstudio.export import code_rules_numbers, code_rules_shape
from nnstudio.export.code_given import Fit, Given, OtherwiseError, Rule, layer_of, refuse
from nnstudio.export.code_meaning import Meaning, Origin
from nnstudio.export.code_table import ROWS, SIGNATURES, Row
from nnstudio.layers import TensorType, load

_RULES: Mapping[str, Rule] = {**code_rules_shape.RULES, **code_rules_numbers.RULES}


def recognised(wanted: Meaning, types: Mapping[Origin, TensorType]) -> Fit | Meaning | None:
    """The layer that says what is wanted, or steps that say it together; None where there is no rule for it.

    Raises:
        UndrawableError: the layer cannot do this.
    """
    if wanted[0] == "from":
        return layer_of("Identity", {"input": wanted[1]})
    if wanted[0] != "call":
        return None
    linear = code_rules_numbers.scaled(wanted)
    if linear is not None:
        return linear
    name, given = str(wanted[1]), wanted[2:]
    names = SIGNATURES.get(name, ("input", "index"))
    if len(given) > len(names):
        return None
    call = Given(dict(zip_longest(names, given)), types)
    try:
        if name in _RULES:
            return _RULES[name](call)
        return _by_row(name, ROWS[name], call) if name in ROWS else None
    except OtherwiseError:
        return None
    except (TypeError, ArithmeticError, AttributeError, IndexError):  # values of a kind that torch refuses, too
        refuse(f"{name.rpartition('.')[2]} does not take what is written here; it takes {', '.join(names)}.")


def _by_row(name: str, row: Row, call: Given) -> Fit:
    """The layer of a line of the table."""
    ports = iter(load()[row.layer].inputs.items())
    fed: list[tuple[str, Origin]] = []
    values = {}
    for argument in row.arguments:
        if argument.tensor:
            port, declared = next(ports)
            given = call.arguments[argument.name]
            if declared.many and given is not None and given[0] == "several":
                if not all(each[0] == "from" for each in given[1:]):
                    raise OtherwiseError
                fed += [(port, each[1]) for each in given[1:]]
            else:
                fed.append((port, call.origin(argument.name)))
            continue
        if call.arguments[argument.name] is None and argument.default is None:
            refuse(f"Say {argument.name} of {name.removeprefix('torch.')} as well; it cannot be left out in a drawing.")
        value = call.value(argument.name, argument.value)
        if argument.parameter:
            values[argument.parameter] = not value if argument.negated else value
        elif argument.name == "training" and value != "self.training":
            refuse(_of_training(name.removeprefix("torch."), value))
    made = layer_of(row.layer, {}, **values)
    return Fit(made.layer, tuple(fed), code_rules_numbers.floor_of(made.layer))


#: Of the functions that draw at random, those that do not unless they are told to.
_AT_REST = frozenset({"rrelu", "alpha_dropout", "feature_alpha_dropout"})


def _of_training(name: str, value: Any) -> str:
    always = name not in _AT_REST if value is None else bool(value)
    does = "draws at random when predicting, too" if always else "draws nothing at random, while training neither"
    return (
        f"training can only be self.training, and has to be said: F.{name} as it stands here {does}, which no layer "
        "does."
    )
