"""Write a checkpoint for other programs: `python -m textcnn.export checkpoint=... output=...`."""

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


def measured(config: ExportConfig, restored: "Restored", given: list[str]) -> "Measured":
    """The texts that measure what the export loses; none if they are not to be had."""
    from textcnn.exporting.subject import Measured

    return Measured()


if __name__ == "__main__":
    main()
