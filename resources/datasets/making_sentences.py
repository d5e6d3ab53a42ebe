"""Composes pairs of sentences, English and Spanish, by a small grammar: articles and adjectives agree, adjectives move
behind their noun, verbs are conjugated and pronouns left out or put before the verb, as Spanish has it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

PAIRS = 24000
#: Singular and plural of a noun in both languages; the letter says whether Spanish takes it as masculine or feminine.
PEOPLE = (
    "boy boys niño niños m", "girl girls niña niñas f", "man men hombre hombres m", "woman women mujer mujeres f",
    "teacher teachers profesor profesores m", "doctor doctors médica médicas f", "friend friends amigo amigos m",
    "sister sisters hermana hermanas f", "brother brothers hermano hermanos m", "neighbour neighbours vecina vecinas f",
    "student students alumno alumnos m", "queen queens reina reinas f", "king kings rey reyes m",
    "uncle uncles tío tíos m", "aunt aunts tía tías f",
)  # fmt: skip
ANIMALS = (
    "dog dogs perro perros m",
    "cat cats gata gatas f",
    "horse horses caballo caballos m",
    "cow cows vaca vacas f",
)
THINGS = (
    "house houses casa casas f",
    "book books libro libros m",
    "table tables mesa mesas f",
    "car cars coche coches m",
    "letter letters carta cartas f",
    "apple apples manzana manzanas f",
    "shoe shoes zapato zapatos m",
    "window windows ventana ventanas f",
    "door doors puerta puertas f",
    "picture pictures cuadro cuadros m",
    "chair chairs silla sillas f",
    "flower flowers flor flores f",
    "glass glasses vaso vasos m",
    "garden gardens jardín jardines m",
    "bicycle bicycles bicicleta bicicletas f",
    "hat hats sombrero sombreros m",
    "shirt shirts camisa camisas f",
    "boat boats barco barcos m",
    "key keys llave llaves f",
    "cake cakes pastel pasteles m",
    "ticket tickets billete billetes m",
    "box boxes caja cajas f",
    "bed beds cama camas f",
    "tree trees árbol árboles m",
)
#: An adjective in English and in Spanish: masculine, feminine, and their plurals.
ADJECTIVES = (
    "red rojo roja rojos rojas",
    "white blanco blanca blancos blancas",
    "black negro negra negros negras",
    "new nuevo nueva nuevos nuevas",
    "old viejo vieja viejos viejas",
    "small pequeño pequeña pequeños pequeñas",
    "beautiful hermoso hermosa hermosos hermosas",
    "expensive caro cara caros caras",
    "tall alto alta altos altas",
    "big grande grande grandes grandes",
    "green verde verde verdes verdes",
    "blue azul azul azules azules",
    "strange extraño extraña extraños extrañas",
    "clean limpio limpia limpios limpias",
    "happy feliz feliz felices felices",
    "yellow amarillo amarilla amarillos amarillas",
    "heavy pesado pesada pesados pesadas",
    "young joven joven jóvenes jóvenes",
)
#: A regular verb: English base, third person, past, -ing form; Spanish infinitive.
VERBS = (
    "buy buys bought buying comprar",
    "sell sells sold selling vender",
    "open opens opened opening abrir",
    "paint paints painted painting pintar",
    "clean cleans cleaned cleaning limpiar",
    "watch watches watched watching mirar",
    "carry carries carried carrying llevar",
    "hide hides hid hiding esconder",
    "use uses used using usar",
    "need needs needed needing necesitar",
    "wash washes washed washing lavar",
    "break breaks broke breaking romper",
    "receive receives received receiving recibir",
    "leave leaves left leaving dejar",
    "draw draws drew drawing dibujar",
    "help helps helped helping ayudar",
    "wait#for waits#for waited#for waiting#for esperar",
    "greet greets greeted greeting saludar",
    "describe describes described describing describir",
    "understand understands understood understanding comprender",
)
#: Of people are said these adjectives alone, and done to them and to animals these things alone.
OF_PEOPLE = ("young", "old", "tall", "happy", "small", "new")
TO_PEOPLE = ("watch", "help", "wait#for", "greet", "describe", "understand", "draw", "need")
TO_ANIMALS = ("watch", "wash", "buy", "sell", "describe", "paint", "need", "help")
#: These have no -ing form in use.
LASTING = ("need", "understand")
PLACES = (
    "in#the#kitchen en#la#cocina",
    "at#the#market en#el#mercado",
    "in#the#street en#la#calle",
    "at#school en#la#escuela",
    "near#the#river cerca#del#río",
    "behind#the#church detrás#de#la#iglesia",
    "at#home en#casa",
    "in#front#of#the#station delante#de#la#estación",
    "on#the#beach en#la#playa",
    "next#to#the#bridge al#lado#del#puente",
)
TIMES = {
    "present": ("every#day todos#los#días", "always siempre", "on#Mondays los#lunes", "in#the#evening por#la#tarde"),
    "past": ("yesterday ayer", "last#week la#semana#pasada", "on#Monday el#lunes", "a#year#ago hace#un#año"),
    "future": ("tomorrow mañana", "next#week la#semana#que#viene", "soon pronto", "tonight esta#noche"),
    "now": ("now ahora", "right#now ahora#mismo", "today hoy", "at#the#moment en#este#momento"),
}  # fmt: skip
#: Endings of regular verbs by tense and person (I, you, he, we, they), for -ar and for -er and -ir.
ENDINGS = {
    "present": {"ar": "o as a amos an", "er": "o es e emos en", "ir": "o es e imos en"},
    "past": {"ar": "é aste ó amos aron", "er": "í iste ió imos ieron", "ir": "í iste ió imos ieron"},
}  # fmt: skip
FUTURE = "é ás á emos án".split()
BEING = "estoy estás está estamos están".split()
NUMBERS = ("two dos", "three tres", "four cuatro", "five cinco", "ten diez", "many muchos")


@dataclass(frozen=True)
class Phrase:
    """A noun with what belongs to it, in both languages. person: 0 to 4 for I, you, he, we, they."""

    english: str
    spanish: str
    person: int
    human: bool = False
    gender: str = "m"


PRONOUNS = (
    Phrase("I", "", 0), Phrase("you", "", 1), Phrase("he", "él", 2), Phrase("she", "ella", 2, gender="f"),
    Phrase("we", "", 3), Phrase("they", "ellos", 4),
)  # fmt: skip
OBJECTS = ("him lo", "her la", "them los", "me me", "us nos", "you te")


def pairs() -> list[tuple[str, str]]:
    """Rows of an English sentence and its translation, each once, in an order drawn at random."""
    chance = random.Random(0)
    made: dict[str, str] = {}
    while len(made) < PAIRS:
        english, spanish = chance.choices((_doing, _being, _there_is), (8, 1, 1))[0](chance)
        made.setdefault(_written(english), _written(spanish))
    return list(made.items())


def _written(text: str) -> str:
    text = " ".join(text.replace("#", " ").split())
    text = f" {text} ".replace(" de el ", " del ").replace(" a el ", " al ").strip()
    text = text.replace(" ?", "?").replace(" .", ".").replace("¿ ", "¿")
    place = 1 if text.startswith("¿") else 0
    return text[:place] + text[place].upper() + text[place + 1 :]


def _noun(chance: random.Random, words: Sequence[str], owner: bool = True) -> Phrase:
    """A noun with an article, a number or an owner, often with an adjective."""
    one, several, uno, varios, gender = chance.choice(words).split()
    plural = chance.random() < 0.4
    noun, nombre = (several, varios) if plural else (one, uno)
    human = words is PEOPLE
    if chance.random() < 0.5:
        adjective, *forms = _adjective(chance, words)
        noun, nombre = f"{adjective} {noun}", f"{nombre} {forms[(gender == 'f') + 2 * plural]}"
    kind = chance.random()
    article = {"m": ("el", "los"), "f": ("la", "las")}[gender][plural]
    if kind < 0.5:
        english, spanish = f"the {noun}", f"{article} {nombre}"
    elif kind < 0.65:
        english, spanish = _counted(chance, noun, nombre, gender, plural)
    elif kind < 0.85 or not owner:
        mine, mio = chance.choice(("my mi", "your tu", "her su", "their su")).split()
        english, spanish = f"{mine} {noun}", f"{mio}{'s' if plural else ''} {nombre}"
    else:
        holder = _noun(chance, PEOPLE, owner=False)
        mark = "'" if holder.english.endswith("s") else "'s"
        english, spanish = f"{holder.english}{mark} {noun}", f"{article} {nombre} de {holder.spanish}"
    return Phrase(english, spanish, 4 if plural else 2, human, gender)


def _adjective(chance: random.Random, words: Sequence[str]) -> list[str]:
    """An adjective that can be said of these nouns, and its Spanish forms."""
    known = [text.split() for text in ADJECTIVES]
    return chance.choice([forms for forms in known if words is not PEOPLE or forms[0] in OF_PEOPLE])


def _counted(chance: random.Random, noun: str, nombre: str, gender: str, plural: bool) -> tuple[str, str]:
    if not plural:
        return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}", f"{'un' if gender == 'm' else 'una'} {nombre}"
    number, cuantos = chance.choice(NUMBERS).split()
    cuantos = cuantos.replace("muchos", "muchas") if gender == "f" else cuantos
    return f"{number} {noun}", f"{cuantos} {nombre}"


def _subject(chance: random.Random) -> Phrase:
    return chance.choice(PRONOUNS) if chance.random() < 0.6 else _noun(chance, PEOPLE)


def _verb(verb: str, tense: str, person: int) -> tuple[str, str, str]:
    """What stands in English in a statement, the base form with its auxiliary, and the Spanish form."""
    base, third, past, ing, infinitive = verb.split()
    stem, kind = infinitive[:-2], infinitive[-2:]
    if tense == "present":
        return (
            (third if person == 2 else base),
            ("does" if person == 2 else "do"),
            stem + ENDINGS[tense][kind].split()[person],
        )
    if tense == "past":
        return past, "did", stem + ENDINGS[tense][kind].split()[person]
    if tense == "future":
        return f"will {base}", "will", infinitive + FUTURE[person]
    be = ("am", "are", "is", "are", "are")[person]
    return f"{be} {ing}", be, f"{BEING[person]} {stem}{'ando' if kind == 'ar' else 'iendo'}"


def _doing(chance: random.Random) -> tuple[str, str]:
    """Someone does something: a statement, a denial or a question."""
    subject = _subject(chance)
    words = chance.choice((THINGS, PEOPLE, PEOPLE, ANIMALS))
    allowed = {PEOPLE: TO_PEOPLE, ANIMALS: TO_ANIMALS}.get(words)
    verb = chance.choice([verb for verb in VERBS if allowed is None or verb.split()[0] in allowed])
    tense = chance.choice([tense for tense in TIMES if tense != "now" or verb.split()[0] not in LASTING])
    statement, auxiliary, spanish = _verb(verb, tense, subject.person)
    plain = verb.split()[3 if tense == "now" else 0]
    if words is PEOPLE and chance.random() < 0.6:
        target, clitic = chance.choice(OBJECTS).split()
        objecto = ""
    else:
        thing = _noun(chance, words)
        target, clitic, objecto = thing.english, "", f"{'a ' if thing.human else ''}{thing.spanish}"
    end, fin = "", ""
    for known in (PLACES, TIMES[tense]):
        if chance.random() < 0.3:
            where, donde = chance.choice(known).split()
            end, fin = f"{end} {where}", f"{fin} {donde}"
    kind = chance.random()
    if kind < 0.6:
        return (
            f"{subject.english} {statement} {target}{end} .",
            f"{subject.spanish} {clitic} {spanish} {objecto}{fin} .",
        )
    if kind < 0.7:
        return (f"{subject.english} {auxiliary} not {plain} {target}{end} .",
                f"{subject.spanish} no {clitic} {spanish} {objecto}{fin} .")  # fmt: skip
    return (f"{auxiliary} {subject.english} {plain} {target}{end} ?",
            f"¿ {clitic} {spanish} {subject.spanish} {objecto}{fin} ?")  # fmt: skip


def _being(chance: random.Random) -> tuple[str, str]:
    """Something is so, or was, or is more so than something else."""
    words = chance.choice((THINGS, ANIMALS, PEOPLE))
    thing, (adjective, *forms) = _noun(chance, words), _adjective(chance, words)
    plural = thing.person == 4
    so = forms[(thing.gender == "f") + 2 * plural]
    english, spanish = (("are", "son") if plural else ("is", "es")) if chance.random() < 0.6 else (
        ("were", "eran") if plural else ("was", "era"))  # fmt: skip
    kind = chance.random()
    if kind < 0.5:
        very, muy = chance.choice(("very muy", "too demasiado", "# #", "not# #")).split()
        no = "no" if very.startswith("not") else ""
        return f"{thing.english} {english} {very} {adjective} .", f"{thing.spanish} {no} {spanish} {muy} {so} ."
    other = _noun(chance, words, owner=False)
    return (f"{thing.english} {english} as {adjective} as {other.english} .",
            f"{thing.spanish} {spanish} tan {so} como {other.spanish} .")  # fmt: skip


def _there_is(chance: random.Random) -> tuple[str, str]:
    """There is something somewhere."""
    words = chance.choice((THINGS, ANIMALS, PEOPLE))
    one, several, uno, varios, gender = chance.choice(words).split()
    plural = chance.random() < 0.5
    noun, nombre = (several, varios) if plural else (one, uno)
    if chance.random() < 0.6:
        adjective, *forms = _adjective(chance, words)
        noun, nombre = f"{adjective} {noun}", f"{nombre} {forms[(gender == 'f') + 2 * plural]}"
    english, spanish = _counted(chance, noun, nombre, gender, plural)
    where, donde = chance.choice(PLACES).split()
    if chance.random() < 0.3:
        return f"{'are' if plural else 'is'} there {english} {where} ?", f"¿ hay {spanish} {donde} ?"
    return f"there {'are' if plural else 'is'} {english} {where} .", f"hay {spanish} {donde} ."
