"""Makes the classical networks: `python resources/templates/make.py [FOLDER]`.

Each is drawn with the Python builder out of the library's blocks where these fit.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import images  # beside this file
import sequences

from nnstudio.project.files import save
from nnstudio.project.sheet import Sheet

TEMPLATES: Mapping[str, Callable[[], Sheet]] = {
    "lenet-5": images.lenet_5, "alexnet": images.alexnet, "vgg-16": images.vgg_16, "resnet-18": images.resnet_18,
    "resnet-50": images.resnet_50, "mobilenet-v2": images.mobilenet_v2, "densenet-121": images.densenet_121,
    "u-net": images.u_net, "vit-b-16": sequences.vit_b_16, "gpt-2-small": sequences.gpt_2_small,
    "bert-base": sequences.bert_base,
}  # fmt: skip


def main(folder: Path) -> None:
    """Write every network into a folder."""
    for id, make in TEMPLATES.items():
        save(folder / f"{id}.nnstudio", make())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
