"""A trained classifier: texts in, predictions out. Needs nothing but its checkpoint."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from textcnn.checkpoint import Checkpoint, find_checkpoint, load_checkpoint
from textcnn.config import TrainConfig
from textcnn.data.batching import sorted_batches
from textcnn.data.encoding import encode_texts
from textcnn.errors import InputError
from textcnn.models.classifier import TextClassifier, build_model
from textcnn.stored_config import parse_train_config
from textcnn.text.encoder import TextEncoder
from textcnn.text.tokenizers import build_tokenizer


@dataclass(frozen=True)
class Prediction:
    """The most probable class, and the probability of each."""

    label: str
    probabilities: dict[str, float]


class Classifier:
    """Predicts the classes of texts."""

    def __init__(
        self,
        model: TextClassifier,
        encoder: TextEncoder,
        labels: Sequence[str],
    ):
        self.model = model
        self.encoder = encoder
        self.labels = tuple(labels)

    def logits(self, texts: Sequence[str], batch_size: int = 128) -> Tensor:
        """
        Args:
            texts: any strings, empty ones too.
            batch_size: texts at a time; changes memory and time, not the result.

        Returns:
            float32 (texts, classes), in the order of the texts.

        Raises:
            TypeError: if `texts` is one string, or holds something else than strings.
        """
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise TypeError(f"expected a list of strings, got {texts!r:.80}; try [text]")
        encoded = encode_texts(texts, self.encoder)
        device = next(self.model.parameters()).device
        logits = torch.empty(len(texts), len(self.labels))  # (texts, classes)
        self.model.eval()
        with torch.inference_mode():
            for rows in sorted_batches(encoded.lengths, batch_size):
                batch = encoded.batch(rows).to(device)
                logits[torch.from_numpy(rows)] = self.model(batch.ids, batch.lengths).float().cpu()
        return logits

    def predict(self, texts: Sequence[str], batch_size: int = 128) -> list[Prediction]:
        """The class of each text, in order; arguments as for `logits`."""
        probabilities = self.logits(texts, batch_size).softmax(dim=1)  # (texts, classes)
        best = probabilities.argmax(dim=1).tolist()
        return [
            Prediction(self.labels[index], dict(zip(self.labels, row, strict=True)))
            for index, row in zip(best, probabilities.tolist(), strict=True)
        ]


def load(path: str | Path) -> Classifier:
    """The classifier in a run directory (its best checkpoint) or a checkpoint directory.

    Raises:
        InputError: there is no checkpoint, or it is damaged or of a newer format.
    """
    directory = find_checkpoint(path)
    return restore(load_checkpoint(directory), directory)[0]


def restore(checkpoint: Checkpoint, directory: Path) -> tuple[Classifier, TrainConfig]:
    """The classifier of a checkpoint, and the configuration that it was trained with.

    The model is built without memory of its own and takes the stored tensors, so that a
    configuration that doesn't fit them, however large, is refused before anything is allocated.
    """
    try:
        config = parse_train_config(checkpoint.config)
        with torch.device("meta"):
            model = build_model(
                vocabulary_size=len(checkpoint.vocabulary),
                num_classes=len(checkpoint.labels),
                **asdict(config.model),
            )
        types = {name: tensor.dtype for name, tensor in model.state_dict().items()}
        model.load_state_dict(checkpoint.weights, assign=True)
        for name, tensor in checkpoint.weights.items():
            if tensor.dtype != types[name]:
                raise ValueError(f"{name} is {tensor.dtype}, expected {types[name]}")
    except (ValueError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{directory}: configuration and weights don't fit: {reason}") from error
    model.requires_grad_(True)
    tokenizer = build_tokenizer(config.text.unit, **config.text.tokenizer_settings())
    encoder = TextEncoder(
        tokenizer, checkpoint.vocabulary, config.text.max_length, config.text.truncate
    )
    return Classifier(model, encoder, checkpoint.labels), config
