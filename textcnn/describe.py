"""Look at data and model before training: `python -m textcnn.describe [key=value ...]`."""

from pathlib import Path

from textcnn.cli import program
from textcnn.config.programs import DescribeConfig
from textcnn.config.text import WordConfig


@program("describe")
def main(config: DescribeConfig) -> None:
    # Imported here, where the configuration is known to be sound: this takes seconds.
    from textcnn.builders import build_data
    from textcnn.data.description import data_table, describe_data
    from textcnn.models.build import build_model
    from textcnn.models.summary import field_line, summarize, summary_table
    from textcnn.system.atomic import write_json
    from textcnn.system.terminal import build_console
    from textcnn.text.vectors import load_vectors

    console = build_console()
    data = build_data(config.data, config.text, config.seed)
    splits, texts = data.splits, data.texts
    if isinstance(config.text, WordConfig) and config.text.vectors is not None:
        tokens = texts.encoder.vocabulary.known_tokens
        vectors = load_vectors(config.text.vectors, tokens, config.seed)
        config.model.embedding_dim = vectors.values.shape[1]
        console.print(vectors.summary(config.text.vectors))
    model = build_model(
        vocabulary_size=len(texts.encoder.vocabulary),
        num_classes=len(splits.labels),
        **config.model.settings(config.text.max_length),
    )
    summary = summarize(model, int(texts.train.lengths.max()))
    description = describe_data(splits, texts, summary.field.size)
    console.print(data_table(description))
    for name, split in description.splits.items():
        console.print(f"{name}: the shortest text is {split.shortest_text!r}")
        console.print(f"{name}: the longest text begins {split.longest_text!r}")
    console.print(summary_table(summary))
    console.print(field_line(summary, description.seen_whole_rate))
    for line in (*splits.notes, *(f"warning: {warning}" for warning in description.warnings)):
        console.print(line)
    if config.output is not None:
        write_json(
            Path(config.output).expanduser(), description.as_json() | {"model": summary.as_json()}
        )
        console.print(f"saved in {config.output}")


if __name__ == "__main__":
    main()
