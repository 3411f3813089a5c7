"""The studies, in the order of a tour: from a kernel of one word to what to use when."""

from textcnn.studies.order import ORDER
from textcnn.studies.study import Study

STUDIES: dict[str, Study] = {study.name: study for study in (ORDER,)}
