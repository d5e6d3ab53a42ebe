"""Arguments of a module's constructor, read back as parameters of its layer."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nnstudio.compile import instantiate
from nnstudio.export.code_reading import Step, dotted, refuse, same
from nnstudio.graph import edits
from nnstudio.graph.expressions import ExpressionError, evaluate
from nnstudio.graph.parameters import set_expression
from nnstudio.layers import Call, Layer, ParameterError, load
from nnstudio.layers.blocks import Block
from nnstudio.layers.left_out import EVERYWHERE, FIXED, LEFT_OUT, RENAMED

if TYPE_CHECKING:
    from nnstudio.export.code_class import ClassWork

_NOTHING = inspect.Parameter.empty
#: Arguments that change no number that comes out; the drawing and the run decide them.
_WITHOUT_EFFECT = frozenset({"inplace", "device"})
#: Modules whose axis torch chooses itself where none is given.
_GUESSING = frozenset({"torch.nn.Softmax", "torch.nn.LogSoftmax", "torch.nn.Softmin"})
#: How deep a value may be nested; no layer takes more.
_DEPTH = 4
_LARGEST = 10**18


class Arguments:
    """Makes the modules of one class's nodes what the code says."""

    def __init__(self, work: ClassWork) -> None:
        self._work = work

    def layer(self, call: ast.Call) -> Layer:
        """A new layer of the type that is made here. CodeError where there is none."""
        name = dotted(call.func)
        types = load()
        short = name.rpartition(".")[2]
        if short in LEFT_OUT and name.startswith(("torch.nn.", short)):
            refuse(call, f"{ast.unparse(call.func)} is no layer here: {LEFT_OUT[short]}.")
        if short not in types or not name.startswith(("torch.nn.", short)):
            refuse(call, f"{ast.unparse(call.func)} is no layer that is known here; take one of the palette's.")
        try:
            return types[short]()
        except ParameterError as error:
            refuse(call, f"{error}.")

    def follow(self, id: str, was: ast.Call | None, call: ast.Call) -> None:
        """Change a node's layer so that it is made by ``call``, where ``was`` made it before (None: it is new)."""
        node = self._work.network.nodes[id]
        if was is not None and dotted(was.func) != dotted(call.func):
            if isinstance(node.layer, Block):
                refuse(call, "Another block is chosen on the canvas.")
            self._work.change(call, edits.replace_layer(id, self.layer(call)))
            was = None
        layer = self._work.network.nodes[id].layer
        if isinstance(layer, Block):
            assert was is not None
            self._block(id, layer, was, call)
            return
        if not isinstance(layer, Layer):
            refuse(call, "This layer's type is not known here.")
        given = self._named(id, call, new=was is None)
        old = self._named(id, was) if was is not None else {}
        changed: dict[str, ast.expr | None] = {}
        for name, parameter in self._signature(id, call).items():
            if was is None:
                if name in given or parameter.default is not _NOTHING:
                    changed[name] = given.get(name)
            elif not same(given.get(name), old.get(name)):
                changed[name] = given.get(name)
        self._apply(id, call, changed, new=was is None)

    def times(self, id: str, step: Step, before: int) -> None:
        """How often a block with shared weights is repeated."""
        layer = self._work.network.nodes[id].layer
        if isinstance(layer, Block) and step.times > 1 and step.times != before:
            self._work.change(step.at, edits.set_params(id, repeat=step.times))

    # modules

    def _signature(self, id: str, call: ast.Call) -> Mapping[str, inspect.Parameter]:
        name = dotted(call.func)
        layer = self._work.network.nodes[id].layer
        known = self._work.work.resolved(self._work.block).nodes.get(id)
        target = known.built.target if known is not None and isinstance(known.built, Call) else ""
        if target.rpartition(".")[2] != name.rpartition(".")[2]:
            target = name if name.startswith("torch.nn.") else f"nnstudio.nn.{name}"
        try:
            cls = instantiate.module_class(target, layer if isinstance(layer, Layer) else None)
        except (instantiate.NotAllowedError, ImportError):
            refuse(call, f"{ast.unparse(call.func)} is no layer that is known here; take one of the palette's.")
        found = _parameters(cls)
        if isinstance(layer, Layer) and _open_ended(cls):  # what it hands on is not said anywhere else
            for key, declared in layer.params.items():
                kind = inspect.Parameter.KEYWORD_ONLY
                found.setdefault(key, inspect.Parameter(key, kind, default=declared.default))
        return found

    def _named(self, id: str, call: ast.Call, *, new: bool = False) -> dict[str, ast.expr]:
        names = list(self._signature(id, call))
        places = _places(call, names)
        found: dict[str, ast.expr] = {}
        for place, each in enumerate(call.args):
            if isinstance(each, ast.Starred):
                refuse(each, "Write every argument by itself; a star cannot be drawn.")
            if place >= len(places):
                refuse(each, f"{ast.unparse(call.func)} takes fewer arguments.")
            found[places[place]] = each
        for keyword in call.keywords:
            if keyword.arg in _WITHOUT_EFFECT:
                continue
            if keyword.arg in EVERYWHERE and keyword.arg not in names:
                refuse(keyword, f"{keyword.arg} is not written here: {EVERYWHERE[keyword.arg]}.")
            if keyword.arg is None or keyword.arg not in names:
                refuse(
                    keyword,
                    f"{ast.unparse(call.func)} has no argument {keyword.arg or '**'}; it has {', '.join(names)}.",
                )
            found[keyword.arg] = keyword.value
        told = found.pop("batch_first", None)
        if told is not None or (new and "batch_first" in names and dotted(call.func).startswith("torch.nn.")):
            self._check_batch(told, call)
        if new and "dim" not in found and dotted(call.func) in _GUESSING:
            refuse(call, "Write dim=…: without it torch chooses an axis by how many there are.")
        return {name: given for name, given in found.items() if name not in _WITHOUT_EFFECT}

    @staticmethod
    def _check_batch(given: ast.expr | None, call: ast.Call) -> None:
        if not (isinstance(given, ast.Constant) and given.value is True):
            refuse(given or call, "Write batch_first=True; in a drawing the batch always comes first.")

    def _apply(self, id: str, call: ast.Call, changed: Mapping[str, ast.expr | None], *, new: bool) -> None:
        signature = self._signature(id, call)
        wanted: dict[str, tuple[Any, ast.AST]] = {}
        for name, given in changed.items():
            value = signature[name].default if given is None else self._value(given)
            if value is _NOTHING:
                refuse(call, f"{ast.unparse(call.func)} needs {name}.")
            layer = self._work.network.nodes[id].layer
            assert isinstance(layer, Layer)
            set_as = name if name in layer.params else _axis(name, layer)
            if set_as != name and given is None and not isinstance(value, int):
                continue  # torch chooses the axis
            kind = layer.params[set_as].kind if set_as is not None else ""
            if isinstance(value, float) and value.is_integer() and kind in ("int", "size"):
                value = int(value)
            if set_as is None or set_as == name:
                wanted[name] = (value, given or call)
            if set_as is not None:
                try:
                    self._set(id, set_as, given, value)
                except (edits.EditError, ParameterError) as error:
                    if given is None:
                        continue
                    refuse(given, f"{error}.")
        self._prove(id, call, wanted, signature, new=new)

    def _set(self, id: str, name: str, given: ast.expr | None, value: Any) -> None:
        text = self._text(given) if given is not None and _is_expression(given) else ""
        work = self._work.work
        edit = set_expression(id, name, text) if text else edits.chain(
            set_expression(id, name, ""), edits.set_params(id, **{name: value})
        )  # fmt: skip
        edit(self._work.network)  # so that what is wrong is told at its place
        work.do(self._work.block, given or ast.Pass(), edit)

    def _prove(
        self, id: str, call: ast.Call, wanted: dict[str, tuple[Any, ast.AST]],
        signature: Mapping[str, inspect.Parameter], *, new: bool,
    ) -> None:  # fmt: skip
        """What is made of the layer has to be what is written; a parameter of another name may be what says it."""
        for name, (value, at) in wanted.items():
            known = self._work.work.resolved(self._work.block).nodes[id]
            if not isinstance(known.built, Call) or not known.ok:
                return  # what is wrong with it is told at the end
            now = _argument(known.built, name, signature)
            if _equal(now, value):
                continue
            layer = self._work.network.nodes[id].layer
            assert isinstance(layer, Layer)
            if name in layer.params and _equal(getattr(layer, name), value):
                continue  # made of it as of anything that says the same: padding="same"
            other = next(self._others(layer, known.inputs, name, value, signature, known.built), None)
            if other is not None:
                self._work.change(at, edits.set_params(id, **other))
            elif isinstance(at, ast.expr) and at is not call:
                refuse(at, _why_not(layer, name, value, now, signature[name]))

    @staticmethod
    def _others(
        layer: Layer, inputs: Mapping[str, Any], name: str, value: Any, signature: Mapping[str, inspect.Parameter],
        built: Call,
    ) -> Iterator[dict[str, Any]]:  # fmt: skip
        for parameter, declared in layer.params.items():
            counted = (len(value) if isinstance(value, tuple) else 1,)  # over how many axes it goes
            for tried in dict.fromkeys((value, True, False, *counted, *declared.choices)):
                try:
                    made = layer.with_(**{parameter: tried}).build(**inputs)
                except Exception:  # a layer of anyone's that cannot be built so
                    continue
                if (
                    isinstance(made, Call)
                    and made.target == built.target
                    and _equal(_argument(made, name, signature), value)
                ):
                    rest = [key for key in signature if key != name]
                    if all(_equal(_argument(made, key, signature), _argument(built, key, signature)) for key in rest):
                        yield {parameter: tried}

    # values and expressions

    def _text(self, given: ast.expr) -> str:
        """An expression as the drawing has it: constants of the file are parameters of the network."""
        names = {} if self._work.block else {name.upper(): name for name in self._work.network.parameters}

        class Lower(ast.NodeTransformer):
            def visit_Name(self, node: ast.Name) -> ast.Name:
                return ast.Name(names.get(node.id, node.id))

        return ast.unparse(Lower().visit(ast.parse(ast.unparse(given), mode="eval")))

    def _value(self, given: ast.expr) -> Any:
        match given:
            case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str() as text)]) if _is_number(text):
                return float(text)
        try:
            value = _plain(ast.literal_eval(given))
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            value = _NOTHING
        if value is not _NOTHING:
            return value
        if isinstance(given, ast.Starred):
            refuse(given, "Write every number by itself; a star cannot be drawn.")
        if isinstance(given, ast.Call):
            refuse(given, "Write what it is made with as numbers; a module inside of another is a layer of its own.")
        if not _is_expression(given):
            refuse(given, "Write a number, True, False, None, a text or several of these in brackets here.")
        if isinstance(given, ast.Tuple | ast.List):
            return tuple(map(self._value, given.elts))
        try:
            return evaluate(self._text(given), self._work.network.parameters)
        except ExpressionError as error:
            refuse(given, f"{str(error)[:1].upper()}{str(error)[1:]}.")

    # blocks

    def _block(self, id: str, layer: Block, was: ast.Call, call: ast.Call) -> None:
        """What a block sets, and how often it is repeated."""
        old, new = _copies(was), _copies(call)
        if old is None or new is None or dotted(old[0].func) != dotted(new[0].func):
            refuse(call, "This change of a block's copies cannot be drawn; make it on the canvas.")
        if old[1] != new[1]:
            self._work.change(call, edits.set_params(id, repeat=new[1]))
        given = {each.arg: each.value for each in new[0].keywords}
        before = {each.arg: each.value for each in old[0].keywords}
        if new[0].args:
            refuse(new[0], f"Say which parameter this is: {', '.join(layer.parameters) or 'the block has none'}.")
        for name in dict.fromkeys([*before, *given]):
            if same(before.get(name), given.get(name)):
                continue
            at = given.get(name, call)
            if name not in layer.parameters:
                refuse(at, f"{name} follows from what is wired to the block.")
            default = self._work.work.network.blocks[layer.definition].parameters[name or ""]
            value = self._value(given[name]) if name in given else default
            self._set(id, str(name), given.get(name), value)


