"""Where units, lines and their numbers stand on the drawing. No Qt beyond points and rectangles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF

from nnstudio.train.learning import Anatomy, Link, Part, Place

#: At 100 %: a unit's radius; the height of a column's head; the least and most from unit to unit, down and across; the
#: margin at the sides; a number's size on a line.
RADIUS, HEAD, GAP = 23.0, 40.0, 18.0
DOWN, DOWN_WITH_BIAS, MOST_DOWN = 84.0, 106.0, 124.0
ACROSS, MOST_ACROSS = 140.0, 330.0
#: How much wider columns are apart where weights stand between them, and narrower where none do.
WEIGHED, PLAIN = 1.3, 0.75
SIDE, FOOT = 74.0, 10.0
NUMBER_WIDTH, NUMBER_HEIGHT = 52.0, 28.0
#: A unit's name and gradient stand under it.
NAME_WIDTH, NAME_HEIGHT = 84.0, 30.0
#: A bias stands above its unit.
BIAS_WIDTH, BIAS_HEIGHT, BIAS_ABOVE = 62.0, 16.0, 12.0
#: Where on a line its number is tried to be put, as shares of the way. Those to the first unit of a layer stand near
#: the beginning, those to the last near the end, so that they stand in columns; where that is taken, a little aside.
NEAR, FAR, ASIDE = 0.22, 0.68, 0.04


@dataclass(frozen=True)
class Head:
    """The head of a part's column: where its middle is, and the box of the part's units."""

    part: Part
    box: QRectF


class Geometry:
    """The places of everything for a size of the window and of text."""

    def __init__(self, anatomy: Anatomy, width: float, height: float, scale: float) -> None:
        """width, height: of what is seen; the drawing is larger where it needs to be. scale: the size of text."""
        self.anatomy, self.scale = anatomy, scale
        self.radius = RADIUS * scale
        columns: dict[int, list[Part]] = {}
        for part in sorted(anatomy.parts, key=lambda part: (part.depth, part.role == "target")):
            columns.setdefault(part.depth, []).append(part)
        gaps = [WEIGHED if self._weighed(depth) else PLAIN for depth in list(columns)[:-1]]
        wish = (width - 2 * SIDE * scale) / max(1.0, sum(gaps))
        across = min(MOST_ACROSS / WEIGHED * scale, max(ACROSS * scale, wish)) if gaps else 0.0
        heads = max(len(parts) for parts in columns.values()) * (HEAD + GAP) * scale
        most = max(sum(len(part.units) for part in parts) for parts in columns.values())
        self._roomy = min(MOST_DOWN * scale, (height - heads - FOOT) / most)
        needed = across * sum(gaps) + 2 * SIDE * scale
        self.width = max(width, needed)
        self.height = max(height, max(self._tall(parts) for parts in columns.values()) + FOOT)
        self.units: dict[Place, QPointF] = {}
        self.heads: list[Head] = []
        left = (self.width - needed) / 2 + SIDE * scale
        for at, parts in enumerate(columns.values()):
            self._stand(parts, left + across * sum(gaps[:at]))

    def _weighed(self, depth: int) -> bool:
        """Whether weights stand behind a column."""
        by_id = self.anatomy.by_id
        return any(link.weight is not None and by_id[link.source[0]].depth == depth for link in self.anatomy.links)

    def _down(self, part: Part) -> float:
        """From unit to unit: more where each has a bias above it."""
        least = DOWN_WITH_BIAS if (part.id, 0) in self.anatomy.own else DOWN
        return max(least * self.scale, self._roomy)

    def _tall(self, parts: list[Part]) -> float:
        inside = sum(HEAD * self.scale + len(part.units) * self._down(part) for part in parts)
        return inside + GAP * self.scale * (len(parts) - 1)

    def _stand(self, parts: list[Part], x: float) -> None:
        y = (self.height - FOOT - self._tall(parts)) / 2
        half = SIDE * self.scale
        for part in parts:
            down = self._down(part)
            tall = HEAD * self.scale + len(part.units) * down
            self.heads.append(Head(part, QRectF(x - half, y, 2 * half, tall)))
            for at, place in enumerate(part.places):
                self.units[place] = QPointF(x, y + HEAD * self.scale + (at + 0.5) * down)
            y += tall + GAP * self.scale

    def bias(self, place: Place) -> QRectF:
        """Where a unit's own weight stands: above it."""
        at, scale = self.units[place], self.scale
        width, height = BIAS_WIDTH * scale, BIAS_HEIGHT * scale
        return QRectF(at.x() - width / 2, at.y() - self.radius - BIAS_ABOVE * scale - height / 2, width, height)

    def ends(self, link: Link) -> tuple[QPointF, QPointF]:
        """The line of a link, from the edge of one unit to the edge of the other."""
        source, target = self.units[link.source], self.units[link.target]
        way = target - source
        length = max(1.0, (way.x() ** 2 + way.y() ** 2) ** 0.5)
        step = way * (self.radius / length)
        return source + step, target - step

    def _shares(self, link: Link) -> Iterator[float]:
        units = len(self.anatomy.by_id[link.target[0]].units)
        wish = NEAR + (FAR - NEAR) * link.target[1] / (units - 1) if units > 1 else 0.5
        yield wish
        for step in range(1, 20):
            for share in (wish - step * ASIDE, wish + step * ASIDE):
                if 0.12 <= share <= 0.84:
                    yield share

    def numbers(self, links: Iterable[Link]) -> dict[int, QRectF]:
        """Where the numbers of weights stand on their lines, by the weight's place; none lies over another or over a
        unit, and one that has no room is left out. What comes first is placed first."""
        taken = [QRectF(at.x() - self.radius, at.y() - self.radius, 2 * self.radius, 2 * self.radius)
                 for at in self.units.values()]  # fmt: skip
        taken += [self.bias(place) for place in self.anatomy.own]
        named = QRectF(-NAME_WIDTH / 2 * self.scale, self.radius, NAME_WIDTH * self.scale, NAME_HEIGHT * self.scale)
        taken += [named.translated(at) for at in self.units.values()]
        width, height = NUMBER_WIDTH * self.scale, NUMBER_HEIGHT * self.scale
        found: dict[int, QRectF] = {}
        for link in links:
            if link.weight is None or link.weight in found:
                continue
            begin, end = self.ends(link)
            for share in self._shares(link):
                middle = begin + (end - begin) * share
                box = QRectF(middle.x() - width / 2, middle.y() - height / 2, width, height)
                if not any(box.intersects(other) for other in taken):
                    taken.append(box)
                    found[link.weight] = box
                    break
        return found
