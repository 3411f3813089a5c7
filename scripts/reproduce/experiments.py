"""The experiments of `make reproduce`: their data sets, and what their papers report.

Settings are in `configs/experiment/`; here are only those that a paper changes from set to set.
"""

from dataclasses import dataclass, field

from sources import DATA

from textcnn.config.explain import group_options


@dataclass(frozen=True)
class Experiment:
    """An experiment and the data sets it runs on.

    Attributes:
        paper: test accuracy in percent by data set, as the paper reports it; None: not reported.
        settings: more keys of textcnn.train by data set.
        cost: training time compared with the other experiments; the longest runs start first.
    """

    paper: dict[str, float | None]
    settings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    cost: float = 1.0


def own(*data: str, cost: float = 1.0) -> Experiment:
    """A recipe of ours: no paper."""
    return Experiment(dict.fromkeys(data), cost=cost)


def shorter(rate: float) -> tuple[str, ...]:
    """Settings that a CPU can afford, as the experiments' files propose them."""
    return (
        *("model.num_filters=200", "training.epochs=10", "schedule.every=8"),
        *("optimizer.momentum=0", f"optimizer.learning_rate={rate}"),
    )


SENTENCES = ("mr", "subj", "sst2", "trec")
EXPERIMENTS: dict[str, Experiment] = {
    "best_short": own(*SENTENCES, cost=4),
    "best_short_plain": own(*SENTENCES, cost=4),
    "best_long": own("imdb", "bundled", cost=4),
    "best_fast": own(*SENTENCES, "imdb", "bundled", cost=0.5),
    "best_small": own(*SENTENCES, "imdb", "bundled"),
    "best_char": own("bundled", "trec", "mr", "imdb", cost=4),
    # Kim 2014, Table 2; SST-2 there with phrases
    "kim2014_rand": Experiment({"mr": 76.1, "subj": 89.6, "sst2": 82.7, "trec": 91.2}),
    "kim2014_static": Experiment({"mr": 81.0, "subj": 93.0, "sst2": 86.8, "trec": 92.8}),
    "kim2014_nonstatic": Experiment({"mr": 81.5, "subj": 93.4, "sst2": 87.2, "trec": 93.6}),
    "kim2014_multichannel": Experiment({"mr": 81.1, "subj": 93.2, "sst2": 88.1, "trec": 92.2}),
    "kalchbrenner2014": Experiment({"sst2": 86.8, "trec": 93.0}),
    # Johnson and Zhang 2015: 1,000 filters and 100 epochs there, which take many hours on a CPU;
    # 92.33 is that of seq2-bown-CNN, which n-grams beside the network come near
    "johnson2015_bow": Experiment({"imdb": 91.34}, {"imdb": shorter(0.5)}, cost=4),
    "johnson2015_seq": Experiment({"imdb": 91.61}, {"imdb": shorter(0.5)}, cost=4),
    "johnson2015_seq2": Experiment(
        {"imdb": 92.33}, {"imdb": (*shorter(0.25), "model.ngrams=3")}, cost=6
    ),
    "wang2012_nbsvm": Experiment(
        {"mr": 79.4, "subj": 93.2, "imdb": 91.22},
        {"imdb": ("text.tokenizer=basic_english",)},
        cost=0.3,
    ),
    # the papers report other tasks
    "gehring2017": own("mr", "trec", "bundled", cost=2),
    "strubell2017": own("mr", "trec", "bundled", cost=2),
    "bai2018": own("mr", "trec", "bundled", cost=2),
    # for hundreds of thousands of texts: hours on a CPU, and a few thousand don't teach them much
    "johnson2017": Experiment({"ag_news": 93.13}, cost=6),
    "zhang2015_small": Experiment({"ag_news": 84.35}, cost=20),
    "zhang2015_large": Experiment({"ag_news": 87.18}, cost=60),
    "conneau2017_9": Experiment({"ag_news": 90.83}, cost=20),
    "conneau2017_17": Experiment({"ag_news": 91.12}, cost=30),
    "conneau2017_29": Experiment({"ag_news": 91.27}, cost=40),
    "conneau2017_49": Experiment({"ag_news": None}, cost=60),
}


def existing() -> list[str]:
    """The experiments that have a file in configs/experiment, those of the table first."""
    files = group_options("experiment")
    return [name for name in EXPERIMENTS if name in files] + [
        name for name in files if name not in EXPERIMENTS
    ]


def find(name: str) -> Experiment:
    """An experiment that is not in the table runs on every data set."""
    return EXPERIMENTS.get(name) or own(*DATA)


def paper(name: str, data: str) -> float | None:
    """What the paper reports, in percent."""
    return find(name).paper.get(data)