def _open_ended(cls: type) -> bool:
    return any(each.kind == each.VAR_KEYWORD for each in inspect.signature(cls).parameters.values())


def _parameters(cls: type) -> dict[str, inspect.Parameter]:
    """What a class is made with, and what it hands on to the class that it is made of."""
    found: dict[str, inspect.Parameter] = {}
    for base in cls.__mro__:
        if "__init__" not in vars(base) or base is object:
            continue
        open_ended = False
        for name, each in inspect.signature(base).parameters.items():
            if each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD):
                open_ended = True
            elif name not in ("device", "dtype") and (base.__name__, name) != ("RNNBase", "mode"):  # RNN tells it that
                found.setdefault(name, each)
        if not open_ended:
            break
    return found


def _copies(call: ast.Call) -> tuple[ast.Call, int] | None:
    """How one copy of a block is made, and how many there are: ``nn.Sequential(*(Part() for _ in range(3)))``."""
    if dotted(call.func) not in ("torch.nn.Sequential", "torch.nn.ModuleList"):
        return call, 1
    items = call.args[0].elts if len(call.args) == 1 and isinstance(call.args[0], ast.List) else call.args
    match items:
        case [
            ast.Starred(
                value=ast.GeneratorExp(
                    elt=ast.Call() as each,
                    generators=[ast.comprehension(iter=ast.Call(args=[ast.Constant(value=int() as count)]))],
                )
            )
        ]:
            return each, count
        case [ast.Call() as each]:
            return each, 1
    return None


