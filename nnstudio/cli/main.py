"""Arguments to verbs, and errors to one sentence."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import importlib
import os
import sys
import traceback
from collections.abc import Collection, Sequence
from typing import Any, NoReturn

from nnstudio import __version__
from nnstudio.cli import judging, runs, verbs
from nnstudio.cli.output import CallError, Output, sentence
from nnstudio.train.plan import DEVICES

#: Errors whose text is already a sentence for a person; by name, since their packages are imported later.
_SPOKEN = frozenset(
    {"ProjectError", "DataError", "CompileError", "ExportError", "RunsError", "ParameterError", "TrainingError"}
)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a call in one sentence, without the usage."""

    def error(self, message: str) -> NoReturn:
        raise CallError(f"{message}; see {self.prog} --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [argument for argument in given if argument != "--debug"]
    try:
        status = _run(given)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # whoever read the output has had enough
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return _failed("stopped", 130, debug)
    except CallError as error:
        return _failed(str(error), 2, debug)
    except Exception as error:
        return _failed(_told(error), 2 if _is_of_the_call(error) else 1, debug, getattr(error, "names", ()))


def _run(given: list[str]) -> int:
    verb = next((argument for argument in given if not argument.startswith("-")), "")
    if verb not in VERBS and not {"-h", "--help", "--version"} & set(given):
        return _window(given)
    parsed = _parser().parse_args(given)
    out = Output(json=getattr(parsed, "json", False))
    run: Any = parsed.run
    return int(run(parsed, out))


def _window(given: list[str]) -> int:
    """Open the window; ``given`` is empty or names a project."""
    if given:
        first = given[0]
        if len(given) > 1 or first.startswith("-") or not (first.endswith(".nnstudio") or os.path.exists(first)):  # noqa: PTH110
            close = difflib.get_close_matches(first, VERBS, 1)
            meant = f"did you mean “{close[0]}”?" if close else f"there are {', '.join(VERBS)}, or give a project"
            raise CallError(f"“{first}” is no command; {meant}")
    # by name: the window stands above the command line, which otherwise knows nothing of it
    return int(importlib.import_module("nnstudio.app").main(given[0] if given else None))


def _failed(text: str, status: int, debug: bool, names: Collection[str] = ()) -> int:
    if debug and status != 130:
        traceback.print_exc()
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"nnstudio: {sentence(text, names)}\n")
        sys.stderr.flush()
    return status


def _is_of_the_call(error: Exception) -> bool:
    """Whether a value that was given as an option is one that the plan cannot have."""
    return type(error).__name__ == "ParameterError" and str(error).startswith("Plan.")


def _told(error: Exception) -> str:
    """One sentence on an error."""
    if _is_of_the_call(error):
        name, _, rest = str(error).removeprefix("Plan.").partition(" ")
        return f"--{name.replace('_', '-')} {rest}"  # each that can be given here has an option of its name
    if _SPOKEN & {kind.__name__ for kind in type(error).__mro__}:
        hint = getattr(error, "hint", "")
        return f"{str(error).rstrip('.')}; {hint}" if hint else str(error)
    if isinstance(error, ImportError):
        return f"a part that this needs cannot be loaded ({error}); install NN Studio again, with torch"
    if isinstance(error, MemoryError):
        return "there is not enough memory; take a smaller batch size or network, or close other programs"
    if isinstance(error, OSError):
        return f"{error.filename or 'a file'} cannot be used ({error.strerror or error}); check its path"
    return f"something unexpected went wrong ({type(error).__name__}: {error}); --debug shows where"


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="nnstudio", description="Draw a neural network, train it and see it learn.",
        epilog="Without a command, or with a project alone, the window opens. --debug shows where an error came from.",
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"NN Studio {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    for name, (run, help, add) in VERBS.items():
        command = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
        command.set_defaults(run=run)
        add(command)
        command.add_argument("--json", action="store_true", help="print one JSON object a line")
    return parser


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a whole number was expected, not “{text}”") from None


def _project(command: argparse.ArgumentParser) -> None:
    command.add_argument("project", metavar="PROJECT", help="a file that ends in .nnstudio")


def _check(command: argparse.ArgumentParser) -> None:
    _project(command)
    command.add_argument(
        "--costs", action="store_true", help="also multiply–adds, memory, receptive field, and how long a run will take"
    )


