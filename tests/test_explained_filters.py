"""What a classifier has learned over many texts: decisive n-grams, filters, thresholds."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_data import FILLERS, curves, read_json, rows, run, write_csv
from tiny_explained import LABELS, TEXTS, WORDS, beside, classifier, network, ngrams, set_classifier
from tiny_explained import members as ensemble
from torch import nn

from textcnn.explanation.learned.filters import examine_filters, lowest_pure
from textcnn.explanation.learned.summary import brief, sampled, summarize
from textcnn.explanation.shown.page import summary_page
from textcnn.explanation.shown.summary_tables import summary_markdown
from textcnn.inference import Classifier

pytest_plugins = ("tiny_run",)


def test_the_lowest_pure_threshold_by_hand() -> None:
    values = np.array([5.0, 4.0, 3.0, 2.0, 1.0, 0.0])
    of_class = np.array([True, True, False, True, False, False])
    # from 5 on 1/1, from 4 2/2, from 3 2/3, from 2 3/4, from 1 3/5
    assert lowest_pure(values, of_class) == 2.0
    assert lowest_pure(values, of_class, purity=0.9) == 4.0
    assert lowest_pure(values, ~of_class) is None
    assert lowest_pure(np.array([1.0, 1.0]), np.array([True, False])) is None  # equal values


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1))
def test_no_lower_threshold_is_pure(pairs: list[tuple[int, bool]]) -> None:
    values = np.array([float(value) for value, _ in pairs])
    of_class = np.array([chosen for _, chosen in pairs])
    pure = [t for t in set(values.tolist()) if of_class[values >= t].mean() >= 0.75]
    assert lowest_pure(values, of_class) == (min(pure) if pure else None)


def hand_made() -> Classifier:
    """Four filters of one word: the first finds fine, the second as well, times 2; the third
    nothing; the fourth dull. Fine speaks for good, dull for bad."""
    model = network("multi_width", embedding_dim=2, kernel_sizes=(1,), num_filters=4)
    with torch.no_grad():
        table = model.embedding.table.weight.zero_()
        table[WORDS.index("fine") + 2, 0] = 1.0
        table[WORDS.index("film") + 2, 0] = 0.5
        table[WORDS.index("dull") + 2, 1] = 1.0
        convolution = model.encoder.convolutions[0]
        weight = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
        convolution.weight.copy_(weight.view(convolution.weight.shape))
        nn.init.zeros_(convolution.bias)
        model.head.weight.copy_(
            torch.tensor([[0.0, 0.0, 0.0, 9.0], [0.0] * 4, [3.0, 3.0, 3.0, 0.0]])
        )
        nn.init.zeros_(model.head.bias)
    return classifier(model)


READ = ["a fine film", "fine", "dull", "the dull plot", "a film", "not fine"]


def test_filters_by_hand() -> None:
    filters, alike = examine_filters(hand_made(), READ)
    first, second, dead, last = filters
    assert (first.name, first.label, first.weight) == ("1 token, filter 1", "good", 3.0)
    assert [(each.ngram, each.value, each.informs) for each in first.ngrams[:2]] == [
        ("fine", 1.0, True),
        ("film", 0.5, True),
    ]
    assert (first.threshold, last.label, last.threshold) == (0.5, "bad", 1.0)
    assert [first.informs, last.informs] == pytest.approx([4 / 6, 2 / 6])
    assert [each.dead for each in filters] == [False, False, True, False]
    assert dead.name == "1 token, filter 3"
    (pair,) = alike
    assert (pair.first, pair.second) == (first.name, second.name)
    assert pair.cosine == pytest.approx(1.0)


def test_filters_that_only_win_in_the_margins_are_dead() -> None:
    model = network("multi_width", kernel_sizes=(2,), num_filters=1, padding="full")
    with torch.no_grad():
        model.embedding.table.weight[1:].fill_(-1.0)
        model.encoder.convolutions[0].weight.fill_(1.0)
        nn.init.zeros_(model.encoder.convolutions[0].bias)
    filters, _ = examine_filters(classifier(model), READ)
    assert filters[0].dead


def test_decisive_ngrams_are_sums_over_the_texts_of_a_class() -> None:
    subject = classifier(beside(network()))
    found = summarize(subject, TEXTS, count=1000)
    predicted = [each.label for each in subject.predict(TEXTS)]
    explained = subject.explain(TEXTS)
    for label in LABELS:
        assert found.classes[label].texts == predicted.count(label)
        own = [each for each, answer in zip(explained, predicted, strict=True) if answer == label]
        for ngram in found.classes[label].ngrams:
            adding = [
                sum(c.contribution for c in each.contributions[label] if c.ngram == ngram.ngram)
                for each in own
            ]
            assert ngram.contribution == pytest.approx(sum(adding), abs=1e-5)
            assert ngram.texts == len([number for number in adding if number])
        sums = [each.contribution for each in found.classes[label].ngrams]
        assert sums == sorted(sums, reverse=True)


@pytest.mark.parametrize(
    ("subject", "count"),
    [
        (classifier(network()), 12),
        (classifier(ensemble()), 36),
        (classifier(network(hidden_sizes=(5,))), 12),
        (classifier(network("onehot_cnn", response_normalization=True)), 8),
        (set_classifier(network()), 12),
        (classifier(network(pooling="mean")), 0),
        (classifier(ngrams()), 0),
    ],
)
def test_every_kind_is_summarized(subject: Classifier, count: int) -> None:
    found = summarize(subject, TEXTS)
    assert len(found.filters) == count
    assert len({each.name for each in found.filters}) == count
    json.dumps(found.as_json(), allow_nan=False)
    assert "<table>" in summary_page(found)
    assert summary_markdown(found).startswith("| class | predicted |")


def test_deep_networks_are_summarized_as_an_approximation() -> None:
    found = summarize(classifier(network("lstm")), TEXTS[:3])
    assert (found.method, found.filters) == ("gradients", [])
    assert "what n-grams add is an approximation by gradients" in found.lines
    assert brief(classifier(network("lstm")), TEXTS) is None


def test_no_texts_are_no_summary() -> None:
    assert brief(classifier(network()), []) is None
    assert summarize(classifier(network()), []).texts == 0


def test_a_sample_keeps_the_order_and_is_the_same_each_time() -> None:
    texts = [str(number) for number in range(100)]
    assert sampled(texts, 100) == texts
    chosen = sampled(texts, 10)
    assert chosen == sorted(chosen, key=int) == sampled(texts, 10)
    assert len(set(chosen)) == 10


def test_hostile_words_are_escaped_on_the_page_and_in_markdown() -> None:
    subject = classifier(ngrams("none", longest=1))
    subject.labels = ("<i>bad|", "fair", "`good`")
    found = summarize(subject, TEXTS)
    assert "<i>" not in summary_page(found)
    rows = [line for line in summary_markdown(found).splitlines() if line.startswith("| `")]
    assert rows[0].startswith("| `<i>bad&#124;` |")
    assert rows[2].startswith("| `'good'` |")


def test_the_program_summarizes_the_test_split_or_other_data(
    tiny_run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "summary.json"
    keys = (f"checkpoint={tiny_run}", "summary=true")
    assert run("explain", *keys, f"output={output}") == 0
    found = read_json(output)
    assert found["texts"] == 20
    strongest = {label: each["ngrams"][0]["ngram"] for label, each in found["classes"].items()}
    assert not set(strongest.values()) & set(FILLERS)
    assert len(found["filters"]) == 12
    other = write_csv(tmp_path / "other.csv", rows(7))
    capfd.readouterr()
    assert run("explain", *keys, "data=files", f"data.test={other}", "max_texts=5") == 0
    said = capfd.readouterr().out
    assert "5 texts were read" in said
    assert "What decides" in said
    assert "dead filters: " in said
    assert run("explain", *keys, "text=a") == 2


def test_tensorboard_shows_it(tiny_run: Path) -> None:
    (shown,) = curves(tiny_run).Tensors("explanation/text_summary")
    assert b"n-grams that decide most" in shown.tensor_proto.string_val[0]