def _is_expression(given: ast.expr) -> bool:
    match given:
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str())]):
            return False
    try:
        ast.literal_eval(given)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return True
    return False


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _plain(value: Any, depth: int = 0) -> Any:
    """A value as layers have it, lists as tuples; `_NOTHING` where it is of no kind that a layer takes."""
    if isinstance(value, list | tuple) and depth < _DEPTH:
        several = tuple(_plain(each, depth + 1) for each in value)
        return _NOTHING if _NOTHING in several else several
    if value is None or isinstance(value, bool | str) or (isinstance(value, int | float) and abs(value) < _LARGEST):
        return value
    return value if isinstance(value, float) else _NOTHING  # NaN and infinities


def _axis(name: str, layer: Layer) -> str | None:
    """The parameter that says an axis where torch's argument has another name; None for other arguments."""
    renamed = RENAMED.get(("*", name))
    return renamed if renamed == "axis" and renamed in layer.params else None


def _places(call: ast.Call, names: list[str]) -> list[str]:
    """What arguments without names are: in torch's order where torch's own class is written."""
    name = dotted(call.func)
    if name.startswith("torch.nn."):
        try:
            return list(_parameters(instantiate.module_class(name)))
        except (instantiate.NotAllowedError, ImportError):
            pass
    return names


def _why_not(layer: Layer, name: str, value: Any, now: Any, parameter: inspect.Parameter) -> str:
    """Why an argument cannot be as it is written, and what it can be."""
    type_name = layer.type_name()
    renamed = RENAMED.get((type_name, name))
    if name in layer.params:
        return f"{name} cannot be {value!r} here: it would be {now!r}."
    if (type_name, name) in FIXED:
        return f"{name} of {type_name} is {now!r} in a drawing, not {value!r}: {FIXED[type_name, name]}."
    if name in EVERYWHERE or renamed is not None or parameter.default is _NOTHING:
        return f"{name} follows from what is wired to it: it is {now!r}, not {value!r}."
    return f"{name} of {type_name} can only be {now!r} in a drawing, not {value!r}."


def _argument(call: Call, name: str, signature: Mapping[str, inspect.Parameter]) -> Any:
    places = list(signature)
    if name in places[: len(call.args)]:
        return call.args[places.index(name)]
    return call.keywords.get(name, signature[name].default)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, tuple) != isinstance(other, tuple):  # one size, said as a number or in brackets
        one, other = (each if isinstance(each, tuple | list) else (each,) for each in (one, other))
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return list(one) == list(other)
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    return bool(one == other)
