"""The rows of the table of actions on how the drawing is laid out: arranging, frames, notes, places."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from nnstudio.graph.view import remove_bookmark, set_bookmark
from nnstudio.ui.actions import Action
from nnstudio.ui.command_palette import Command

if TYPE_CHECKING:
    from nnstudio.ui.canvas import CanvasView
    from nnstudio.ui.window import MainWindow

#: Colours of frames and notes: names of the theme's families, as a person calls them.
COLOURS = (
    ("", "None"), ("convolution", "Blue"), ("linear", "Indigo"), ("attention", "Pink"), ("recurrent", "Violet"),
    ("loss", "Red"), ("activation", "Yellow"), ("normalisation", "Green"), ("pooling", "Teal"),
    ("regularisation", "Brown"),
)  # fmt: skip
#: How many places have keys of their own.
PLACES = 9

# fmt: off


class Layout:
    """What the actions of a window's Arrange menu do, and when they can be done."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session

    @property
    def canvas(self) -> CanvasView:
        """The window's canvas."""
        return self._window.workspace.canvas

    def call(self, name: str, *given: object) -> Callable[[], object]:
        """A function that calls the canvas's method of this name."""
        return lambda: getattr(self.canvas, name)(*given)

    def chosen(self, least: int) -> Callable[[], bool]:
        """A function that says whether so many nodes are selected."""
        return lambda: self._window.in_workspace and len(self._session.selection) >= least

    def there(self) -> bool:
        """Whether there is a canvas."""
        return bool(self._window.in_workspace)

    def on_frame(self) -> bool:
        """Whether a frame is meant: marked, or around the selection."""
        return self.there() and self.canvas.annotations.frame() is not None

    def on_note(self) -> bool:
        """Whether a note is marked."""
        return self.on_marked() and not self.on_frame()

    def on_marked(self) -> bool:
        """Whether a frame or note is marked."""
        return self.there() and self.canvas.annotations.marked is not None

    def framed(self) -> bool:
        """Whether a selected node is in a frame."""
        chosen = self._session.selection
        return self.there() and any(frame.members & chosen for frame in self._session.view.frames.values())

    def may_join(self) -> bool:
        """Whether there is a frame that a selected node is not in."""
        frames, chosen = self._session.view.frames.values(), self._session.selection
        return self.there() and bool(chosen) and any(not chosen <= frame.members for frame in frames)

    def put_into(self) -> None:
        """Have the selected nodes join a frame that is chosen by its title; the only one there is at once."""
        frames, chosen = self._session.view.frames.values(), self._session.selection
        found = [frame for frame in frames if not chosen <= frame.members]
        put = [functools.partial(self.canvas.put_into_frame, frame.id) for frame in found]
        if len(put) == 1:
            put[0]()
        elif put:
            counts = (f"{len(frame.members)} layer{'' if len(frame.members) == 1 else 's'}" for frame in found)
            rows = [Command(frame.title, do, told) for frame, do, told in zip(found, put, counts, strict=True)]
            self._window.offer(rows, "Into which frame?")

    # what is remembered

    def restore(self, canvas: CanvasView) -> None:
        """Have a canvas snap and guide as it did when the program was left."""
        settings = self._window.settings
        canvas.guiding = settings.get("canvas.guides", True)
        canvas.set_snapping(settings.get("canvas.grid", True))
        canvas.annotations.marked_changed.connect(self._window.actions_table.refresh)

    def toggle_grid(self) -> None:
        """The grid on or off; remembered."""
        self.canvas.set_snapping(not self.canvas.snapping)
        self._window.settings.set(**{"canvas.grid": self.canvas.snapping})

    def toggle_guides(self) -> None:
        """Guides on or off; remembered."""
        self.canvas.guiding = not self.canvas.guiding
        self._window.settings.set(**{"canvas.guides": self.canvas.guiding})

    def arrange_frame(self) -> None:
        """Arrange the members of the frame."""
        frame = self.canvas.annotations.frame()
        if frame is not None:
            self.canvas.arranging.start(frame.members)

    # places

    def keep(self, number: int) -> Callable[[], object]:
        """A function that remembers what is seen under a number."""

        def run() -> None:
            middle, scale = self.canvas.seen().center(), self.canvas.scale_now()
            title = f"Place {number}"
            self._session.do(f"Keep place {number}", view=set_bookmark(title, middle.x(), middle.y(), scale))

        return run

    def go(self, number: int) -> Callable[[], object]:
        """A function that shows the place of a number."""
        return lambda: self.show(f"Place {number}")

    def show(self, title: str) -> None:
        """Show a place."""
        place = self._session.view.bookmarks.get(title)
        if place is None:
            keys = self._window.actions_table.shortcut_text(f"keep_{title.lower().replace(' ', '_')}")
            self._session.notice.emit("info", f"{title} is not kept yet; go there and press {keys}")
            return
        x, y, scale = place
        self.canvas.show_place(x, y, scale)

    def known(self, number: int) -> Callable[[], bool]:
        """A function that says whether there is a place of this number."""
        return lambda: self.there() and f"Place {number}" in self._session.view.bookmarks

    def forgetting(self) -> Iterable[Action]:
        """An action that forgets each place."""
        for title in sorted(self._session.view.bookmarks):
            forget = functools.partial(self._session.do, f"Forget {title.lower()}", view=remove_bookmark(title))
            yield Action(f"forget_{title}", f"Forget {title}", forget)
        if not self._session.view.bookmarks:
            yield Action("forget_none", "No places are kept", lambda: None, enabled_when=lambda: False)


