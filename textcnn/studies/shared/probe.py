"""Small networks for the studies, built and trained like those of `textcnn.train`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import Tensor

from textcnn.builders.models import build_network, read_model
from textcnn.data.batching import EncodedTexts
from textcnn.data.encoding import encode_texts
from textcnn.data.synthetic.rows import SyntheticTexts
from textcnn.evaluation.metrics import Scores
from textcnn.evaluation.scoring import score_classifier
from textcnn.inference import Classifier
from textcnn.models.classifier import TextCNN
from textcnn.studies.shared.study import Values
from textcnn.system.terminal import build_console
from textcnn.text.encoder import TextEncoder
from textcnn.text.tokenizers import build_tokenizer
from textcnn.text.vocabulary import Vocabulary
from textcnn.training.batches import EpochBatches
from textcnn.training.learner import Learner
from textcnn.training.loop import Stopping, fit
from textcnn.training.objectives.losses import build_loss
from textcnn.training.optimization.optimizers import build_optimizer
from textcnn.training.precision import Precision
from textcnn.training.progress import TrainingProgress
from textcnn.training.state import TrainingState

Rows = Sequence[tuple[str, str]]  # texts and their classes

# defaults, enough for synthetic texts
SMALL: Values = {"embedding_dim": 16, "num_filters": 24, "dropout": 0.0}


@dataclass(frozen=True)
class Training:
    """How long a probe is trained."""

    epochs: int = 8
    batch_size: int = 50
    learning_rate: float = 0.01
    patience: int | None = None  # epochs without a better validation loss; None: no limit


def synthetic_rows(examples: int, seed: int, split: str = "data.train", **settings: Any) -> Rows:
    """Texts of `data=synthetic` with these keys; the texts of a pair are adjacent."""
    texts = SyntheticTexts(examples=examples, seed=seed, **settings)
    texts.check()
    table = texts.rows(split)
    return list(zip(table["text"].to_pylist(), table["label"].to_pylist(), strict=True))


def build_probe(
    model: Values, rows: Rows, seed: int, *, unit: str = "word", max_length: int | None = None
) -> Classifier:
    """A classifier with random weights for these texts.

    Args:
        model: keys of `model=`, including `name`; missing keys are those of SMALL, or the defaults.
        rows: determine vocabulary and classes.
        unit: `word` (split at white space) or `char`.
        max_length: in tokens, for models that need it.
    """
    set_seed(seed)
    settings: dict[str, Any] = (
        {"tokenizer": "whitespace"}
        if unit == "word"
        else {"alphabet": "learned", "lowercase": True}
    )
    tokenizer = build_tokenizer(unit, **settings)
    vocabulary = Vocabulary(sorted({token for text, _ in rows for token in tokenizer(text)}))
    labels = sorted({label for _, label in rows})
    network = build_network(
        read_model(model, SMALL),
        max_length=max_length,
        vocabulary_size=len(vocabulary),
        num_classes=len(labels),
    )
    return Classifier(network, TextEncoder(tokenizer, vocabulary, max_length, "head"), labels)


def train_probe(
    classifier: Classifier, train: Rows, seed: int, training: Training = Training()
) -> None:
    """Train with the loop, loss and optimizer of `textcnn.train`, and keep the last weights."""
    few = train[:100]  # the loop needs validation texts; nothing depends on them
    train_network(
        classifier.model,
        encode(classifier, train),
        seed,
        training,
        validate=lambda: score_rows(classifier, few),
        save=lambda name: None,
    )


def train_network(
    model: TextCNN,
    train: EncodedTexts,
    seed: int,
    training: Training,
    *,
    validate: Callable[[], Scores],
    save: Callable[[str], None],
) -> None:
    """Train; `validate` and `save` are passed to `textcnn.training.loop.fit`."""
    batches = EpochBatches(
        train,
        epochs=training.epochs,
        max_steps=None,
        batch_size=training.batch_size,
        batch_tokens=None,
        sampling_weights=None,
        seed=seed,
        rank=0,
        count=1,
    )
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    learner = Learner(
        model,
        build_optimizer("adam", trained, learning_rate=training.learning_rate),
        build_loss(multi_label=False, class_weights=None, label_smoothing=0.0),
        Precision("fp32", torch.device("cpu")),
        Accelerator(cpu=True),
    )
    fit(
        learner,
        batches,
        validate,
        save,
        state=TrainingState(),
        stopping=Stopping(patience=training.patience),
        progress=TrainingProgress(build_console(quiet=True), training.epochs, None),
        curves=None,
    )


def encode(classifier: Classifier, rows: Rows) -> EncodedTexts:
    labels = np.array([classifier.labels.index(label) for _, label in rows], dtype=np.int64)
    return encode_texts([text for text, _ in rows], classifier.encoder, labels)


def score_rows(classifier: Classifier, rows: Rows) -> Scores:
    return score_classifier(classifier, encode(classifier, rows), torch.device("cpu"))


def measure_accuracy(classifier: Classifier, rows: Rows) -> Values:
    """The number of texts classified correctly, in the form that `Rate.of` accepts."""
    scores = score_rows(classifier, rows)
    return {
        "correct": round(scores.accuracy * scores.examples),
        "texts": scores.examples,
        "different": len({text for text, _ in rows}),
    }


def logits_of(classifier: Classifier, rows: Rows) -> Tensor:
    """Logits (texts, classes) float32."""
    return classifier.logits([text for text, _ in rows])


def pair_gaps(classifier: Classifier, rows: Rows) -> Tensor:
    """The largest difference of a logit within each pair of adjacent texts: (pairs,)."""
    first, second = logits_of(classifier, rows).unflatten(0, (-1, 2)).unbind(1)  # (pairs, classes)
    return (first - second).abs().amax(dim=1)


def logit_gap(classifier: Classifier, texts: Sequence[str], others: Sequence[str]) -> float:
    """The largest difference of a logit between each text and the other at the same index."""
    return (classifier.logits(texts) - classifier.logits(others)).abs().max().item()
