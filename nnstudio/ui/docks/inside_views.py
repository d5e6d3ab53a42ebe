"""What a node does with one sample, as it is best drawn: tiles, a map of points, or bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QAction, QImage

from nnstudio.train.events import Inside
from nnstudio.ui import theme
from nnstudio.ui.docks import curves, numbers
from nnstudio.ui.docks.attending import over, patches
from nnstudio.ui.docks.bars import ValuesItem
from nnstudio.ui.docks.controls import Choice
from nnstudio.ui.docks.entries import Entries
from nnstudio.ui.docks.frame import PlotFrame, Table
from nnstudio.ui.docks.judging.pictures import Photograph
from nnstudio.ui.docks.overlays import Cursor, Reading
from nnstudio.ui.docks.plane import NO_UMAP, Components, by_umap, has_umap
from nnstudio.ui.docks.rows import Row
from nnstudio.ui.docks.scatter import PointsItem
from nnstudio.ui.docks.tiles import Tiles, TilesItem

#: What the tiles of each kind are.
TILES = {"maps": "channel", "attention": "head", "states": "state"}


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What is drawn of one node. names: of the tokens, classes or entries, where they are known (of attention: of what
    is looked at; down: of what looks). marked: the place in a vector that is the right answer, −1 where there is none.
    picture: that attention looks at, where it does. said: what the sample is. known: what the entries of an embedding
    stand for; used: those that the sample uses."""

    row: Row
    inside: Inside
    names: tuple[str, ...] = ()
    marked: int = -1
    down: tuple[str, ...] = ()
    picture: QImage = field(default_factory=QImage)
    said: str = ""
    known: Entries = field(default_factory=Entries)
    used: frozenset[int] = frozenset()


class SightFrame(PlotFrame):
    """A frame that draws a :class:`Sight`."""

    def __init__(self, *, zooms: bool = False) -> None:
        super().__init__("", zooms=zooms, caption=" ", table=self.numbers_of)
        self.sight: Sight | None = None

    def show_sight(self, sight: Sight) -> None:
        """Draw this now."""
        self.sight = sight
        self.rename(sight.row.name)
        self.draw_sight(sight)
        if sight.said:
            self.caption.setText(f"{self.caption.text()} · {sight.said}")

    def draw_sight(self, sight: Sight) -> None:
        """Take what there is to draw."""
        raise NotImplementedError

    def numbers_of(self) -> Table:
        """What is drawn, as a table."""
        raise NotImplementedError


