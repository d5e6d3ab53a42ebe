"""How rows become a model's inputs, written beside what is exported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnstudio.export.errors import ExportError
from nnstudio.export.python_values import literal

if TYPE_CHECKING:
    from nnstudio.data.preparation import Preparation
    from nnstudio.export.frozen import Frozen

#: The key of ONNX's metadata that holds it.
KEY = "nnstudio.preparation"

PREPARE = '''

PREPARATION = Path(__file__).with_name({name})


def prepare(rows):
    """Arrays by input, for rows given by column as they stand in the data: {{"size": [1.5], "colour": ["red"]}}.

    Which columns there are, and what training rows taught, stands in PREPARATION. It needs the package nnstudio.
    """
    import json

    from nnstudio.data.preparation import Preparation

    written = json.loads(PREPARATION.read_text(encoding="utf-8"))
    made = Preparation.from_json(written["preparation"]).encode(rows)
    return {{name: made[field] for name, field in written["inputs"].items() if field in made}}
'''


def beside(path: Path) -> Path:
    """Where the preparation of an exported file stands."""
    return path.with_name(f"{path.stem}.preparation.json")


def described(preparation: Preparation, frozen: Frozen) -> dict[str, Any]:
    """The content of the file: ``inputs`` (field by input, in the order of the model), ``columns`` (what is given for
    each field) and ``preparation`` (`Preparation.to_json`)."""
    inputs = {spec.name: spec.field for spec in frozen.inputs if spec.field in preparation.fields}
    columns = {field: list(preparation.takes(field)) for field in dict.fromkeys(inputs.values())}
    return {"format": 1, "inputs": inputs, "columns": columns, "preparation": preparation.to_json()}


def write(preparation: Preparation, frozen: Frozen, path: Path, format: str) -> None:
    """Write ``name.preparation.json`` beside ``path``; also into ONNX's metadata, and for Python a function that uses
    it.

    ExportError where ONNX's file cannot be written anew.
    """
    text = json.dumps(described(preparation, frozen), ensure_ascii=False, allow_nan=False)
    beside(path).write_text(text, encoding="utf-8", newline="\n")
    if format == "python":
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(PREPARE.format(name=literal(beside(path).name)))
    elif format == "onnx":
        _into_onnx(path, text)


def _into_onnx(path: Path, text: str) -> None:
    try:
        import onnx

        model = onnx.load(str(path))
        entry = model.metadata_props.add()
        entry.key, entry.value = KEY, text
        onnx.save(model, str(path))
    except (ImportError, ValueError) as error:
        raise ExportError(f"the preparation could not be written into {path.name}: {error}.") from error
