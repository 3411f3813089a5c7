"""A plugin: one Chromium for all tests of a module."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Request

NAMES = ("chromium", "chromium-browser", "google-chrome")
OpenPage = Callable[..., "Page"]


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """The distribution's Chromium; tests are skipped without it.

    It ends with the module: while it is there, an event loop runs, and `asyncio.run` fails.
    """
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no Chromium is installed: {', '.join(NAMES)}")
    # the sandbox of Chromium refuses to run as root, as containers do
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=arguments)
        yield opened
        opened.close()


class Windows:
    """Opens files in windows of their own, and notes what a page must not do."""

    def __init__(self, browser: "Browser"):
        self.browser = browser
        self.contexts: list[BrowserContext] = []
        self.faults: list[str] = []

    def open(self, file: Path, **settings: Any) -> "Page":
        """
        Args:
            settings: of the window, such as its `viewport`.
        """
        self.contexts.append(self.browser.new_context(**settings))
        page = self.contexts[-1].new_page()
        page.set_default_timeout(10_000)  # milliseconds
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("console", lambda line: self.faults.append(f"console: {line.text}"))
        page.on("dialog", self.refuse)
        page.on("request", self.note_request)
        page.goto(file.as_uri())
        page.wait_for_selector(".answer")
        return page

    def refuse(self, dialog: "Dialog") -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def note_request(self, request: "Request") -> None:
        if not request.url.startswith(("file:", "blob:")):
            self.faults.append(f"request: {request.url}")

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        assert self.faults == []


@pytest.fixture(scope="module")
def open_pages(browser: "Browser") -> Iterator[OpenPage]:
    """`Windows.open` for windows that several tests share."""
    windows = Windows(browser)
    yield windows.open
    windows.close()


@pytest.fixture
def open_page(browser: "Browser") -> Iterator[OpenPage]:
    """`Windows.open` for windows of one test."""
    windows = Windows(browser)
    yield windows.open
    windows.close()
