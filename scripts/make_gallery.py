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

What convolutions see of word order and position, and where their sight ends. Each figure is made by
the command under it, which also writes a page with the mathematics, all numbers and the verdict.
`python -m textcnn.illustrate study=all run_dir=outputs/tour` makes all of them, and
`python scripts/make_gallery.py outputs/tour docs` this page. What is said of pretrained vectors
needs the extra `glove`.
"""


def main(run_dir: Path, docs: Path) -> None:
    files = {study: run_dir / RESULTS / f"{study.name}.json" for study in STUDIES.values()}
    if not any(file.is_file() for file in files.values()):
        sys.exit(f"{run_dir} is no run of studies: it has no {RESULTS}/<study>.json")
    (docs / "gallery").mkdir(parents=True, exist_ok=True)
    sections = [section(study, file, docs) for study, file in files.items() if file.is_file()]
    (docs / "gallery.md").write_text("\n".join([HEAD, *sections]), encoding="utf-8")


def section(study: Study, file: Path, docs: Path) -> str:
    """A study's figures, lesson, command and verdict."""
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
            f"- {broken.theorem}, {broken.statement}: theory says {broken.predicted}, measured "
            f"{broken.measured}. {broken.why}",
            "",
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
