"""What theory says of the questions, and what was answered."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from textcnn.studies.shared.figures import BLUE, COLOURS, intervals
from textcnn.studies.shared.study import Claim, Rate, Values, equal_logits, scientific, silent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MANY_COLOURS = (*COLOURS, "#0e8a8a", "#8a5a2b")  # one for each network
# one map whose features are made of windows alone, and what pools them wherever they stand
WINDOWED = ("MultiWidth", "CharCnn", "Dilated", "Gated", "Nin", "Bag")
PLACELESS = {"MaxPooling", "MeanPooling", "SumPooling", "AttentionPooling"}


def knows_windows_alone(known: Values) -> bool:
    """Its logits go by the windows of a text, not by where they are (T2)."""
    return (
        known["encoder"] in WINDOWED
        and known["stride"] == 1
        and not known["position"]
        and set(known["poolings"]) <= PLACELESS
    )


def knows_no_order(known: Values) -> bool:
    """Its windows are single tokens (T1)."""
    return knows_windows_alone(known) and known["field"] == 1


def knows_no_end(known: Values) -> bool:
    """Its texts are rings: rolling changes nothing (T4)."""
    circular = knows_windows_alone(known) and known["paddings"] == ["circular"]
    return circular or knows_no_order(known)


Networks = Mapping[str, Sequence[Values]]  # what `questions.ask` made of each, seed by seed


def total(values: Sequence[Values], *path: str) -> int:
    """The sum over seeds of a count."""
    return sum(int(reach(each, path)) for each in values)


def reach(value: Values, path: Sequence[str]) -> float:
    found: Values | float = value
    for key in path:
        assert isinstance(found, dict)
        found = found[key]
    assert isinstance(found, int | float)
    return found


def rate_of(values: Sequence[Values], *path: str) -> Rate:
    """Texts predicted right, or changed, of all, over the seeds."""
    return of_texts(values, [int(reach(each, path)) for each in values])


def of_texts(values: Sequence[Values], counts: Sequence[int]) -> Rate:
    """So many of all texts with each seed; those of another seed may be the same ones."""
    return Rate.of(
        {"correct": count, "texts": each["texts"], "different": each["different"]}
        for each, count in zip(values, counts, strict=True)
    )


def block_rates(values: Sequence[Values], key: str) -> list[Rate]:
    """Texts that are `changed` or `correct` when shuffled, by the tokens that stay together."""
    counts = zip(*(each["order"][key] for each in values), strict=True)
    return [of_texts(values, count) for count in counts]


def percent(rate: Rate) -> str:
    return f"{100 * rate.share:.1f} %"


# what must not change the logits: of which networks theory says so, by which theorem
EQUAL: tuple[tuple[str, str, str, Callable[[Values], bool]], ...] = (
    ("axis", "", "with the embedding's dimensions in another order", lambda known: True),
    ("alone", "", "alone and among longer texts", lambda known: True),
    ("padded", "", "with more padding", lambda known: True),
    ("shuffled", "T1", "with the tokens shuffled", knows_no_order),
    ("rolled", "T4", "rolled by half", knows_no_end),
    ("moved", "T2", "moved among unknown tokens", knows_windows_alone),
)
WHEN = {"before": "before training", "equal": "after training"}


def equality_claims(networks: Networks, moments: Sequence[str]) -> list[Claim]:
    """The largest gap of all networks of which theory says that there is none.

    Args:
        moments: the keys of what `questions.equalities` found.
    """
    made = []
    for key, theorem, statement, speaks in EQUAL:
        chosen = {
            name: values
            for name, values in networks.items()
            if speaks(values[0]["known"]) and values[0]["equal"][key] is not None
        }
        for moment in moments if chosen else ():
            gap = max(each[moment][key] for values in chosen.values() for each in values)
            when = "" if len(moments) == 1 else f", {WHEN[moment]}"
            of = whose(chosen, networks)
            made.append(equal_logits(theorem, f"logits of texts {statement}{when}{of}", gap))
    for values in networks.values():
        if reason := values[0]["equal"]["axis_reason"]:
            made.append(
                silent("another order of the embedding's dimensions", f"not asked: {reason}")
            )
    return made


def whose(chosen: Networks, networks: Networks) -> str:
    """Which of all networks are meant."""
    if len(chosen) == len(networks):
        return ""
    others = [name for name in networks if name not in chosen]
    few = len(chosen) <= len(others)
    return f" ({'; '.join(chosen)})" if few else f" (all but {'; '.join(others)})"


def order_claims(title: str, values: Sequence[Values]) -> list[Claim]:
    known = values[0]["known"]
    changed, correct = (block_rates(values, key) for key in ("changed", "correct"))
    statement = f"{title}: predictions that shuffling the tokens changes"
    if knows_no_order(known):
        worst = max(changed, key=lambda rate: rate.correct)
        found = f"{worst.correct} of {worst.texts}"
        return [Claim("T1", statement, "0", found, worst.correct == 0)]
    usual = rate_of(values, "correct")
    return [
        silent(
            statement,
            f"{percent(changed[0])}; accuracy {percent(usual)}, shuffled {percent(correct[0])}",
        )
    ]


def distance_claims(values: Values) -> list[Claim]:
    """Two words in both orders: within the receptive field they may differ, beyond they can't."""
    asked, field = values["distances"], values["known"]["field"]
    if asked is None:
        return []
    gaps = dict(zip(asked["distances"], asked["gaps"], strict=True))
    title = "logits of “{}” and “{}” among unknown words in both orders".format(*asked["words"])
    near = [gap for distance, gap in gaps.items() if distance < field]
    far = max(gap for distance, gap in gaps.items() if distance >= field)
    made = []
    if near:
        where = "d = 1" if field == 2 else f"d = 1 to {field - 1}"
        made.append(silent(f"{title}, at {where}", f"up to {scientific(max(near))} apart"))
    beyond = f"{title}, at d = {field} to {max(gaps)}"
    if knows_windows_alone(values["known"]):
        return [*made, equal_logits("T2", beyond, far)]
    return [*made, silent(beyond, f"up to {scientific(far)} apart")]


