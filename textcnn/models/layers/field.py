"""Which tokens a feature sees: the arithmetic of kernels, dilations and strides."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Field:
    """The tokens behind the features of a map: `size` from p x stride + start on for feature p.

    A layer turns the field of what it reads into that of what it makes, so a network's field is
    found by running it. `size` None: all tokens of the text.
    """

    size: int | None = 1
    stride: int = 1  # tokens from one feature to the next
    start: int = 0  # of the first feature; below 0 where padding lies in front of the text

    def through(self, kernel_size: int, dilation: int, stride: int, left: int) -> "Field":
        """The field behind a window of this one's features, the first `left` before the start."""
        size = None if self.size is None else self.size + (kernel_size - 1) * dilation * self.stride
        return Field(size, self.stride * stride, self.start - left * self.stride)

    def beside(self, other: "Field") -> "Field":
        """The field of features made of both, as in a residual block."""
        assert self.stride == other.stride
        if self.size is None or other.size is None:
            return replace(self, size=None)
        start = min(self.start, other.start)
        end = max(self.start + self.size, other.start + other.size)
        return Field(end - start, self.stride, start)

    def whole(self) -> "Field":
        """The field behind a layer that looks at all of a text."""
        return replace(self, size=None)

    def __str__(self) -> str:
        if self.size is None:
            return "the whole text"
        return f"{self.size} token" + ("s" if self.size > 1 else "")


ONE_TOKEN = Field()
