"""R-Drop, mixup and adversarial training: each is what its plain formula gives."""

import math
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from hypothesis import given
from hypothesis import strategies as st
from interrupted import interrupt_at
from test_config import complete
from tiny_data import TINY, assert_same_run, read_json, refusal, resume, run, train
from tiny_models import CLASSES, IDS, MODELS, batch, build, text_of
from torch import Tensor, nn

from textcnn.config.check import check
from textcnn.config.model import BagConfig, CharCnnConfig, InstalledConfig, MultiWidthConfig
from textcnn.config.text import CharConfig
from textcnn.config.training import TrainingConfig
from textcnn.data.batching import Batch
from textcnn.models.classifier import TextCNN
from textcnn.models.encoders.bag import Bag
from textcnn.training.learner import Learner
from textcnn.training.objectives.adversarial import Adversary, perturbation, rows_of
from textcnn.training.objectives.losses import Loss, build_loss
from textcnn.training.objectives.mixup import draw_beta, mixup
from textcnn.training.objectives.objective import Objective, plain
from textcnn.training.objectives.r_drop import drops_before_pooling, r_drop, symmetric_divergence
from textcnn.training.optimization.optimizers import build_optimizer
from textcnn.training.precision import Precision

pytest_plugins = ("tiny_run",)  # one thread

TEXTS = [text_of(length, seed=length) for length in (9, 0, 1, 2, 15, 20)]
LABELS = torch.tensor([0, 2, 1, 1, 0, 2])
SETS = F.one_hot(LABELS, CLASSES).bool() | torch.tensor([True, False, False])
WEIGHTS = torch.tensor([1.0, 0.5, 2.0, 0.0, 1.0, 3.0])
KINDS = {
    "one class": (LABELS, None),
    "weighted": (LABELS, WEIGHTS),
    "label sets": (SETS, None),
    "weighted sets": (SETS, WEIGHTS),
}
every_kind = pytest.mark.parametrize(("labels", "weights"), KINDS.values(), ids=KINDS)
EARLY = {"word_dropout": 0.3, "embedding_dropout": 0.2}
KEYS = ("training.r_drop=1", "training.mixup=1", "training.adversarial=1")
every_key = pytest.mark.parametrize("key", KEYS)


def batch_of(labels: Tensor = LABELS, weights: Tensor | None = None) -> Batch:
    ids, lengths = batch(TEXTS, padding=2)
    return Batch(ids, lengths, labels, weights)


def loss_for(labels: Tensor) -> Loss:
    """With all that changes a loss: class weights and smoothing."""
    return build_loss(
        multi_label=labels.ndim == 2,
        class_weights=torch.tensor([1.0, 2.0, 0.5]),
        label_smoothing=0.1,
    )


def learner(
    network: TextCNN,
    labels: Tensor = LABELS,
    *,
    objective: Objective = plain,
    epsilon: float = 0.0,
    precision: str = "fp32",
    together: bool = False,
) -> Learner:
    """
    Args:
        together: with the other processes, if there are any.
    """
    network.train()
    accelerator = Accelerator(cpu=True)
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer: torch.optim.Optimizer = build_optimizer("adam", trained, learning_rate=0.01)
    model: nn.Module = network
    if together:
        model, optimizer = accelerator.prepare(network, optimizer)
    return Learner(
        model,
        optimizer,
        loss_for(labels),
        Precision(precision, torch.device("cpu")),
        accelerator,
        objective=objective,
        adversary=Adversary(network, epsilon) if epsilon else None,
    )


def gradients(network: nn.Module) -> dict[str, Tensor]:
    found = {}
    for name, parameter in network.named_parameters():
        if parameter.grad is not None:
            gradient = parameter.grad
            found[name] = gradient.to_dense() if gradient.is_sparse else gradient.clone()
    return found


def step(learner: Learner, batch: Batch) -> tuple[float, dict[str, Tensor]]:
    """The loss and the gradients of a step, always with the same random numbers."""
    torch.manual_seed(1)
    loss, _ = learner.step(batch)
    return loss, gradients(learner.accelerator.unwrap_model(learner.model))


