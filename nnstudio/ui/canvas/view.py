"""The canvas: the network to be seen and edited with mouse and keyboard."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import (
    QAbstractAnimation,
    QEasingCurve,
    QEvent,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QVariantAnimation,
)
from PySide6.QtGui import QContextMenuEvent, QHelpEvent, QPainter
from PySide6.QtWidgets import QStyle, QToolTip, QWidget

from nnstudio.graph.places import Box
from nnstudio.graph.view import Position
from nnstudio.ui.canvas.annotated import Annotated
from nnstudio.ui.canvas.comparison_bar import ComparisonBar
from nnstudio.ui.canvas.corners import Invitation, Minimap
from nnstudio.ui.canvas.editing import Editor
from nnstudio.ui.canvas.legend import Legend
from nnstudio.ui.canvas.menus import menu_for
from nnstudio.ui.canvas.scene import CanvasScene, Hit
from nnstudio.ui.canvas.time_bar import TimeBar
from nnstudio.ui.canvas.tips import tip_for
from nnstudio.ui.scope import Scope
from nnstudio.ui.session import Session

#: How long an arrangement moves, in milliseconds, and with how many nodes it does not.
MOTION, STILL = 180, 10_000


class CanvasView(Annotated):
    """One window's canvas."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        scene = CanvasScene(session)
        super().__init__(scene, session, Editor(session, scene), parent)
        scene.setParent(self)
        self.setAccessibleName("Network canvas")
        self.minimap = Minimap(self)
        self.legend = Legend(scene.magnitudes, self)
        self.time_bar = TimeBar(session, self)
        self.invitation = Invitation(self)
        self.comparison_bar = ComparisonBar(scene.comparison, self)
        self._motion = QVariantAnimation(self, duration=MOTION, startValue=0.0, endValue=1.0)
        self._motion.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._motion.valueChanged.connect(self._move_on)
        self._motion.finished.connect(scene.settle)
        self._from: dict[str, Position] = {}
        self._scope = session.scope
        self._over: list[QRect] = []
        self._told: tuple[bool, bool] | None = None  # whether nothing is drawn, and whether a run tells of it
        self._left: dict[Scope, tuple[QPointF, float] | None] = {}  # what was seen of other scopes; None: all
        self.invitation.pressed.connect(self.quick_add)
        scene.reset.connect(self._reset)
        scene.reset.connect(self.minimap.begin)
        scene.layout_changed.connect(self._layout_changed)
        scene.magnitudes.changed.connect(self._overlay_came)
        self.time_bar.appeared.connect(self._overlay_came)
        session.changed.connect(self._document_changed)
        session.selection_changed.connect(self._selected)
        session.drawn.connect(self.fit)
        self._layout_changed()

    # -- what the window's actions call ---------------------------------------------------------------------------

    def animate_from(self, before: Mapping[str, Position]) -> None:
        """Show the way of the nodes from their old places."""
        if not self.seen().intersects(self.canvas.content_rect()) or len(before) == len(self.canvas.places):
            self.fit()
        calm = not self.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration, None, self)
        if calm or len(before) > STILL or not self.isVisible():
            return
        self._from = dict(before)
        self.canvas.show_at(before)
        self._motion.start()

    # -- following ------------------------------------------------------------------------------------------------

    def _covered(self) -> list[Box]:
        boxes = []
        for widget in (self.minimap, self.legend, self.time_bar):
            if not widget.isHidden():
                area = self.mapToScene(widget.geometry()).boundingRect()
                boxes.append((area.left(), area.top(), area.right(), area.bottom()))
        return boxes

    def extent(self) -> QRectF:
        """The rectangle around all that is drawn, what a comparison shows included."""
        return super().extent().united(self.canvas.comparison.extent())

    def _bar_height(self) -> int:
        return 0 if self.comparison_bar.isHidden() else self.comparison_bar.height()

    def _corner_heights(self) -> tuple[int, ...]:
        over = {part.y() for part in (self.minimap, self.legend, self.time_bar) if not part.isHidden()}
        return tuple(self.height() - top - 32 for top in sorted(over, reverse=True))

    def foot(self, left: int, right: int) -> int:
        """How much of the lower edge between two columns, in pixels, is under legend, time bar or map."""
        parts = (part for part in (self.minimap, self.legend, self.time_bar) if not part.isHidden())
        tops = [part.y() for part in parts if part.x() < right and left <= part.geometry().right()]
        return self.height() - min(tops, default=self.height())

    def _document_changed(self, _: object) -> None:
        self.cancel_tool()  # what it holds may be gone, or elsewhere
        if self._motion.state() == QAbstractAnimation.State.Running:
            self._motion.stop()
            self.canvas.settle()

    def _reset(self) -> None:
        self.cancel_tool()
        self.quick_add_box.close_quietly()
        self.name_field.hide()
        self.note_editor.hide()
        before, self._scope = self._scope, self.session.scope
        if before == self._scope:
            self._left.clear()
        else:
            self._left[before] = None if self._fitted else (self.seen().center(), self.scale_now())
        known = self._left.get(self._scope)
        if known is None:
            self.fit()
        else:
            self.zoom_to(known[1])
            self.center_on(known[0])

    def _move_on(self, share: float) -> None:
        goal = self.canvas.places
        moved = {
            id: (x + (goal[id][0] - x) * share, y + (goal[id][1] - y) * share)
            for id, (x, y) in self._from.items()
            if id in goal
        }
        self.canvas.show_at(moved)

    def _layout_changed(self) -> None:
        told = not self.canvas.items_by_id, self.canvas.magnitudes.shown
        if told != self._told:
            self._told = told
            self.invitation.setVisible(told[0])
            self._overlay_moved()
        else:
            self.minimap.update()

    def _overlay_came(self) -> None:
        """Make room on a sheet that shows all of the network when what floats over it comes, goes or grows."""
        self._overlay_moved()
        parts = (self.minimap, self.legend, self.time_bar)
        before, self._over = self._over, [part.geometry() for part in parts if not part.isHidden()]
        if self._fitted and self.tool is None and self._over != before:
            self.fit()

    def _place_time_bar(self, left: int, width: int, bottom: int) -> tuple[int, int]:
        """Put the time bar between the legend, which reaches to ``left``, and the map; where that is tight, below the
        map; else below both. Returns how far the legend and the map have to go up."""
        if self.time_bar.isHidden():
            return 0, 0
        right = width - (0 if self.minimap.isHidden() else self.minimap.width() + 12)
        if self.time_bar.place(left, right, bottom):
            return 0, 0
        up = self.time_bar.sizeHint().height() + 8
        if self.time_bar.place(left, width, bottom):
            return 0, up
        self.time_bar.stretch(width, bottom)
        return up, up

    def _overlay_moved(self) -> None:
        if not hasattr(self, "invitation"):
            return
        width, height = self.width(), self.height()
        room = width > 420 and height > 220
        self.minimap.setVisible(room and bool(self.canvas.items_by_id))
        self.legend.setVisible(self.canvas.magnitudes.shown and width > self.legend.width() + 24)
        left = 12 + self.legend.width() if not self.legend.isHidden() else 0
        if left + self.minimap.width() + 24 > width:
            self.minimap.hide()
        self.time_bar.setVisible(self.time_bar.wanted and width > 240)
        legend_up, map_up = self._place_time_bar(left, width, height - 12)
        self.minimap.move(width - self.minimap.width() - 12, height - self.minimap.height() - 12 - map_up)
        self.legend.move(12, height - self.legend.height() - 12 - legend_up)
        self.comparison_bar.move((width - self.comparison_bar.width()) // 2, 10)
        self.invitation.move((width - self.invitation.width()) // 2, (height - self.invitation.height()) // 2)
        self.minimap.update()

    def _selected(self) -> None:
        network, chosen = self.session.network, self.session.selection
        nodes = [network.nodes[id] for id in (chosen if len(chosen) == 1 else ()) if id in network.nodes]
        told = f"{nodes[0].name}, {nodes[0].layer.subtitle()}" if nodes else f"{len(chosen)} nodes"
        self.setAccessibleDescription(f"{told} selected" if chosen else "nothing selected")
        if nodes and not self.hasFocus():
            self.reveal(self.canvas.box_with_margin(nodes[0].id))

    # -- menus and tips -------------------------------------------------------------------------------------------

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.tool is not None:
            return  # the right button is cutting wires
        at, mouse = event.pos(), event.reason() == QContextMenuEvent.Reason.Mouse
        if self.annotations.ask(at if mouse else None):
            return
        hit = self.hit(at) if mouse else self._hit_selected()
        if hit.node and hit.node not in self.session.selection:
            self.session.select([hit.node])
        if hit.wire is not None:
            self.session.select(())
            self.canvas.mark_wires([hit.wire])
        menu = menu_for(self, hit, at if mouse else self._spot(hit))
        menu.popup(event.globalPos() if mouse else self.mapToGlobal(self._menu_point(hit)))

    def _hit_selected(self) -> Hit:
        wire = next(iter(self.canvas.marked_wires), None) if not self.session.selection else None
        return Hit(next(iter(self.session.selection), ""), wire=wire)

    def _menu_point(self, hit: Hit) -> QPoint:
        """Where the menu that a key opened belongs: at what is selected, else in the middle."""
        area = self.viewport().rect()
        at = self._spot(hit)
        return at if area.contains(at) else area.center()

    def _spot(self, hit: Hit) -> QPoint:
        """The middle of what is selected; that of the view where nothing is."""
        if hit.wire is not None:
            return self.mapFromScene(self.points.middle(hit.wire))
        if hit.node:
            return self.mapFromScene(self.canvas.content_rect([hit.node]).center())
        return self.viewport().rect().center()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), tip_for(self.canvas, self.hit(event.pos())), self.viewport())
            return True
        return super().viewportEvent(event)

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        self.paint_gesture(painter)
        self.paint_guides(painter)
