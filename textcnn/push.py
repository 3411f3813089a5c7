"""Publish a checkpoint on the Hub: `python -m textcnn.push checkpoint=... repo=owner/name`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import textcnn
from textcnn.cli import CHECKPOINT_MISSING, program
from textcnn.config.production.push import PushConfig
from textcnn.errors import InputError
from textcnn.hub.address import PREFIX, Address, is_repository, is_revision
from textcnn.system.interrupts import end_start
from textcnn.system.paths import expanded

if TYPE_CHECKING:
    from textcnn.hub.card import CardFacts
    from textcnn.inference import Restored


@program("push")
def main(config: PushConfig) -> None:
    if not config.checkpoint:
        raise InputError(CHECKPOINT_MISSING)
    address = target(config)

    from textcnn.hub.upload import CARD, check_upload, upload

    check_upload()

    # Imported here, after the checks: importing torch takes seconds.
    from textcnn.checkpoint import FILES, OPTIONAL, TRAINED_TEXTS, TRAINING_STATE
    from textcnn.hub.published import published
    from textcnn.inference import restore

    end_start()
    restored = restore(config.checkpoint)
    left_out = [TRAINING_STATE, *([] if config.training_hashes else [TRAINED_TEXTS])]
    files = published(restored.directory, manifest_of(restored, config.golden_texts), left_out)
    uploaded = upload(
        address,
        {**files, CARD: card_of(config, restored, address).encode()},
        known=(*FILES, *OPTIONAL, CARD),
        private=config.private,
        message=config.message or f"Add a checkpoint of textcnn {textcnn.__version__}",
    )
    print(f"pushed {restored.directory} to {uploaded.page}, commit {uploaded.commit[:7]}")
    print(f"to use it: python -m textcnn.predict checkpoint={address} input=texts.txt")


def target(config: PushConfig) -> Address:
    """
    Raises:
        InputError: the Hub has no such names.
    """
    if not config.repo:
        raise InputError("repo is missing; try repo=<owner>/<name>")
    repository = config.repo.removeprefix(PREFIX)
    if not is_repository(repository):
        raise InputError(
            f"repo takes owner/name, each of letters, digits, -, _ and ., got {config.repo}; try "
            "repo=<your name on the Hub>/<name>"
        )
    if not is_revision(config.branch):
        raise InputError(
            f"branch takes a name of letters, digits, -, _, . and /, got {config.branch}; try "
            "branch=main"
        )
    return Address(repository, None if config.branch == "main" else config.branch)


def manifest_of(restored: "Restored", golden_texts: bool) -> dict[str, Any]:
    """The manifest to publish, with golden texts of its own unless the stored ones are wanted."""
    from textcnn.hub.published import made_texts

    if golden_texts:
        return restored.manifest
    classifier = restored.classifier
    texts = made_texts(classifier.encoder.vocabulary.known_tokens)
    logits = classifier.logits(texts).tolist()
    golden = [{"text": text, "logits": row} for text, row in zip(texts, logits, strict=True)]
    return restored.manifest | {"golden": golden}


def card_of(config: PushConfig, restored: "Restored", address: Address) -> str:
    """The card for the repository: the given one, that of the run's report, or a short one.

    Raises:
        InputError: it can't be read.
    """
    from textcnn.evaluation.page.model_card import CARD
    from textcnn.hub.card import completed, short_card
    from textcnn.system.run_dir import REPORT

    data = restored.config.data
    written = restored.directory.parent / REPORT / CARD
    source = written if config.card is None else expanded(config.card)
    if config.card is None and (restored.directory.name != "best" or not written.is_file()):
        card = short_card(address.repository.partition("/")[2], facts_of(restored))
    else:
        card = read_card(source)
    languages = [config.language] if isinstance(config.language, str) else config.language or []
    return completed(
        card,
        address,
        license=config.license,
        languages=languages,
        dataset=data.path if data.source == "hub" and is_repository(data.path or "") else None,
        source=str(source),
    )


def read_card(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"card={file} can't be read: {' '.join(str(error).split())}") from error


def facts_of(restored: "Restored") -> "CardFacts":
    """What the manifest says for a short card; its scores may be missing."""
    from textcnn.evaluation.manifest import parse_scores
    from textcnn.hub.card import CardFacts

    data = restored.config.data
    name = data.path if data.source == "hub" and data.path else data.source
    scores: dict[str, Any] = parse_scores(restored.manifest.get("metrics", {})) or {}
    named = {"accuracy": scores.get("accuracy"), "f1": scores.get("macro_f1")}
    numbers = {name: float(value) for name, value in named.items() if value is not None}
    return CardFacts(restored.classifier.labels, data.multi_label, name, name, "test", numbers)


if __name__ == "__main__":
    main()
