"""What a network is told of places: positions trained and never trained, chunks, padding."""

from collections.abc import Sequence

from textcnn.studies.shared.architectures import marked
from textcnn.studies.shared.study import (
    Claim,
    Rate,
    Results,
    Values,
    accuracy,
    different_logits,
    equal_logits,
)

TRAINED = 32  # words of the texts to train on
LONG = 600  # words of texts whose markers stand farther behind; chance averages over many places
APART = (1, 2, 4, 8)  # words from one marker to the other
PARTS = 8  # of a text, to name the one that holds the marker
KINDS = ("learned", "sinusoidal", "ramp")


def predict_parts(chunks: int) -> float:
    """P chunks read log2 P bits of the place (T7)."""
    return min(1.0, chunks / PARTS)


LINE = (
    "T6 is about vectors that say nothing of each other, as learnt ones do. A ramp goes on as the "
    "straight line that it was, and much of what was learnt of the order goes on with it."
)


def predict_places(trained: bool) -> float:
    """Of the order of markers by positions: known where they were trained, by luck where not (T6).

    Vectors of places never trained are like any others to the network: either order is as likely.
    """
    return 1.0 if trained else 0.5


def measure_places(kind: str, seed: int) -> Values:
    """The order of two markers, by a 1×1 network with positions, in short texts and behind."""
    from textcnn.studies.shared.probe import Training, build_probe, measure_accuracy, train_probe

    inside = ordered(TRAINED, range(TRAINED))
    classifier = build_probe({"name": "nin", "position": kind}, inside, seed, max_length=LONG)
    train_probe(classifier, inside * 8, seed, Training(epochs=12, learning_rate=0.005))
    return {
        "inside": measure_accuracy(classifier, inside),
        "outside": measure_accuracy(classifier, ordered(LONG, range(TRAINED, LONG))),
    }


def ordered(length: int, places: Sequence[int]) -> list[tuple[str, str]]:
    """Both orders of two markers, at all these places and distances."""
    return [
        (" ".join(marked(length, {at: first, at + apart: second})), first + second)
        for apart in APART
        for at in places[:-apart]
        for first, second in ("ab", "ba")
    ]


def measure_parts(chunks: int, seed: int) -> Values:
    """In which of eight parts the marker is, by so many chunks."""
    from textcnn.studies.shared.probe import Training, build_probe, measure_accuracy, train_probe

    length = 4 * PARTS
    every = [
        (" ".join(marked(length, {place: "a"})), str(place * PARTS // length))
        for place in range(length)
    ]
    network = {"name": "nin", "pooling": "chunk_max", "chunks": chunks}
    classifier = build_probe(network, every, seed)
    train_probe(classifier, every * 40, seed, Training(epochs=12))
    return measure_accuracy(classifier, every)


def measure_padding(seed: int, more: int = 30) -> Values:
    """How much padding behind a text changes its logits, with masks and without."""
    import torch
    import torch.nn.functional as F

    from textcnn.models.encoders.multi_width import MultiWidth
    from textcnn.models.layers.convolution import Convolution
    from textcnn.studies.shared.probe import (
        Training,
        build_probe,
        encode,
        synthetic_rows,
        train_probe,
    )

    rows = synthetic_rows(400, seed, task="keyword", length=12, phrase=2)
    classifier = build_probe(
        {"name": "multi_width", "kernel_sizes": [3], "padding": "zeros"}, rows, seed
    )
    model = classifier.model
    batch = encode(classifier, rows).batch(torch.arange(100).numpy())
    padded = F.pad(batch.ids, (0, more))  # (batch, time + more)

    def without_masks(ids: torch.Tensor) -> torch.Tensor:
        assert isinstance(model.encoder, MultiWidth)
        (convolution,) = model.encoder.convolutions
        assert isinstance(convolution, Convolution)
        embedded = model.embedding(ids).transpose(1, 2)  # (batch, dim, time)
        features = F.conv1d(embedded, convolution.weight, convolution.bias, padding=1)
        return model.classify(features.amax(dim=2).relu())

    def gaps() -> Values:
        with torch.no_grad():
            masked = model(batch.ids, batch.lengths) - model(padded, batch.lengths)
            unmasked = without_masks(batch.ids) - without_masks(padded)
        return {"masked": masked.abs().max().item(), "unmasked": unmasked.abs().max().item()}

    model.eval()
    before = gaps()
    train_probe(classifier, rows, seed, Training(epochs=4))
    model.eval()
    return {"before": before, "after": gaps()}


def place_claims(results: Results, name: str, kind: str) -> list[Claim]:
    values = results.of(name)
    made = []
    for where in ("inside", "outside"):
        rate = Rate.of(v[where] for v in values)
        spoken = "where markers stood in training" if where == "inside" else "farther behind"
        statement = f"1×1, {kind} positions: accuracy of order {spoken}"
        why = LINE if kind == "ramp" else ""
        made.append(accuracy("T6", statement, predict_places(where == "inside"), rate, why))
    return made


def part_claims(results: Results, name: str, chunks: int) -> list[Claim]:
    statement = f"1×1, chunk max pooling, {chunks} chunks: accuracy of the part, of {PARTS}"
    return [accuracy("T7", statement, predict_parts(chunks), results.rate(name))]


def padding_claims(results: Results, name: str) -> list[Claim]:
    made = []
    for moment in ("before", "after"):
        masked, unmasked = (
            max(values[moment][key] for values in results.of(name))
            for key in ("masked", "unmasked")
        )
        title = f"padding behind a text, {moment} training"
        made += [
            equal_logits("T4", f"{title}: its logits, with masks as here", masked),
            different_logits("T4", f"{title}: its logits, without masks as usual", unmasked),
        ]
    return made
