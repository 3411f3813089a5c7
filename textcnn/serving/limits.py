"""What a request may hold, and how long it may take."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    max_body: int = 4 * 2**20  # bytes
    max_texts: int = 1000  # of a request
    max_characters: int = 100_000  # of a text
    timeout: float = 10.0  # seconds, from the head of a request to its answer
    max_queue: int = 256  # requests in progress
