"""Photograph the sections of a report for docs/report.md, with Chromium.

python -m textcnn.train run_dir=outputs/news model=multi_width training.epochs=4
python -m textcnn.audit checkpoint=outputs/news run_dir=outputs/news
python -m textcnn.evaluate checkpoint=outputs/news run_dir=outputs/news overwrite=true
python scripts/make_report_pictures.py outputs/news docs/report
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageChops

SIZE = (860, 2000)  # pixels; what is longer is cut
HIGHEST = 900  # pixels of a picture
SECTION = re.compile(r'<section id="(\w+)">.*?</section>', re.DOTALL)


def main(run_dir: Path, folder: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        sys.exit("Chromium is missing: install it with the package manager of the system")
    page = (run_dir / "report" / "index.html").read_text(encoding="utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    style = page[: page.index("<body>")]
    header = page[page.index("<header>") : page.index("<nav")]
    parts = {"summary": header} | {match[1]: match[0] for match in SECTION.finditer(page)}
    del parts["repeat"]  # commands alone
    for name, part in parts.items():
        # details are shown open, as a reader would have them
        shown = f"{style}<body>{part.replace('<details>', '<details open>')}</body></html>"
        photograph(browser, shown, folder / f"{name}.png")
        print(folder / f"{name}.png")


def photograph(browser: str, page: str, file: Path) -> None:
    """Save the page as a picture without its empty margin."""
    with TemporaryDirectory() as place:
        source, picture = Path(place) / "page.html", Path(place) / "page.png"
        source.write_text(page, encoding="utf-8")
        subprocess.run(
            [
                *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *(f"--window-size={SIZE[0]},{SIZE[1]}", f"--screenshot={picture}"),
                *(f"--user-data-dir={place}/profile", source.as_uri()),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
        with Image.open(picture) as opened:
            image = opened.convert("RGB")
    box = ImageChops.difference(image, Image.new("RGB", image.size, "white")).getbbox()
    bottom = SIZE[1] if box is None else box[3] + 12
    image.crop((0, 0, SIZE[0], min(bottom, HIGHEST))).quantize(64).save(file, optimize=True)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
