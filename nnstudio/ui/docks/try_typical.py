"""What trying a network begins with where its data is not there: a typical row, of what the data taught."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset
    from nnstudio.data.fitted import Fitted
    from nnstudio.ui.session import Session

log = logging.getLogger(__name__)


class Typical:
    """The typical row of a session's trained network, worked out in the background; ``arrived`` is called when it is
    there. dataset: data of that row; None while the data itself is there or being read, and where nothing is known."""

    def __init__(self, session: Session, arrived: Callable[[], object]) -> None:
        self._session, self._arrived = session, arrived
        self._of: Fitted | None = None
        self.dataset: Dataset | None = None

    def look(self) -> None:
        """Have it worked out where it is needed; forget it where it no longer is."""
        session = self._session
        there = session.dataset is not None or session.data_job is not None
        fitted = None if there else session.training.fitted
        if fitted is self._of:
            return
        self._of, self.dataset = fitted, None
        if fitted is not None:
            self._begin(fitted)

    def _begin(self, fitted: Fitted) -> None:
        def work(_: object) -> Dataset | None:
            from nnstudio.data.typical import typical

            return typical(fitted, "a typical row")

        def done(found: Dataset | None) -> None:
            if self._of is fitted:
                self.dataset = found
                self._arrived()

        def failed(error: BaseException) -> None:
            log.warning("no typical row could be made", exc_info=error)

        self._session.background.run(work, done, failed, name="typical row")