def arranging(window: MainWindow) -> Iterable[Action]:
    """The actions of the Arrange menu."""
    layout = window.layout_actions
    nodes = lambda: layout.there() and bool(window.session.network.nodes)  # noqa: E731
    yield Action("arrange", "Arrange all", layout.call("arrange"), ("Ctrl+Shift+L",), "network", "Arrange",
                 "Lay the network out anew, from inputs to outputs", enabled_when=nodes, words="layout tidy")
    yield Action("arrange_selection", "Arrange selection", layout.call("arrange_selection"), ("Alt+Shift+L",), "",
                 "Arrange", "Lay the selected layers out anew, where they stand", enabled_when=layout.chosen(2),
                 words="layout tidy")
    for edge, title, key in (
        ("left", "Left edges", "Left"), ("centre", "Centres", "C"), ("right", "Right edges", "Right"),
        ("top", "Top edges", "Up"), ("middle", "Middles", "M"), ("bottom", "Bottom edges", "Down"),
    ):
        yield Action(f"align_{edge}", title, layout.call("align", edge), (f"Alt+Shift+{key}",), "", "Arrange/Align",
                     f"Bring the {title.lower()} of the selected layers into line", enabled_when=layout.chosen(2),
                     words="align line up")
    for axis, title, key in ((0, "Across", "H"), (1, "Down", "V")):
        yield Action(f"distribute_{title.lower()}", title, layout.call("distribute", axis), (f"Alt+Shift+{key}",), "",
                     "Arrange/Distribute", f"Give the selected layers equal distances {title.lower()}",
                     enabled_when=layout.chosen(3), words="distribute space evenly")
    yield Action("grid", "Snap to grid", layout.toggle_grid, ("Ctrl+Alt+G",), "", "Arrange",
                 "Show a grid of dots, to which layers snap while they are dragged (not with Alt)",
                 enabled_when=layout.there, checked_when=lambda: layout.there() and layout.canvas.snapping,
                 separated=True, words="dots snap")
    yield Action("guides", "Alignment guides", layout.toggle_guides, ("Ctrl+Alt+U",), "", "Arrange",
                 "Draw what is dragged to its neighbours' edges and centres (not with Alt)",
                 enabled_when=layout.there, checked_when=lambda: layout.there() and layout.canvas.guiding,
                 words="smart guides lines snap")
    yield from _annotations(layout)
    yield from _places(layout)


