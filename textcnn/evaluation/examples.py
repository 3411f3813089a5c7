"""A few predictions to read: where a classifier is surest, right and wrong."""

from textcnn.data.labelled import LabelledTexts
from textcnn.inference import Classifier

SHOWN = 5
CHARACTERS = 200


def example_predictions(classifier: Classifier, rows: LabelledTexts) -> str:
    """A Markdown table of the surest mistakes and, after them, of some that are right."""
    texts, labels = rows.texts(), [classifier.labels[label] for label in rows.labels]
    predictions = classifier.predict(texts)
    surest = sorted(
        zip(texts, labels, predictions, strict=True),
        key=lambda row: -row[2].probabilities[row[2].label],
    )
    wrong = [row for row in surest if row[1] != row[2].label][:SHOWN]
    right = [row for row in surest if row[1] == row[2].label][:SHOWN]
    lines = ["| text | true | predicted | probability |", "| --- | --- | --- | --- |"]
    for text, label, prediction in wrong + right:
        probability = f"{prediction.probabilities[prediction.label]:.3f}"
        mark = "" if label == prediction.label else " (wrong)"
        cells = [cell(text), cell(label), cell(prediction.label) + mark, probability]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def cell(text: str) -> str:
    """The start of a text, on one line, its bars escaped."""
    return " ".join(text.split())[:CHARACTERS].replace("|", "\\|")
