"""model2vec models on the Hugging Face Hub."""

import re
from pathlib import Path

from textcnn.errors import InputError
from textcnn.text.vectors.model2vec import FILES

NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
# endings of a misspelt path, for which no network is asked
OF_FILES = (".txt", ".vec", ".bin", ".ftz", ".gz", ".zip", ".csv", ".npy", ".safetensors")


def is_hub_name(name: str) -> bool:
    """Whether a value can only be `owner/name`, not the path of a file or directory here."""
    owner = name.partition("/")[0]
    return (
        NAME.fullmatch(name) is not None
        and not name.endswith(OF_FILES)
        and not Path(owner).exists()
    )


def download(name: str) -> Path:
    """The directory of a model in the Hub's cache, after a download if needed.

    Raises:
        InputError: there is no such model, or no network.
    """
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=list(FILES)))
    except Exception as error:  # the network and the Hub can fail in any way
        said = " ".join(str(error).split())
        raise InputError(
            f"text.vectors={name}: no such file or directory here, and the Hub gives no model of "
            f"that name ({said[:200]}); check the name and the network, or give a directory"
        ) from error
