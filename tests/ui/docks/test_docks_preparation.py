"""Steps of the preparation and augmentation in the data panel: added, changed, moved, removed, undone, previewed."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from nnstudio.data import DataReference, open_data, shipped_reference
from nnstudio.data.augment import Cutout, DropTokens, Mixup, Noise, Shift
from nnstudio.data.steps.numbers import Scale
from nnstudio.data.steps.texts import Tokens
from nnstudio.ui.data_dialog import DataDialog
from nnstudio.ui.docks import DataPanel
from nnstudio.ui.session import Session

TEXTS = "words,size,label\n" + "\n".join(f"it is so number {n},{n}.5,{'ab'[n % 2]}" for n in range(60))


@pytest.fixture
def session(qapp):
    """A session that reads its data."""
    made = Session(qapp)
    yield made
    made.shut_down()
    made.deleteLater()


@pytest.fixture
def panel(session, show, tmp_path) -> DataPanel:
    (tmp_path / "texts.csv").write_text(TEXTS)
    made = DataPanel(session)
    show(made, 1200, 320)
    return made


def use(qtbot, session, panel, reference) -> None:
    session.do("Choose data", data=reference)
    settled(qtbot, session, panel)


def settled(qtbot, session, panel) -> None:
    """Wait until the data of the session's reference is there and shown."""

    def there():
        dataset, reference = session.dataset, session.reference
        return (
            session.data_job is None and not panel._stale and (dataset is None or reference.reads_as(dataset.reference))
        )

    qtbot.waitUntil(there, timeout=10_000)


def open_page(qtbot, panel, title) -> None:
    places = [panel.tabs.tabText(place) for place in range(panel.tabs.count())]
    qtbot.mouseClick(panel.tabs, Qt.MouseButton.LeftButton, pos=panel.tabs.tabRect(places.index(title)).center())


def pick(records, title) -> None:
    """Choose an entry of the menu of what can be added, as with the keyboard."""
    action = next(action for action in records.adding.actions() if action.text() == title)
    assert action.isEnabled(), action.toolTip()
    action.trigger()


