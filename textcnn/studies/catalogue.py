"""The studies, in the order of a tour: from a kernel of one word to what to use when."""

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

# of studies that read what the user gives: whether it can be used, asked before all else
CHECKS: dict[str, Callable[[Sequence[tuple[Point, int]]], None]] = {
    "language": language.check,
    "checkpoint": checkpoint.check,
}
# and what their pages say of it
NOTES: dict[str, Callable[[Results], list[str]]] = {
    "language": language.notes,
    "checkpoint": checkpoint.notes,
}
