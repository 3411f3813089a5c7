"""The experiments of `make reproduce`: their data sets, and what their papers report.

Settings are in `configs/experiment/`; here are only those that a paper changes from set to set.
"""

from dataclasses import dataclass, field

from sources import DATA

from textcnn.config.explain import group_options


@dataclass(frozen=True)
class Origin:
    """A training that comes first: an experiment starts from its checkpoint.

    Attributes:
        experiment: of the checkpoint.
        data: that the checkpoint is trained on, all rows and once for all folds and seeds.
        settings: more keys of textcnn.train, for the checkpoint.
        rename: the value of data.rename that gives its classes the experiment's names, if the rows
            come from files.
        rename_hub: the same by data set, if the rows come from the Hub.
    """

    experiment: str
    data: str
    settings: tuple[str, ...] = ()
    rename: str = ""
    rename_hub: dict[str, str] = field(default_factory=dict)

    def renaming(self, data: str, from_hub: bool) -> tuple[str, ...]:
        """The override of data.rename for a data set; none if the names are the same."""
        rename = self.rename_hub.get(data, "") if from_hub else self.rename
        return (f"data.rename={rename}",) if rename else ()


@dataclass(frozen=True)
class Experiment:
    """An experiment and the data sets it runs on.

    Attributes:
        paper: test accuracy in percent by data set, as the paper reports it; None: not reported.
        settings: more keys of textcnn.train by data set.
        goal: the accuracy that we want to reach at least, by data set.
        cost: training time compared with the other experiments; the longest runs start first.
        origin: the training whose checkpoint the experiment starts from; None: it starts anew.
    """

    paper: dict[str, float | None]
    settings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    cost: float = 1.0
    goal: dict[str, float] = field(default_factory=dict)
    origin: Origin | None = None


def own(*data: str, cost: float = 1.0, **goal: float) -> Experiment:
    """A recipe of ours: no paper."""
    return Experiment(dict.fromkeys(data), cost=cost, goal=goal)


def shorter(epochs: int, every: int, *more: str) -> tuple[str, ...]:
    """Settings that a CPU can afford, as the experiments' files propose them."""
    return (
        *("model.num_filters=200", f"training.epochs={epochs}", f"schedule.every={every}"),
        *more,
    )


SENTENCES = ("mr", "subj", "sst2", "trec")
EXPERIMENTS: dict[str, Experiment] = {
    "best_short": own(*SENTENCES, cost=4, mr=81.8, sst2=85.0, subj=93.8, trec=93.0),
    "best_short_plain": own(*SENTENCES, cost=4, mr=81.0, sst2=83.2, subj=93.5, trec=91.6),
    # IMDB's 25,000 reviews help with sentences of reviews
    "best_short_reviews": Experiment(
        dict.fromkeys(("mr", "sst2")),
        cost=4,
        origin=Origin(
            "best_long_vectors",
            "imdb",
            ("text.max_length=500", "training.epochs=3", "training.final=best"),
            rename="{0: negative, 1: positive}",
            rename_hub={"sst2": "{neg: negative, pos: positive}"},
        ),
    ),
    "best_long": own("imdb", "bundled", cost=4, imdb=92.2),
    "best_long_vectors": own("imdb", cost=4, imdb=92.4),
    "best_fast": own(*SENTENCES, "imdb", "bundled", cost=0.5),
    "best_small": own(*SENTENCES, "imdb", "bundled"),
    # four epochs of IMDB have as many steps as fifty of the bundled texts
    "best_char": Experiment(
        dict.fromkeys(("bundled", "trec", "mr", "imdb")),
        settings={"imdb": ("training.epochs=4",)},
        cost=4,
        goal={"bundled": 96.5, "trec": 89.0, "mr": 77.5, "imdb": 90.0},
    ),
    "few": Experiment(
        dict.fromkeys(("mr", "subj", "sst2", "trec")),
        dict.fromkeys(("mr", "subj", "sst2", "trec"), ("data.max_examples=1000",)),
    ),
    # Kim 2014, Table 2; SST-2 there with phrases
    "kim2014_rand": Experiment(
        {"mr": 76.1, "subj": 89.6, "sst2": 82.7, "trec": 91.2},
        goal={"mr": 75.6, "subj": 89.1, "sst2": 80.5, "trec": 90.0},
    ),
    "kim2014_static": Experiment({"mr": 81.0, "subj": 93.0, "sst2": 86.8, "trec": 92.8}),
    "kim2014_nonstatic": Experiment(
        {"mr": 81.5, "subj": 93.4, "sst2": 87.2, "trec": 93.6},
        goal={"mr": 78.5, "subj": 91.5, "sst2": 82.0, "trec": 92.0},
    ),
    "kim2014_multichannel": Experiment({"mr": 81.1, "subj": 93.2, "sst2": 88.1, "trec": 92.2}),
    "kalchbrenner2014": Experiment({"sst2": 86.8, "trec": 93.0}),
    # Johnson and Zhang 2015: 1,000 filters and 100 epochs there, which take many hours on a CPU.
    # seq has a rate of 0.05 there, for 100 epochs. 92.33 is that of seq2-bown-CNN, which n-grams
    # beside the network come near.
    "johnson2015_bow": Experiment({"imdb": 91.34}, {"imdb": shorter(25, 20)}, cost=4),
    "johnson2015_seq": Experiment(
        {"imdb": 91.61}, {"imdb": shorter(12, 10, "optimizer.learning_rate=0.25")}, cost=4
    ),
    "johnson2015_seq2": Experiment(
        {"imdb": 92.33}, {"imdb": shorter(10, 8, "model.ngrams=3")}, cost=6
    ),
    "wang2012_nbsvm": Experiment(
        {"mr": 79.4, "subj": 93.2, "imdb": 91.22},
        {"imdb": ("text.tokenizer=basic_english",)},
        cost=0.3,
    ),
    # the papers report other tasks
    "gehring2017": own("trec", cost=2),
    "strubell2017": own("trec", cost=2),
    "bai2018": own("trec", cost=2),
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
