"""The studies, in the order of a tour: from a kernel of one word to what to use when."""

from textcnn.studies.audio import AUDIO
from textcnn.studies.boundary import BOUNDARY
from textcnn.studies.checkpoint import CHECKPOINT
from textcnn.studies.counting import COUNTING
from textcnn.studies.language import LANGUAGE
from textcnn.studies.nesting import NESTING
from textcnn.studies.order import ORDER
from textcnn.studies.pointwise import POINTWISE
from textcnn.studies.position import POSITION
from textcnn.studies.study import Study
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
        LANGUAGE,
        CHECKPOINT,
    )
}
