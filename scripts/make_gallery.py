"""Write docs/gallery.md and its figures from a run of all studies.

python -m textcnn.illustrate study=all run_dir=outputs/tour
python scripts/make_gallery.py outputs/tour docs
"""

import sys
from pathlib import Path

from textcnn.studies.catalogue import NOTES, STUDIES
from textcnn.studies.shared.figures import style
from textcnn.studies.shared.study import Study, verdict
from textcnn.studies.tour.ledger import read_results
from textcnn.system.run_dir import RESULTS

DPI = 110
HEAD = """# Gallery

What convolutions know about word order and position, and where this knowledge ends. The command
below each figure creates it, together with a page that has the mathematics, all numbers and the
verdict. `python -m textcnn.illustrate study=all run_dir=outputs/tour` creates all of them, and
`python scripts/make_gallery.py outputs/tour docs` creates this page. The results on pretrained
vectors need the extra `glove`.
"""


def main(run_dir: Path, docs: Path) -> None:
    files = {study: run_dir / RESULTS / f"{study.name}.json" for study in STUDIES.values()}
    if not any(file.is_file() for file in files.values()):
        sys.exit(
            f"{run_dir} is not a run of studies: it has no {RESULTS}/<study>.json; create one with "
            f"python -m textcnn.illustrate run_dir={run_dir}"
        )
    (docs / "gallery").mkdir(parents=True, exist_ok=True)
    sections = [section(study, file, docs) for study, file in files.items() if file.is_file()]
    (docs / "gallery.md").write_text("\n".join([HEAD, *sections]), encoding="utf-8")


def section(study: Study, file: Path, docs: Path) -> str:
    """The figures, lesson, command and verdict of a study; saves the figures."""
    lines = [f"## {study.title}", "", f"*{study.question}*", ""]
    results = read_results(file, study.name)
    with style():
        for drawing in study.drawings(results):
            picture = Path("gallery") / f"{drawing.name}.png"
            drawing.figure.savefig(docs / picture, dpi=DPI)
            lines += [f"![{drawing.name}]({picture.as_posix()})", "", drawing.caption, ""]
    command = f"python -m textcnn.illustrate study={study.name}"
    if study.name in NOTES:
        lines += [" ".join(NOTES[study.name](results)), ""]
    claims = study.claims(results)
    lines += [study.lesson, "", f"`{command}`: {verdict(claims)}.", ""]
    for broken in (claim for claim in claims if claim.holds is False):
        lines += [
            f"- {broken.theorem}, {broken.statement}: theory predicts {broken.predicted}, "
            f"measured {broken.measured}. {broken.why}",
            "",
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