def _annotations(layout: Layout) -> Iterable[Action]:
    yield Action("frame_selection", "Frame selection", layout.call("frame_selection"), ("Ctrl+Shift+G",), "",
                 "Arrange", "Put a frame with a title around the selected layers", enabled_when=layout.chosen(1),
                 separated=True, words="group box")
    yield Action("fold_frame", "Fold or open frame", layout.call("toggle_fold"), ("Ctrl+Alt+F",), "", "Arrange",
                 "Show the frame as one card, or its layers again", enabled_when=layout.on_frame,
                 words="collapse expand unfold group")
    yield Action("put_into_frame", "Put into frame …", layout.put_into, (), "", "Arrange",
                 "The selected layers join a frame that is there, wherever they stand", enabled_when=layout.may_join,
                 words="group join add member")
    yield Action("take_out", "Take out of frame", layout.call("take_out_of_frame"), (), "", "Arrange",
                 "The selected layers leave their frame", enabled_when=layout.framed, words="ungroup leave")
    yield Action("arrange_frame", "Arrange frame", layout.arrange_frame, (), "", "Arrange",
                 "Lay the frame's layers out anew, where they stand", enabled_when=layout.on_frame, words="layout tidy")
    yield Action("select_members", "Select the frame's layers", layout.call("select_members"), (), "", "Arrange",
                 enabled_when=layout.on_frame, words="group")
    yield Action("remove_frame", "Remove frame", layout.call("remove_frame"), ("Ctrl+Alt+Shift+G",), "", "Arrange",
                 "Take the frame away; its layers stay", enabled_when=layout.on_frame, words="ungroup delete")
    yield Action("add_note", "Add note", layout.call("add_note"), ("Ctrl+Alt+N",), "", "Arrange",
                 "Write a note on the canvas, in Markdown", enabled_when=layout.there, separated=True,
                 words="comment text annotation markdown")
    yield Action("edit_marked", "Edit title or text", layout.call("edit_marked"), (), "", "Arrange",
                 "Edit the frame's title or the note's text (Enter, or a double-click)",
                 enabled_when=lambda: layout.on_marked() or layout.on_frame(), words="rename frame note")
    yield Action("delete_marked", "Delete note", layout.call("delete_marked"), (), "", "Arrange",
                 enabled_when=layout.on_note, words="remove")
    yield Action("mark_next", "Next frame or note", layout.call("mark_next"), ("Ctrl+Alt+PgDown",), "", "Arrange",
                 "Select the next frame or note and show it", enabled_when=layout.there, words="go to select")
    yield Action("mark_previous", "Previous frame or note", layout.call("mark_next", -1), ("Ctrl+Alt+PgUp",), "",
                 "Arrange", "Select the frame or note before and show it", enabled_when=layout.there,
                 words="go to select")
    for name, title in COLOURS:
        yield Action(f"colour_{title.lower()}", title, layout.call("recolour", name), (), "", "Arrange/Colour",
                     "The colour of the frame or note",
                     enabled_when=lambda: layout.on_marked() or layout.on_frame(), words="color tint frame note")


def _places(layout: Layout) -> Iterable[Action]:
    for number in range(1, PLACES + 1):
        yield Action(f"go_place_{number}", f"Go to place {number}", layout.go(number), (f"Ctrl+Alt+{number}",), "",
                     "Arrange/Places", "Show what was seen when this place was kept",
                     enabled_when=layout.known(number), words="bookmark")
    for number in range(1, PLACES + 1):
        yield Action(f"keep_place_{number}", f"Keep as place {number}", layout.keep(number),
                     (f"Ctrl+Alt+Shift+{number}",), "", "Arrange/Keep place",
                     "Remember what is seen now, with the project", enabled_when=layout.there, words="bookmark set")
    yield Action("forget_place", "Forget", lambda: None, menu="Arrange/Forget place", dynamic=layout.forgetting)