def assert_step_gives(learner: Learner, batch: Batch, loss_of: Callable[[TextCNN], Tensor]) -> None:
    """The loss and the gradients of a step are those that autograd finds for `loss_of`."""
    network = learner.model
    assert isinstance(network, TextCNN)
    torch.manual_seed(1)
    expected = loss_of(network)
    network.zero_grad()
    expected.backward()
    plainly = gradients(network)
    loss, found = step(learner, batch)
    assert loss == pytest.approx(expected.item(), abs=1e-5)
    assert found.keys() == plainly.keys()
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, plainly[name], atol=1e-5, rtol=1e-5)


def plainly_pooled(network: TextCNN, ids: Tensor, lengths: Tensor) -> Tensor:
    return network.pool(network.encoder(network.embed(ids, lengths)))[0]


# R-Drop


def test_the_divergence_is_the_mean_of_both_kullback_leibler_divergences() -> None:
    first, second = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.8, 0.2]]).log()
    one = 0.5 * math.log(0.5 / 0.8) + 0.5 * math.log(0.5 / 0.2)  # 0.2231
    other = 0.8 * math.log(0.8 / 0.5) + 0.2 * math.log(0.2 / 0.5)  # 0.1927
    found = symmetric_divergence(
        first + 7, second, multi_label=False
    )  # logits, not log-probabilities
    assert found.item() == pytest.approx((one + other) / 2, abs=1e-6)
    # probabilities 0.5 and 0.8 of having the first label, equal ones of the second
    logits = torch.tensor([[0.0, 3.0]]), torch.tensor([[math.log(4), 3.0]])
    found = symmetric_divergence(*logits, multi_label=True)
    assert found.item() == pytest.approx((one + other) / 2 / 2, abs=1e-6)


@given(st.lists(st.floats(-30, 30), min_size=6, max_size=6), st.booleans())
def test_the_divergence_is_symmetric_and_zero_for_equal_answers(
    numbers: list[float], multi_label: bool
) -> None:
    first, second = torch.tensor(numbers).view(2, 1, 3)
    there, back = (
        symmetric_divergence(a, b, multi_label=multi_label)
        for a, b in ((first, second), (second, first))
    )
    assert torch.equal(there, back)
    assert there.item() >= -1e-5
    assert symmetric_divergence(first, first, multi_label=multi_label).item() == 0


def r_dropped(batch: Batch, network: TextCNN, *, whole: bool) -> Tensor:
    """R-Drop as the paper writes it: two passes, with `kl_div`."""
    ids, lengths = batch.ids, batch.lengths
    if whole:
        logits = network(torch.cat([ids, ids]), torch.cat([lengths, lengths]))
    else:
        pooled = plainly_pooled(network, ids, lengths)
        logits = network.classify(torch.cat([pooled, pooled]))
    first, second = logits.chunk(2)
    assert batch.labels is not None
    if batch.labels.ndim == 2:  # a distribution over having a label and lacking it
        logs = [torch.stack([F.logsigmoid(z), F.logsigmoid(-z)], -1) for z in (first, second)]
    else:
        logs = [z.log_softmax(dim=1) for z in (first, second)]
    p, q = logs
    both = F.kl_div(p, q, reduction="none", log_target=True).sum(-1)
    both = (both + F.kl_div(q, p, reduction="none", log_target=True).sum(-1)) / 2
    apart = both.mean(dim=1) if both.ndim == 2 else both
    weights = torch.ones(len(apart)) if batch.weights is None else batch.weights
    loss_of = loss_for(batch.labels)
    losses = [loss_of(z, batch.labels, batch.weights) for z in (first, second)]
    return sum(losses) / 2 + 3 * (weights * apart).sum() / weights.sum()


