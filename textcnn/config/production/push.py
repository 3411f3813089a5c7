"""The keys of `textcnn.push`."""

from collections.abc import Iterator
from dataclasses import dataclass

from textcnn.config.data import StringOrList, as_written
from textcnn.config.keys import key
from textcnn.config.programs import CHECKPOINT


@dataclass
class PushConfig:
    checkpoint: str = key("", CHECKPOINT)
    repo: str = key("", "the repository on the Hub, owner/name; it is created if there is none")
    branch: str = key("main", "the branch to commit to; it is created if there is none")
    private: bool | None = key(
        None,
        "whether only you, or your organization, may see the repository; null: as it is, or as the "
        "Hub creates it, which is public unless your organization says otherwise",
    )
    message: str | None = key(None, "the message of the commit; null: one with textcnn's version")
    card: str | None = key(
        None,
        "the model card, a Markdown file; null: report/model_card.md of the run, or a short card "
        "where there is none",
    )
    license: str | None = key(
        None,
        "the licence of the weights for the card, by the Hub's identifier, such as mit, apache-2.0 "
        "or cc-by-4.0; null: as in the card",
    )
    language: StringOrList = key(
        None,
        "the language of the texts for the card, by its ISO 639 code such as en, or a list of "
        "them; null: as in the card",
        strings=True,
        optional=True,
    )
    golden_texts: bool = key(
        False,
        "publish the checkpoint's golden texts, which are three of your validation texts; false: "
        "replace them by texts made of the most frequent tokens",
    )
    training_hashes: bool = key(
        False,
        "publish the hashes of the training texts, with which evaluate reports texts that training "
        "knew; whoever has a text can then find out whether it was among them",
    )

    def __post_init__(self) -> None:
        self.language = as_written(self.language)

    def conflicts(self) -> Iterator[str]:
        for name in ("message", "card", "license"):
            if getattr(self, name) is not None and not getattr(self, name).strip():
                yield f"{name} is empty, got {name}=''; leave it out, or give {name}=null"
