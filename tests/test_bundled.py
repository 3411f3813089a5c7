"""The bundled BBC news articles."""

from collections import Counter

from textcnn.data.sources.bundled import read_bundled


def test_bundled_rows_are_2225_articles_in_five_classes() -> None:
    rows = read_bundled()
    assert rows.column_names == ["text", "label"]
    counts = {"business": 510, "entertainment": 386, "politics": 417, "sports": 511, "tech": 401}
    assert Counter(rows["label"].to_pylist()) == counts
    labels = rows["label"].to_pylist()
    assert labels == sorted(labels)


def test_bundled_rows_are_whole_articles_in_the_order_of_their_files() -> None:
    text = read_bundled()["text"][0].as_py()
    assert text.startswith("Ad sales boost Time Warner profit\n\nQuarterly profits at US media")
    assert text.endswith("as a loss on the value of that stake.\n")


def test_the_file_that_is_latin_1_keeps_its_pound_sign() -> None:
    texts = read_bundled()["text"].to_pylist()
    assert sum("a possible transfer fee for Mutu, a £15.8m signing" in text for text in texts) == 1
    assert not any("\ufffd" in text or "Â£" in text for text in texts)
