"""Frequent words of the vectors in the vocabulary, behind those of the training texts."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from test_vectors_fasttext import model as fasttext_model
from test_vectors_model2vec import EMBEDDINGS, tokenizer
from test_vectors_model2vec import write as write_model2vec
from test_vectors_word2vec import binary
from tiny_data import (
    assert_same_run,
    error_line,
    read_json,
    refusal,
    resume,
    run,
    train,
    weights,
    write_csv,
)
from tiny_models import build

import textcnn
from textcnn.data.encoding import encode_texts
from textcnn.models.ngrams.ngrams import Ngrams
from textcnn.system.run_dir import WORDS
from textcnn.text.encoder import TextEncoder
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vectors import frequent_words, load_vectors
from textcnn.text.vocabulary import Vocabulary
from textcnn.training.ngrams.linear import calibrate, fit_linear, learn_ngrams, rescale
from textcnn.training.optimization.parameter_groups import parameter_groups
from textcnn.training.subwords.weights import learn_subwords

tokenizers = pytest.importorskip("tokenizers")
pytest_plugins = ("tiny_run",)

# more words than texts hold; "u.s." is no word of the default tokenizer
FILE = "the 1 2\nu.s. 9 9\ngoal 3 4\ncourt -1 2\nactor 2 2\njudge 0 3\n"


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "v.txt").write_text(FILE)
    return str(tmp_path / "v.txt")


def test_a_file_gives_its_first_words(file: str, tmp_path: Path) -> None:
    assert frequent_words(file, 3) == ["the", "u.s.", "goal"]
    assert frequent_words(file, 99)[-1] == "judge"
    assert frequent_words(file, 0) == []
    with_header = tmp_path / "v.vec"
    with_header.write_text("2 2\nthe 1 2\n. . 3 4\n")
    assert frequent_words(str(with_header), 9) == ["the", ". ."]


def test_only_the_beginning_of_a_file_is_read(tmp_path: Path) -> None:
    damaged = tmp_path / "v.txt"
    damaged.write_text("the 1 2\ngoal 3 4\nactor 1\n")
    assert frequent_words(str(damaged), 2) == ["the", "goal"]
    # `load_vectors` says what is wrong with the line
    assert frequent_words(str(damaged), 3) == ["the", "goal"]


def test_binary_files_list_their_words(tmp_path: Path) -> None:
    word2vec, fasttext = tmp_path / "w.bin", tmp_path / "f.bin"
    word2vec.write_bytes(binary(["the", "naïve", "goal"], np.ones((3, 40)) / 3))
    fasttext.write_bytes(fasttext_model())
    assert frequent_words(str(word2vec), 2) == ["the", "naïve"]
    assert frequent_words(str(fasttext), 9) == ["cat", "</s>"]
    fasttext.write_bytes(fasttext_model()[:70])
    assert "is truncated" in refusal(lambda: frequent_words(str(fasttext), 9))


def test_a_source_of_pieces_has_the_words_that_are_one_piece(tmp_path: Path) -> None:
    built = tokenizer()
    built.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    name = write_model2vec(tmp_path / "m", built, {"embeddings": EMBEDDINGS})
    assert frequent_words(name, 9) == ["film", "un", "good"]


def test_several_sources_take_turns(file: str, tmp_path: Path) -> None:
    (tmp_path / "w.txt").write_text("goal 1\nchip 2\n")
    names = [str(tmp_path / "w.txt"), file]
    assert frequent_words(names, 4) == ["goal", "the", "chip", "u.s."]
    assert frequent_words(names, 99) == ["goal", "the", "chip", "u.s.", "court", "actor", "judge"]


def test_known_words_keep_their_ids() -> None:
    vocabulary = Vocabulary(["b", "a"])
    assert vocabulary.extended(["c", "a", "c", "d"]).known_tokens == ("b", "a", "c", "d")
    assert vocabulary.extended(["a"]) is vocabulary


def test_the_report_distinguishes_added_words(file: str) -> None:
    vectors = load_vectors(file, ["goal", "chip", "the", "court"], seed=0, added=2)
    assert vectors.coverage == 0.5
    assert vectors.summary == (
        f"{file}: 2-dimensional vectors for 50.0 % of 2 tokens",
        "known beside these tokens: 2 frequent words of the vectors (text.vectors_words)",
    )
    assert refusal(lambda: load_vectors(file, ["chip", "the", "court"], seed=0, added=2)) == (
        f"text.vectors={file} has no vector for any of the 1 training tokens; give vectors for the "
        "language and spelling of the texts"
    )


@pytest.mark.parametrize("kind", ["static", "nonstatic", "multichannel"])
@pytest.mark.parametrize(
    "more",
    [
        [],
        ["training.final=all", "training.average=tail"],
        ["optimizer.weight_decay=0.1", "model.ngrams=2"],
    ],
)
def test_added_words_keep_their_vectors_and_a_run_resumes(
    file: str, kind: str, more: list[str], tiny_csv: Path, tmp_path: Path
) -> None:
    epochs = "training.epochs=1" if "training.final=all" not in more else "training.epochs=2"
    keys = [f"text.vectors={file}", f"model.embedding={kind}", *more]
    assert train(tiny_csv, tmp_path / "whole", *keys, "training.epochs=2") == 0
    assert train(tiny_csv, tmp_path / "parts", *keys, epochs) == 0
    Path(file).unlink()  # the run has its words and vectors
    if "training.final=all" in more:
        (tmp_path / "parts" / "metrics.json").unlink()
        assert resume(tmp_path / "parts") == 0
    else:
        assert resume(tmp_path / "parts", "training.epochs=2") == 0
    assert_same_run(tmp_path / "parts", tmp_path / "whole")
    classifier = textcnn.load(tmp_path / "whole")
    known = classifier.encoder.vocabulary.known_tokens
    assert known[-3:] == ("the", "court", "judge")
    assert "u.s." not in known
    stored = weights(tmp_path / "whole" / "best")
    prefix = "network." if "model.ngrams=2" in more else ""
    assert stored[f"{prefix}embedding.table.weight"][-3:].tolist() == [[1, 2], [-1, 2], [0, 3]]
    # of goal, match, ... only two words have a vector
    metrics = read_json(tmp_path / "whole" / "metrics.json")
    assert metrics["data"]["vectors_coverage"] == pytest.approx(2 / (len(known) - 3))


def test_rare_words_with_a_vector_are_known(file: str, tmp_path: Path) -> None:
    cells = [("goal goal team team", "a"), ("actor court chip chip", "b")] * 6
    csv = write_csv(tmp_path / "rows.csv", [*cells, ("judge disk team", "a")])
    rare = ("text.min_frequency=2", "data.duplicates=keep")
    keys = (f"text.vectors={file}", "training.epochs=1", *rare)
    assert train(csv, tmp_path / "run", *keys) == 0
    known = textcnn.load(tmp_path / "run").encoder.vocabulary.known_tokens
    assert "judge" in known
    assert "disk" not in known
    assert train(csv, tmp_path / "none", *keys, "text.vectors_words=0") == 0
    assert "judge" not in textcnn.load(tmp_path / "none").encoder.vocabulary.known_tokens
    assert not (tmp_path / "none" / WORDS).exists()


def test_members_share_the_words(file: str, tiny_csv: Path, tmp_path: Path) -> None:
    keys = (f"text.vectors={file}", "model.embedding=static", "model.ngrams=2")
    many = (*keys, "training.members=2", "training.epochs=1")
    assert train(tiny_csv, tmp_path / "run", *many) == 0
    Path(file).unlink()
    (tmp_path / "run" / "metrics.json").unlink()
    assert resume(tmp_path / "run") == 0
    known = textcnn.load(tmp_path / "run").encoder.vocabulary.known_tokens
    assert known[-3:] == ("the", "court", "judge")


def test_a_stream_and_folds_know_the_words(file: str, tiny_csv: Path, tmp_path: Path) -> None:
    keys = (f"text.vectors={file}", "model.embedding=static", "training.epochs=1")
    stream = ("data.streaming=true", "text.vocabulary_examples=60", "training.max_steps=4")
    assert train(tiny_csv, tmp_path / "stream", *keys, *stream, "model.ngrams=2") == 0
    assert train(tiny_csv, tmp_path / "folds", *keys, "data.folds=2") == 0
    for checkpoint in (tmp_path / "stream", tmp_path / "folds" / "fold-2"):
        assert "judge" in textcnn.load(checkpoint).encoder.vocabulary.known_tokens


def test_a_damaged_list_of_words_is_refused(
    file: str, tiny_csv: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert train(tiny_csv, tmp_path / "run", f"text.vectors={file}", "training.epochs=1") == 0
    for content in ("{", "[1]", '"the"', "[" * 100_000):
        (tmp_path / "run" / WORDS).write_text(content)
        capfd.readouterr()
        assert resume(tmp_path / "run", "training.epochs=2") == 2
        assert error_line(capfd) == (
            f"{tmp_path / 'run' / WORDS} is not a JSON list of words; start a new run"
        )


def test_describe_shows_added_words(
    file: str, tiny_csv: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("describe", "data=files", f"data.train={tiny_csv}", f"text.vectors={file}") == 0
    shown = " ".join(capfd.readouterr().out.split())
    assert "known beside these tokens: 3 frequent words of the vectors" in shown


# n-grams

WORDS_OF_TEXTS = ["good", "bad", "film", "plot"]
ADDED = ["superb", "awful", "filmed"]
TEXTS = ["good film", "good plot plot", "bad film", "bad bad plot", "film good"]
LABELS = np.array([0, 0, 1, 1, 0])


def fitted(known: list[str], labels: np.ndarray = LABELS, **settings: str) -> Ngrams:
    encoder = TextEncoder(
        build_tokenizer("word", tokenizer="whitespace"), Vocabulary(known), None, "head"
    )
    train = encode_texts(TEXTS, encoder, labels)
    size = len(encoder.vocabulary)
    ngrams = learn_ngrams(train, vocabulary_size=size, num_classes=2, longest=2, **settings)  # type: ignore[arg-type]
    fit_linear(ngrams, train)
    calibrate(ngrams, train)
    return ngrams


@pytest.mark.parametrize("scaling", ["naive_bayes", "tf_idf", "none"])
@pytest.mark.parametrize("sets", [False, True])
def test_words_of_no_training_text_weigh_nothing(scaling: str, sets: bool) -> None:
    labels = np.eye(2, dtype=bool)[LABELS] if sets else LABELS
    few = fitted(WORDS_OF_TEXTS, labels, scaling=scaling)
    many = fitted(WORDS_OF_TEXTS + ADDED, labels, scaling=scaling)
    size = few.vocabulary_size
    assert many.weights()[size : size + len(ADDED)].abs().max() == 0
    # all that the texts hold weighs as much as without added words
    others = torch.cat([many.weights()[:size], many.weights()[size + len(ADDED) :]])
    assert torch.equal(others, few.weights())
    assert torch.equal(many.bias, few.bias)


def test_an_unseen_word_weighs_nothing_in_training_and_after_rescaling() -> None:
    ngrams = fitted(WORDS_OF_TEXTS + ADDED)
    rescale(ngrams, 2.0, 0.5)
    superb = 2 + len(WORDS_OF_TEXTS)
    ids, lengths = torch.tensor([[superb]]), torch.tensor([1])
    assert torch.equal(ngrams(ids, lengths)[0], ngrams.constant)
    learning = ngrams.train()(ids, lengths, torch.tensor([0]))
    assert torch.equal(learning[0], ngrams.constant)


def test_subwords_are_those_of_words_in_training_texts() -> None:
    encoder = TextEncoder(
        build_tokenizer("word", tokenizer="whitespace"),
        Vocabulary(["filming", "filmed", "unseen", "unheard"]),
        None,
        "head",
        subwords=True,
    )
    train = encode_texts(["filming", "filmed"], encoder, np.array([0, 1]))
    keys = learn_subwords(train, encoder.vocabulary, 2).keys
    only = learn_subwords(train, Vocabulary(["filming", "filmed"]), 2).keys
    assert torch.equal(keys, only)


def test_pretrained_vectors_do_not_decay() -> None:
    network = build("multi_width")
    groups = parameter_groups(
        network, learning_rate=0.1, weight_decay=0.2, table_name="vectors", table_rate=None
    )
    decays = {id(w): group["weight_decay"] for group in groups for w in group["params"]}
    assert decays.pop(id(network.tables[0].weight)) == 0
    assert set(decays.values()) == {0.2}


def test_words_are_stored_as_they_are_used(file: str, tiny_csv: Path, tmp_path: Path) -> None:
    keys = (f"text.vectors={file}", "text.vectors_words=4", "training.epochs=1")
    assert train(tiny_csv, tmp_path / "run", *keys) == 0
    stored = json.loads((tmp_path / "run" / WORDS).read_text())
    assert stored == ["the", "goal", "court"]