def place_claims(title: str, values: Sequence[Values]) -> list[Claim]:
    """How much each of the places matters, in one claim."""
    parts = [
        f"{name} {percent(rate_of(values, 'places', name, 'changed'))}"
        for name in values[0]["places"]
    ]
    return [silent(f"{title}: predictions that change", "; ".join(parts))]


def length_claims(title: str, values: Sequence[Values]) -> list[Claim]:
    lengths, field = [each["lengths"] for each in values], values[0]["known"]["field"]
    whole = of_texts(values, [each["seen_whole"] for each in lengths])
    size = "the whole text" if field is None else f"{field} token" + ("s" if field > 1 else "")
    made = [
        silent(
            f"{title}: texts that one feature, of {size}, sees whole",
            f"{percent(whole)}; median length {lengths[0]['median']:.0f} tokens",
        )
    ]
    if all(len(e["texts"]) == 4 and e["longest"][0] < e["longest"][2] for e in lengths):
        quarter = [
            Rate(sum(each["correct"][q] for each in lengths), sum(e["texts"][q] for e in lengths))
            for q in range(4)
        ]
        made.append(
            silent(
                f"{title}: accuracy by quarter of length, the shortest first",
                ", ".join(map(percent, quarter)),
            )
        )
    rates = read_rates(values)
    made += [
        silent(f"{title}: accuracy from the first {tokens} tokens alone", percent(rates[tokens]))
        for tokens in (10, 50)
        if tokens in rates
    ]
    return made


def read_rates(values: Sequence[Values]) -> dict[int, Rate]:
    """Accuracy by how many tokens are read, at most; of those read with every seed."""
    counts = [
        dict(zip(each["beginnings"]["read"], each["beginnings"]["correct"], strict=True))
        for each in values
    ]
    read = [tokens for tokens in counts[0] if all(tokens in each for each in counts)]
    return {tokens: of_texts(values, [each[tokens] for each in counts]) for tokens in read}


def negation_claims(title: str, values: Sequence[Values]) -> list[Claim]:
    asked = [each["negation"] for each in values if each["negation"]["pairs"]]
    statement = f"{title}: “not terrible, it was great” against “not great, it was terrible”"
    if not asked:
        return [silent(statement, "not asked: its vocabulary lacks these words")]
    gap = max(each["gap"] for each in asked)
    if knows_no_order(values[0]["known"]):
        return [equal_logits("T1", f"{statement}: logits", gap)]
    same, pairs = (sum(each[key] for each in asked) for key in ("same", "pairs"))
    return [silent(statement, f"the same prediction for {same} of {pairs} pairs")]


def draw_rows(axes: "Axes", names: Sequence[str], rates: Sequence[Rate]) -> None:
    """Accuracies with their 95 % intervals, one below the other."""
    for place, rate in enumerate(rates):
        low, high = (100 * limit for limit in rate.interval)
        axes.plot([low, high], [place, place], color=BLUE, linewidth=1)
        axes.plot(100 * rate.share, place, "o", color=BLUE, markersize=3.5)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("accuracy %")


def draw_order(axes: "Axes", networks: Networks, key: str, title: str, across: str) -> None:
    """Texts that are `changed` or `correct`, against the tokens that stay together."""
    for number, (name, values) in enumerate(networks.items()):
        # side by side, so that intervals don't hide each other
        blocks = values[0]["order"]["blocks"]
        places = [block * 1.04 ** (number - len(networks) / 2) for block in blocks]
        rates = block_rates(values, key)
        intervals(axes, places, rates, MANY_COLOURS[number], name)
        shares = [100 * rate.share for rate in rates]
        axes.plot(places, shares, color=MANY_COLOURS[number], linewidth=1)
    blocks = next(iter(networks.values()))[0]["order"]["blocks"]
    axes.set_xscale("log")
    axes.set_xticks(blocks, [str(block) for block in blocks])
    axes.minorticks_off()
    axes.set_xlabel(across)
    axes.set_title(title, loc="left")