def _new(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "template", metavar="TEMPLATE", nargs="?", default="", help="an id that `nnstudio templates` lists"
    )
    command.add_argument(
        "--data", metavar="PATH", default="", help="instead: a file or folder of data, for which a network is suggested"
    )
    command.add_argument("--target", metavar="COLUMN", default="", help="with --data: the column to predict")
    command.add_argument("--group", metavar="COLUMN", default="", help="with --data: its equal rows stay together")
    command.add_argument("--weight", metavar="COLUMN", default="", help="with --data: how much each row counts")
    command.add_argument(
        "--query", metavar="SQL", default="",
        help="with --data: what to read of an SQLite database, “select …” or a table's name (all of its first table)",
    )  # fmt: skip
    command.add_argument(
        "--sheet", metavar="NAME", default="", help="with --data: the sheet of an Excel file (the first with rows)"
    )
    command.add_argument("-o", "--output", metavar="FILE", required=True, help="where to write the project")
    command.add_argument("--force", action="store_true", help="replace the file where it exists")


def _layers(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", metavar="NAME", nargs="?", default="", help="one layer type, to read its help")


def _train(command: argparse.ArgumentParser) -> None:
    _project(command)
    command.add_argument("--epochs", type=_whole, metavar="N", help="how often the training data is seen")
    command.add_argument("--device", choices=DEVICES, help="where to train; auto takes a GPU where there is one")
    command.add_argument("--seed", type=_whole, metavar="N", help="the same seed gives the same run")
    command.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    command.add_argument(
        "--keep",
        action="store_true",
        help="begin with the trained weights, as far as they fit the network as it is now",
    )
    command.add_argument(
        "--private", action="store_true",
        help="clip each sample's gradient and add noise, so that the weights tell little of any one row",
    )  # fmt: skip
    command.add_argument(
        "--epsilon", type=float, metavar="E", help="private, with as much noise as keeps ε within this"
    )
    for name, what in (
        ("noise-multiplier", "private, with so much noise, in clipping norms"),
        ("sample-norm", "private, with each sample's gradient clipped to this length"),
        ("delta", "private, with ε told at this δ"),
    ):
        command.add_argument(f"--{name}", type=float, metavar="X", help=what)
    command.add_argument(
        "--folds", type=_whole, default=0, metavar="N",
        help="instead: cross-validate; train N times, each time without one fold, and judge by that; nothing is saved",
    )  # fmt: skip


def _predict(command: argparse.ArgumentParser) -> None:
    _project(command)
    command.add_argument(
        "inputs",
        metavar="INPUT",
        nargs="+",
        help="a file of a kind that can be trained from (CSV, Parquet, NPZ, TXT, …), a picture, a sound, a folder of "
        "either, or a row as JSON: '{\"x\": 3}'",
    )
    command.add_argument(
        "--explain", nargs="?", const="gradients", choices=("gradients", "saliency", "occlusion"),
        help="also say which parts of the input count (gradients: integrated gradients, the default)",
    )  # fmt: skip
    command.add_argument(
        "--nearest", nargs="?", type=_whole, const=5, default=0, metavar="N",
        help="also list the N training rows whose embeddings are nearest (5)",
    )  # fmt: skip
    command.add_argument(
        "--rank", default="", metavar="COLUMN", help="also list the values of a column that are rated highest"
    )
    command.add_argument("--top", type=_whole, default=10, metavar="N", help="with --rank: how many values (10)")


def _export(command: argparse.ArgumentParser) -> None:
    _project(command)
    command.add_argument("--format", choices=("onnx", "pt2", "safetensors", "python"), default="")
    command.add_argument("-o", "--output", metavar="OUT", required=True, help="the file to write")


def _templates(command: argparse.ArgumentParser) -> None:
    command.add_argument("template", metavar="TEMPLATE", nargs="?", default="", help="one of them, to read its page")


VERBS = {
    "templates": (verbs.templates, "list the gallery, or show the page of one project", _templates),
    "new": (verbs.new, "make a project from the gallery", _new),
    "layers": (verbs.layers, "list the layer types, or explain one", _layers),
    "check": (verbs.check, "say what each layer puts out, what it costs and what is wrong", _check),
    "train": (verbs.train, "train a project and save its weights in it", _train),
    "evaluate": (judging.evaluate, "work out loss and metrics, by group and under attack", judging.arguments),
    "predict": (verbs.predict, "ask a trained project", _predict),
    "export": (verbs.export, "write the trained model for other programs", _export),
    "runs": (runs.runs, "list a project's runs, compare two, or write them for other programs", runs.arguments),
}
