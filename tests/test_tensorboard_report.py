"""The report of a run in TensorBoard."""

from pathlib import Path

from tiny_data import curves

from textcnn.evaluation.page.content import Example, Piece
from textcnn.training.tensorboard.judged import mistakes_markdown

pytest_plugins = ("tiny_run",)


def test_words_that_argue_for_the_answer_are_bold_and_marks_of_a_text_stay() -> None:
    pieces = (Piece("a*b ", 0.9), Piece("fine", 1.0), Piece(" film", 0.1), Piece("dull|", -1.0))
    table = mistakes_markdown([Example(3, "neg", "pos", "91.0 %", pieces)])
    assert table.splitlines()[-1] == "| 3 | neg | pos 91.0 % | a\\*b **fine** filmdull&#124; |"


def test_a_run_shows_its_calibration(tiny_run: Path) -> None:
    assert "calibration/test" in curves(tiny_run).Tags()["images"]
