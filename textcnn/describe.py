"""Look at data before training: `python -m textcnn.describe [key=value ...]`."""

from dataclasses import asdict
from pathlib import Path

from textcnn.cli import program
from textcnn.config import DescribeConfig, WordConfig


@program("describe")
def main(config: DescribeConfig) -> None:
    # Imported here, where the configuration is known to be sound: this takes seconds.
    import torch

    from textcnn.atomic import write_json
    from textcnn.data.description import data_table, describe_data
    from textcnn.data.prepare import prepare_data
    from textcnn.models.classifier import build_model
    from textcnn.terminal import build_console
    from textcnn.text.vectors import load_vectors

    console = build_console()
    data = prepare_data(config.data, config.text, config.seed)
    splits, texts = data.splits, data.texts
    if isinstance(config.text, WordConfig) and config.text.vectors is not None:
        tokens = texts.encoder.vocabulary.tokens
        vectors = load_vectors(config.text.vectors, tokens, config.seed)
        console.print(vectors.summary(config.text.vectors))
    with torch.device("meta"):  # only its receptive field is wanted
        model = build_model(
            vocabulary_size=len(texts.encoder.vocabulary),
            num_classes=len(splits.labels),
            **asdict(config.model),
        )
    description = describe_data(splits, texts, model.receptive_field)
    console.print(data_table(description))
    for name, split in description.splits.items():
        console.print(f"{name}: the shortest text is {split.shortest_text!r}")
        console.print(f"{name}: the longest text begins {split.longest_text!r}")
    for line in (*splits.notes, *(f"warning: {warning}" for warning in description.warnings)):
        console.print(line)
    if config.output is not None:
        write_json(Path(config.output).expanduser(), description.as_json())
        console.print(f"saved in {config.output}")


if __name__ == "__main__":
    main()
