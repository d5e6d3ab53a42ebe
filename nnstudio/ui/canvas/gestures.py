"""What keys and mouse do on the canvas, in words: the sheet of shortcuts shows it beside the window's actions."""

from __future__ import annotations

#: Groups of (keys or gesture, what it does).
GESTURES: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Canvas: keys",
        (
            ("Arrow keys", "go along the wires: right to what a layer feeds, left to what feeds it"),
            ("Alt+Arrow keys", "go to the nearest layer in a direction"),
            ("N, Shift+N", "select what the selected layers feed, or what feeds them, in addition"),
            ("Shift+Arrow keys", "move what is selected by a step of the grid, with Ctrl by 1"),
            ("Ctrl+Arrow keys", "move the sheet"),
            ("Tab", "add a layer by name, wired behind the selected one"),
            ("Enter", "go to the parameters; open a block"),
            ("W, Shift+W", "draw a wire from the selected layer, or into it, by name"),
            ("C, Shift+C", "select the layer's wires one after the other"),
            ("Shift+Up, Shift+Down", "on a selected wire: its place among those at the same port"),
            (
                "Shift+P, P",
                "bend the selected wire in its middle; go to its points, which arrow keys move and Delete removes",
            ),
            ("R", "replace the selected layers by another type"),
            ("B, Shift+B", "bypass; freeze"),
            ("F, 1, +, −", "fit; actual size; nearer; farther"),
            ("Escape", "give up a gesture; select nothing; leave a block"),
        ),
    ),
    (
        "Search",
        (
            ("conv 64 k5 s2", "a layer with its parameters; numbers fill the first ones"),
            ("linear 128 > relu", "several layers, wired"),
            ("Enter", "add, wired to the selected layer or to the wire that was drawn"),
            ("Shift+Enter", "add on its own"),
            ("Ctrl+Enter", "add before all that follows the selected layer"),
            ("Tab", "write the name out"),
        ),
    ),
    (
        "Canvas: mouse",
        (
            ("Double click", "on the sheet: add; on a wire: insert; on a layer: rename; on a block: open"),
            ("Drag from a port", "a wire; into the void: what fits there"),
            ("Drag the end of a wire", "put it elsewhere; into the void: take the wire away"),
            ("Drag the middle of a wire", "lead it through a point, as Alt+Click; double click takes a point away"),
            ("Ctrl+Shift+Drag on the sheet", "cut all wires that the stroke crosses"),
            ("Drag a layer with Ctrl", "put a copy there"),
            ("Drag a layer with Ctrl+Shift onto another", "let the two change places"),
            ("Drag a layer without wires onto a wire", "insert it there"),
            ("Drag with Alt", "off the grid"),
            ("Space and drag, middle button", "move the sheet"),
            ("Ctrl+Wheel", "zoom"),
        ),
    ),
)
