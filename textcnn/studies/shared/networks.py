"""Networks that several studies measure, as the keys of `model=`."""

from collections.abc import Sequence

from textcnn.studies.shared.study import Values


def multi_width(*kernel_sizes: int, **settings: object) -> Values:
    """One convolution for each kernel size, side by side."""
    return {"name": "multi_width", "kernel_sizes": list(kernel_sizes), **settings}


def stack(kernel_sizes: Sequence[int], pool_sizes: Sequence[int]) -> Values:
    """Convolutions one after the other, each followed by local max pooling, and no hidden layer.

    A pool size of 1 leaves the pooling out.
    """
    return {
        "name": "char_cnn",
        "embedding": "random",
        "kernel_sizes": list(kernel_sizes),
        "pool_sizes": list(pool_sizes),
        "pooling": "max",
        "hidden_sizes": [],
        "init_std": None,
    }


def dilated(*dilations: int, **settings: object) -> Values:
    """Residual blocks of kernel size 3."""
    return {"name": "dilated", "kernel_size": 3, "dilations": list(dilations), **settings}
