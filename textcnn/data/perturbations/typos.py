"""Mistyped texts."""

import random
import string
from collections.abc import Callable

# the rows of a QWERTY keyboard, each with how far it is moved to the right, in keys
KEYBOARD = {"qwertyuiop": 0.0, "asdfghjkl": 0.25, "zxcvbnm": 0.75}
PLACES = {
    letter: complex(column + moved, row)
    for row, (letters, moved) in enumerate(KEYBOARD.items())
    for column, letter in enumerate(letters)
}
NEIGHBOURS = {
    letter: "".join(other for other in PLACES if 0 < abs(PLACES[other] - place) < 1.3)
    for letter, place in PLACES.items()
}


def mistype(text: str, rate: float, seed: int) -> str:
    """A text in which each letter is mistyped with probability `rate`.

    Four mistakes are equally frequent: a neighbour on the keyboard instead of the letter, the
    letter left out, typed twice, or swapped with the next one. The letters that are mistyped at a
    low rate are among those at a higher one.
    """
    draw = random.Random(seed)
    made: list[str] = []
    swapped = ""  # the letter that comes after the next one
    for letter in text:
        chance, kind = draw.random(), draw.randrange(4)
        mistyped = letter
        if letter.isalpha() and chance < rate and not swapped:
            mistyped = KINDS[kind](letter, draw) if kind < len(KINDS) else ""
            if kind == len(KINDS):
                swapped = letter
                continue
        made.append(mistyped)
        if swapped:
            made.append(swapped)
            swapped = ""
    return "".join(made) + swapped


def neighbour(letter: str, draw: random.Random) -> str:
    beside = NEIGHBOURS.get(letter.lower(), string.ascii_lowercase)
    typed = draw.choice(beside)
    return typed.upper() if letter.isupper() else typed


KINDS: tuple[Callable[[str, random.Random], str], ...] = (
    neighbour,
    lambda letter, draw: "",
    lambda letter, draw: 2 * letter,
)
