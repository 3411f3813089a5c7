"""The rows of the table that adds up, for terminal and page."""

from textcnn.explanation.explanation import Explanation, Numbers

NO_WORDS = "(no words)"  # a window in the margins of a text


def table_rows(explanation: Explanation, top: int) -> list[tuple[str, Numbers]]:
    """The n-grams that add most to any class, all others, the bias and the sum.

    N-grams of the same words are one row.
    """
    labels = list(explanation.logits)
    by_words: dict[str, Numbers] = {}
    for label in labels:
        for each in explanation.contributions[label]:
            row = by_words.setdefault(each.ngram or NO_WORDS, dict.fromkeys(labels, 0.0))
            row[label] += each.contribution
    ordered = sorted(by_words.items(), key=lambda item: -max(map(abs, item[1].values())))
    rows = ordered[:top]
    if others := ordered[top:]:
        sums = {label: sum(numbers[label] for _, numbers in others) for label in labels}
        rows.append((f"({len(others):,} more)", sums))
    rows.append(("bias", explanation.bias))
    if not explanation.exact:
        rows.append(("rest: the error of the approximation", explanation.rest))
    return [*rows, ("logit", explanation.logits)]
