"""A linear classifier over binary n-grams, scaled by naive Bayes (Wang & Manning 2012).

"Baselines and Bigrams: Simple, Good Sentiment and Topic Classification".
"""

from collections.abc import Iterable
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from textcnn.data.unknown_words import UnknownWords
from textcnn.models.layers.memo import Memo
from textcnn.models.ngrams.index import NgramIndex
from textcnn.models.ngrams.subword_weights import SubwordWeights
from textcnn.text.vocabulary import PADDING, SPECIALS

# What multiplies a log-count ratio before training, for the difference of two classes' logits.
FIRST_WEIGHT = 0.3


class Ngrams(nn.Module):
    """Logits of texts: for each class, the sum of the weights of a text's distinct n-grams.

    The weight of an n-gram for a class is a learned number times a scale, which training texts fix:

    - `naive_bayes`: the log-count ratio log((p / |p|) / (q / |q|)). Here p is one more than the
      number of texts of the class that have the n-gram, q the same for the other classes, and |p|
      and |q| are their sums over all n-grams of the training texts. Words that no training text
      holds have the ratio 0: they come from vectors or from texts without labels.
    - `tf_idf`: the inverse document frequency log((1 + texts) / (1 + texts with it)) + 1. A text's
      sum is divided by the L2 norm of these frequencies.
    - `none`: 1.

    With `subwords`, each distinct word of a text adds the weights of its character n-grams too.
    """

    keys: Tensor
    counts: Tensor
    texts: Tensor
    calibration: Tensor

    def __init__(
        self,
        keys: Tensor,
        *,
        vocabulary_size: int,
        num_classes: int,
        longest: int,
        scaling: str = "naive_bayes",
        multi_label: bool = False,
        dropout: float = 0.0,
        subwords: SubwordWeights | None = None,
    ):
        """
        Args:
            keys: (longer n-grams,) int64, see `NgramIndex`.
            longest: maximum number of tokens in an n-gram.
            multi_label: a text has a label set instead of one class.
            dropout: the probability of dropping an n-gram of a text in training.
        """
        super().__init__()
        self.vocabulary_size, self.num_classes, self.longest = vocabulary_size, num_classes, longest
        self.scaling, self.multi_label, self.dropout = scaling, multi_label, dropout
        numbers = vocabulary_size + len(keys)
        self.register_buffer("keys", keys)
        # (numbers, classes) texts of each class with the n-gram; for label sets a last column
        # counts all texts with it, since a text may have several labels or none
        columns = num_classes + multi_label
        self.register_buffer("counts", torch.zeros(numbers, columns, dtype=torch.int32))
        self.register_buffer("texts", torch.zeros(1, dtype=torch.int64))
        # what validation chose: the factor of the learned weights, and what was added to them
        self.register_buffer("calibration", torch.tensor([1.0, 0.0]))
        # nn.Embedding would first draw normal numbers
        weight = torch.zeros(numbers, num_classes)
        self.table = nn.Embedding.from_pretrained(weight, freeze=False, padding_idx=PADDING)
        self.bias = nn.Parameter(torch.zeros(num_classes))
        self.subwords = subwords
        self.memo = Memo()

    def train(self, mode: bool = True) -> Self:
        """Also forget kept weights: fused optimizers change them without being counted."""
        self.memo.forget("weights")
        return super().train(mode)

    @property
    def tables(self) -> list[nn.Embedding]:
        """The tables whose rows training updates."""
        return [self.table]

    def limit_norms(self) -> None:
        """Nothing: there is no limit."""

    def forward(
        self,
        ids: Tensor,
        lengths: Tensor,
        labels: Tensor | None = None,
        unknown: UnknownWords | None = None,
    ) -> Tensor:
        """
        Args:
            ids: (batch, time) int64, PADDING after a text's end.
            lengths: (batch,) int64, tokens of each text; may be 0.
            labels: those of training texts: (batch,) int64, or for label sets (batch, classes)
                bool. The counts of each text itself are then left out of its ratios, which would
                give its label away. None: nothing is left out.
            unknown: the words behind UNKNOWN ids; only subwords use them.

        Returns:
            logits: (batch, classes)
        """
        numbers = self.index.numbers(ids, lengths)  # (batch, places)
        if labels is not None or self.training:
            weights = self.learning_weights(numbers, labels)  # (batch, places, classes)
            summed = weights.sum(dim=1)
        else:
            # with padding_idx PyTorch takes ten times as long; the row of PADDING is zero anyway
            summed = F.embedding_bag(numbers, self.weights(), mode="sum")
        if self.scaling == "tf_idf":
            summed = summed / self.norms(numbers)
        if unknown is not None and self.subwords is not None:
            summed = summed + self.subwords.unknown_sums(ids, unknown)
        return summed + self.constant

    @property
    def constant(self) -> Tensor:
        """The logits (classes,) of a text without n-grams."""
        return self.bias if self.subwords is None else self.bias + self.subwords.bias

    def norms(self, numbers: Tensor) -> Tensor:
        """(batch, 1): the L2 norm of the inverse document frequencies of each text."""
        squares = F.embedding_bag(numbers, self.scales() ** 2, mode="sum", padding_idx=PADDING)
        # a text without n-grams has the norm 0, and the sum 0 too
        return squares.sqrt().clamp(min=1e-12)

    def contributions(self, ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """What each n-gram of a text adds to its logits. Arguments as for `forward`.

        Returns:
            numbers: (batch, places) int64, as `NgramIndex.numbers` returns them.
            weights: (batch, places, classes), a word's subwords included; their sum over places,
                plus `constant`, plus what unknown words add, is the logits.
        """
        numbers = self.index.numbers(ids, lengths)
        weights = F.embedding(numbers, self.weights())
        weights = weights.masked_fill((numbers == PADDING)[..., None], 0.0)
        if self.scaling == "tf_idf":
            weights = weights / self.norms(numbers)[..., None]
        return numbers, weights

    def ratio_sums(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Logits (batch, classes) with all learned weights 1 and no bias: those of naive Bayes."""
        numbers = self.index.numbers(ids, lengths)
        return F.embedding_bag(numbers, self.scales(), mode="sum", padding_idx=PADDING)

    def learning_weights(self, numbers: Tensor, labels: Tensor | None) -> Tensor:
        """What each n-gram (batch, places) adds to the logits in training, with dropout."""
        if self.scaling == "naive_bayes":
            counts = self.counts[numbers]  # (batch, places, columns)
            unseen = is_unseen(counts)
            if labels is not None:
                # the later texts of a stream are not in the counts
                counts = (counts - self.own_counts(labels)[:, None]).clamp(min=0)
            scales = self.log_count_ratios(counts).masked_fill_(unseen, 0.0)
        else:
            scales = self.scales()[numbers]
        kept = F.dropout((numbers != PADDING).float(), self.dropout, self.training)
        weights: Tensor = self.table(numbers) * (scales * kept[..., None])
        return weights

    @torch.no_grad()
    def count(self, batches: Iterable[tuple[Tensor, Tensor, Tensor]]) -> None:
        """Count the n-grams of training texts; with `naive_bayes`, set its weights.

        Args:
            batches: ids, lengths and labels, as `forward` takes them.
        """
        for ids, lengths, labels in batches:
            numbers = self.index.numbers(ids, lengths)  # (batch, places)
            text, place = (numbers != PADDING).nonzero(as_tuple=True)
            self.counts.index_add_(0, numbers[text, place], self.own_counts(labels)[text])
            self.texts += len(ids)
        if self.scaling == "naive_bayes":
            # the ratios of two classes differ by their sign, so the difference has both weights
            two = self.num_classes == 2 and not self.multi_label
            self.table.weight.fill_(FIRST_WEIGHT / 2 if two else FIRST_WEIGHT)
            self.table.weight[: len(SPECIALS)] = 0.0

    def own_counts(self, labels: Tensor) -> Tensor:
        """(batch, columns) int32: what a text adds to the counts of each of its n-grams."""
        if self.multi_label:
            return F.pad(labels.int(), (0, 1), value=1)
        return F.one_hot(labels, self.num_classes).int()

    def texts_with(self, counts: Tensor) -> tuple[Tensor, Tensor]:
        """(..., columns) to float32 (..., classes): texts of each class, and of the others."""
        of_class = counts[..., : self.num_classes]
        every = counts[..., -1:] if self.multi_label else counts.sum(dim=-1, keepdim=True)
        return of_class.float(), (every - of_class).float()

    def log_count_ratios(self, counts: Tensor) -> Tensor:
        """(..., columns) to (..., classes)"""

        def compute() -> Tensor:
            return log_total_ratio(*self.texts_with(self.counts[len(SPECIALS) :]))

        log_totals: Tensor = self.memo.get("log_totals", [self.counts], compute)
        of_class, of_others = self.texts_with(counts)
        return of_class.log1p_() - of_others.log1p_() - log_totals

    def scales(self) -> Tensor:
        """(numbers, classes), or (numbers, 1) if they are the same for all classes."""

        def compute() -> Tensor:
            of_class, of_others = self.texts_with(self.counts)
            with_it = (of_class + of_others)[:, :1]
            return ((1 + self.texts) / (1 + with_it)).log() + 1

        if self.scaling == "naive_bayes":
            return self.log_count_ratios(self.counts).masked_fill_(is_unseen(self.counts), 0.0)
        if self.scaling == "none":
            return torch.ones(1, 1, device=self.counts.device).expand(len(self.counts), 1)
        frequencies: Tensor = self.memo.get("scales", [self.counts, self.texts], compute)
        return frequencies

    def weights(self) -> Tensor:
        """(numbers, classes): what each n-gram adds to the logits, with tf_idf before the norm."""

        def compute() -> Tensor:
            summed = self.table.weight.detach() * self.scales()
            if self.subwords is not None:
                summed[: self.vocabulary_size] += self.subwords.words
            return summed

        of_words = [] if self.subwords is None else [self.subwords.words]
        made_of = [self.counts, self.texts, self.table.weight, *of_words]
        weights: Tensor = self.memo.get("weights", made_of, compute)
        return weights

    @property
    def index(self) -> NgramIndex:
        index: NgramIndex = self.memo.get(
            "index",
            [self.keys],
            lambda: NgramIndex(self.keys, self.vocabulary_size, self.longest),
        )
        return index


def is_unseen(counts: Tensor) -> Tensor:
    """(..., columns) to bool (..., 1): whether no text has the n-gram."""
    return (counts == 0).all(dim=-1, keepdim=True)


def log_total_ratio(of_class: Tensor, of_others: Tensor) -> Tensor:
    """log(|p| / |q|), float32 (classes,), from counts (features, classes); see `Ngrams`."""
    seen = int((of_class + of_others > 0)[:, 0].sum())  # the same for all classes
    # one more each; without any feature the ratio is 1
    sums = [each.double().sum(dim=0) + max(seen, 1) for each in (of_class, of_others)]
    return (sums[0].log() - sums[1].log()).float()
