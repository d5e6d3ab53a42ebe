"""What a person can add to the network that is open, and what was added lately. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from nnstudio.graph import Network
from nnstudio.graph.blocks import used_by
from nnstudio.graph.standins import definition_interface
from nnstudio.layers import AnyLayer, Layer, load
from nnstudio.layers.base import Port
from nnstudio.layers.blocks import Block, Shared, Standin
from nnstudio.layers.params import Param
from nnstudio.project import library
from nnstudio.project.library import LibraryBlock
from nnstudio.ui.settings import Settings

LayerType = type[Layer]
#: How many types are remembered.
MOST_RECENT = 12


def offered_types(*, inside: bool = False) -> list[LayerType]:
    """The types that stand for themselves, by family; ports of a block only ``inside`` a definition."""
    return [cls for cls in load() if _is_offered(cls, inside=inside)]


def _is_offered(cls: LayerType, *, inside: bool) -> bool:
    return not issubclass(cls, Standin) and (inside or cls.role != "port")


#: Where blocks are listed: those of the project, the person's own, and those that come with the program.
PROJECT, OWN, CLASSICAL = "Blocks in this project", "My library", "Classical blocks"


class BlockType:
    """A definition that answers as a layer type does, so that it is listed, found, typed and dragged like one."""

    role = "block"
    section = PROJECT

    def __init__(self, name: str, definition: Network) -> None:
        self.synonyms: tuple[str, ...] = ("block",)
        self._name, self._count = name, len(definition.nodes)
        self._layer = replace(Block.make({"definition": name}), interface=definition_interface(definition))
        self.family = Block.family
        self.icon = Block.icon
        self.inputs, self.outputs = self._layer.inputs, self._layer.outputs
        self.params: Mapping[str, Param] = self._layer.params
        self.telling = tuple(definition.parameters)
        #: what is dragged; a definition may be called as a layer type is
        self.key = f"block:{name}"

    def type_name(self) -> str:
        """The definition's name."""
        return self._name

    def summary(self) -> str:
        """What it is, in a sentence."""
        return f"A block of this project with {self._count} layers inside."

    def make(self, values: Mapping[str, Any]) -> Block:
        """A block of it. ParameterError where a value is not allowed."""
        return self._layer.with_(**values)


class LibraryType(BlockType):
    """A block of the library, which comes into the project when it is placed."""

    def __init__(self, block: LibraryBlock) -> None:
        super().__init__(block.name, block.network)
        self.block = block
        self.section = OWN if block.own else CLASSICAL
        self.synonyms = ("block", "library", *block.synonyms)
        self.key = f"{library.KEY}{block.id}"
        self._layer = replace(self._layer, definition=self.key)

    def summary(self) -> str:
        return self.block.summary


class SharedType:
    """Stands for all nodes that can be used again with the same weights: it fits everywhere, and which of them is meant
    is asked when it is placed (`canvas.sharing`)."""

    role = "shared"
    section = ""
    family, icon, synonyms = Shared.family, Shared.icon, Shared.synonyms
    inputs: Mapping[str, Port] = {"input": Port("*", dtype="any")}
    outputs: Mapping[str, Port] = {"output": Port("*", dtype="any")}
    params: Mapping[str, Param] = {}
    telling: tuple[str, ...] = ()
    key = Shared.type_name()

    def type_name(self) -> str:
        """What it is called in lists."""
        return Shared.type_name()

    def summary(self) -> str:
        """What it is, in a sentence."""
        return Shared.summary()

    def make(self, values: Mapping[str, Any]) -> Shared:
        """A layer that is not said yet whose weights it uses."""
        return Shared.make(values)


_SHARED = cast(LayerType, SharedType())
_known: dict[str, LibraryType] = {}


def _library_type(block: LibraryBlock) -> LibraryType:
    """A block of the library as a type; the same one as long as the library has the same block."""
    known = _known.get(block.id)
    if known is None or known.block is not block:
        known = _known[block.id] = LibraryType(block)
    return known


def types_for(network: Network, inside: str = "") -> list[LayerType]:
    """All that can be added to a whole network, or ``inside`` one of its definitions: its blocks, the catalogue, what
    is there already once more with the same weights, and those blocks of the library that it has not yet."""
    shelf = [block for block in library.blocks() if network.blocks.get(block.name) != block.network]
    from_library = [cast(LayerType, _library_type(block)) for block in shelf]
    return [*block_types(network, inside), *offered_types(inside=bool(inside)), _SHARED, *from_library]


def type_for(key: str, network: Network, inside: str = "") -> LayerType | None:
    """The one of :func:`types_for` with this key; None where there is none. The library is not read for others."""
    catalogue = load()
    if key in catalogue and _is_offered(catalogue[key], inside=bool(inside)):
        return catalogue[key]
    return next((cls for cls in types_for(network, inside) if key_of(cls) == key), None)


def name_of(layer: AnyLayer) -> str:
    """What a layer is called that is to be placed: its type, or its definition."""
    return layer.definition.rpartition("/")[2] if isinstance(layer, Block) else layer.type_name()


def block_types(network: Network, inside: str = "") -> list[LayerType]:
    """The definitions of the whole network that can be used in it (``inside`` a definition: but for those that hold
    it), as types."""
    usable = [
        name
        for name, definition in network.blocks.items()
        if not inside or (name != inside and inside not in used_by(definition, network.blocks))
    ]
    return [cast(LayerType, BlockType(name, network.blocks[name])) for name in usable]


def key_of(cls: LayerType) -> str:
    """By what a type is known where it is dragged and chosen."""
    return getattr(cls, "key", "") or cls.type_name()


class Recent:
    """The names of the types that were added lately, the last one first; kept in the settings where there are some."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._settings: Settings | None = None

    def keep_in(self, settings: Settings) -> None:
        """Begin with what the settings remember, and remember there."""
        self._settings = settings
        known = [name for name in settings.get("layers.recent", []) if isinstance(name, str)]
        self._names = [*dict.fromkeys([*self._names, *known])][:MOST_RECENT]

    def remember(self, names: Iterable[str]) -> None:
        """These were added now, the last of them last."""
        self._names = [*dict.fromkeys([*reversed(list(names)), *self._names])][:MOST_RECENT]
        if self._settings is not None:
            self._settings.set(**{"layers.recent": list(self._names)})

    def first(self, types: Sequence[LayerType]) -> list[LayerType]:
        """The same types with those added lately at the head."""
        place = {name: rank for rank, name in enumerate(self._names)}
        return sorted(types, key=lambda cls: place.get(cls.type_name(), len(place)))


def fitting_first(types: Sequence[LayerType], fits: Callable[[LayerType], bool]) -> list[LayerType]:
    """The same types with those that fit at the head."""
    return sorted(types, key=lambda cls: not fits(cls))
