"""Training texts without labels: a student learns what its teacher thinks of them."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from textcnn.data.batching import EncodedTexts
from textcnn.data.labelled import LabelledTexts
from textcnn.data.splits import Splits
from textcnn.data.texts import Texts
from textcnn.errors import InputError


def with_unlabelled(splits: Splits, rows: pa.Table, duplicates: str) -> Splits:
    """The splits, and the texts of these rows that are not in validation or test.

    Args:
        rows: `text`
        duplicates: as in `handle_duplicates`.

    Raises:
        InputError: there are such texts and `duplicates` is `error`, or no other text is left.
    """
    texts = Texts(rows["text"])
    held = np.concatenate([splits.validation.text_hashes, splits.test.text_hashes])
    shared = np.isin(texts.text_hashes, held)
    note = f"data.unlabelled: {len(texts):,} texts"
    if shared.any():
        found = f"{shared.sum():,} of {len(texts):,} texts also occur in validation or test"
        if duplicates == "error":
            row = int(shared.argmax())
            raise InputError(
                f"data.unlabelled: {found}, first in row {row + 1} ({texts[row][:40]!r}); set "
                "data.duplicates to drop or keep"
            )
        note = f"data.unlabelled: {found}" + (": dropped" if duplicates == "drop" else "")
    kept = np.flatnonzero(~shared) if duplicates == "drop" else np.arange(len(texts))
    if len(kept) == 0:
        raise InputError("every text of data.unlabelled also occurs in validation or test")
    # labels that count nowhere, of the shape that training needs
    labels = np.zeros((len(kept), *splits.train.labels.shape[1:]), splits.train.labels.dtype)
    unlabelled = LabelledTexts(texts, kept, labels, splits.labels)
    return replace(splits, unlabelled=unlabelled, notes=(*splits.notes, note))


def joined(train: EncodedTexts, unlabelled: EncodedTexts) -> EncodedTexts:
    """Training texts, and behind them those without labels."""
    assert train.labels is not None
    assert unlabelled.labels is not None
    weights = train.weights
    if weights is not None:
        weights = np.append(weights, np.ones(len(unlabelled), np.float32))
    targets = train.targets
    if targets is not None:
        nothing = np.zeros((len(unlabelled), targets.shape[1]), np.float32)
        targets = np.concatenate([targets, nothing])
    return EncodedTexts(
        np.concatenate([train.ids, unlabelled.ids]),
        np.concatenate([train.offsets, train.offsets[-1] + unlabelled.offsets[1:]]),
        np.concatenate([train.full_lengths, unlabelled.full_lengths]),
        np.concatenate([train.labels, unlabelled.labels]),
        weights,
        labelled=np.arange(len(train) + len(unlabelled)) < len(train),
        targets=targets,
    )


def taught(texts: EncodedTexts, teacher: np.ndarray) -> EncodedTexts:
    """Texts with the logits of a teacher; those without labels get what the teacher predicts.

    These labels only tell how often student and teacher agree: the loss ignores them.

    Args:
        teacher: (texts, classes) float32
    """
    labels = texts.labels
    assert labels is not None
    if texts.labelled is not None:
        predicted = teacher > 0 if labels.ndim == 2 else teacher.argmax(axis=1)
        known = texts.labelled if labels.ndim == 1 else texts.labelled[:, None]
        labels = np.where(known, labels, predicted)
    return replace(texts, teacher=teacher, labels=labels)
