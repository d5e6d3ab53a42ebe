"""Sets that are tables."""

from __future__ import annotations

from nnstudio.data.described import CSV, Packaged, Shipped, choice
from nnstudio.data.reference import Split

SHIPPED: tuple[Shipped, ...] = (
    Shipped("iris", "Iris", "150 flowers, four lengths in cm, three species", "iris.csv", CSV),
    Shipped(
        "breast_cancer", "Breast cancer", "569 tissue samples, 30 measures each, benign or malignant",
        "breast_cancer.csv", CSV,
    ),
    Shipped(
        "line", "The line y = 4x", "five rows, x = 0..4, the numbers as they are", "line.csv", CSV,
        {"x": choice(kind="number", role="input", scaling="none"),
         "y": choice(kind="number", role="target", scaling="none")},
        Split.everything(),
    ),
    Shipped(
        "phishing", "Phishing web sites", "1,250 web sites, nine signs each, genuine or phishing", "phishing.csv", CSV,
        {"site": choice(kind="category", role="target")},
    ),
    Shipped(
        "credit", "Loans", "4,454 loans of a bank, 13 facts each, paid back or not; some values are missing",
        "credit.csv", CSV, {"loan": choice(kind="category", role="target")},
    ),
    Shipped(
        "shuttle", "Space shuttle", "49,097 moments of nine sensors, 7 % unusual; training has normal ones alone",
        "shuttle.npz", {"format": "npz"},
        {"features": choice(scaling="standardise"), "label": choice(role="input"), "part": choice(role="ignored")},
        Split.make({"column": "part"}),
    ),
    Shipped(
        "ratings", "MovieLens", "100,004 ratings of 9,066 films by 671 people, half a star to five", "ratings.npz",
        {"format": "npz"},
        {"user": choice(kind="category"), "film": choice(kind="category"),
         "stars": choice(kind="number", role="target")},
    ),
    Shipped(
        "demand", "Electricity demand", "17,520 half hours of 2014 in Victoria: demand, temperature, working day",
        "demand.csv", CSV,
        {"demand": choice(kind="number", role="target"), "workday": choice(kind="number")},
        Split.make({"by_time": True}),
    ),
    Shipped(
        "engines", "Engines (simulated)", "80 engines from new to broken, seven sensors in each of 15,931 cycles",
        "engines.csv", CSV,
        {"engine": choice(kind="category", role="ignored"), "cycle": choice(role="ignored"),
         "remaining": choice(kind="number", role="target")},
        Split.make({"group": "engine"}),
    ),
    Shipped(
        "molecules", "Molecules", "7,807 molecules in writing, and whether they pass into the brain", "molecules.csv",
        CSV, {"barrier": choice(kind="category", role="target")},
    ),
)  # fmt: skip
PACKAGED: tuple[Packaged, ...] = ()