@every_kind
@pytest.mark.parametrize("whole", [False, True])
def test_r_drop_is_the_formula_of_the_paper(
    labels: Tensor, weights: Tensor | None, whole: bool
) -> None:
    network = build("multi_width", dropout=0.5, **(EARLY if whole else {}))
    assert drops_before_pooling(network) == whole
    objective = partial(r_drop, weight=3.0, whole=whole)
    texts = batch_of(labels, weights)
    assert_step_gives(
        learner(network, labels, objective=objective),
        texts,
        partial(r_dropped, texts, whole=whole),
    )


@pytest.mark.parametrize("name", ["multi_width", "bag", "char_cnn"])
def test_passes_through_the_head_alone_are_passes_through_the_network(name: str) -> None:
    network = build(name, dropout=0.5)
    outcomes = [
        step(
            learner(network, objective=partial(r_drop, weight=2.0, whole=whole)), batch_of()
        )  # the first step has changed the weights
        for whole, network in ((False, network), (True, build(name, dropout=0.5)))
    ]
    (loss, found), (expected, gradients) = outcomes
    assert loss == pytest.approx(expected, abs=1e-5)
    for key, gradient in found.items():
        torch.testing.assert_close(gradient, gradients[key], atol=1e-5, rtol=1e-5)


class Unknown(Bag):
    """An encoder of another package, which may drop anything."""


def test_dropout_before_pooling_is_found_wherever_it_is() -> None:
    assert not any(drops_before_pooling(build(name, dropout=0.5)) for name in MODELS)
    for name in ("dilated", "dpcnn", "gated", "lstm", "transformer"):
        assert drops_before_pooling(build(name, block_dropout=0.1))
    for change in EARLY:
        assert drops_before_pooling(build("bag", **{change: 0.1}))
    network = build("bag")
    network.encoder = Unknown(8)
    assert drops_before_pooling(network)


# Mixup


def mixed(batch: Batch, network: TextCNN) -> Tensor:
    """Mixup as in its formula: features and losses of both texts."""
    share = draw_beta(0.4)
    share = max(share, 1 - share)
    order = torch.randperm(len(batch.ids))
    pooled = plainly_pooled(network, batch.ids, batch.lengths)
    logits = network.classify(share * pooled + (1 - share) * pooled[order])
    assert batch.labels is not None
    loss_of, weights = loss_for(batch.labels), batch.weights
    others = loss_of(logits, batch.labels[order], None if weights is None else weights[order])
    return share * loss_of(logits, batch.labels, weights) + (1 - share) * others


@every_kind
@pytest.mark.parametrize("early", [{}, EARLY])
def test_mixup_is_its_formula(
    labels: Tensor, weights: Tensor | None, early: dict[str, Any]
) -> None:
    # dropout draws other random numbers on the fast path than on the plain one only before pooling
    network = build("bag" if early else "multi_width", hidden_sizes=(5,), dropout=0.5, **early)
    texts = batch_of(labels, weights)
    mixing = learner(network, labels, objective=partial(mixup, alpha=0.4))
    assert_step_gives(mixing, texts, partial(mixed, texts))


def test_mixed_losses_are_losses_of_mixed_targets() -> None:
    logits = torch.randn(6, CLASSES)
    targets = F.one_hot(LABELS, CLASSES).float()
    share, order = 0.7, torch.tensor([1, 0, 3, 2, 5, 4])
    loss_of = build_loss(multi_label=False, class_weights=None, label_smoothing=0.1)
    losses = share * loss_of(logits, LABELS) + (1 - share) * loss_of(logits, LABELS[order])
    blend = share * targets + (1 - share) * targets[order]
    expected = F.cross_entropy(logits, blend, label_smoothing=0.1)
    torch.testing.assert_close(losses, expected)


@pytest.mark.parametrize("alpha", [0.01, 0.2, 1.0, 100.0])
def test_shares_have_the_mean_and_the_variance_of_the_beta_distribution(alpha: float) -> None:
    torch.manual_seed(0)
    drawn = torch.tensor([draw_beta(alpha) for _ in range(4000)])
    variance = 1 / (4 * (2 * alpha + 1))
    assert drawn.mean().item() == pytest.approx(0.5, abs=5 * (variance / 4000) ** 0.5)
    assert drawn.var().item() == pytest.approx(variance, rel=0.1)


