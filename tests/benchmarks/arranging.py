"""How fast a network is arranged and how well: residual networks, wide ones, random ones, with frames, and a selection.

Prints the time, nodes that cover one another, straight wires, and how many wires cross, as straight lines from port
to port, counted among pairs of wires between the same two columns.

Run: python tests/benchmarks/arranging.py [NODES ...]
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Mapping

from nnstudio.graph import Network, Node, Wire
from nnstudio.graph.arrange import arrange, arrange_part
from nnstudio.graph.places import Occupied, box_of, node_size
from nnstudio.graph.view import Frame, Position
from nnstudio.layers import load

KINDS = {name: load()[name].make({}) for name in ("Linear", "ReLU", "BatchNorm1d", "Add", "Concatenate")}


def network(kinds: list[str], links: list[tuple[int, int]]) -> Network:
    """A network of these layer types; links end at the first input, the second one at the second."""
    nodes = {str(i): Node(str(i), f"n{i}", KINDS[kind]) for i, kind in enumerate(kinds)}
    taken: dict[int, int] = defaultdict(int)
    wires = []
    for source, target in links:
        ports = list(KINDS[kinds[target]].inputs)
        wires.append(Wire(str(source), "output", str(target), ports[min(taken[target], len(ports) - 1)]))
        taken[target] += 1
    return Network(nodes, tuple(wires))


def residual(count: int) -> Network:
    """A chain with a skip connection around every five layers."""
    kinds = ["Linear", "BatchNorm1d", "ReLU", "Linear", "ReLU", "Add"]
    links = [(i - 1, i) for i in range(1, count)]
    links += [(i - 6, i) for i in range(11, count, 6)]
    return network([kinds[i % 6] for i in range(count)], links)


def inception(count: int) -> Network:
    """Modules of four branches of one to three layers, joined and handed on."""
    kinds, links, last = ["Linear"], [], 0
    while len(kinds) < count:
        ends = []
        for length in (1, 2, 3, 2):
            at = last
            for _ in range(length):
                links.append((at, len(kinds)))
                at = len(kinds)
                kinds.append("Linear")
            ends.append(at)
        last = len(kinds)
        kinds.append("Concatenate")
        links += [(end, last) for end in ends]
    return network(kinds, links)


def anything(count: int) -> Network:
    """A random graph without loops: each node fed by one or two of the fifty before it."""
    chance = random.Random(7)
    links = []
    for i in range(1, count):
        links += [(chance.randint(max(0, i - 50), i - 1), i) for _ in range(chance.choice((1, 1, 2)))]
    return network(["Add"] * count, sorted(set(links)))


def scattered(count: int) -> Network:
    """A random graph whose wires go anywhere behind their source."""
    chance = random.Random(11)
    links = [(chance.randint(0, i - 1), i) for i in range(1, count)]
    links += [(a, b) for a, b in (sorted(chance.sample(range(count), 2)) for _ in range(count // 2))]
    return network(["Add"] * count, sorted(set(links)))


def overlaps(net: Network, places: Mapping[str, Position]) -> int:
    """Pairs of nodes that cover one another."""
    seen: Occupied[str] = Occupied()
    total = 0
    for id, at in places.items():
        size = node_size(net.nodes[id].layer)
        total += len(set(seen.hits(box_of(at, size))))
        seen.add(id, at, size)
    return total


def crossings(net: Network, places: Mapping[str, Position]) -> tuple[int, int]:
    """Wires that cross one another between the same two columns, and wires that are level."""
    bands: dict[tuple[float, float], list[tuple[float, float]]] = defaultdict(list)
    level = 0
    for wire in net.wires:
        (x0, y0), (x1, y1) = places[wire.source], places[wire.target]
        level += abs(y0 - y1) < 1
        bands[x0, x1].append((y0, y1))
    total = 0
    for ends in bands.values():
        met: list[float] = []
        for _, end in sorted(ends):
            total += len(met) - bisect_right(met, end)
            insort(met, end)
    return total, level


def measured(work: Callable[[], dict[str, Position]], times: int = 5) -> tuple[list[float], dict[str, Position]]:
    """The times in seconds that this thread worked (others may be at work on the machine), and what came of it."""
    took = []
    for _ in range(times):
        start = time.thread_time()
        made = work()
        took.append(time.thread_time() - start)
    return took, made


def main(counts: list[int]) -> None:
    print(
        f"{'network':<28}{'nodes':>8}{'wires':>8}{'median':>10}{'best':>10}{'overlaps':>10}{'crossings':>11}{'level':>8}{'size':>16}"
    )
    for count in counts:
        for title, net in (
            ("residual", residual(count)),
            ("inception", inception(count)),
            ("random, near", anything(count)),
            ("random, anywhere", scattered(count)),
        ):
            ids = list(net.nodes)
            frames = [Frame(f"f{i}", "", frozenset(ids[i : i + 12])) for i in range(0, count // 2, 24)]
            report(title, net, *measured(lambda net=net: arrange(net)))
            if title in ("residual", "inception"):
                report(f"{title}, framed", net, *measured(lambda net=net, f=frames: arrange(net, frames=f)))
        net = residual(count)
        places, ids = arrange(net), list(net.nodes)[count // 3 : count // 2]
        took, part = measured(lambda net=net, ids=ids, places=places: arrange_part(net, ids, places))
        report("a sixth of the residual one", net, took, {**places, **part})


def report(title: str, net: Network, took: list[float], places: dict[str, Position]) -> None:
    """A line of the table."""
    crossed, level = crossings(net, places)
    wide, high = (max(axis) - min(axis) for axis in zip(*places.values(), strict=True))
    figures = f"{1000 * statistics.median(took):>7.0f} ms{1000 * min(took):>7.0f} ms{overlaps(net, places):>10}"
    shape = f"{crossed:>11,}{level / max(1, len(net.wires)):>8.0%}{wide:>9,.0f}×{high:<6,.0f}"
    print(f"{title:<28}{len(net.nodes):>8,}{len(net.wires):>8,}{figures}{shape}")


if __name__ == "__main__":
    main([int(count) for count in sys.argv[1:]] or [1_000, 10_000])
