"""What a comparison means, in plain English."""

from collections.abc import Iterator, Sequence

from textcnn.evaluation.comparison.groups import Group
from textcnn.evaluation.comparison.pairs import LEVEL, Comparison

MOST_SENTENCES = 3  # of more comparisons, those within noise share one
FEW_SEEDS = "try -m seed=0,1,2"


def conclude(
    groups: Sequence[Group], reference: Group, comparisons: Sequence[Comparison], paired: bool
) -> Iterator[str]:
    """
    Args:
        comparisons: of groups with the reference.
        paired: texts were scored, so that what is missing could not be compared.
    """
    if len(groups) == 1:
        yield alone(reference)
        return
    noise = [each for each in comparisons if not each.is_sure]
    summarized = noise if len(comparisons) > MOST_SENTENCES and len(noise) > 1 else []
    for comparison in comparisons:
        if comparison not in summarized:
            yield sentence(comparison, len(comparisons))
    if summarized:
        names = ", ".join(each.ours for each in summarized)
        yield (
            f"within noise of {reference.name}, after Holm's correction for {len(comparisons)} "
            f"comparisons: {names}"
        )
    compared = {each.ours for each in comparisons}
    missing = [each for each in groups if each is not reference and each.name not in compared]
    if missing and paired:
        yield not_compared(missing, reference)
    if comparisons and all(each.runs == (1, 1) for each in comparisons):
        yield (
            "each configuration was trained once: what the seed alone changes is not in these "
            f"numbers; {FEW_SEEDS}"
        )


def alone(group: Group) -> str:
    split = "test" if group.score("test", "accuracy") else "validation"
    score = group.score(split, "accuracy")
    if score is None or score.deviation is None:
        return f"{group.name} is the only finished run; give others to compare it with"
    name = "exact match" if group.runs[0].multi_label else "accuracy"
    return (
        f"all {len(group.runs)} runs have the same configuration, with a {split} {name} of "
        f"{100 * score.mean:.2f} ± {100 * score.deviation:.2f} %; give runs of another to compare"
    )


def sentence(comparison: Comparison, count: int) -> str:
    """
    Args:
        count: the number of comparisons, for which p is corrected.
    """
    found, first, second = comparison.over_texts, comparison.ours, comparison.theirs
    points, low, high = found.points, found.low, found.high
    if not comparison.only_ours + comparison.only_theirs:
        texts = f"{comparison.texts:,} texts"
        return f"{first} and {second} classify the same of {texts} correctly"
    if points < 0:
        first, second, points, low, high = second, first, -points, -high, -low
    test = "McNemar" if comparison.once else "sign test"
    p = f"{test} {p_words(comparison.adjusted)}"
    if count > 1:
        p += f" after Holm's correction for {count} comparisons"
    interval = f"95 %: {low:.2f} to {high:.2f}"
    if comparison.is_sure:
        said = f"{first} is better than {second} by {points:.2f} points ({interval}), {p}"
    else:
        said = (
            f"differences between {first} and {second} are within noise: {points:.2f} points "
            f"({interval}), {p}"
        )
    return said + seeds_clause(comparison)


def seeds_clause(comparison: Comparison) -> str:
    """What the seeds add, where there are several."""
    seeds = comparison.over_seeds
    if seeds is None:
        return ""
    low, high = sorted((seeds.low, seeds.high))
    if comparison.over_texts.points < 0:
        low, high = -high, -low
    between = f"{low:.2f} to {high:.2f} points"
    if comparison.is_sure and seeds.p >= LEVEL:
        return f"; but other seeds could reverse it: over seeds {between}"
    return f"; over seeds {between}"


def not_compared(missing: Sequence[Group], reference: Group) -> str:
    names = ", ".join(group.name for group in missing[:3])
    if len(missing) > 3:
        names += f" and {len(missing) - 3} more"
    fingerprints = {run.test_data for group in missing for run in group.runs}
    others = {run.test_data for run in reference.runs}
    why = "have no test texts in common that can be read"
    if None not in fingerprints | others and not fingerprints & others:
        why = "were tested on different texts, so their scores can't be compared"
    advice = "try data=... to score all on the same"
    if (other := another_reference(missing)) is not None:
        advice += f", or reference={other.name} to compare those that were tested on its texts"
    return f"{names} and {reference.name} {why}; {advice}"


def another_reference(groups: Sequence[Group]) -> Group | None:
    """The first of the groups that shares test texts with another of them."""
    tested = [{run.test_data for run in group.runs} - {None} for group in groups]
    for number, (group, texts) in enumerate(zip(groups, tested, strict=True)):
        if any(texts & others for others in tested[number + 1 :]):
            return group
    return None


def p_words(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
