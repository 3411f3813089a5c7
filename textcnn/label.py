"""Choose texts to label: `python -m textcnn.label checkpoint=... input=... [key=value ...]`."""

import sys

from textcnn.cli import CHECKPOINT_MISSING, program
from textcnn.config.evaluation.labelling import LabelConfig
from textcnn.data.input_texts import InputRows
from textcnn.errors import InputError
from textcnn.system.interrupts import end_start
from textcnn.system.output import open_output


@program("label")
def main(config: LabelConfig) -> None:
    if not config.checkpoint:
        raise InputError(CHECKPOINT_MISSING)
    with open_output(config.output, config.overwrite) as output:
        # Imported here, after the checks: importing torch takes seconds.
        from textcnn.evaluation.labelling.candidates import least_sure
        from textcnn.evaluation.labelling.spread import spread
        from textcnn.evaluation.labelling.written import Columns, report, write_to_label
        from textcnn.inference import restore

        end_start()
        restored = restore(config.checkpoint, table_memory=config.table_memory, half=config.half)
        classifier, trained = restored.classifier, restored.config.data
        given = config.data.text or trained.text
        columns = [given] if isinstance(given, str) else given
        rows = InputRows(
            config.input,
            config.format,
            columns,
            encoding=config.data.encoding,
            header=config.data.header,
            carry=None,
        )
        most = config.count * config.candidates
        found, passed = least_sure(rows, classifier, most, restored.trained_texts)
        if not found:
            raise InputError(f"input={config.input} has no text to label{passed.words}")
        places = spread(
            [each.row.text for each in found],
            [each.doubt for each in found],
            config.count,
            classifier.encoder.tokenizer,
            seed=config.seed,
        )
        chosen = [found[place] for place in places]
        names = Columns.like(columns, trained.label, trained.label_separator)
        write_to_label(output, chosen, names)
    several = classifier.thresholds is not None
    told = report(config.output, chosen, passed, names, several=several)
    print(told, file=sys.stderr if config.output == "-" else sys.stdout)


if __name__ == "__main__":
    main()