def test_a_single_text_is_mixed_with_itself() -> None:
    ids, lengths = batch([text_of(5)])
    only = Batch(ids, lengths, LABELS[:1])
    losses = [
        step(learner(build("multi_width"), objective=objective), only)[0]
        for objective in (plain, partial(mixup, alpha=1.0))
    ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)


# Adversarial training


def test_the_perturbation_of_one_text_is_the_gradient_at_length_epsilon() -> None:
    # two tokens, both with variance 1 around 0; the gradient is (3, 4) of the first
    vectors = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    slope = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    added = perturbation(vectors, slope, torch.tensor([1, 1]), 1, 10.0)
    torch.testing.assert_close(added, torch.tensor([[6.0, 8.0], [0.0, 0.0]]))
    # vectors twice as large and elsewhere are changed twice as much, by half the gradient
    added = perturbation(2 * vectors + 3, slope / 2, torch.tensor([1, 1]), 1, 10.0)
    torch.testing.assert_close(added, torch.tensor([[12.0, 16.0], [0.0, 0.0]]))


@given(st.integers(0, 2**16), st.integers(1, 6))
def test_texts_see_a_perturbation_of_length_epsilon_as_a_root_mean_square(
    seed: int, texts: int
) -> None:
    torch.manual_seed(seed)
    ids = torch.randint(0, 5, (texts, 7))
    tokens, counts = ids.unique(return_counts=True)
    vectors, slope = torch.randn(2, len(tokens), 3)
    if len(tokens) < 2:
        return
    added = perturbation(vectors, slope, counts, texts, 0.5)
    occurring = vectors.repeat_interleave(counts, dim=0)
    seen = (added / occurring.std(dim=0, correction=0))[torch.searchsorted(tokens, ids)]
    norms = seen.flatten(1).norm(dim=1)  # (texts,)
    assert norms.square().mean().sqrt().item() == pytest.approx(0.5, rel=1e-3)


def test_no_other_perturbation_of_that_size_raises_the_loss_more() -> None:
    torch.manual_seed(0)
    counts = torch.tensor([1, 4, 2, 9])
    vectors, slope = torch.randn(2, 4, 3)
    deviation = vectors.repeat_interleave(counts, dim=0).std(dim=0, correction=0)

    def size(change: Tensor) -> Tensor:
        return (counts[:, None] * (change / deviation).square()).sum().sqrt()

    best = perturbation(vectors, slope, counts, 2, 1.0)
    for _ in range(200):
        other = best + 0.3 * torch.randn(4, 3)
        other *= size(best) / size(other)
        assert (slope * other).sum() <= (slope * best).sum() + 1e-6


@pytest.mark.parametrize("value", [0.0, math.inf, math.nan])
def test_without_a_finite_gradient_nothing_is_perturbed(value: float) -> None:
    vectors = torch.randn(3, 2)
    slope = torch.tensor([[value, 0.0], [0.0, 0.0], [0.0, 0.0]])
    added = perturbation(vectors, slope, torch.ones(3), 2, 1.0)
    assert torch.equal(added, torch.zeros(3, 2))
    equal = perturbation(torch.ones(3, 2), torch.ones(3, 2), torch.ones(3), 2, 1.0)
    assert torch.equal(equal, torch.zeros(3, 2))  # equal vectors have no scale


