"""Photograph the live page for docs/live_page.md, with Chromium.

python -m textcnn.train run_dir=outputs/news
python -m textcnn.train run_dir=outputs/bag model=bag
python -m textcnn.export checkpoint=outputs/news beside=outputs/bag format=html output=news.html
python scripts/make_live_page_pictures.py news.html docs/live_page
"""

import shutil
import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Page

TEXT = (
    "The bank bought the maker of the game for $3bn, and its shares rose. "
    "The film about the deal won an award at the festival in Cannes."
)
CARET = len("The bank bought the maker of the ga")
WIDE = {"width": 1120, "height": 800}  # pixels
NARROW = {"width": 360, "height": 640}


def main(page_file: Path, folder: Path) -> None:
    from playwright.sync_api import sync_playwright

    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        sys.exit("Chromium is missing: install it with the package manager of the system")
    folder.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, dict[str, Any]] = {
        "desktop": {"viewport": WIDE},
        "dark": {"viewport": WIDE, "color_scheme": "dark"},
        "phone": {"viewport": NARROW},
    }
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        for name, settings in pictures.items():
            page = opened.new_page(reduced_motion="reduce", **settings)
            page.goto(page_file.resolve().as_uri())
            page.wait_for_selector(".answer")
            photograph(page, folder / f"{name}.png", changed=name == "desktop")
        opened.close()


def photograph(page: "Page", file: Path, changed: bool) -> None:
    """Save the page with the text; `changed`: shuffled, and compared with the text before."""
    page.fill("#text", TEXT)
    if changed:
        page.click("text=Shuffle")
    page.focus("#text")
    page.evaluate(f"document.getElementById('text').setSelectionRange({CARET}, {CARET})")
    page.locator(".field:visible").first.wait_for()
    page.mouse.move(0, 0)
    with Image.open(BytesIO(page.screenshot(full_page=True))) as image:
        image.convert("RGB").quantize(96).save(file, optimize=True)
    print(file)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
