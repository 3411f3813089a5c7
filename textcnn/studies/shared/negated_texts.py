"""Pairs of sentences with the same words, where the negation decides the class."""

# negative and positive ones
ADJECTIVES = (
    ("terrible", "bad", "boring", "awful", "poor", "weak", "dull", "ugly"),
    ("great", "good", "exciting", "wonderful", "rich", "strong", "bright", "beautiful"),
)
# both adjectives are inserted; the class is that of the last one
TEMPLATES = {
    "near": "not {}, it was {}",
    # the four words before and after both adjectives are the same, except for the farthest ones
    "far": "it never really was {} . it always really was {} . it ended .",
}


def negated_pair(negative: str, positive: str, template: str = "near") -> tuple[str, str]:
    """A positive sentence, and a negative one of the same words."""
    form = TEMPLATES[template]
    return form.format(negative, positive), form.format(positive, negative)
