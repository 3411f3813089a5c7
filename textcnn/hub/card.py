"""The model card: the YAML header that the Hub reads, and what is filled in for a repository."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from textcnn.errors import InputError
from textcnn.hub.address import Address
from textcnn.system.escapes import escaped

LIBRARY = "textcnn"
TASK = "text-classification"
PLACE = "path of the checkpoint"  # in the example of a card, until the checkpoint has an address


@dataclass(frozen=True)
class CardFacts:
    """What the card says beyond the report."""

    labels: tuple[str, ...]
    multi_label: bool
    dataset: str  # its path on the Hub, or a name
    dataset_name: str
    split: str
    metrics: dict[str, float]  # by the Hub's names, 0 to 1


def header(name: str, facts: CardFacts) -> str:
    """The YAML that the Hub reads: task, tags and results."""
    from huggingface_hub import EvalResult, ModelCardData  # takes 0.3 s

    results = [
        EvalResult(
            task_type=TASK,
            dataset_type=escaped(facts.dataset),
            dataset_name=escaped(facts.dataset_name),
            dataset_split=facts.split,
            metric_type=metric,
            metric_value=round(value, 4),
        )
        for metric, value in facts.metrics.items()
    ]
    card = ModelCardData(
        library_name=LIBRARY,
        pipeline_tag=TASK,
        tags=[TASK, "cnn", "cpu", *(["multi-label"] * facts.multi_label)],
        model_name=escaped(name),
        eval_results=results or None,
    )
    return str(card.to_yaml())


def short_card(name: str, facts: CardFacts) -> str:
    """A card for a checkpoint without a report."""
    several = "any number of" if facts.multi_label else "one of"
    scores = [f"- {metric}: {value:.4f}" for metric, value in facts.metrics.items()]
    lines = [
        *("---", header(name, facts), "---", "", f"# {escaped(name)}", ""),
        f"A convolutional text classifier, trained with textcnn. It gives a text {several} "
        f"{len(facts.labels):,} labels.",
        *("", "```python", "import textcnn", "", f'classifier = textcnn.load("{PLACE}")'),
        *('classifier.predict(["a text"])', "```", ""),
    ]
    if scores:
        lines += [f"## Scores on the {facts.split} texts", "", *scores, ""]
    return "\n".join(lines)


def completed(
    card: str,
    address: Address,
    *,
    license: str | None,
    languages: Sequence[str],
    dataset: str | None,
    source: str,
) -> str:
    """The card for a repository: with its address, and with what only its owner knows.

    Args:
        card: Markdown; its header may lack everything.
        license: an identifier of the Hub; None: as in the card.
        languages: ISO 639 codes; empty: as in the card.
        dataset: on the Hub; None: as in the card.
        source: of the card, for messages.

    Raises:
        InputError: its header is no YAML, or not what the Hub reads.
    """
    import yaml
    from huggingface_hub import ModelCard

    try:
        read = ModelCard(card)
    except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{source}: the header of the card can't be read: {reason}") from error
    chosen: dict[str, Any] = {"library_name": LIBRARY, "license": license}
    chosen["language"] = languages[0] if len(languages) == 1 else [*languages]
    chosen["pipeline_tag"] = read.data.get("pipeline_tag") or TASK
    chosen["datasets"] = read.data.get("datasets") or ([dataset] if dataset else None)
    for name, value in chosen.items():
        if value:
            read.data[name] = value
    read.text = read.text.replace(f'"{PLACE}"', f'"{address}"')
    return str(read)
