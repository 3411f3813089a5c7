"""Made-up texts for the page on characters: word forms and languages that training texts lack.

Every text has filler words and one word that gives its class away. Words of
a class differ between train and test in the way that the set is about.
"""

import random
from collections.abc import Callable
from itertools import product

Row = tuple[str, str]  # text and label

# Stems of a made-up language; a class is a field of meaning.
STEMS = {
    "food": "balka torem sudip mekor lanit dorup kesam fubel",
    "travel": "vardo pelik nosta ruhem gidal hosar timun jevok",
    "weather": "zumat ralke bodin sefur wakil pomet yurat cinor",
}
# As in Turkish: number, possession and case follow the stem, one after the other.
SUFFIXES = (("", "lar", "ik"), ("", "im", "osu", "emiz"), ("", "da", "den", "ya", "nun"))
FILLERS = "ama ve bir o bu da ne gibi sonra hep dün bugün ben sen biz onlar çok az"

# English words and the Spanish ones of the same origin.
COGNATES = {
    "health": "hospital:hospital doctor:doctora medicine:medicina patient:paciente "
    "infection:infección vaccine:vacuna clinic:clínica symptom:síntoma operation:operación "
    "disease:enfermedad",
    "politics": "president:presidenta election:elección parliament:parlamento "
    "government:gobierno minister:ministra democracy:democracia constitution:constitución "
    "candidate:candidata corruption:corrupción law:ley",
    "music": "orchestra:orquesta concert:concierto guitar:guitarra piano:piano melody:melodía "
    "composer:compositora rhythm:ritmo opera:ópera festival:festival song:canción",
}
ENGLISH = "the a of in and was said today about we they people new many then very"
SPANISH = "el la de en y fue dijo hoy sobre nosotros ellos gente nuevo muchos luego muy"


def inflected(rows: int, test_rows: int, seed: int) -> tuple[list[Row], list[Row]]:
    """Morphology: each stem is in the training texts, the test texts have other forms of it."""
    draw = random.Random(seed)
    forms = {}  # of each stem: those of training, those of the test
    for stem in " ".join(STEMS.values()).split():
        all_forms = [stem + "".join(suffixes) for suffixes in product(*SUFFIXES)]
        draw.shuffle(all_forms)
        forms[stem] = all_forms[: len(all_forms) // 6], all_forms[len(all_forms) // 6 :]

    def word(label: str, test: bool) -> str:
        return draw.choice(forms[draw.choice(STEMS[label].split())][test])

    return made(draw, rows, test_rows, word, [*STEMS], (FILLERS, FILLERS))


def mixed_languages(rows: int, test_rows: int, seed: int) -> tuple[list[Row], list[Row]]:
    """Code-switching: training texts are English; test texts switch to Spanish half of the time."""
    draw = random.Random(seed)
    pairs = {
        label: [tuple(pair.split(":")) for pair in words.split()]
        for label, words in COGNATES.items()
    }

    def word(label: str, test: bool) -> str:
        return draw.choice(pairs[label])[test]

    return made(draw, rows, test_rows, word, [*COGNATES], (ENGLISH, f"{ENGLISH} {SPANISH}"))


def made(
    draw: random.Random,
    rows: int,
    test_rows: int,
    word: Callable[[str, bool], str],
    labels: list[str],
    fillers: tuple[str, str],
) -> tuple[list[Row], list[Row]]:
    """Training and test rows.

    Args:
        word: a word of a class, for a test text or not.
        fillers: of training texts and of test texts.
    """

    def row(test: bool) -> Row:
        label = draw.choice(labels)
        words = fillers[test].split()
        tokens = [draw.choice(words) for _ in range(draw.randint(4, 9))]
        tokens.insert(draw.randint(0, len(tokens)), word(label, test))
        return " ".join(tokens), label

    return [row(False) for _ in range(rows)], [row(True) for _ in range(test_rows)]
