"""Explanations in the terminal: the text with its decisive words, and a table that adds up."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from textcnn.explanation.explanation import Explanation
from textcnn.explanation.shown.rows import table_rows
from textcnn.system.escapes import escaped

LONGEST_TEXT = 2000  # characters that are shown
# Colours that differ in brightness too; bold and underlined where there are none.
FOR, AGAINST = "bold black on #7fb8f0", "underline black on #f5b48a"
WEAKLY_FOR, WEAKLY_AGAINST = "bold #4a90d9", "underline #d9772e"
STRONG, WEAK = 0.5, 0.15  # of the largest share of a token
MARKS = {FOR: "++", WEAKLY_FOR: "+", AGAINST: "--", WEAKLY_AGAINST: "-"}


def print_explanation(console: Console, explanation: Explanation, top: int) -> None:
    """Print what decided about a text."""
    answer = ", ".join(explanation.predicted) or "no label"
    console.print(f"{answer}  ({probabilities(explanation)})")
    label = next(iter(explanation.logits))
    console.print(highlighted(explanation, label, marked=console.color_system is None))
    console.print(contribution_table(explanation, top))
    for note in explanation.notes:
        console.print(f"note: {note}")
    if explanation.flip is not None:
        console.print(explanation.flip.sentence)


def probabilities(explanation: Explanation) -> str:
    shown = [
        f"{label} {100 * explanation.prediction.probabilities[label]:.1f} %"
        for label in explanation.logits
    ]
    return ", ".join(shown)


def highlighted(explanation: Explanation, label: str, *, marked: bool) -> Text:
    """The text, in which words for and against a class stand out.

    Args:
        marked: write + and - behind such words, for a terminal without colours.
    """
    shares = explanation.of_tokens(label)
    largest = max(map(abs, shares), default=0.0)
    shown, cursor = Text(), 0
    for span, share in zip(explanation.spans, shares, strict=True):
        style = style_of(share, largest)
        if span is None or style is None or span[0] < cursor or span[1] > LONGEST_TEXT:
            continue
        shown.append(flat(explanation.text[cursor : span[0]]))
        shown.append(flat(explanation.text[slice(*span)]), style)
        shown.append(MARKS[style] if marked else "")
        cursor = span[1]
    rest = explanation.text[cursor:LONGEST_TEXT]
    shown.append(flat(rest) + ("..." if len(explanation.text) > LONGEST_TEXT else ""))
    return shown


def flat(text: str) -> str:
    return escaped(" ".join(text.split("\n")))


def style_of(share: float, largest: float) -> str | None:
    if not largest or abs(share) < WEAK * largest:
        return None
    strong = abs(share) >= STRONG * largest
    if share > 0:
        return FOR if strong else WEAKLY_FOR
    return AGAINST if strong else WEAKLY_AGAINST


def contribution_table(explanation: Explanation, top: int) -> Table:
    rows = table_rows(explanation, top)
    kind = "exact" if explanation.exact else f"approximation by {explanation.method}"
    table = Table(title=f"What adds to the logits ({kind})", title_justify="left")
    table.add_column("n-gram" if explanation.exact else "words", overflow="fold")
    for label in explanation.logits:
        table.add_column(label, justify="right", overflow="fold")
    for place, (name, numbers) in enumerate(rows):
        last = place == len(rows) - 1
        cells = [f"{number:+.3f}" for number in numbers.values()]
        table.add_row(
            name, *cells, end_section=place == len(rows) - 2, style="bold" if last else ""
        )
    return table