def told(steps) -> list[str]:
    return [steps.list.item(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(steps.list.count())]


@pytest.fixture
def steps(qtbot, session, panel, tmp_path):
    """The page of steps, of a table with texts."""
    use(qtbot, session, panel, DataReference.file(tmp_path / "texts.csv", options={"format": "csv"}))
    open_page(qtbot, panel, "Preparation")
    return panel.steps.steps


def test_without_steps_the_page_says_what_they_are_for(steps):
    assert steps.nothing.isVisible()
    assert "training rows alone" in steps.nothing.text()
    assert not steps.remove.isEnabled()


def test_a_step_is_added_for_the_column_that_fits_and_tells_what_it_learned(qtbot, session, panel, steps):
    pick(steps, "Text to tokens")
    settled(qtbot, session, panel)
    assert session.reference.steps == (Tokens(column="words"),)
    assert session.document.undo_label == "Add “Text to tokens”"
    assert "words" in session.dataset.types
    assert "tokens" in told(steps)[0]
    assert "words 5" in panel.steps.made.text()
    session.document.undo()
    settled(qtbot, session, panel)
    assert session.reference.steps == ()
    assert steps.list.count() == 0


def test_what_no_column_fits_cannot_be_added_and_says_why(steps):
    action = next(action for action in steps.adding.actions() if action.text() == "Sound to spectrogram")
    assert not action.isEnabled()
    assert "kind sound" in action.toolTip()


def test_a_step_is_changed_in_its_form(qtbot, session, panel, steps):
    pick(steps, "Text to tokens")
    settled(qtbot, session, panel)
    length = steps.form.fields["length"].line
    length.selectAll()
    QTest.keyClicks(length, "7")
    settled(qtbot, session, panel)
    assert session.reference.steps[0].length == 7
    assert session.dataset.types["words"].sizes[1] == 7
    assert steps.form.fields["length"].line is length  # one can go on typing
    assert session.document.undo_label == "Change “Text to tokens”"


def test_columns_are_chosen_in_a_menu(qtbot, session, panel, steps):
    pick(steps, "Scale numbers")
    settled(qtbot, session, panel)
    menu = steps.form.fields["columns"].menu
    next(action for action in menu.actions() if action.text() == "size").trigger()
    settled(qtbot, session, panel)
    assert session.reference.steps == (Scale(columns=("size",)),)
    assert "size: mean" in told(steps)[0]


def test_steps_are_moved_and_removed_and_what_makes_rows_comes_first(qtbot, session, panel, steps):
    pick(steps, "Text to tokens")
    settled(qtbot, session, panel)
    pick(steps, "Cut a long text")
    settled(qtbot, session, panel)
    kinds = [step.kind for step in session.reference.steps]
    assert kinds == ["chunks", "tokens"]
    steps.list.setCurrentRow(0)
    qtbot.mouseClick(steps.down, Qt.MouseButton.LeftButton)
    settled(qtbot, session, panel)
    assert [step.kind for step in session.reference.steps] == ["tokens", "chunks"]
    assert "move it below" in panel.steps.made.text()  # the page stays, so that it can be mended
    assert panel.steps.isVisible()
    steps.list.setCurrentRow(1)
    qtbot.mouseClick(steps.remove, Qt.MouseButton.LeftButton)
    settled(qtbot, session, panel)
    assert [step.kind for step in session.reference.steps] == ["tokens"]
    assert session.document.undo_label == "Remove “Cut a long text”"
    assert "move it below" not in panel.steps.made.text()


# Augmentation.


@pytest.fixture
def augment(qtbot, session, panel):
    use(qtbot, session, panel, shipped_reference("digits"))
    open_page(qtbot, panel, "Augmentation")
    qtbot.waitUntil(lambda: len(panel.augment.preview.before) > 0, timeout=20_000)
    return panel.augment


def pixels(images) -> list[bytes]:
    return [bytes(image.constBits()) for image in images]


def test_pictures_are_shown_as_they_are_trained_on(qtbot, session, augment):
    assert pixels(augment.preview.before) == pixels(augment.preview.after)
    dataset = session.dataset
    pick(augment.records, "Noise")
    qtbot.waitUntil(lambda: pixels(augment.preview.before) != pixels(augment.preview.after), timeout=10_000)
    assert session.reference.augment == (Noise(),)
    assert session.document.undo_label == "Add “Noise”"
    assert session.dataset.augment == (Noise(),)
    assert session.dataset.arrays("train") is dataset.arrays("train")  # nothing was read again
    shown = pixels(augment.preview.before)
    qtbot.mouseClick(augment.shuffle, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: pixels(augment.preview.before) != shown, timeout=10_000)
    session.document.undo()
    qtbot.waitUntil(lambda: pixels(augment.preview.before) == pixels(augment.preview.after), timeout=10_000)
    assert session.dataset.augment == ()


def test_augmentation_is_changed_in_its_form(qtbot, session, augment):
    pick(augment.records, "Cut out")
    qtbot.waitUntil(lambda: augment.records.form is not None)
    size = augment.records.form.fields["size"].line
    size.selectAll()
    QTest.keyClicks(size, "0.9")
    qtbot.waitUntil(lambda: session.reference.augment == (Cutout(size=0.9),))


def test_what_cannot_be_done_to_this_data_cannot_be_added(augment):
    action = next(action for action in augment.records.adding.actions() if action.text() == "Drop tokens")
    assert not action.isEnabled()


@pytest.mark.usefixtures("steps")
def test_a_table_has_nothing_to_preview(qtbot, panel):
    open_page(qtbot, panel, "Augmentation")
    qtbot.waitUntil(lambda: "are shown here as they are trained on" in panel.augment.sentence.text())
    assert not panel.augment.shuffle.isEnabled()


def test_tokens_that_are_dropped_are_struck_through(qtbot, session, panel, tmp_path):
    steps = (Tokens.make({"column": "words", "by": "words"}),)
    reference = DataReference.file(tmp_path / "texts.csv", options={"format": "csv"}).with_choice("words", kind="text")
    use(qtbot, session, panel, reference.with_(steps=steps))
    open_page(qtbot, panel, "Augmentation")
    tokens = panel.augment.tokens
    qtbot.waitUntil(lambda: "so number" in tokens.text(), timeout=20_000)
    assert "<s>" not in tokens.text()
    assert panel.augment.preview.isHidden()
    assert panel.augment.shuffle.isEnabled()
    pick(panel.augment.records, "Drop tokens")
    session.do("Drop more", data=session.reference.with_(augment=(DropTokens(amount=0.6),)))
    qtbot.waitUntil(lambda: "<s>" in tokens.text(), timeout=10_000)
    struck = tokens.accessibleDescription().removeprefix("dropped: ").split(", ")
    assert struck
    assert all(f"<s>{token}</s>" in tokens.text() for token in struck if token.isalnum())


def test_sounds_are_shown_as_waves_before_and_after(qtbot, session, panel, tmp_path):
    waves = np.sin(np.arange(40 * 300, dtype=np.float32).reshape(40, 300))
    np.savez(tmp_path / "s.npz", sound=waves, label=np.arange(40) % 2)
    reference = DataReference.file(tmp_path / "s.npz", options={"format": "npz"}).with_choice("sound", kind="sound")
    use(qtbot, session, panel, reference.with_choice("label", role="target"))
    open_page(qtbot, panel, "Augmentation")
    shown = panel.augment.waves
    qtbot.waitUntil(lambda: len(shown.before) > 0, timeout=20_000)
    assert shown.isVisibleTo(panel.augment)
    assert all(np.array_equal(a, b) for a, b in zip(shown.before, shown.after, strict=True))
    still = shown.grab().toImage()
    pick(panel.augment.records, "Noise")
    qtbot.waitUntil(
        lambda: any(not np.array_equal(a, b) for a, b in zip(shown.before, shown.after, strict=True)), timeout=10_000
    )
    assert shown.grab().toImage() != still
    assert any(np.array_equal(shown.before[0], wave) for wave in waves)
    session.do("Shift", data=session.reference.with_(augment=(Shift(by=0.5),)))
    qtbot.waitUntil(lambda: any((wave[:8] == 0).all() for wave in shown.after), timeout=10_000)


def test_a_record_for_another_field_leaves_what_is_previewed_as_it_is():
    from nnstudio.train.augmenting_shown import previewed
    from nnstudio.train.environment import TrainingError

    data = open_data(shipped_reference("digits"))
    with pytest.raises(TrainingError, match="changes the field “sound”, which no input"):
        previewed(data, (Noise(field="sound"),), 6, 0)


def test_the_preview_mixes_pictures_too():
    from nnstudio.train.augmenting_shown import previewed

    pictures = previewed(open_data(shipped_reference("digits")), (Mixup(alpha=1.0),), 6, 0).pictures
    assert pictures is not None
    before, after = pictures
    assert before.shape == after.shape == (6, 8, 8)
    assert not np.array_equal(before, after)


def test_in_the_dialog_steps_and_augmentation_belong_to_the_choice(qtbot, session):
    session.do("Choose data", data=shipped_reference("digits"))
    dialog = DataDialog(session, None)
    dialog.show()
    qtbot.waitUntil(dialog.use.isEnabled, timeout=10_000)
    pick(dialog.steps, "Crop pictures")
    qtbot.waitUntil(lambda: dialog._job is not None)
    qtbot.waitUntil(dialog.use.isEnabled, timeout=10_000)
    pick(dialog.augment.records, "Flip")
    qtbot.waitUntil(lambda: dialog.reference.augment != () and dialog._job is not None)
    qtbot.waitUntil(dialog.use.isEnabled, timeout=10_000)
    assert session.reference.steps == ()
    qtbot.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    assert session.reference.steps[0].kind == "crop"
    assert session.reference.augment[0].kind == "flip"
    assert session.document.undo_label == "Choose data"
