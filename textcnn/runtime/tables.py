"""The tensors of an exported model, of types that may be smaller than float32."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

FLOATS = ("float32", "float16", "int8")
SCALE = ".scale"


@dataclass(frozen=True)
class Table:
    """Numbers of any of these types; an int8 has a scale.

    Attributes:
        values: float32, float16 or int8.
        scale: float32, of a shape that broadcasts to that of the values; 1 without one.
    """

    values: np.ndarray
    scale: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape

    @property
    def by_row(self) -> bool:
        """Whether rows have different scales."""
        return self.scale.ndim == self.values.ndim and self.scale.shape[0] > 1

    def rows(self, numbers: np.ndarray) -> np.ndarray:
        """float32 (numbers, ...)"""
        values = self.values.take(numbers, axis=0).astype(np.float32)
        if self.values.dtype != np.int8:
            return values
        return values * (self.scale.take(numbers, axis=0) if self.by_row else self.scale)

    def all(self) -> np.ndarray:
        """float32, of the shape of the values."""
        if self.values.dtype == np.float32:
            return self.values
        values = self.values.astype(np.float32)
        return values * self.scale if self.values.dtype == np.int8 else values


class Tables:
    """The tensors of a model by name. Every access checks what it returns.

    The methods raise KeyError for a missing tensor, and ValueError for another type or shape.
    """

    def __init__(self, tensors: Mapping[str, np.ndarray]):
        self.tensors = tensors

    def __contains__(self, name: str) -> bool:
        return name in self.tensors

    def table(self, name: str, *shape: int | None) -> Table:
        """
        Args:
            shape: None on an axis: any number.
        """
        values = self.tensors[name]
        check(name, values, FLOATS, shape)
        scale = np.ones(1, np.float32)
        if values.dtype == np.int8:
            scale = self.tensors[name + SCALE]
            sizes = (1,) * (values.ndim - scale.ndim) + scale.shape
            fits = all(a in (1, b) for a, b in zip(sizes, values.shape, strict=False))
            if scale.dtype != np.float32 or scale.ndim > values.ndim or not fits:
                raise ValueError(f"{name}{SCALE} doesn't fit {name}")
            check_finite(name + SCALE, scale)
        else:
            check_finite(name, values)
        return Table(values, scale)

    def floats(self, name: str, *shape: int | None) -> np.ndarray:
        """float32 numbers of the shape; arguments as of `table`."""
        return self.table(name, *shape).all()

    def whole(self, name: str, dtypes: tuple[str, ...], *shape: int | None) -> np.ndarray:
        """Integers of one of these types; arguments as of `table`."""
        values = self.tensors[name]
        check(name, values, dtypes, shape)
        return values


def check(
    name: str, values: np.ndarray, dtypes: tuple[str, ...], shape: tuple[int | None, ...]
) -> None:
    """
    Raises:
        ValueError: the values have another type or shape.
    """
    same = values.ndim == len(shape) and all(
        wanted in (None, size) for wanted, size in zip(shape, values.shape, strict=False)
    )
    if values.dtype.name not in dtypes or not same:
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(
            f"{name} has the type {values.dtype} and the shape {values.shape}, expected "
            f"{' or '.join(dtypes)} and ({wanted})"
        )


def check_finite(name: str, values: np.ndarray) -> None:
    """
    Raises:
        ValueError: a number is infinite or nan.
    """
    # both are nan if any number is; they need no memory, unlike np.isfinite
    if values.size and not (np.isfinite(values.min()) and np.isfinite(values.max())):
        raise ValueError(f"{name} holds infinite numbers or nan")
