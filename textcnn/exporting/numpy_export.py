"""`format=numpy`: what `textcnn.runtime` reads."""

from pathlib import Path

from textcnn.exporting.subject import Options, Subject


def export_numpy(classifier: Subject, new: Path, options: Options) -> list[str]:
    """Write the export to `new`; see `textcnn.exporting.export.Format`."""
    raise NotImplementedError
