"""The figures of the language study."""

from typing import TYPE_CHECKING

from textcnn.studies.language.negation import predict_negation
from textcnn.studies.language.synonyms import predict_unseen
from textcnn.studies.shared.claims import Networks, rate_of, read_rates
from textcnn.studies.shared.figures import (
    MANY_COLOURS,
    accuracy_axes,
    draw_order,
    draw_rows,
    intervals,
    new_figure,
    predicted,
)
from textcnn.studies.shared.study import Drawing, Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_networks(asked: Networks) -> Drawing:
    """Accuracy, order and length, for each network on real texts."""
    figure, (remedies, changed, lengths, legend) = new_figure(4, columns=2, size=(4.6, 2.8))
    names = list(asked)
    rates = [rate_of(values, "correct") for values in asked.values()]
    draw_rows(remedies, names, rates)
    remedies.set_title("The remedies side by side", loc="left")
    draw_order(changed, asked, "changed", "Shuffled texts", "tokens that stay together")
    changed.set_ylabel("predictions changed %")
    predicted(changed, (1, 50), (0, 0))
    draw_lengths(lengths, asked)
    legend.axis("off")
    legend.legend(*changed.get_legend_handles_labels(), loc="center left", frameon=False)
    caption = (
        "Networks trained on the same real texts, with 95 % intervals. Top left: accuracy. Top "
        "right: fraction of predictions that shuffling changes, by number of tokens that stay "
        "together. Theory (grey) predicts none for networks that see one token at a time. Bottom "
        "left: accuracy if only the first tokens are read."
    )
    return Drawing("language", caption, figure)


def draw_lengths(axes: "Axes", asked: Networks) -> None:
    accuracy_axes(axes, "Only the first tokens are read", "tokens read")
    ticks: set[int] = set()
    for number, values in enumerate(asked.values()):
        rates = read_rates(values)
        ticks |= set(rates)
        places = [tokens * 1.04 ** (number - len(asked) / 2) for tokens in rates]
        intervals(axes, places, list(rates.values()), MANY_COLOURS[number])
    axes.set_xscale("log")
    shown = [tick for tick in sorted(ticks) if tick in (5, 10, 20, 50, 100, 200, 500)]
    axes.set_xticks(shown, [str(tick) for tick in shown])
    axes.minorticks_off()


def draw_wording(results: Results) -> Drawing:
    """A panel for each negation template, by width, and one for the synonyms."""
    settings = {point.name: point.settings for point in results.points()}
    templates = list(dict.fromkeys(s["template"] for s in settings.values() if "template" in s))
    figure, panels = new_figure(len(templates) + 1, columns=3, size=(3.3, 2.5))
    for axes, template in zip(panels, templates, strict=False):
        names = [n for n, s in settings.items() if s.get("template") == template]
        widths = [settings[name]["width"] for name in names]
        accuracy_axes(axes, f"Negation, {template}", "words in a window")
        axes.set_xticks(widths)
        theory = [predict_negation(template, width) for width in widths]
        predicted(axes, widths, theory, "steps-mid")
        intervals(axes, widths, [results.rate(name) for name in names])
    axes = panels[-1]
    accuracy_axes(axes, "Synonyms that training never saw", "")
    predicted(axes, [-0.2, 0.2], [predict_unseen()] * 2)
    synonyms = [name for name, each in settings.items() if "vectors" in each]
    for place, name in enumerate(synonyms):
        if "missing" not in results.first(name):
            intervals(axes, [place], [results.rate(name)])
    axes.set_xticks(range(len(synonyms)), [name.removeprefix("synonyms, ") for name in synonyms])
    axes.set_xlim(-0.5, 1.5)
    caption = (
        "First panels: accuracy on pairs of texts with the same words in different orders, by the "
        "width of the windows. Last: accuracy on words that training never saw. Grey: theory, if "
        "it makes a prediction. Points: trained networks, with 95 % intervals."
    )
    return Drawing("language_wording", caption, figure)
