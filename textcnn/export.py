"""Write a checkpoint for other programs: `python -m textcnn.export checkpoint=... output=...`."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textcnn.cli import CHECKPOINT_MISSING, overridden_keys, program
from textcnn.config.production.export import ExportConfig
from textcnn.errors import InputError
from textcnn.system.interrupts import end_start
from textcnn.system.run_dir import run_name

if TYPE_CHECKING:
    from textcnn.exporting.subject import Measured, Named
    from textcnn.inference import Restored


@program("export")
def main(config: ExportConfig) -> None:
    if not config.checkpoint:
        raise InputError(CHECKPOINT_MISSING)
    if not config.output:
        raise InputError("output is missing; try output=exported, or output=exported.zip")
    given = [key for key in overridden_keys() if key.startswith("data")]

    # Imported here, after the checks: importing torch takes seconds.
    from textcnn.exporting.export import export, parse_size
    from textcnn.exporting.subject import Options
    from textcnn.inference import restore

    end_start()
    size = None if config.max_size is None else parse_size(config.max_size)
    restored = restore(config.checkpoint)
    options = Options(
        config.dtype,
        size,
        measured(config, restored, given),
        restored.manifest,
        run_name(restored.directory),
        () if config.beside is None else (named(restore(config.beside)),),
    )
    exported = export(
        restored.classifier, config.output, config.format, options, overwrite=config.overwrite
    )
    for note in exported.notes:
        print(note)
    print(f"wrote {exported.path} ({exported.bytes:,} bytes)")


def named(restored: "Restored") -> "Named":
    from textcnn.exporting.subject import Named

    return Named(run_name(restored.directory), restored.classifier)


def measured(config: ExportConfig, restored: "Restored", given: Sequence[str]) -> "Measured":
    """Texts with labels that measure what the export loses; none if they can't be had.

    Args:
        given: the keys of `data` that the command line sets.

    Raises:
        InputError: texts that the command line names can't be read.
    """
    import numpy as np

    from textcnn.evaluation.chosen_data import chosen_data, found_data, test_rows
    from textcnn.exporting.subject import Measured

    classifier, trained, _, directory, _ = restored
    if not config.max_texts:
        return Measured()
    try:
        data = found_data(chosen_data(config.data, trained.data, given), given, directory)
        rows, _ = test_rows(data, trained, classifier.labels)
    except InputError as error:
        if given:
            raise
        print(f"the export is not compared with the checkpoint: {error}", file=sys.stderr)
        return Measured()
    if len(rows) > config.max_texts:
        drawn = np.random.default_rng(config.seed).permutation(len(rows))[: config.max_texts]
        rows = rows.select(np.sort(drawn))
    names = np.array(rows.names, object)
    if rows.multi_label:
        return Measured(rows.texts(), [names[row].tolist() for row in rows.labels])
    return Measured(rows.texts(), names[rows.labels].tolist())


if __name__ == "__main__":
    main()
