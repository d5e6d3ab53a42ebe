"""What a person can do in the window: the rows of the table of actions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtGui import QKeySequence

from nnstudio.ui import theme
from nnstudio.ui.actions import Action
from nnstudio.ui.arrange_commands import arranging
from nnstudio.ui.block_commands import block_commands, tab_commands
from nnstudio.ui.carried import show_carried
from nnstudio.ui.contest.commands import contest_commands
from nnstudio.ui.docks.judging.commands import judging_commands
from nnstudio.ui.drawing_actions import drawing_rows
from nnstudio.ui.finding.commands import finding_commands
from nnstudio.ui.folds import folds_commands
from nnstudio.ui.learning.commands import learning_commands
from nnstudio.ui.living_actions import living_rows
from nnstudio.ui.panels import PANELS
from nnstudio.ui.planned import group_of_selected, phase_of_selected
from nnstudio.ui.quick_fix import quick_fix
from nnstudio.ui.run_commands import run_commands
from nnstudio.ui.suggesting import suggesting_commands

if TYPE_CHECKING:
    from nnstudio.ui.window import MainWindow

# fmt: off
Keys = QKeySequence.StandardKey
#: Keys of panels beyond the ninth.
BEYOND = {"Try it": ("Ctrl+Alt+T",), "Evaluate": ("Ctrl+Alt+E",)}
MENUS = ("File", "Edit", "Network", "Arrange", "View", "Data", "Training", "Help")


def commands(window: MainWindow) -> Iterable[Action]:
    """Every action of a window, in the order of the menus."""
    yield from _file(window)
    yield from _edit(window)
    yield from _network(window)
    yield from block_commands(window)
    yield from arranging(window)
    yield from drawing_rows(window)
    yield from _view(window)
    yield from tab_commands(window)
    yield from _data(window)
    yield from suggesting_commands(window)
    yield from _training(window)
    yield from run_commands(window)
    yield from learning_commands(window)
    yield from living_rows(window)
    yield from finding_commands(window)
    yield from contest_commands(window)
    yield from folds_commands(window)
    yield from judging_commands(window)
    yield from _help(window)


def _file(window: MainWindow) -> Iterable[Action]:
    files, session = window.file_actions, window.session
    open_ = lambda: window.in_workspace  # noqa: E731
    yield Action("new", "New network", files.new, (Keys.New,), "new", "File", "Begin with an empty canvas")
    yield Action("open", "Open …", files.open, (Keys.Open,), "open", "File", "Open a project or a data file",
                 words="load project")
    yield Action("recent", "Open recent", files.nothing, menu="File/Open recent", dynamic=files.recent)
    yield Action("new_from_template", "New from template …", files.new_from_template, ("Ctrl+Shift+N",), "", "File",
                 "Begin with a classical network, such as ResNet-50, or with an example",
                 words="classical networks resnet vgg transformer bert gpt example gallery")
    yield Action("gallery", "Gallery", window.show_welcome, ("Ctrl+Shift+O",), "network", "File",
                 "Recent projects and examples", words="welcome examples templates start page")
    yield Action("save", "Save", files.save, (Keys.Save,), "save", "File", "Save the project",
                 enabled_when=open_, separated=True)
    yield Action("save_as", "Save as …", files.save_as, ("Ctrl+Shift+S",), "", "File", "Save under another name",
                 enabled_when=open_)
    yield Action("export", "Export model …", files.export, ("Ctrl+E",), "export", "File",
                 "Write the trained model as ONNX, PyTorch, safetensors or Python", words="onnx pt2 safetensors python",
                 enabled_when=lambda: window.in_workspace and bool(session.network.nodes), separated=True)
    yield Action("close", "Close project", files.close, (Keys.Close,), "", "File", "Back to the gallery",
                 enabled_when=open_, separated=True)
    yield Action("quit", "Quit", window.close, ("Ctrl+Q",), "", "File", "Leave NN Studio", words="exit")


def _edit(window: MainWindow) -> Iterable[Action]:
    session, document = window.session, window.session.document
    canvas = window.canvas_call
    there = lambda: window.in_workspace  # noqa: E731
    some = lambda: window.in_workspace and bool(session.selection)  # noqa: E731
    nodes = lambda: window.in_workspace and bool(session.network.nodes)  # noqa: E731
    yield Action("undo", "Undo", session.undo, (Keys.Undo,), "undo", "Edit",
                 enabled_when=lambda: window.in_workspace and bool(document.undo_label),
                 title_when=lambda: _told("Undo", document.undo_label))
    yield Action("redo", "Redo", session.redo, ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", "Edit",
                 enabled_when=lambda: window.in_workspace and bool(document.redo_label),
                 title_when=lambda: _told("Redo", document.redo_label))
    yield Action("cut", "Cut", canvas("cut"), (Keys.Cut,), "cut", "Edit", enabled_when=some, separated=True)
    yield Action("copy", "Copy", canvas("copy"), (Keys.Copy,), "copy", "Edit", enabled_when=some)
    yield Action("paste", "Paste", canvas("paste"), (Keys.Paste,), "paste", "Edit", enabled_when=there)
    yield Action("duplicate", "Duplicate", canvas("duplicate"), ("Ctrl+D",), "copy", "Edit", enabled_when=some)
    yield Action("delete", "Delete", canvas("delete_selection"), (Keys.Delete,), "delete", "Edit",
                 "Delete the selected layers and wires", enabled_when=there, words="remove")
    yield Action("delete_bridge", "Delete and reconnect", window.network_actions.delete_and_rejoin,
                 ("Ctrl+Del",), "", "Edit", "Delete the selected layers and join what fed them to what they fed",
                 enabled_when=some, words="remove rejoin bridge")
    yield Action("rename", "Rename", window.rename, ("F2",), "", "Edit", "Give the selected layer another name",
                 enabled_when=lambda: window.in_workspace and len(session.selection) == 1)
    yield Action("quick_fix", "Quick fix …", lambda: quick_fix(session, window.workspace.canvas),
                 ("Ctrl+.", "Alt+Return"), "", "Edit", "What mends the selected layer's problem, or the first there is",
                 enabled_when=nodes, words="mend problem repair cure error")
    yield Action("select_all", "Select all", canvas("select_all"), (Keys.SelectAll,), "", "Edit", enabled_when=nodes,
                 separated=True)


def _network(window: MainWindow) -> Iterable[Action]:
    session, canvas, network = window.session, window.canvas_call, window.network_actions
    there = lambda: window.in_workspace  # noqa: E731
    nodes = lambda: window.in_workspace and bool(session.network.nodes)  # noqa: E731
    some = lambda: window.in_workspace and bool(session.selection)  # noqa: E731
    yield Action("add_layer", "Add layer …", canvas("quick_add"), ("Ctrl+L",), "plus", "Network",
                 "Add a layer by its name (Tab or double-click on the canvas)", enabled_when=there)
    yield Action("connect_to", "Connect to …", network.connect_to, ("Ctrl+J",), "", "Network",
                 "Wire the selected layer to another, found by its name", enabled_when=network.may_connect("outputs"),
                 separated=True, words="wire join link output")
    yield Action("connect_from", "Connect from …", network.connect_from, ("Ctrl+Shift+J",), "", "Network",
                 "Wire another layer, found by its name, to the selected one",
                 enabled_when=network.may_connect("inputs"), words="wire join link input feed")
    yield Action("disconnect", "Disconnect …", network.disconnect, ("Ctrl+Shift+X",), "", "Network",
                 "Cut a wire at the selected layers", enabled_when=lambda: there() and network.wired,
                 words="wire cut unlink")
    for flag, id, title, key, does in (
        ("bypassed", "bypass", "Bypass", "Ctrl+B", "Let values pass the selected layers by, or not"),
        ("frozen", "freeze", "Freeze", "Ctrl+Shift+B", "Keep the weights of the selected layers while training"),
    ):
        yield Action(id, title, network.toggle(flag), (key,), "", "Network", does,
                     enabled_when=network.may_flag(flag), checked_when=network.flagged(flag),
                     separated=flag == "bypassed", words="skip off disable mute" if id == "bypass" else "lock fixed")
    yield Action("replace", "Replace by …", canvas("replace_selected"), ("Ctrl+R",), "", "Network",
                 "Put another type in the place of the selected layers; wires and common parameters stay",
                 enabled_when=some, separated=True, words="change type swap convert")
    yield Action("swap", "Swap", canvas("swap_selected"), (), "", "Network",
                 "Let the two selected layers change places", words="exchange switch",
                 enabled_when=lambda: there() and len(session.selection) == 2)
    yield Action("use_again", "Use again with the same weights", canvas("use_again"), ("Ctrl+Alt+W",), "", "Network",
                 "Run the selected layer's weights on another input: a shared node beside it, ready to be wired",
                 enabled_when=nodes, words="shared siamese weight sharing tied tie reuse twin")
    yield Action("go_to_node", "Go to layer …", network.go_to_node, ("Ctrl+F",), "search", "Network",
                 "Select a layer by its name, in whatever block it is, and show it", enabled_when=nodes, separated=True,
                 words="find node jump block inside")


def _told(word: str, label: str) -> str:
    return f"{word} {label[:1].lower()}{label[1:]}" if label else word


def _view(window: MainWindow) -> Iterable[Action]:
    canvas, views = window.canvas_call, window.view_actions
    there = lambda: window.in_workspace  # noqa: E731
    yield Action("command_palette", "Search actions …", views.show_command_palette, ("Ctrl+K", "Ctrl+Shift+P"),
                 "search", "View", "Find and do anything by its name")
    yield Action("fit", "Fit network", canvas("fit"), ("Ctrl+0",), "fit", "View", enabled_when=there, separated=True,
                 words="zoom all")
    yield Action("zoom_in", "Zoom in", canvas("zoom_in"), (Keys.ZoomIn, "Ctrl+="), "", "View", enabled_when=there)
    yield Action("zoom_out", "Zoom out", canvas("zoom_out"), (Keys.ZoomOut,), "", "View", enabled_when=there)
    yield Action("zoom_reset", "Actual size", canvas("zoom_reset"), ("Ctrl+Alt+0",), "", "View", enabled_when=there)
    parts = (("palette", "Side panel", "F7"), ("inspector", "Inspector", "F8"), ("panels", "Panels below", "F9"),
             ("code", "Code", "F4"))
    for place, (name, title, key) in enumerate(parts):
        yield Action(f"show_{name}", title, views.toggle_part(name), (key,), "", "View",
                     f"Show or hide {title.lower()}", enabled_when=there, checked_when=views.shows_part(name),
                     separated=place == 0, words="show hide toggle" + " pytorch python source" * (name == "code"))
    yield Action("canvas_only", "Canvas only", views.toggle_canvas_only, ("F12",), "", "View",
                 "Hide everything but the canvas", enabled_when=there, words="zen focus hide all panels")
    yield Action("full_screen", "Full screen", views.toggle_full_screen, ("F11",), "", "View",
                 checked_when=window.isFullScreen)
    yield Action("reset_layout", "Reset layout", views.reset_layout, (), "", "View",
                 "All panels where they were at the first start", enabled_when=there)
    places = (("canvas", "Canvas"), ("outline", "Outline"), ("layers", "Layers"), ("inspector", "Inspector"),
              ("history", "History"), ("panels", "Panels below"), ("code", "Code"))
    for place, (name, title) in enumerate(places, 1):
        yield Action(f"go_to_{name}", f"Go to {title.lower()}", views.go_to(name), (f"Alt+{place}",), "",
                     "View/Go to", f"Put the focus into the {title.lower()}", enabled_when=there,
                     words="show focus keyboard")
    for place, (title, _) in enumerate(PANELS):
        keys: tuple[str, ...] = (f"Ctrl+{place + 1}",) if place < 9 else BEYOND.get(title, ())
        yield Action(f"panel_{title.lower()}", title, views.show_panel(place), keys, "", "View/Panel",
                     f"Show the {title.lower()} panel", enabled_when=there)
    smallest, *_, largest = theme.TEXT_SCALES
    yield Action("text_larger", "Larger text", views.scale_text(1), ("Ctrl+Alt+=", "Ctrl+Alt++"), "",
                 "View/Text size", "Make all text larger", enabled_when=lambda: theme.text_percent() < largest,
                 words="font scale zoom")
    yield Action("text_smaller", "Smaller text", views.scale_text(-1), ("Ctrl+Alt+-",), "", "View/Text size",
                 "Make all text smaller", enabled_when=lambda: theme.text_percent() > smallest, words="font scale zoom")
    yield Action("text_normal", "Normal text", views.scale_text(0), (), "", "View/Text size",
                 "Text as large as the system has it", words="font scale reset",
                 title_when=lambda: f"Normal text (now {theme.text_percent()} %)")
    for name, title in (("system", "Like the system"), ("dark", "Dark"), ("light", "Light")):
        yield Action(f"theme_{name}", title, views.choose_theme(name), (), "theme", "View/Theme",
                     checked_when=lambda name=name: theme.chosen() == name, words="theme colours appearance")


def _data(window: MainWindow) -> Iterable[Action]:
    session = window.session
    yield Action("choose_data", "Choose data …", window.file_actions.choose_data, ("Ctrl+Shift+D",), "data", "Data",
                 "What the network learns from", words="dataset csv npz table")
    yield Action("reload_data", "Read data again", session.reload_data, (), "", "Data",
                 "Read the file anew, after it has changed", enabled_when=lambda: session.reference is not None)


def _training(window: MainWindow) -> Iterable[Action]:
    session = window.session
    state = lambda: session.run_state  # noqa: E731
    yield Action("start", "Start", session.start, ("F5",), "play", "Training", "Train the network on its data",
                 enabled_when=lambda: window.in_workspace and state() in ("idle", "paused"),
                 title_when=lambda: "Resume" if state() == "paused" else "Start", words="train run fit")
    yield Action("pause", "Pause", session.pause, ("F5",), "pause", "Training", "Stand still after this step",
                 enabled_when=lambda: state() == "running" or state() == "starting")
    yield Action("step", "Step", session.step, ("F6",), "step", "Training", "Do one step of the optimizer and pause",
                 enabled_when=lambda: window.in_workspace and state() in ("idle", "paused", "running"))
    yield Action("train_epoch", "Train one epoch", session.training.train_epoch, ("Alt+F6",), "", "Training",
                 "Train to the end of the epoch and pause there", words="step epoch once",
                 enabled_when=lambda: window.in_workspace and state() in ("idle", "paused", "running"))
    yield Action("stop", "Stop", session.stop, ("Shift+F5",), "stop", "Training", "End the run and keep its weights",
                 enabled_when=lambda: state() in ("starting", "running", "paused"))
    yield Action("save_checkpoint", "Save a checkpoint", session.training.checkpoint, ("Ctrl+Alt+S",), "", "Training",
                 "Keep the run as it is now, to go back to", separated=True, words="snapshot keep weights",
                 enabled_when=lambda: session.training.under_way)
    yield Action("checkpoints", "Checkpoints …", window.view_actions.show_checkpoints, ("Ctrl+Shift+H",), "",
                 "Training", "Go back to where a run was, or delete what it kept",
                 enabled_when=lambda: window.in_workspace, words="snapshot restore resume go back rewind history")
    yield Action("resume_run", "Go on with the run that was cut off", session.checkpoints.resume, (), "", "Training",
                 "From its last checkpoint, as if it had not been cut off", words="crash killed interrupted continue",
                 enabled_when=lambda: state() == "idle" and session.checkpoints.interrupted is not None)
    trained = lambda: window.in_workspace and session.training.weights is not None  # noqa: E731
    yield Action("start_afresh", "Start afresh", lambda: session.training.start(afresh=True), ("Ctrl+F5",), "",
                 "Training", "Train from new weights, and leave the trained ones", words="reset weights scratch",
                 enabled_when=lambda: trained() and state() == "idle", separated=True)
    yield Action("go_on", "Go on from trained weights", lambda: session.training.start(afresh=False), (), "",
                 "Training", "Train on from the weights that are there, as far as they fit",
                 words="continue finetune warm start", enabled_when=lambda: trained() and state() == "idle")
    some = lambda: window.in_workspace and bool(session.selection)  # noqa: E731
    yield Action("phase_of_selected", "New phase of selected layers", lambda: phase_of_selected(session), (), "",
                 "Training/Selected layers",
                 "Add a phase to the plan that trains the selected layers by the selected losses",
                 enabled_when=some, words="gan turns alternate generator discriminator plan")
    yield Action("group_of_selected", "Own learning rate for selected layers", lambda: group_of_selected(session), (),
                 "", "Training/Selected layers", "Have the selected layers learn faster or slower than the rest",
                 enabled_when=some, words="parameter group rate factor weight decay plan")
    yield Action("carried", "What becomes of trained weights …", lambda: show_carried(session, window), (), "",
                 "Training", "Layer by layer: kept, grown, cut or begun afresh",
                 enabled_when=lambda: trained() or session.training.under_way,
                 words="transfer keep weights")


def _help(window: MainWindow) -> Iterable[Action]:
    views = window.view_actions
    yield Action(
        "help", "Help", views.show_help, ("F1",), "help", "Help", "How to use NN Studio", words="manual guide"
    )
    yield Action("project_page", "About this project", views.show_project_page, ("Shift+F1",), "", "Help",
                 "What a project of the gallery is, what to try, and what to look at", words="gallery example lesson",
                 enabled_when=views.has_project_page)
    yield Action("shortcuts", "Keyboard shortcuts", views.show_shortcuts, ("Ctrl+F1",), "", "Help",
                 "All keys and gestures on one sheet", words="keys gestures mouse cheat sheet")
    yield Action("log", "Show log file", views.show_log, (), "", "Help", "Open the folder of the log")
    yield Action("about", "About NN Studio", views.show_about, (), "info", "Help", words="version licence")
