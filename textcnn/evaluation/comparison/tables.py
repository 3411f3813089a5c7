"""The tables of a comparison as rows of text, for the terminal and the page."""

from textcnn.evaluation.comparison.conclusions import p_words
from textcnn.evaluation.comparison.groups import Group, Mean
from textcnn.evaluation.comparison.pairs import Comparison
from textcnn.evaluation.comparison.result import Result
from textcnn.evaluation.comparison.run import MEASURES
from textcnn.system.escapes import in_one_line

Rows = list[list[str]]  # the first row is the header
MISSING = "–"
MOST_COLUMNS = 5  # groups side by side; more are below each other
LONGEST_VALUE = 40  # characters of a setting


def score_rows(result: Result) -> Rows:
    """Scores and cost: a row for each group; with few groups, a column for each."""
    several = any(group.runs[0].multi_label for group in result.groups)
    header = ["", "runs"]
    columns = []
    for split in ("validation", "test"):
        for name in ["accuracy"] if split == "validation" else result.measures:
            if any(group.score(split, name) for group in result.groups):
                heading, is_share = MEASURES[name]
                heading = "exact match %" if name == "accuracy" and several else heading
                header.append(f"{split} {heading}")
                columns.append((split, name, is_share))
    header += ["training s", "size MB", *(["texts/s"] if result.speeds else [])]
    rows = [header]
    for group in result.groups:
        name = group.name + (" (reference)" if is_reference(result, group) else "")
        cells = [name, group.count]
        for split, measure, is_share in columns:
            cells.append(mean_cell(group.score(split, measure), is_share))
        cells += [seconds_cell(group.seconds), size_cell(group.size)]
        if result.speeds:
            speed = result.speeds.get(group.name)
            cells.append(MISSING if speed is None else f"{speed:,.0f}")
        rows.append(cells)
    return side_by_side(rows)


def side_by_side(rows: Rows) -> Rows:
    """Rows as columns, if they are few: that fits a terminal."""
    if len(rows) - 1 > MOST_COLUMNS:
        return rows
    return [list(column) for column in zip(*rows, strict=True)]


def is_reference(result: Result, group: Group) -> bool:
    return bool(result.comparisons) and group is result.reference


def setting_rows(result: Result) -> Rows:
    """The keys that differ; empty if none does."""
    keys = result.differing
    if not keys:
        return []
    values = [[setting(group, key) for key in keys] for group in result.groups]
    rows = [["", *map(in_one_line, keys)]]
    rows += [[group.name, *cells] for group, cells in zip(result.groups, values, strict=True)]
    return side_by_side(rows)


def setting(group: Group, key: str) -> str:
    value = in_one_line(group.settings.get(key, MISSING))
    if len(value) <= LONGEST_VALUE:
        return value
    half = LONGEST_VALUE // 2
    return f"{value[: half - 1]}…{value[-half:]}"


def difference_rows(result: Result) -> Rows:
    """Each group against the reference; empty without comparisons."""
    if not result.comparisons:
        return []
    several, seeds = (
        len(result.comparisons) > 1,
        any(each.over_seeds for each in result.comparisons),
    )
    header = ["", "points", "95 %", "p"]
    header += [
        *(["p, Holm"] if several else []),
        "only it is right",
        "only reference is right",
        "texts",
    ]
    header += [*(["95 % over seeds"] if seeds else []), "verdict"]
    rows = [difference_cells(each, several, seeds) for each in result.comparisons]
    return side_by_side([header, *rows])


def difference_cells(each: Comparison, several: bool, seeds: bool) -> list[str]:
    found = each.over_texts
    cells = [each.ours, f"{found.points:+.2f}", f"{found.low:+.2f} to {found.high:+.2f}"]
    cells += [p_cell(each.p), *([p_cell(each.adjusted)] if several else [])]
    cells += [f"{each.only_ours:,}", f"{each.only_theirs:,}", f"{each.texts:,}"]
    if seeds:
        over = each.over_seeds
        cells.append(MISSING if over is None else f"{over.low:+.2f} to {over.high:+.2f}")
    return [*cells, verdict(each)]


def verdict(each: Comparison) -> str:
    if not each.is_sure:
        return "within noise"
    return "better" if each.over_texts.points > 0 else "worse"


def p_cell(p: float) -> str:
    return p_words(p).removeprefix("p ").removeprefix("= ")


def mean_cell(value: Mean | None, is_share: bool) -> str:
    if value is None:
        return MISSING
    scale, digits = (100, 2) if is_share else (1, 4)
    spread = "" if value.deviation is None else f" ± {scale * value.deviation:.{digits}f}"
    return f"{scale * value.mean:.{digits}f}{spread}"


def seconds_cell(value: Mean | None) -> str:
    return MISSING if value is None else f"{value.mean:,.1f}"


def size_cell(value: Mean | None) -> str:
    return MISSING if value is None else f"{value.mean / 1e6:,.1f}"
