"""Which tokens a feature sees: the arithmetic of kernels, dilations and strides."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Field:
    """The tokens that each feature of a map sees: `size` tokens from p * stride + start on.

    p is the feature's position. Each layer turns the field of its input into that of its output
    (its method `field`). `size` None: all tokens of the text.
    """

    size: int | None = 1
    stride: int = 1  # tokens from one feature to the next
    start: int = 0  # first token of the first feature; below 0 where the text is padded in front

    def through(self, kernel_size: int, dilation: int, stride: int, left: int) -> "Field":
        """The field of windows over these features; the first starts `left` before the text."""
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
        """The field of a layer that looks at the whole text."""
        return replace(self, size=None)

    def __str__(self) -> str:
        if self.size is None:
            return "the whole text"
        return f"{self.size} token" + ("s" if self.size > 1 else "")


ONE_TOKEN = Field()
