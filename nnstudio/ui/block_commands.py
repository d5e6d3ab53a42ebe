"""The rows of the table of actions on blocks and their tabs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nnstudio.ui.actions import Action

if TYPE_CHECKING:
    from nnstudio.ui.window import MainWindow

# fmt: off


def block_commands(window: MainWindow) -> Iterable[Action]:
    """Blocks: made, opened, left, unpacked."""
    blocks = window.block_actions
    yield Action("make_block", "Make a block", blocks.make, ("Ctrl+G",), "", "Network/Blocks",
                 "Put the selected layers into a block of their own", enabled_when=blocks.may_make,
                 words="group subnetwork module collapse")
    yield Action("open_block", "Open block", blocks.open, ("Ctrl+Return",), "", "Network/Blocks",
                 "Show and edit what is in the selected block", enabled_when=blocks.may_open, words="enter inside dive")
    yield Action("open_block_tab", "Open block in a tab", blocks.open_in_tab, ("Ctrl+Shift+Return",), "",
                 "Network/Blocks", "Show what is in the selected block, in a tab of its own",
                 enabled_when=blocks.may_open, words="enter inside")
    yield Action("unpack_block", "Unpack block", blocks.unpack, ("Ctrl+Shift+U",), "", "Network/Blocks",
                 "Put what is in the selected block in its place", enabled_when=blocks.may_unpack,
                 words="ungroup expand inline explode")
    yield Action("save_block", "Save block to my library", blocks.save, (), "", "Network/Blocks",
                 "Keep the selected block, with all that it uses, for every project", enabled_when=blocks.may_open,
                 words="keep reuse share template")
    yield Action("undo_library", "Undo change of my library", blocks.take_back, (), "", "Network/Blocks",
                 "What was saved, renamed or deleted last in your library is as it was before",
                 enabled_when=blocks.may_take_back, words="restore deleted block take back")
    network = window.network_actions
    yield Action("expose", "Expose a parameter …", network.expose, ("Ctrl+Shift+E",), "", "Network/Blocks",
                 "Set a number of the selected layer from the block's node, or by a name for the whole network",
                 enabled_when=lambda: network.may_expose, words="width named parameter expression variable")
    yield Action("leave_block", "Leave block", blocks.leave, ("Ctrl+Backspace",), "", "Network/Blocks",
                 "Go out to what the block stands in", enabled_when=blocks.inside, words="up out")


def tab_commands(window: MainWindow) -> Iterable[Action]:
    """Tabs over the canvas: the next, the one before, closed."""
    blocks = window.block_actions
    yield Action("next_tab", "Next tab", blocks.next_tab, ("Ctrl+Tab", "Ctrl+PgDown"), "", "View/Tab",
                 enabled_when=blocks.several)
    yield Action("previous_tab", "Previous tab", blocks.previous_tab, ("Ctrl+Shift+Tab", "Ctrl+PgUp"), "", "View/Tab",
                 enabled_when=blocks.several)
    yield Action("close_tab", "Close tab", blocks.close_tab, ("Ctrl+Shift+W",), "", "View/Tab",
                 "Close the block that is open", enabled_when=blocks.inside)
