"""Other defaults of a function, for tests that reach it through a whole program."""

from collections.abc import Callable
from types import FunctionType
from typing import Any

import pytest


def set_defaults(patch: pytest.MonkeyPatch, function: Callable[..., Any], **defaults: Any) -> None:
    """Change defaults of keyword-only arguments, wherever `function` was imported."""
    assert isinstance(function, FunctionType)
    known = function.__kwdefaults__ or {}
    assert defaults.keys() <= known.keys()
    patch.setattr(function, "__kwdefaults__", known | defaults)
