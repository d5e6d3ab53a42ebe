"""Numbers that are written with a currency or a unit: “1.234,56 €”, “$1,234.50”, “12 %”."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nnstudio.data.dialect import THOUSANDS, detect_decimal

CURRENCIES = (
    "€", "$", "£", "¥", "₹", "₽", "₩", "₺", "₪", "US$", "R$", "EUR", "USD", "GBP", "CHF", "JPY", "CNY", "INR", "CAD",
    "AUD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "BRL", "ZAR", "MXN", "KRW", "TRY", "kr", "zł", "Kč", "Ft",
)  # fmt: skip
UNITS = (
    "%", "‰", "°", "°C", "°F", "mg", "g", "kg", "t", "oz", "lb", "lbs", "mm", "cm", "m", "km", "µm", "nm", "mi", "ft",
    "m²", "m2", "km²", "m³", "m3", "sqft", "sqm", "ha", "ml", "cl", "l", "ms", "s", "sec", "min", "h", "hrs", "km/h",
    "mph", "m/s", "kW", "kWh", "MW", "MWh", "Hz", "kHz", "MHz", "GHz", "kB", "MB", "GB", "TB", "mA", "mV", "kV", "hPa",
    "bar", "kcal", "kJ", "dB", "bpm", "px", "ppm", "days", "months", "years",
)  # fmt: skip


def _any(names: Sequence[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


_BLANK = "[ \u00a0\u202f]"
_NUMBER = "|".join(
    (
        rf"[0-9]{{1,3}}(?:{_BLANK}[0-9]{{3}})+(?:[.,][0-9]*)?",
        r"[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]*)?",
        r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?",
        r"[0-9]+(?:[.,][0-9]*)?",
        r"[.,][0-9]+",
    )
)
_BEFORE = rf"([+-]?)(?:{_any(CURRENCIES)}){_BLANK}?([+-]?(?:{_NUMBER}))"
_BEHIND = rf"([+-]?(?:{_NUMBER})){_BLANK}?(?:{_any((*CURRENCIES, *UNITS))})"
#: A cell with a unit, as polars and `re` read it; its groups are a sign and the number, or the number.
CELL = rf"^(?:{_BEFORE}|{_BEHIND})$"
_CELL = re.compile(CELL)
_PARTED = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+")
_DOUBTFUL = re.compile(r"[+-]?[0-9]{1,3}[.,][0-9]{3}")
_WHOLE = re.compile(r"[+-]?[0-9]+")


def split(cell: str) -> tuple[str, str] | None:
    """The number of a cell without blanks in it, and its unit; None where it has none."""
    found = _CELL.fullmatch(cell)
    if found is None:
        return None
    number = found[3] or f"{found[1]}{found[2]}"
    unit = cell[found.end(3) :] if found[3] else cell[found.end(1) : found.start(2)]
    return re.sub(_BLANK, "", number), re.sub(_BLANK, "", unit)


def unit_of(cells: Sequence[str]) -> str:
    """The unit that all these cells have; "" where there is none."""
    unit = ""
    for cell in cells:
        parts = split(cell)
        if parts is None or parts[1] != (unit or parts[1]):
            return ""
        unit = parts[1]
    return unit


def decimal_of(cells: Sequence[str], unit: str, usual: str) -> str:
    """The sign before decimals in cells of this unit, the usual one of the table where they do not tell. Three digits
    behind the one sign in an amount of money are thousands."""
    numbers = [parts[0] for cell in cells if (parts := split(cell)) is not None]
    signed = [number for number in numbers if not _WHOLE.fullmatch(number)]
    if not signed:
        return usual
    if unit in CURRENCIES and all(re.match(THOUSANDS, number) for number in signed):
        return "."
    if unit in CURRENCIES and all(_PARTED.fullmatch(number) for number in signed):
        return ","
    return detect_decimal([[number] for number in numbers], ";")


def plain(text: str, unit: str, decimal: str) -> str:
    """A number that a person gave with a column's unit, as `float` reads it; the text where it has none or another.
    decimal: the sign before the column's decimals, which counts where the number alone does not tell."""
    parts = split(text.strip())
    if not unit or parts is None or parts[1] != unit:
        return text
    number = parts[0]
    if _DOUBTFUL.fullmatch(number):
        return as_point(number, decimal)
    return as_point(number, "," if number.count(".") > 1 else detect_decimal([[number]], ";"))


def as_point(number: str, decimal: str) -> str:
    """A number without signs between thousands, a point before its decimals."""
    return number.replace(",", "") if decimal == "." else number.replace(".", "").replace(",", ".")
