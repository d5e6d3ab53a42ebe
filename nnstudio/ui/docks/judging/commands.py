"""The panel's pages in the table of actions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from nnstudio.ui.actions import Action
from nnstudio.ui.panels import place_of

if TYPE_CHECKING:
    from nnstudio.ui.window import MainWindow

#: Id, title, page, what it shows, other words.
ROWS = (
    ("judge_confusion", "Confusion matrix", "Confusion", "Which classes are taken for which, and the samples behind it",
     "errors precision recall f1 accuracy"),
    ("judge_curves", "ROC and precision–recall", "Curves", "One class against the rest at every threshold",
     "auc average precision threshold slider"),
    ("judge_calibration", "Calibration", "Calibration", "Whether probabilities can be trusted", "reliability ece"),
    ("judge_residuals", "Residuals", "Residuals", "How far predicted numbers are off", "errors regression r2"),
    ("judge_worst", "Worst samples", "Worst samples", "The rows with the greatest losses", "hard errors mistakes"),
    ("judge_slices", "Figures by group", "Slices", "Every figure by class or column, the worst group first",
     "slices bias fairness groups subgroup"),
    ("judge_attack", "Attack the network", "Attack", "How small a change of its input fools it",
     "adversarial fgsm pgd robustness noise"),
    ("judge_explain", "Explain an answer", "Explain", "Which parts of an input made it say what it says",
     "saliency integrated gradients occlusion attribution captum why"),
)  # fmt: skip


def judging_commands(window: MainWindow) -> Iterable[Action]:
    """An action for each page."""

    def there() -> bool:
        return window.in_workspace

    def show(page: str) -> Callable[[], object]:
        def shown() -> None:
            place = place_of("Evaluate")
            window.workspace.show_panel(place)
            panel = window.workspace.panels.panel(place)
            panel.show_page(page)  # type: ignore[attr-defined]

        return shown

    for id, title, page, tip, words in ROWS:
        yield Action(id, title, show(page), (), "", "Training/Evaluate", tip, enabled_when=there,
                     words=f"evaluate judge {words}")  # fmt: skip
