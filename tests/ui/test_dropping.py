"""Several files that are dropped on the window at once."""

from __future__ import annotations

from nnstudio.ui.data_dialog import DataDialog
from tests.ui.test_window import drop


def test_of_several_files_that_are_dropped_it_is_told_which_was_opened(window, qtbot, tmp_path):
    paths = [tmp_path / name for name in ("notes.pdf", "a.csv", "b.csv")]
    for path in paths:
        path.write_text("x,y\n" + "\n".join(f"{i},{'ab'[i % 2]}" for i in range(30)))
    drop(window, *paths)
    qtbot.waitUntil(lambda: window.findChild(DataDialog) is not None)
    dialog = window.findChild(DataDialog)
    qtbot.waitUntil(lambda: dialog.dataset is not None, timeout=30_000)
    assert dialog.dataset.title == "a.csv"
    (notice,) = window.notices.shown
    assert notice.sentence == (
        "Of 3 files that were dropped only a.csv was opened; "
        "to use them together, put them into one folder and drop that"
    )
    notice.leave()
    dialog.reject()


def test_several_files_of_which_none_can_be_opened_belong_into_a_folder(window, qtbot, tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(4)]
    for path in paths:
        path.write_bytes(b"")
    drop(window, *paths)
    qtbot.waitUntil(lambda: len(window.notices.shown) == 1)
    (notice,) = window.notices.shown
    assert notice.sentence == (
        "None of the 4 files that were dropped can be opened alone, such as 0.png; "
        "put them into one folder and drop that"
    )
    notice.leave()
    assert window.findChild(DataDialog) is None
