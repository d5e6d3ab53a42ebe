"""The theme: colours, fonts and sizes in one place. Palette, style sheet and plots all derive from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Tokens:
    """The colours of one theme as ``#RRGGBB``. ``families`` by the colour name of `layers.families.Family`."""

    name: str
    window: str
    canvas: str
    panel: str
    raised: str
    line: str
    text: str
    muted: str
    faint: str
    accent: str
    training: str
    validation: str
    good: str
    problem: str
    families: Mapping[str, str]


def _families(*colors: str) -> Mapping[str, str]:
    names = (
        "io linear convolution pooling normalisation activation regularisation recurrent attention loss metric arithmetic"
    ).split()
    return MappingProxyType(dict(zip(names, colors, strict=True)))


DARK = Tokens(
    "dark", "#15171C", "#191C22", "#1D2027", "#262A33", "#2E333D", "#E7E9EE", "#98A1B0", "#646D7C",
    "#6C9BF5", "#6C9BF5", "#F0A860", "#58C08A", "#E8696F",
    _families("#8792A6", "#7F8CF0", "#5AA0E6", "#42B3C4", "#5BB98A", "#E0B04C", "#B0987A", "#A983E0", "#D078B4",
              "#E5706A", "#E58FA8", "#8E97A6"),
)  # fmt: skip
LIGHT = Tokens(
    "light", "#F3F4F7", "#FAFBFC", "#FFFFFF", "#F0F2F5", "#DDE1E8", "#1E232B", "#5C6675", "#8F98A6",
    "#2F6BE0", "#2F6BE0", "#D07A1F", "#23935B", "#CC3D45",
    _families("#5E6A80", "#4E5CD6", "#2676C9", "#138A9C", "#2B8C5C", "#B5821A", "#86693F", "#7A4FC4", "#AE4590",
              "#C9443D", "#C25472", "#667084"),
)  # fmt: skip
