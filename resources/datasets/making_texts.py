"""Composes the texts of `make_texts.py` that are not found as they are: messages with addresses, questions on facts."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

#: Words and signs, as the program's step for tokens cuts them.
WORDS = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")
#: Messages are composed of these; what stands in braces has a label.
MESSAGES = (
    "{STREET}, {CITY}, {STATE} {POSTCODE}",
    "{STREET} {CITY} {STATE} {POSTCODE}",
    "{PERSON}, {STREET}, {CITY}, {STATE}",
    "{PERSON} - {STREET} - {CITY} {STATE} {POSTCODE}",
    "{CITY}, {STATE}: {STREET}",
    "{POSTCODE} {CITY}, {STREET}",
    "please deliver to {PERSON}, {STREET}, {CITY}, {STATE} {POSTCODE} before noon",
    "Can you send the parcel to {PERSON} at {STREET} in {CITY}?",
    "hi, {PERSON} here, I moved to {STREET}, {CITY} {STATE}",
    "My new address is {STREET}, {CITY}, {STATE} {POSTCODE}.",
    "we meet at {STREET} in {CITY} at 8, ask for {PERSON}",
    "Order 4417 for {PERSON}: ship to {STREET}, {CITY}, {STATE} {POSTCODE}, leave it at the door",
    "{PERSON} lives in {CITY}, {STATE}.",
    "{PERSON} called from {CITY} about the 3 boxes",
    "Is {STREET} still in {CITY}?",
    "the shop on {STREET} closes at 6 says {PERSON}",
    "I was born in {CITY} and now live at {STREET}, {POSTCODE}",
    "Invoice: {PERSON} / {STREET} / {CITY} / {STATE} / {POSTCODE}",
    "driver, go to {STREET} and then on to {CITY}",
    "{PERSON} and {PERSON2} rent the flat at {STREET} in {CITY}",
    "Dear {PERSON}, thank you for your letter from {CITY}.",
    "The address that {PERSON} gave was {STREET}, {POSTCODE} {CITY}",
    "the bill of 120 dollars went to {PERSON}, {CITY}",
    "pick up {PERSON} at {STREET} {CITY} around 10 in the morning",
    "FROM {PERSON2} {CITY} TO {PERSON} {STREET} {STATE}",
    "Nobody opened at {STREET}, the neighbour {PERSON} took it",
    "{STATE} {POSTCODE}, {CITY}, {STREET}, attn {PERSON}",
    "Weather in {CITY}, {STATE} is fine, see you there, {PERSON}",
    "Thanks for the 2 parcels, {PERSON}, at {STREET}!",
)


def messages(
    addresses: Sequence[Mapping[str, str]], first: Sequence[str], last: Sequence[str]
) -> list[tuple[str, str, str]]:
    """Rows of message, labels of its words (``B-CITY I-CITY O``) and part; two of each address, both in one part.
    Names of test rows occur in no other."""
    chance = random.Random(0)
    names = {"train": ([], []), "validation": ([], []), "test": ([], [])}  # type: ignore[var-annotated]
    for place, known in enumerate((first, last)):
        for name in known:
            names[_part(chance)][place].append(name)
    made: dict[str, tuple[str, str]] = {}
    for address in addresses:
        part = _part(chance)
        for _ in range(2):
            people = [" ".join(chance.choice(known) for known in names[part]) for _ in range(2)]
            message, labels = _message(address, people, chance)
            made.setdefault(message, (labels, part))
    return [(message, *rest) for message, rest in made.items()]


def _part(chance: random.Random) -> str:
    return chance.choices(("train", "validation", "test"), (0.7, 0.15, 0.15))[0]


def _message(address: Mapping[str, str], people: Sequence[str], chance: random.Random) -> tuple[str, str]:
    flat = re.sub(r"[^0-9A-Za-z]+0*", " ", address["address2"]).strip()
    street = f"{address['address1']}{chance.choice((', ', ' '))}{flat.capitalize()}" if flat else address["address1"]
    if chance.random() < 0.3:
        street = re.sub(
            r" (St|Ave|R|L|D|C)\w+$", lambda found: f" {found[1]}" if len(found[1]) > 1 else found[0], street
        )
    values = {
        "STREET": street, "CITY": address.get("city") or "Anchorage", "STATE": address["state"],
        "POSTCODE": address["postal_code"], "PERSON": people[0], "PERSON2": people[1],
    }  # fmt: skip
    if chance.random() < 0.3:
        values["PERSON"] = values["PERSON"].split()[chance.randrange(2)]
    words, labels = [], []
    template = chance.choice(MESSAGES)
    lower, upper = chance.random() < 0.25, chance.random() < 0.08
    for piece in re.split(r"(\{\w+\})", template):
        name = piece.strip("{}")
        labelled = values.get(name) if piece.startswith("{") else None
        for place, _ in enumerate(WORDS.findall(piece if labelled is None else labelled)):
            labels.append("O" if labelled is None else f"{'I' if place else 'B'}-{name.rstrip('2')}")
        words.append(piece if labelled is None else labelled)
    text = "".join(words)
    text = text.lower() if lower else text.upper() if upper else text
    assert len(WORDS.findall(text)) == len(labels), text
    return text, " ".join(labels)


#: What is said of a country, what is asked for it, and of which fact; {} stands for the country, [] for the fact.
FACTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "capital": (
        ("The capital of {} is [].", "[] is the capital of {}.", "The government of {} sits in []."),
        ("What is the capital of {}?", "Which city is the capital of {}?", "Where does the government of {} sit?"),
    ),
    "region": (
        ("{} lies in [].", "{} is a country in [].", "On the map, {} is found in []."),
        ("Where does {} lie?", "In which part of the world is {}?", "Where is {} found on the map?"),
    ),
    "population": (
        ("About [] people live in {}.", "{} has [] inhabitants.", "The population of {} is []."),
        ("How many people live in {}?", "How many inhabitants has {}?", "What is the population of {}?"),
    ),
    "area": (
        ("{} covers [] square kilometres.", "The area of {} is [] square kilometres."),
        ("How large is {}?", "What is the area of {}?", "How many square kilometres does {} cover?"),
    ),
    "demonym": (
        ("A person from {} is called [].", "People of {} are []."),
        ("What is a person from {} called?", "What are people of {} called?"),
    ),
    "currency": (
        ("One pays with [] in {}.", "The currency of {} is []."),
        ("What does one pay with in {}?", "What is the currency of {}?"),
    ),
}
#: Passages that are made, words of one at most; answers that end beyond the last word are too rare to be learned.
QUESTIONS, LONGEST, LAST = 12000, 72, 55


def questions(countries: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, int, int]]:
    """Rows of passage, question, and the first and last word (counted from 0) of the answer in the passage."""
    known = [facts for country in countries if (facts := _facts(country))]
    chance = random.Random(0)
    made: dict[tuple[str, str], tuple[int, int]] = {}
    while len(made) < QUESTIONS:
        told = [(facts, kind) for facts in chance.sample(known, 3) for kind in chance.sample(sorted(FACTS), 2)]
        chance.shuffle(told)
        asked = chance.randrange(len(told))
        words: list[str] = []
        for place, (facts, kind) in enumerate(told):
            sentence = chance.choice(FACTS[kind][0]).replace("{}", facts["name"])
            before, _, after = sentence.partition("[]")
            if place == asked:
                start = len(words) + len(WORDS.findall(before))
                span = (start, start + len(WORDS.findall(facts[kind])) - 1)
            words += WORDS.findall(before + facts[kind] + after)
        facts, kind = told[asked]
        question = chance.choice(FACTS[kind][1]).replace("{}", facts["name"])
        if len(words) <= LONGEST:
            passage = re.sub(r" ([.,])", r"\1", " ".join(words))
            made.setdefault((passage, question), span)
    return [(*texts, *span) for texts, span in made.items() if span[1] <= LAST]


def _facts(country: Mapping[str, Any]) -> dict[str, str] | None:
    """What is known of a country as texts; None where something is missing or its name is several words long."""
    made = {name: str(country.get(name) or "") for name in ("name", "capital", "population", "area", "demonym")}
    made["region"] = str(country.get("subregion") or "")
    made["currency"] = str(next(iter(country.get("currencies") or []), ""))
    plain = all(re.fullmatch(r"[A-Za-z0-9 ]+", text) for text in made.values())
    return made if plain and len(made["name"].split()) <= 2 else None
