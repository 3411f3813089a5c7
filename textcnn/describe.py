"""Show the data and the model without training: `python -m textcnn.describe [key=value ...]`."""

from textcnn.cli import program
from textcnn.config.evaluation.description import DescribeConfig
from textcnn.system.interrupts import end_start
from textcnn.system.paths import expanded


@program("describe")
def main(config: DescribeConfig) -> None:
    # Imported here, after the checks: importing torch takes seconds.
    from textcnn.builders.data import build_data
    from textcnn.builders.text import load_token_vectors
    from textcnn.data.description import data_table, describe_data
    from textcnn.models.summary import field_line, summarize, summary_table
    from textcnn.system.atomic import write_json
    from textcnn.system.terminal import build_console
    from textcnn.training.initial import initial_model
    from textcnn.training.parts import size_warning

    end_start()
    console = build_console()
    data = build_data(config.data, config.text, config.seed)
    splits, texts = data.splits, data.texts
    vectors = load_token_vectors(config.text, texts, config.seed)
    model = initial_model(config.model, config.text.max_length, data, vectors)
    summary = summarize(model, int(texts.train.lengths.max()))
    description = describe_data(splits, texts, summary.field.size)
    console.print(data_table(description))
    for name, split in description.splits.items():
        console.print(f"{name}: the shortest text is {split.shortest_text!r}")
        console.print(f"{name}: the longest text begins {split.longest_text!r}")
    console.print(summary_table(summary))
    console.print(field_line(summary, description.seen_whole_rate))
    size = size_warning(config.model, data)
    warnings = (*splits.warnings, *description.warnings, *([size] if size else ()))
    for line in (
        *(vectors.summary if vectors else ()),
        *splits.notes,
        *(f"warning: {warning}" for warning in warnings),
    ):
        console.print(line)
    if config.output is not None:
        write_json(expanded(config.output), description.as_json() | {"model": summary.as_json()})
        console.print(f"saved in {config.output}")


if __name__ == "__main__":
    main()
