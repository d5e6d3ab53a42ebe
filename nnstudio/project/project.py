"""The façade of DESIGN 8: open a project, check it, train it, ask it, export it. Torch is imported where it is used."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnstudio.data.reference import DataError, DataReference
from nnstudio.graph import Network
from nnstudio.layers import TensorType
from nnstudio.project import files, gallery, places
from nnstudio.project.errors import ProjectError
from nnstudio.project.resuming import data_to_go_on_with, plan_to_go_on_with
from nnstudio.project.sheet import Sheet
from nnstudio.project.tensors import Weights
from nnstudio.train.events import Diagnosis, Event, RunFailed, RunFinished, RunStarted
from nnstudio.train.plan import Plan

if TYPE_CHECKING:
    from nnstudio.compile.costs import NetworkCosts
    from nnstudio.compile.lower import Compiled
    from nnstudio.compile.resolve import Resolution
    from nnstudio.data.dataset import Dataset
    from nnstudio.data.fitted import Fitted
    from nnstudio.data.preparation import Preparation
    from nnstudio.export import Proof
    from nnstudio.project.crossing import CrossValidation, Fold
    from nnstudio.project.judging.judge import Judge
    from nnstudio.train.control import Control


class Project:
    """A project in this process: its sheet (network, view, plan, data), its weights, and where its file is.

    notes: sentences on what could not be taken from the file as it stands. Used from one thread at a time.
    """

    def __init__(
        self, sheet: Sheet | None = None, path: Path | None = None, weights: Weights | None = None,
        notes: tuple[str, ...] = (), fitted: Fitted | None = None,
    ) -> None:  # fmt: skip
        """``fitted``: what the data taught that the weights were trained on, where that is known."""
        self.sheet = sheet if sheet is not None else Sheet()
        self.path = path
        self.weights = weights
        self.fitted = fitted
        self._trained_in: Network | None = self.sheet.network  # the names in the file are those of its network
        self.notes = notes
        self._dataset: tuple[DataReference, Dataset] | None = None
        self._as_trained: tuple[Dataset, Fitted, Dataset] | None = None

    @classmethod
    def open(cls, path: str | Path) -> Project:
        """Read a project file. ProjectError where it cannot be."""
        loaded = files.load(path)
        return cls(loaded.sheet, Path(path), loaded.weights, loaded.notes, loaded.fitted)

    @classmethod
    def new(cls, template: str = "") -> Project:
        """An empty project, or a copy of one of the gallery, without a file. ProjectError where there is none such."""
        if not template:
            return cls()
        loaded = files.load(gallery.template(template).path)
        return cls(loaded.sheet, None, loaded.weights, loaded.notes, loaded.fitted)

    @property
    def network(self) -> Network:
        return self.sheet.network

    @property
    def plan(self) -> Plan:
        return self.sheet.plan

    @property
    def runs(self) -> Path:
        """The folder of its runs: ``digits.runs`` beside ``digits.nnstudio`` (see :mod:`nnstudio.project.places`)."""
        return places.runs_folder(self.path)

    @property
    def dataset(self) -> Dataset:
        """Its data, read when first asked for. ProjectError where none is chosen; DataError where it cannot be read."""
        reference = self.sheet.data
        if reference is None:
            raise ProjectError("This project has no data; choose some in the window, then save it.")
        if self._dataset is None or self._dataset[0] != reference:
            from nnstudio.data.opening import open_data

            self._dataset = (reference, open_data(reference, self.path.parent if self.path else None))
        return self._dataset[1]

    @property
    def learned(self) -> Fitted | None:
        """What the data taught that its weights were trained on, where that is known and is for this network: by it
        new rows are prepared, whatever became of the data since."""
        from nnstudio.project.weights import fitting

        return fitting(self.fitted, self.network) if self.weights is not None else None

    @property
    def judged_data(self) -> Dataset:
        """Its data as its trained network is to be fed with it: prepared by what was learned when it was trained.
        Otherwise as :attr:`dataset`; DataError also where the data no longer has the columns for that."""
        dataset, fitted = self.dataset, self.learned
        if fitted is None:
            return dataset
        if self._as_trained is None or self._as_trained[0] is not dataset or self._as_trained[1] is not fitted:
            self._as_trained = (dataset, fitted, dataset.prepared_as(fitted))
        return self._as_trained[2]

    def fields(self) -> Mapping[str, TensorType]:
        """Types of the data's fields: of the data itself, or as they were last seen where it cannot be read."""
        if self.sheet.data is None:
            return {}
        try:
            return self.dataset.types
        except DataError:
            return self.sheet.data.types

    def check(self) -> Resolution:
        """Types, parameters and problems of every node. Raises nothing for a network that is wrong."""
        from nnstudio.compile.resolve import resolve

        return resolve(self.network, self.fields())

    def doubts(self, resolution: Resolution | None = None) -> list[Diagnosis]:
        """What can be said against its network, plan and data before it is trained, the likeliest trouble first; what
        :meth:`check` says already (``resolution``) is left out. Where the data cannot be read, it is not judged."""
        from nnstudio.diagnose import Case, before_training, facts_of

        resolution = resolution or self.check()
        facts = None
        with contextlib.suppress(DataError, ProjectError):
            facts = facts_of(self.dataset, resolution.flat)
        known = {problem.code for problem in resolution.problems}
        found = before_training(
            Case(network=resolution.flat, facts=facts, given=self.plan, shared=resolution.expansion.shared)
        )
        return [one for one in found if one.code not in known]

    def costs(self) -> NetworkCosts:
        """Multiply–adds, memory under the project's plan, and receptive field of every node, and their totals."""
        from nnstudio.compile.costs import Regime, costs
        from nnstudio.train.memory import optimizer_numbers, spare_copies

        regime = Regime(self.plan.batch_size, optimizer_numbers(self.plan), spare_copies(self.plan))
        return costs(self.check(), regime)

    def compiled(self, *, trained: bool = True, seed: int | None = None) -> Compiled:
        """The network as PyTorch, with the project's weights where it has any and they fit; what does not is noted.

        CompileError where the network has a problem.
        """
        from nnstudio.compile.lower import compile_network

        seed = self.plan.seed if seed is None else seed
        if not trained or self.weights is None:
            return compile_network(self.network, self.fields(), seed)
        return self._with_weights(self.learned.types if self.learned is not None else self.fields(), seed)

    def _with_weights(self, fields: Mapping[str, TensorType], seed: int, *, only_frozen: bool = False) -> Compiled:
        """The network with the project's weights, as far as they fit, or those of frozen nodes alone."""
        from nnstudio.project.weights import compiled_with

        was = self._trained_in
        made = compiled_with(self.network, fields, seed, self.weights, was, only_frozen=only_frozen)
        self.notes += tuple(note for note in made.notes if note not in self.notes and not only_frozen)
        return made.compiled

    def training(
        self, *, epochs: int | None = None, device: str | None = None, seed: int | None = None, resume: bool = False,
        keep: bool = False, control: Control | None = None,
    ) -> Iterator[Event]:  # fmt: skip
        """Train from the start, or go on from the last checkpoint; what happens comes out as events, last RunFinished
        or RunFailed.

        What is given overrules the plan for this run. Frozen nodes have the project's weights, where it has any.
        ``keep``: begin with all of them, as far as they fit the network as it is now; ``notes`` says what does not.
        Every event is written to the run database of :attr:`runs`.

        After RunFinished the weights are the project's; :meth:`save` writes them. After RunFailed they are the last
        good ones, where an epoch had been completed or there were none before. ParameterError where what is given
        is not allowed, CompileError where the network has a problem, DataError where the data cannot be read.
        """
        given = {"epochs": epochs, "device": device, "seed": seed}
        checkpoints = self.runs / places.CHECKPOINTS
        plan = (plan_to_go_on_with(self.plan, checkpoints, seed) if resume else self.plan).with_(
            **{name: value for name, value in given.items() if value is not None}
        )
        if not self.network.of_role("loss"):
            raise ProjectError("This network has no loss, so there is nothing to learn; add one and wire it.")
        dataset = data_to_go_on_with(self.dataset, checkpoints) if resume else self.dataset
        kept = keep and self.weights is not None
        compiled = self._with_weights(dataset.types, plan.seed, only_frozen=not kept)
        return self._events(compiled, dataset, plan, control, resume)

    def _events(
        self, compiled: Compiled, dataset: Dataset, plan: Plan, control: Control | None, resume: bool
    ) -> Iterator[Event]:
        from nnstudio.diagnose import Doctor, facts_of
        from nnstudio.project.drawings import drawing
        from nnstudio.project.weights import after_run
        from nnstudio.runs.recorder import Recorder
        from nnstudio.train.history import History
        from nnstudio.train.loop import run
        from nnstudio.train.origin import Origin

        folder = self.runs
        id = "" if resume else uuid.uuid4().hex[:12]
        recorder: Recorder | None = None
        drawn = drawing(self.network, self.sheet.view)
        history = History()
        doctor = Doctor(history, compiled.network, shared=compiled.resolution.expansion.shared)
        doctor.study(lambda: facts_of(dataset, compiled.network))
        try:
            checkpoints = folder / places.CHECKPOINTS
            for event in run(
                compiled, dataset, plan, control, checkpoints=checkpoints, resume=resume, run_id=id,
                origin=Origin(drawn.hash),
            ):  # fmt: skip
                if (
                    isinstance(event, RunStarted) and recorder is None
                ):  # what fails before has no run to be recorded under
                    recorder = Recorder(folder / places.RUNS)
                    recorder.keep(drawn.hash, drawn.content)
                history.feed(event)
                if isinstance(event, RunFinished | RunFailed):
                    doctor.wait()
                for told in (*doctor.visit((event,)), event):  # the end of the run comes last
                    if recorder is not None:
                        recorder.put(told)
                    if told is not event:
                        yield told
                if isinstance(event, RunFinished | RunFailed):
                    weights = after_run(compiled, event, len(history.epochs), self.weights)
                    if weights is not self.weights:
                        self.weights, self._trained_in = weights, compiled.resolution.network
                        self.fitted = dataset.fitted
                if isinstance(event, RunFinished):
                    self.sheet = dataclasses.replace(self.sheet, data=dataset.reference)
                    self._dataset = (dataset.reference, dataset)
                yield event
        finally:
            if recorder is not None:
                recorder.close()
                if recorder.error and recorder.error not in self.notes:
                    self.notes += (recorder.error,)

    def train(
        self, *, epochs: int | None = None, device: str | None = None, seed: int | None = None, resume: bool = False,
        keep: bool = False, control: Control | None = None, progress: Callable[[Event], object] | None = None,
    ) -> RunFinished:  # fmt: skip
        """Train to the end; ``progress`` is called with each event. ProjectError where the run failed.

        Otherwise as :meth:`training`.
        """
        ended: Event | None = None
        options = {
            "epochs": epochs, "device": device, "seed": seed, "resume": resume, "keep": keep, "control": control,
        }  # fmt: skip
        for ended in self.training(**options):  # type: ignore[arg-type]
            if progress is not None:
                progress(ended)
        if isinstance(ended, RunFailed):
            raise ProjectError(failure(ended))
        assert isinstance(ended, RunFinished)
        return ended

    def cross_validate(
        self, folds: int = 5, *, epochs: int | None = None, device: str | None = None, seed: int | None = None,
        control: Control | None = None, progress: Callable[[int, Event], object] | None = None,
        done: Callable[[Fold], object] | None = None,
    ) -> CrossValidation:  # fmt: skip
        """Train once for each fold of the training and validation rows and judge by that fold; weights stay as they
        are. See :func:`nnstudio.project.crossing.cross_validate`; what is given overrules the plan."""
        from nnstudio.project.crossing import cross_validate

        given = {"epochs": epochs, "device": device, "seed": seed}
        plan = self.plan.with_(**{name: value for name, value in given.items() if value is not None})
        return cross_validate(self.network, plan, self.dataset, folds, control, progress, done)

    def evaluate(self, split: str = "test") -> dict[str, float]:
        """Figures on ``train``, ``validation`` or ``test``: ``loss``, and each loss and metric by node name.

        ProjectError where it has not been trained, the split is not one, or has no rows.
        """
        from nnstudio.train.evaluate import evaluate

        if split not in ("train", "validation", "test"):
            raise ProjectError(f"There is no split “{split}”; it is train, validation or test.")
        compiled = self._trained()
        dataset = self.judged_data
        if not dataset.count(split):
            raise ProjectError(f"The data has no rows for {split}; give that split a share, or evaluate another.")
        return dict(evaluate(compiled, dataset, split))

    def judge(self) -> Judge:
        """Its trained network beside the answers of its data; figures of them: :mod:`nnstudio.project.judging`.

        ProjectError where it has not been trained, or predicts nothing that the data knows the answer to.
        """
        from nnstudio.project.judging.judge import Judge

        return Judge(self._trained(), self.judged_data)

    def predict(self, rows: Mapping[str, Sequence[Any]]) -> list[dict[str, dict[str, Any]]]:
        """Answers for new rows, given by column as they would stand in the data's file: for each row, by output name,
        ``class`` with ``probability`` and ``probabilities``, ``value``, ``text`` with ``tokens``, ``boxes``, ``mask``,
        ``start`` and ``end``, ``embedding`` or ``sound``. What an output writes begins anew where the field that it
        feeds is not given, and else goes on from there.

        ProjectError where it has no output or has not been trained; DataError where the rows do not fit.
        """
        from nnstudio.project.predicting import predicted

        if not self.network.of_role("output"):
            raise ProjectError("This network has no Output, so it predicts nothing; add one and wire it.")
        compiled = self._trained()
        found, doubts = predicted(self.network, compiled, self.learned or self.dataset, rows)
        self.notes += tuple(text for text in doubts if text not in self.notes)
        return found

    def input_fields(self) -> tuple[str, ...]:
        """Fields of the data that a prediction takes: those of the Inputs that the outputs depend on."""
        from nnstudio.project.predicting import input_fields

        return input_fields(self.network)

    def export(self, path: str | Path, format: str = "", progress: Callable[[float, str], None] | None = None) -> Proof:
        """Write the trained model as ``onnx``, ``pt2``, ``safetensors`` or ``python`` (by the ending where no format is
        given) and try it beside this one. ExportError where that fails."""
        from nnstudio.export import export, format_of

        format_of(path, format)  # before anything long is done
        compiled = self._trained()
        samples: Mapping[str, Any] | None = None
        preparation: Preparation | None = self.learned.prepared if self.learned is not None else None
        with contextlib.suppress(DataError, ProjectError):
            dataset = self.judged_data
            preparation = dataset.prepared
            samples = dataset.arrays("test" if dataset.count("test") else "train")
        return export(compiled, path, format, samples, progress, preparation)

    def _trained(self) -> Compiled:
        if self.weights is None:
            raise ProjectError("This project has not been trained; train it first.")
        return self.compiled()

    def save(self, path: str | Path | None = None, thumbnail: bytes | None = None) -> Path:
        """Write the project, where it came from or to ``path``, which is then its file. ProjectError where it fails.

        Where it moves to another folder, a relative path to its data is made to lead to the same file.
        """
        target = Path(path) if path is not None else self.path
        if target is None:
            raise ProjectError("This project has no file yet; say where to save it.")
        target = target if target.suffix else target.with_suffix(files.SUFFIX)
        sheet = dataclasses.replace(self.sheet, data=rebased(self.sheet.data, self.path, target))
        if thumbnail is None and self.path is not None:
            thumbnail = files.thumbnail(self.path)
        if self.weights is not None and self._trained_in is not None and self._trained_in is not sheet.network:
            from nnstudio.compile.carrying import renamed

            self.weights = renamed(self.weights, self._trained_in, sheet.network)
            self._trained_in = sheet.network
        files.save(target, sheet, self.weights, thumbnail, self.fitted)
        self.sheet, self.path = sheet, target
        return target


def rebased(reference: DataReference | None, old: Path | None, new: Path) -> DataReference | None:
    """The reference for a project that is saved at ``new`` after it was opened from ``old``: a relative path counts
    from the project's folder, so it changes with that."""
    if reference is None or not reference.is_file:
        return reference
    before = Path(os.path.abspath(old.parent if old is not None else Path()))  # noqa: PTH100
    after = Path(os.path.abspath(new.parent))  # noqa: PTH100
    if Path(reference.name).is_absolute() or before == after:
        return reference
    moved = DataReference.file(before / reference.name, after)
    return reference.with_(source=moved.source)


def failure(event: RunFailed) -> str:
    """What to say of a run that failed, in a sentence with the remedy."""
    message = event.message.rstrip(". ")
    return f"{message}; {event.hint.rstrip('. ')}." if event.hint else f"{message}."


__all__ = ["Project", "failure", "rebased"]
