"""A network as the run database keeps it: under a hash, and with the places of its nodes, so that it can be drawn."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnstudio.graph import Network, View
from nnstudio.project.schema import SchemaError, network_from_json, network_to_json, view_from_json, view_to_json
from nnstudio.project.sheet import Sheet
from nnstudio.train.origin import Origin

if TYPE_CHECKING:
    from nnstudio.runs.recorder import Recorder

#: What a kept drawing may take when it is unpacked.
LARGEST = 1 << 30


@dataclass(frozen=True, slots=True)
class Drawing:
    """hash: of the network alone; equal networks have equal ones. content: network and view, packed."""

    hash: str
    content: bytes


def drawing(network: Network, view: View | None = None) -> Drawing:
    """A network, and where its nodes stand, to be kept."""
    said = json.dumps(network_to_json(network), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    seen = json.dumps(view_to_json(view if view is not None else View()), separators=(",", ":"), ensure_ascii=False)
    content = zlib.compress(f'{{"network":{said},"view":{seen}}}'.encode())
    return Drawing(hashlib.sha256(said.encode()).hexdigest()[:16], content)


def recorded(recorder: Recorder, network: Network, view: View, parent: str = "", parent_step: int = 0) -> Origin:
    """Have a run's network kept with it; what its RunStarted says of that and of the run that it is forked from."""
    made = drawing(network, view)
    recorder.keep(made.hash, made.content)
    return Origin(made.hash, parent, parent_step)


def drawn(content: bytes) -> Sheet:
    """The sheet of a kept drawing: its network and view. SchemaError where it is damaged or of a newer version."""
    try:
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(content, LARGEST)
        if not unpacking.eof:
            raise SchemaError("the run's network is cut off or too large; it cannot be shown")
        value = json.loads(text)
        network, _ = network_from_json(value["network"])
        return dataclasses.replace(Sheet(), network=network, view=view_from_json(value["view"], network))
    except (zlib.error, ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, SchemaError):
            raise
        raise SchemaError("the run's network is damaged; it cannot be shown") from error
