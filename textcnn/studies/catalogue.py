"""All studies, in the order of the tour."""

from collections.abc import Callable, Sequence

from textcnn.studies.audio.audio import AUDIO
from textcnn.studies.boundary.boundary import BOUNDARY
from textcnn.studies.checkpoint import checkpoint
from textcnn.studies.counting import COUNTING
from textcnn.studies.language import language
from textcnn.studies.nesting import NESTING
from textcnn.studies.order.order import ORDER
from textcnn.studies.pointwise import POINTWISE
from textcnn.studies.position.position import POSITION
from textcnn.studies.shared.study import Point, Results, Study
from textcnn.studies.symmetry import SYMMETRY
from textcnn.studies.translation import TRANSLATION

STUDIES: dict[str, Study] = {
    study.name: study
    for study in (
        POINTWISE,
        ORDER,
        POSITION,
        COUNTING,
        NESTING,
        BOUNDARY,
        SYMMETRY,
        AUDIO,
        TRANSLATION,
        language.LANGUAGE,
        checkpoint.CHECKPOINT,
    )
}

# for studies that read the user's data or checkpoint: checks that run before any measurement
CHECKS: dict[str, Callable[[Sequence[tuple[Point, int]]], None]] = {
    "language": language.check,
    "checkpoint": checkpoint.check,
}
# and remarks for their pages
NOTES: dict[str, Callable[[Results], list[str]]] = {
    "language": language.notes,
    "checkpoint": checkpoint.notes,
}
