"""Puts resources/ into the wheel as nnstudio/_resources. Everything else about the package is in pyproject.toml.

A checkout and an editable install read resources/ where it stands (see nnstudio/resources.py).
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

RESOURCES = Path("resources")


class BuildWithResources(build_py):
    """`build_py` that also copies the resources, unless the install is an editable one."""

    def run(self) -> None:
        super().run()
        for source, target in self._resources().items():
            self.mkpath(str(Path(target).parent))
            self.copy_file(source, target)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        return [*super().get_outputs(include_bytecode), *self._resources().values()]

    def get_output_mapping(self) -> dict[str, str]:
        mapping = super().get_output_mapping()
        return {**mapping, **{target: source for source, target in self._resources().items()}}

    def get_source_files(self) -> list[str]:
        return [*super().get_source_files(), *(path.as_posix() for path in files())]

    def _resources(self) -> dict[str, str]:
        if self.editable_mode:
            return {}
        inside = Path(self.build_lib) / "nnstudio" / "_resources"
        return {str(path): str(inside / path.relative_to(RESOURCES)) for path in files()}


def files() -> list[Path]:
    """Every resource file, in a fixed order."""
    return sorted(path for path in RESOURCES.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


setup(cmdclass={"build_py": BuildWithResources})