class TilesFrame(SightFrame):
    """Feature maps, attention or states: pictures of numbers."""

    def __init__(self) -> None:
        super().__init__()
        view = self.plot.view
        self.plot.left.hide()
        self.plot.bottom.hide()
        view.show_range((0.0, 1.0), (0.0, 1.0))
        self.item, self.reader = TilesItem(view), Cursor(view)
        self.photograph = Photograph(view)
        self.way = Choice("How attention is shown")
        self.way.chosen.connect(lambda _: self._again())
        self.way.show_index(-1)
        self.add_control(self.way)
        self.which_head = Choice("Which head is shown")
        self.which_head.chosen.connect(lambda _: self._again())
        self.own = QAction("Each on its own scale", self, checkable=True)
        self.own.toggled.connect(lambda _: self._again())
        self.add_control(self.which_head)
        self.menu.insertAction(self.extra, self.own)
        self.plot.hovered.connect(self._hovered)

    def _again(self) -> None:
        if self.sight is not None:
            self.draw_sight(self.sight)

    def draw_sight(self, sight: Sight) -> None:
        inside, kind = sight.inside, sight.inside.kind
        values = inside.values if kind != "states" else inside.values.T[None]
        heads = len(values) if kind == "attention" and len(values) > 1 else 0
        self.which_head.offer(["All heads", *(f"Head {number}" for number in range(heads))] if heads else [])
        self.which_head.show_index(min(max(0, self.which_head.index), heads) if heads else -1)
        looked = patches(values) if kind == "attention" and not sight.picture.isNull() else None
        self._offer_ways(looked is not None)
        self.own.setVisible(len(values) > 1)
        if heads and self.which_head.index > 0:
            values = values[self.which_head.index - 1][None]
        tiles = Tiles(values, TILES[kind], own=self.own.isChecked() and len(values) > 1)
        if kind == "attention":
            tiles = replace(tiles, places=True, square=True, down=sight.down or sight.names, across=sight.names)
        elif kind == "states":
            tiles = replace(tiles, places=True, square=False, across=sight.names, flipped=True)
            tiles = replace(tiles, values=np.ascontiguousarray(values[:, ::-1]))
        painted = looked is not None and self.way.index == 0
        self.item.show_tiles(None if painted else tiles)
        if painted and looked is not None:
            chosen = looked if self.which_head.index <= 0 else patches(values)
            self.photograph.show_image(over(sight.picture, chosen if chosen is not None else looked))
        else:
            self.photograph.show_image(QImage())
        self._tell(inside, kind)
        if painted:
            self.caption.setText("the brighter and more coloured, the more it is looked at")

    def _offer_ways(self, pictured: bool) -> None:
        """Offer to see attention over the picture, where it looks at one."""
        self.way.offer(["Over the picture", "From place to place"] if pictured else [])
        self.way.show_index(max(0, self.way.index) if pictured else -1)

    def _tell(self, inside: Inside, kind: str) -> None:
        shape = inside.values.shape
        if kind == "maps":
            some = f"{shape[0]} of {inside.total}" if inside.total > shape[0] else f"{shape[0]}"
            self.note.setText(f"{some} channel{'' if some == '1' else 's'}, {shape[1]}×{shape[2]}")
            self.caption.setText("feature maps")
        elif kind == "attention":
            self.note.setText(f"{shape[0]} heads, {shape[1]}×{shape[2]} places" if shape[0] > 1 else "")
            self.caption.setText("across: where it looks; down: from where")
        else:
            some = f"{shape[1]} of {inside.total}" if inside.total > shape[1] else f"{shape[1]}"
            self.note.setText(f"{some} features, {shape[0]} steps")
            self.caption.setText("time →; features upwards")

    def _hovered(self, place: QPointF | None) -> None:
        tiles = self.item.tiles
        found = None
        if place is not None:
            rect = self.item.boundingRect()
            found = self.item.at(place.x() * rect.width(), (1 - place.y()) * rect.height())
        if place is None or found is None or tiles is None or self.sight is None:
            self.reader.point(None)
            return
        tile, row, column = found
        muted = theme.current().muted
        value = Reading("value", numbers.figure(float(tiles.values[tile, row, column])), muted)
        kind = self.sight.inside.kind
        if kind == "states":
            heading = f"feature {tiles.values.shape[1] - 1 - row}, step {_name(tiles.across, column)}"
        elif kind == "attention":
            head = tile + max(0, self.which_head.index - 1)
            heading = f"head {head}: {_name(tiles.down, row)} looks at {_name(tiles.across, column)}"
        else:
            heading = f"channel {tile}, row {row}, column {column}"
        self.reader.point(place.x(), heading, [value], lined=False)

    def numbers_of(self) -> Table:
        if self.sight is None:
            return {}
        values = self.sight.inside.values
        kind = self.sight.inside.kind
        names = {"maps": ("channel", "row", "column"), "attention": ("head", "from", "to")}.get(
            kind, ("step", "feature")
        )
        places = np.indices(values.shape).reshape(values.ndim, -1)
        return {**dict(zip(names, places, strict=True)), "value": values.reshape(-1)}


