r"""LaTeX formulas in letters and signs, for a terminal and for screen readers: ``\sum_{i} x_i`` becomes ``Σ_i x_i``."""

from __future__ import annotations

import re

_SIGNS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "eta": "η", "theta": "θ",
    "lambda": "λ", "mu": "μ", "nu": "ν", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "varphi": "φ",
    "psi": "ψ", "omega": "ω", "Delta": "Δ", "Phi": "Φ", "Sigma": "Σ", "Omega": "Ω", "kappa": "κ", "xi": "ξ",
    "sum": "Σ", "prod": "Π", "int": "∫", "cdot": "·", "times": "×", "odot": "⊙", "oplus": "⊕", "otimes": "⊗",
    "star": "⋆", "ast": "∗", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "approx": "≈",
    "sim": "~", "in": "∈", "notin": "∉", "dots": "…", "ldots": "…", "cdots": "…", "infty": "∞", "partial": "∂",
    "nabla": "∇", "top": "ᵀ", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "lVert": "‖", "rVert": "‖",
    "lvert": "|", "rvert": "|", "Vert": "‖", "vert": "|", "mid": "|", "wedge": "∧", "vee": "∨", "bigwedge": "⋀",
    "bigvee": "⋁", "neg": "¬", "pm": "±", "mp": "∓", "to": "→", "rightarrow": "→", "leftarrow": "←", "mapsto": "↦",
    "ell": "ℓ", "bmod": " mod ", "Leftrightarrow": "⇔", "Rightarrow": "⇒", "quad": "   ", "qquad": "      ",
    "forall": "∀", "prime": "′", "circ": "∘", "langle": "⟨", "rangle": "⟩", "setminus": "∖", "cup": "∪", "cap": "∩",
    "subset": "⊂", "emptyset": "∅", "propto": "∝", "colon": ":", "ll": "≪", "gg": "≫", "land": "∧", "lor": "∨",
}  # fmt: skip
#: Commands whose argument stays as it is.
_KEPT = (
    "mathrm|mathbf|mathbb|mathcal|mathit|mathsf|operatorname|operatorname\\*|text|textbf|textit|boldsymbol|bm|hat|tilde"
    "|widehat|widetilde|vec|mathop|overline|underline"
)
_GROUP = r"\{((?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*)\}"


def plain(latex: str) -> str:
    """A formula as one line of text."""
    text = " ".join(latex.split())
    text = re.sub(
        r"\\(begin|end)\{(cases|aligned|align\*?|array|[bp]?matrix|gathered|split)\}(\{[lcr|]*\})?", " ", text
    )
    text = re.sub(r"\\\\(\[[^\]]*\])?", "; ", text).replace("&", " ")
    text = re.sub(r"\\(?:left|right|big|Big|bigg|Bigg|bigl|bigr|Bigl|Bigr)(?![A-Za-z])\.?", "", text)
    text = re.sub(r"\\(?:displaystyle|textstyle|limits|nolimits)(?![A-Za-z])", "", text)
    text = re.sub(r"\\([dt]?)frac\s*(\d)\s*(\d)", r"\\\1frac{\2}{\3}", text)
    for _ in range(8):
        before = text
        text = re.sub(rf"\\[dt]?frac\s*{_GROUP}\s*{_GROUP}", lambda m: f"{_held(m[1])} / {_held(m[2])}", text)
        text = re.sub(rf"\\sqrt\s*\[([^\]]*)\]\s*{_GROUP}", r"root_\1(\2)", text)
        text = re.sub(rf"\\sqrt\s*{_GROUP}", r"√(\1)", text)
        text = re.sub(rf"\\bar\s*{_GROUP}", r"mean(\1)", text)
        text = re.sub(rf"\\(?:{_KEPT})\s*{_GROUP}", r"\1", text)
        text = re.sub(rf"\\(?:underbrace|overbrace|overset|underset|stackrel)\s*{_GROUP}", r"\1", text)
        if text == before:
            break
    text = re.sub(r"\\([A-Za-z]+)", lambda m: _SIGNS.get(m[1], m[1]), text)
    text = re.sub(r"\\[,;:!> ]", " ", text).replace("~", "~").replace(r"\{", "{").replace(r"\}", "}")
    text = re.sub(
        rf"([_^])\s*{_GROUP}", lambda m: m[1] + (m[2] if len(m[2].strip()) < 2 else f"({m[2].strip()})"), text
    )
    text = re.sub(r"\^\(?ᵀ\)?", "ᵀ", text)
    text = text.replace("{", "").replace("}", "") if text.count("{") != text.count("}") else _ungrouped(text)
    text = text.replace("\\|", "‖").replace("\\%", "%").replace("\\_", "_").replace("\\#", "#")
    return re.sub(r" +([,;)])", r"\1", re.sub(r" {2,}", "  ", text)).strip()


def _held(part: str) -> str:
    part = part.strip()
    return part if re.fullmatch(r"\\?[\w.]+", part) else f"({part})"


def _ungrouped(text: str) -> str:
    """Without the braces that only group."""
    return re.sub(r"\{([^{}]*)\}", r"\1", text)