def adversarial(batch: Batch, network: TextCNN, *, epsilon: float, objective: Any) -> Tensor:
    """Both losses on the plain path, the second with vectors that autograd finds for the first."""
    assert batch.labels is not None
    embedding = network.embedding
    tables = [t for t in (embedding.table, embedding.fixed) if t is not None]
    random = torch.get_rng_state()
    learns = [table.weight.requires_grad for table in tables]
    for table in tables:
        table.weight.requires_grad_(True)
    clean = objective(network)
    slopes = torch.autograd.grad(clean, [table.weight for table in tables], retain_graph=True)
    for table, keep in zip(tables, learns, strict=True):
        table.weight.requires_grad_(keep)
    ids = batch.ids if network.frame_length is None else batch.ids[:, : network.frame_length]
    tokens, counts = ids[ids != 0].unique(return_counts=True)
    added = perturbation(
        torch.cat([table.weight.detach()[tokens] for table in tables], dim=1),
        torch.cat([slope.to_dense()[tokens] for slope in slopes], dim=1),
        counts,
        len(ids),
        epsilon,
    )
    width = tables[0].weight.shape[1]
    handles = [
        # the perturbation is added to what each position reads, as in the paper
        table.register_forward_hook(partial(add_to_output, tokens, part))
        for table, part in zip(tables, added.split(width, dim=1), strict=True)
    ]
    torch.set_rng_state(random)
    worse = objective(network)
    for handle in handles:
        handle.remove()
    assert worse > clean
    return (clean + worse) / 2


def add_to_output(tokens: Tensor, added: Tensor, _: Any, inputs: Any, output: Tensor) -> Tensor:
    every = torch.zeros(IDS, added.shape[1]).index_copy(0, tokens, added)
    return output + every[inputs[0]]


def plain_loss(batch: Batch, network: TextCNN) -> Tensor:
    assert batch.labels is not None
    logits = network.classify(plainly_pooled(network, batch.ids, batch.lengths))
    return loss_for(batch.labels)(logits, batch.labels, batch.weights)


NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    # one-hot networks have no vectors to change
    **{
        name: (name, {})
        for name in MODELS
        if not {"batch", "onehot_cnn"} & {*re.split(r"\W+", name)}
    },
    "static": ("multi_width", {"embedding": "static"}),
    "multichannel": ("multi_width", {"embedding": "multichannel"}),
    "flatten": ("multi_width", {"pooling": "flatten", "max_positions": 10}),
    "positions": ("multi_width", {"position": "learned"}),
}


@pytest.mark.parametrize(("name", "changes"), NETWORKS.values(), ids=NETWORKS)
def test_adversarial_training_is_its_formula_in_every_network(
    name: str, changes: dict[str, Any]
) -> None:
    if name.startswith(("vdcnn", "dpcnn")):
        changes = changes | {"dropout": 0.0}
    texts, network = batch_of(), build(name, **changes)
    objective = partial(plain_loss, texts)
    with_adversary = learner(network, epsilon=0.02)
    expected = partial(adversarial, texts, epsilon=0.02, objective=objective)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    assert_step_gives(with_adversary, texts, expected)
    frozen = [key for key, value in network.named_parameters() if not value.requires_grad]
    assert all(torch.equal(before[key], network.state_dict()[key]) for key in frozen)


@every_kind
def test_adversarial_training_knows_every_kind_of_label(
    labels: Tensor, weights: Tensor | None
) -> None:
    texts, network = batch_of(labels, weights), build("multi_width", dropout=0.5)
    expected = partial(adversarial, texts, epsilon=0.1, objective=partial(plain_loss, texts))
    assert_step_gives(learner(network, labels, epsilon=0.1), texts, expected)


@pytest.mark.parametrize(
    ("objective", "formula"),
    [
        (partial(r_drop, weight=3.0, whole=False), partial(r_dropped, whole=False)),
        (partial(mixup, alpha=0.4), mixed),
    ],
    ids=["r_drop", "mixup"],
)
def test_adversarial_training_adds_to_r_drop_and_mixup(objective: Any, formula: Any) -> None:
    texts, network = batch_of(), build("multi_width", dropout=0.5)
    loss = partial(formula, texts)
    expected = partial(adversarial, texts, epsilon=0.05, objective=loss)
    assert_step_gives(learner(network, objective=objective, epsilon=0.05), texts, expected)


