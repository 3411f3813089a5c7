"""Padding after a text: how much it changes the logits, with and without masks (T4)."""

from textcnn.studies.shared.study import (
    Claim,
    Results,
    Values,
    different_logits,
    equal_logits,
)


def measure_masks(seed: int, extra: int = 30) -> Values:
    """The largest change of a logit, with and without masks, before and after training.

    Args:
        extra: tokens of padding that are added to each text.
    """
    import torch
    import torch.nn.functional as F

    from textcnn.models.encoders.multi_width import MultiWidth
    from textcnn.models.layers.convolution import Convolution
    from textcnn.studies.shared.networks import multi_width
    from textcnn.studies.shared.probe import (
        Training,
        build_probe,
        encode,
        synthetic_rows,
        train_probe,
    )

    rows = synthetic_rows(400, seed, task="keyword", length=12, phrase=2)
    classifier = build_probe(multi_width(3, padding="zeros"), rows, seed)
    model = classifier.model
    batch = encode(classifier, rows).batch(torch.arange(100).numpy())
    padded = F.pad(batch.ids, (0, extra))  # (batch, time + extra)

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


def mask_claims(results: Results, point: str) -> list[Claim]:
    made = []
    for moment in ("before", "after"):
        masked, unmasked = (
            max(values[moment][key] for values in results.of(point))
            for key in ("masked", "unmasked")
        )
        title = f"logit change from more padding, {moment} training"
        made += [
            equal_logits("T4", f"{title}: with masks, as in textcnn", masked),
            different_logits("T4", f"{title}: without masks", unmasked),
        ]
    return made