class MapFrame(SightFrame):
    """The entries of an embedding in a plane. ``umap_wished``: work UMAP out for these points, in the background."""

    def __init__(self, run: Callable[..., object]) -> None:
        """run: as `Background.run`."""
        super().__init__(zooms=True)
        self._run, self._components = run, Components()
        self._mapped: np.ndarray | None = None
        self._zoomed = False
        self.way = Choice("How the map is made")
        self.way.offer(["PCA", "UMAP"])
        self.way.show_index(0)
        self.way.chosen.connect(lambda _: self._again())
        self.add_control(self.way)
        view = self.plot.view
        self.plot.left.hide()
        self.plot.bottom.hide()
        self.item, self.reader = PointsItem(view), Cursor(view)
        self.plot.hovered.connect(self._hovered)
        view.sigRangeChangedManually.connect(self._zoom)
        self.plot.whole.connect(self._show_all)
        self.reset.connect(self._show_all)
        self.plot.scene().sigMouseClicked.connect(lambda event: self._show_all() if event.double() else None)

    def _zoom(self, *_: object) -> None:
        self._zoomed = True
        self.unzoom.show()

    def _again(self) -> None:
        self._mapped = None
        self._show_all()

    def _show_all(self) -> None:
        self._zoomed = False
        self.unzoom.hide()
        if self.sight is not None:
            self.draw_sight(self.sight)

    def draw_sight(self, sight: Sight) -> None:
        points = sight.inside.values
        total = sight.inside.total
        some = f"{len(points):,} of {total:,} entries" if total > len(points) else f"{len(points):,} entries"
        if self.way.index == 1:
            self._draw_umap(sight, some)
            return
        places = self._components.place(points)
        self.note.setText(f"{some} of {points.shape[1]} features")
        self.caption.setText(f"principal components: {numbers.share(self._components.share)} of the spread")
        self._place(places, sight)

    def _draw_umap(self, sight: Sight, some: str) -> None:
        self.caption.setText("UMAP: near points are alike, distances between groups say little")
        if not has_umap():
            self.note.setText(some)
            self._place(np.empty((0, 2)), sight)
            self.item.say(NO_UMAP)
        elif self._mapped is None:
            self.note.setText("UMAP is being worked out …")
            self._mapped = np.empty((0, 2))
            points = sight.inside.values.copy()
            self._run(lambda _: by_umap(points), self._take, self._fail, name="umap")
        else:
            self.note.setText(f"{some}; choose UMAP again to work it out anew")
            self._place(self._mapped, sight)

    def _take(self, places: np.ndarray) -> None:
        self._mapped = places
        if self.way.index == 1:
            self._show_all()

    def _fail(self, error: BaseException) -> None:
        self.note.setText(f"UMAP failed: {error}")

    def _place(self, places: np.ndarray, sight: Sight) -> None:
        names = sight.names or tuple(str(entry) for entry in range(len(sight.inside.values)))
        known, count = sight.known, len(places)
        groups = known.leaning[:count] if (known.leaning[:count] >= 0).any() else None
        self.item.show_points(places, names[:count], sight.row.color, sight.used, groups, known.classes)
        if groups is not None and count:
            self.caption.setText(f"{self.caption.text()} · coloured by the class in whose rows an entry mostly stands")
        if len(places) and not self._zoomed:
            low, high = places.min(axis=0), places.max(axis=0)
            margin = 0.06 * np.maximum(high - low, 1e-6)
            (x0, y0), (x1, y1) = low - margin, high + 2 * margin
            self.plot.view.show_range((float(x0), float(x1)), (float(y0), float(y1)))

    def _hovered(self, place: QPointF | None) -> None:
        near = self.item.nearest(place.x(), place.y()) if place is not None else None
        if place is None or near is None:
            self.reader.point(None)
            return
        x, y = self.item.places[near]
        muted = theme.current().muted
        readings = [Reading("place", f"{numbers.figure(float(x))}, {numbers.figure(float(y))}", muted)]
        group = self.item.group(near)
        readings += [Reading("mostly in rows of", group, self.item.color_of(near))] if group else []
        readings += [Reading("in this sample", "", muted)] if near in self.item.used else []
        self.reader.point(place.x(), self.item.names[near], readings, lined=False)

    def numbers_of(self) -> Table:
        places = self.item.places
        return {"entry": np.array(self.item.names), "x": places[:, 0], "y": places[:, 1]}


class BarsFrame(SightFrame):
    """A vector as bars."""

    def __init__(self) -> None:
        super().__init__()
        view = self.plot.view
        self.item, self.reader = ValuesItem(view), Cursor(view)
        self.plot.hovered.connect(self._hovered)
        self._range: tuple[float, float] = (0.0, 0.0)

    def draw_sight(self, sight: Sight) -> None:
        values = np.asarray(sight.inside.values, np.float64)
        count = len(values)
        low, high = curves.y_range([np.append(values, 0.0)], log=False)
        before = self._range
        if not (before[0] <= low and high <= before[1] and before[1] - before[0] <= 2.5 * (high - low)):
            self._range = (low, high)
        self.item.show_values(values, sight.row.color, sight.marked)
        self.plot.view.show_range((0.0, float(max(1, count))), self._range)
        total = sight.inside.total
        self.note.setText(f"{count:,} of {total:,} values" if total > count else numbers.count(count, "value"))
        self.caption.setText("the right answer stands out" if sight.marked >= 0 else "index")
        each = self.plot.view.width() / max(1, count)
        named = sight.names if len(sight.names) == count else tuple(str(index) for index in range(count))
        wide = 7 * max(len(name) for name in named) + 8
        every = max(1, int(np.ceil(wide / max(each, 1e-6))))
        every = every if every == 1 else int(numbers.nice_top(every))
        self.plot.bottom.name([(at + 0.5, numbers.cut(named[at], 14)) for at in range(0, count, every)])

    def _hovered(self, place: QPointF | None) -> None:
        values = self.item.values
        if place is None or self.sight is None or not 0 <= place.x() < len(values):
            self.reader.point(None)
            return
        at = int(place.x())
        reading = Reading("value", numbers.figure(float(values[at])), theme.current().muted)
        name = self.sight.names[at] if at < len(self.sight.names) else str(at)
        self.reader.point(place.x(), name, [reading], lined=False)

    def numbers_of(self) -> Table:
        values = self.item.values
        names = self.sight.names if self.sight is not None and len(self.sight.names) == len(values) else ()
        return {"name": np.array(names or np.arange(len(values)).astype(str)), "value": values}


def _name(names: Sequence[str], place: int) -> str:
    return names[place] if place < len(names) else str(place)