@pytest.mark.parametrize("name", ["multi_width", "bag", "dilated"])
def test_sparse_gradients_change_nothing(name: str) -> None:
    outcomes = []
    for rows in (True, False):
        network = build(name)
        table = network.embedding.table
        assert table is not None
        table.sparse = rows
        outcomes.append(step(learner(network, epsilon=0.5), batch_of()))
        assert table.weight.grad is not None
        assert table.weight.grad.is_sparse == rows
    (loss, found), (expected, dense) = outcomes
    assert loss == pytest.approx(expected, abs=1e-6)
    for key, gradient in found.items():
        torch.testing.assert_close(gradient, dense[key], atol=1e-6, rtol=1e-5)


def test_rows_without_a_gradient_get_zeros_and_others_are_left_out() -> None:
    places = torch.tensor([[0, 3, 4]])  # padding, a token of the batch, one that isn't
    values = torch.tensor([[9.0], [2.0], [7.0]])
    gradient = torch.sparse_coo_tensor(places, values, (6, 1), check_invariants=True)
    found = rows_of(gradient, torch.tensor([1, 3, 5]))
    assert found.tolist() == [[0.0], [2.0], [0.0]]
    assert rows_of(gradient, torch.tensor([], dtype=torch.int64)).shape == (0, 1)


def test_the_vectors_are_put_back_to_the_last_bit() -> None:
    network = build("multi_width")
    adversary = Adversary(network, 1.0)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with pytest.raises(KeyboardInterrupt):
        adversary.backpropagate(batch_of(), interrupt_second(network))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def interrupt_second(network: TextCNN) -> Callable[[float], tuple[Tensor, Tensor]]:
    table = network.embedding.table
    assert table is not None
    seen = [table.weight.detach().clone()]

    def run(factor: float) -> tuple[Tensor, Tensor]:
        if len(seen) == 2:
            assert not torch.equal(table.weight, seen[0])
            raise KeyboardInterrupt
        seen.append(table.weight)
        logits = network(batch_of().ids, batch_of().lengths)
        loss = F.cross_entropy(logits, LABELS)
        loss.backward()
        return loss, logits

    return run


def test_texts_without_tokens_are_not_perturbed() -> None:
    ids, lengths = batch([[], []])
    empty = Batch(ids, lengths, LABELS[:2])
    losses = [step(learner(build("multi_width"), epsilon=eps), empty)[0] for eps in (0.0, 1.0)]
    assert losses[0] == losses[1]


# All of them


OBJECTIVES: dict[str, dict[str, Any]] = {
    "r_drop": {"objective": partial(r_drop, weight=1.0, whole=False)},
    "mixup": {"objective": partial(mixup, alpha=1.0)},
    "adversarial": {"epsilon": 1.0},
}
every_objective = pytest.mark.parametrize("settings", OBJECTIVES.values(), ids=OBJECTIVES)


@every_objective
def test_a_few_steps_lower_the_loss_in_bf16_too(settings: dict[str, Any]) -> None:
    training = learner(build("multi_width", dropout=0.2), precision="bf16", **settings)
    losses = [training.step(batch_of())[0] for _ in range(60)]
    assert all(map(math.isfinite, losses))
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])


@every_objective
def test_hooks_of_the_network_see_one_pass_or_two(settings: dict[str, Any]) -> None:
    """The head gets all texts in one forward pass, as several processes need it."""
    network, calls = build("multi_width", dropout=0.5), []
    network.register_forward_hook(lambda *_: calls.append(1))
    learner(network, **settings).step(batch_of())
    assert len(calls) == (2 if "epsilon" in settings else 1)


# Runs


