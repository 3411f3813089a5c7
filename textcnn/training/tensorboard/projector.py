"""The vectors of words in TensorBoard's projector."""

from pathlib import Path
from typing import Any

import numpy as np

from textcnn.models.layers.embedding import Embedding
from textcnn.system.atomic import new_file
from textcnn.system.escapes import in_one_line
from textcnn.system.run_dir import PROJECTOR, PROJECTOR_CONFIG
from textcnn.text.vocabulary import SPECIALS, Vocabulary

MOST_WORDS = 2000
TENSOR, METADATA = "words.bytes", "words.tsv"


def write_projector(run_dir: Path, model: Any, vocabulary: Vocabulary) -> None:
    """Write the vectors of the most frequent tokens; nothing for a model without vectors.

    Written here rather than by `SummaryWriter.add_embedding`, whose text takes a second and more.

    Args:
        model: a network, n-grams beside one, or an ensemble, of which the first member is shown.
    """
    # members of an ensemble come in order
    found = (each for each in model.modules() if isinstance(each, Embedding))
    embedding = next(found, None)
    if embedding is None or embedding.table is None or len(vocabulary.known_tokens) < 2:
        return
    weight = embedding.table.weight.detach()
    if len(weight) != len(vocabulary):  # the rows of a `RegionTable` are no vectors of words
        return
    vectors = weight[len(SPECIALS) :][:MOST_WORDS].float().cpu().numpy()
    (run_dir / PROJECTOR).mkdir(exist_ok=True)
    with new_file(run_dir / PROJECTOR / TENSOR) as file:
        vectors.astype(np.float32).tofile(file)
    lines = [in_one_line(token) or "''" for token in vocabulary.known_tokens[:MOST_WORDS]]
    with new_file(run_dir / PROJECTOR / METADATA) as file:
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with new_file(run_dir / PROJECTOR_CONFIG) as file:
        file.write_text(description(*vectors.shape), encoding="utf-8")


def description(words: int, dim: int) -> str:
    """The projector's configuration, a protocol buffer as text."""
    return (
        "embeddings {\n"
        '  tensor_name: "words"\n'
        f'  tensor_path: "{PROJECTOR}/{TENSOR}"\n'
        f'  metadata_path: "{PROJECTOR}/{METADATA}"\n'
        f"  tensor_shape: {words}\n"
        f"  tensor_shape: {dim}\n"
        "}\n"
    )
