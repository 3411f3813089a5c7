"""The live page of a server or an exported file: type a text, see why it gets its class."""

from textcnn.live_page.answers import explained_texts, model_facts
from textcnn.live_page.render import render_page

__all__ = ["explained_texts", "model_facts", "render_page"]