@every_key
def test_runs_resume_bit_for_bit(
    key: str, tiny_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = ("training.epochs=3", "model.word_dropout=0.1", key)
    assert train(tiny_csv, tmp_path / "whole", *keys) == 0
    with monkeypatch.context() as patch:
        interrupt_at(patch, 15, signal.SIGTERM)
        assert train(tiny_csv, tmp_path / "run", *keys) == 130
    assert resume(tmp_path / "run") == 0
    assert_same_run(tmp_path / "run", tmp_path / "whole")
    losses = [each["train"]["loss"] for each in read_json(tmp_path / "run/metrics.json")["history"]]
    assert all(later < earlier for earlier, later in pairwise(losses))


@every_key
def test_streams_of_label_sets_train_too(key: str, tmp_path: Path) -> None:
    file = tmp_path / "sets.jsonl"
    words = [["a"], ["b"], ["a", "b"], []]
    lines = [f'{{"text": "x {" ".join(w)} {n}", "label": {w}}}' for n in range(8) for w in words]
    file.write_text("\n".join(lines).replace("'", '"'), encoding="utf-8")
    overrides = [f"data.train={file}", "data.multi_label=true", "data.streaming=true", key]
    assert run("train", *TINY, *overrides, f"run_dir={tmp_path / 'run'}") == 0


# Run by two processes: each has another batch, and all get the mean of both gradients.
TWO = """
import torch
from accelerate import Accelerator
from test_objectives import LABELS, OBJECTIVES, batch_of, build, learner, step
from textcnn.data.batching import Batch

accelerator = Accelerator(cpu=True)
rank = accelerator.process_index
whole = batch_of()
parts = [Batch(whole.ids[n::2], whole.lengths[n::2], LABELS[n::2]) for n in (0, 1)]
cases = [(settings, {}) for settings in OBJECTIVES.values()]
cases += [({"epsilon": 1.0}, {"embedding": "multichannel"})]
for settings, changes in cases:
    alone = []
    for part in parts:
        one = learner(build("multi_width", dropout=0.5, **changes), **settings)
        alone.append(step(one, part))
    two = learner(build("multi_width", dropout=0.5, **changes), together=True, **settings)
    assert type(two.model).__name__ == "DistributedDataParallel"
    loss, found = step(two, parts[rank])
    assert abs(loss - alone[rank][0]) < 1e-5
    for name, gradient in found.items():
        mean = (alone[0][1][name] + alone[1][1][name]) / 2
        torch.testing.assert_close(gradient, mean, atol=1e-5, rtol=1e-5)
    if rank == 0:
        print("equal")
accelerator.end_training()
"""


@pytest.mark.slow
def test_two_processes_get_the_mean_of_the_gradients_of_each() -> None:
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    folder = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, *launcher, "--no-python", sys.executable, "-c", TWO],
        env=os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{folder.parent}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["equal"] * 4


# What is refused


def refused(**groups: Any) -> str:
    return refusal(lambda: check(complete(**groups)))


def test_what_makes_no_sense_is_refused() -> None:
    both = TrainingConfig(r_drop=1.0, mixup=0.2)
    assert refused(training=both) == (
        "training.r_drop=1.0 with training.mixup=0.2: textcnn trains with at most one of them; try "
        "training.mixup=0"
    )
    assert refused(training=TrainingConfig(mixup=0.001)) == (
        "training.mixup must be 0 or at least 0.01, got 0.001: smaller values mix nothing; try "
        "training.mixup=0"
    )
    assert refused(training=TrainingConfig(mixup=1.0, batch_size=1)) == (
        "training.mixup mixes texts of a batch, got training.batch_size=1; try "
        "training.batch_size=50"
    )
    nothing = MultiWidthConfig(dropout=0.0)
    assert refused(model=nothing, training=TrainingConfig(r_drop=1.0)) == (
        "training.r_drop=1.0 compares passes with different dropout, but there is no dropout; try "
        "model.dropout=0.5"
    )
    onehot = {"model": CharCnnConfig(embedding="onehot"), "text": CharConfig()}
    assert refused(**onehot, training=TrainingConfig(adversarial=2.0)) == (
        "training.adversarial=2.0 changes the vectors of tokens, which model.embedding=onehot "
        "doesn't have; try training.adversarial=0, or model.embedding=nonstatic"
    )


def test_dropout_anywhere_is_enough_for_r_drop() -> None:
    training = TrainingConfig(r_drop=1.0)
    check(complete(model=BagConfig(dropout=0.0, word_dropout=0.1), training=training))
    check(complete(model=InstalledConfig(name="other", dropout=0.0), training=training))
