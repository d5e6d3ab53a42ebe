"""A large network whose nodes have no places is shown in rows at once, and arranged in the background."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nnstudio.graph.arrange import arrange
from nnstudio.graph.view import Position

if TYPE_CHECKING:
    from nnstudio.ui.canvas.scene import CanvasScene

log = logging.getLogger(__name__)


def arrange_later(scene: CanvasScene) -> None:
    """Where the places are provisional, work others out and show them, unless other nodes are shown by then or a person
    has put them somewhere."""
    standing, network = scene.standing, scene.network
    if not standing.provisional:
        return

    def take(found: Mapping[str, Position]) -> None:
        if scene.standing is standing and standing.provisional and not scene.session.view.positions:
            scene.take_arranged(found)

    scene.session.background.run(
        lambda job: arrange(network, cancelled=lambda: job.cancelled),
        take,
        lambda error: log.error("the network could not be arranged", exc_info=error),
        name="arrange",
    )
