"""Claims about the answers to `shared.questions`: what theory says about each network."""

from collections.abc import Callable, Mapping, Sequence

from textcnn.studies.shared.study import Claim, Rate, Values, equal_logits, scientific, silent


def knows_windows_alone(known: Values) -> bool:
    """Whether logits depend on the windows of a text, not on their positions (T2)."""
    return (
        known["windows_only"]
        and known["stride"] == 1
        and not known["position"]
        and known["ignores_positions"]
    )


def knows_no_order(known: Values) -> bool:
    """Whether the windows are single tokens, too (T1)."""
    return knows_windows_alone(known) and known["field"] == 1


def knows_no_end(known: Values) -> bool:
    """Whether rolling a text changes nothing (T4).

    Padding is circular, or all windows are single tokens.
    """
    circular = knows_windows_alone(known) and known["paddings"] == ["circular"]
    return circular or knows_no_order(known)


# by title: the values of `questions.ask` for each seed
Networks = Mapping[str, Sequence[Values]]


def reach(value: Values, path: Sequence[str]) -> float:
    """The number at the end of a path of keys."""
    found: Values | float = value
    for key in path:
        assert isinstance(found, dict)
        found = found[key]
    assert isinstance(found, int | float)
    return found


def rate_of(values: Sequence[Values], *path: str) -> Rate:
    """A count as a fraction of all texts, over all seeds; `path` are the keys of the count."""
    return of_texts(values, [int(reach(each, path)) for each in values])


def of_texts(values: Sequence[Values], counts: Sequence[int]) -> Rate:
    """Counts, one for each seed, as a fraction of all texts; seeds may share their texts."""
    return Rate.of(
        {"correct": count, "texts": each["texts"], "different": each["different"]}
        for each, count in zip(values, counts, strict=True)
    )


def block_rates(values: Sequence[Values], key: str) -> list[Rate]:
    """Fractions of shuffled texts that are `changed` or `correct`, for each block size."""
    counts = zip(*(each["order"][key] for each in values), strict=True)
    return [of_texts(values, count) for count in counts]


def percent(rate: Rate) -> str:
    return f"{100 * rate.share:.1f} %"


# changes that must not change the logits: the key, the theorem, a description, and the networks
# that the theorem covers
EQUALITIES: tuple[tuple[str, str, str, Callable[[Values], bool]], ...] = (
    ("axis", "", "another order of the embedding dimensions", lambda known: True),
    ("alone", "", "longer texts in the batch", lambda known: True),
    ("padded", "", "more padding", lambda known: True),
    ("shuffled", "T1", "shuffling the tokens", knows_no_order),
    ("rolled", "T4", "rolling texts by half", knows_no_end),
    ("moved", "T2", "moving texts among unknown tokens", knows_windows_alone),
)
MOMENTS = {"before": "before training", "equal": "after training"}


def equality_claims(networks: Networks, moments: Sequence[str]) -> list[Claim]:
    """For each equality, the largest gap over all networks that theory covers.

    Args:
        moments: keys of the values of `questions.equalities`.
    """
    made = []
    for key, theorem, statement, covers in EQUALITIES:
        chosen = {
            name: values
            for name, values in networks.items()
            if covers(values[0]["known"]) and values[0]["equal"][key] is not None
        }
        for moment in moments if chosen else ():
            gap = max(each[moment][key] for values in chosen.values() for each in values)
            when = "" if len(moments) == 1 else f", {MOMENTS[moment]}"
            of = whose(chosen, networks)
            made.append(equal_logits(theorem, f"logit change from {statement}{when}{of}", gap))
    for values in networks.values():
        if reason := values[0]["equal"]["axis_reason"]:
            made.append(
                silent("another order of the embedding dimensions", f"not measured: {reason}")
            )
    return made


def whose(chosen: Networks, networks: Networks) -> str:
    """The networks that a claim covers, in parentheses; empty for all."""
    if len(chosen) == len(networks):
        return ""
    others = [name for name in networks if name not in chosen]
    few = len(chosen) <= len(others)
    return f" ({'; '.join(chosen)})" if few else f" (all except {'; '.join(others)})"


def order_claims(title: str, values: Sequence[Values]) -> list[Claim]:
    known = values[0]["known"]
    changed, correct = (block_rates(values, key) for key in ("changed", "correct"))
    statement = f"{title}: predictions that change when the tokens are shuffled"
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
    """Two words in both orders: logits may differ within the receptive field, but not beyond."""
    asked, field = values["distances"], values["known"]["field"]
    if asked is None:
        return []
    gaps = dict(zip(asked["distances"], asked["gaps"], strict=True))
    title = "logit difference between both orders of “{}” and “{}” among unknown words".format(
        *asked["words"]
    )
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
    """The fraction of predictions that each change of place changes, in one claim."""
    parts = [
        f"{name} {percent(rate_of(values, 'places', name, 'changed'))}"
        for name in values[0]["places"]
    ]
    return [silent(f"{title}: predictions that change", "; ".join(parts))]


def length_claims(title: str, values: Sequence[Values]) -> list[Claim]:
    lengths, field = [each["lengths"] for each in values], values[0]["known"]["field"]
    whole = of_texts(values, [each["seen_whole"] for each in lengths])
    size = "all tokens" if field is None else f"{field} token" + ("s" if field > 1 else "")
    made = [
        silent(
            f"{title}: texts that fit into one receptive field ({size})",
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
                f"{title}: accuracy by quartile of length, from short to long",
                ", ".join(map(percent, quarter)),
            )
        )
    rates = read_rates(values)
    made += [
        silent(
            f"{title}: accuracy if only the first {tokens} tokens are read", percent(rates[tokens])
        )
        for tokens in (10, 50)
        if tokens in rates
    ]
    return made


def read_rates(values: Sequence[Values]) -> dict[int, Rate]:
    """Accuracy by the number of tokens read, for the numbers that all seeds share."""
    counts = [
        dict(zip(each["beginnings"]["read"], each["beginnings"]["correct"], strict=True))
        for each in values
    ]
    read = [tokens for tokens in counts[0] if all(tokens in each for each in counts)]
    return {tokens: of_texts(values, [each[tokens] for each in counts]) for tokens in read}


def negation_claims(title: str, values: Sequence[Values]) -> list[Claim]:
    asked = [each["negation"] for each in values if each["negation"]["pairs"]]
    statement = f"{title}: “not terrible, it was great” and “not great, it was terrible”"
    if not asked:
        return [silent(statement, "not measured: the vocabulary lacks these words")]
    gap = max(each["gap"] for each in asked)
    if knows_no_order(values[0]["known"]):
        return [equal_logits("T1", f"{statement}: logit difference", gap)]
    same, pairs = (sum(each[key] for each in asked) for key in ("same", "pairs"))
    return [silent(statement, f"the same prediction for {same} of {pairs} pairs")]
