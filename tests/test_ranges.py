"""Integers of many ranges at once."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from textcnn.text.ranges import ranges


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), max_size=6))
def test_the_integers_of_ranges_lie_end_to_end(pairs: list[tuple[int, int]]) -> None:
    starts, lengths = np.array(pairs, np.int64).reshape(-1, 2).T
    expected = [number for start, length in pairs for number in range(start, start + length)]
    assert ranges(starts, lengths).tolist() == expected
