"""Bytes, characters and values that programs stumble over."""

import io
import json
import random
from typing import Any

PIECES = (
    *("\x1b[2J", "\x1b]0;title\x07", "\x9b2J", "\u202egnp.exe", "\u2066", "\x00", "\r", "\t"),
    *("\n", "\ufeff", "\u200b", "\u2028", "\x7f", "é", "e\u0301", "新聞", "ไทย", "عربي"),
    *("👩\u200d👧", "\U0010ffff", "<script>", "&amp;", "|", "`", "```", "$HOME", "%s", "{x}"),
    *("${seed}", "[", "]", ",", "=", ":", "'", '"', "\\", "/", "..", " ", "  ", "-", "~", "null"),
    *("nan", "NaN", "1e999", "__label__x", "a" * 300, "word", "goal", "1", "True", "#", "?", "*"),
    *("https://x.y/z", "<pad>", "<unk>"),
)
NUMBERS = (0, -1, 1, 2**31, 2**63, 10**400, 0.5, -0.0, 1e308)
VALUES: tuple[Any, ...] = (
    *(None, True, False, *NUMBERS, float("nan"), float("inf"), -float("inf"), "", "x"),
    *("\x1b[2J", [], {}, [[]], [None], {"": None}, ["a", "a"]),
)


def hostile_text(draw: random.Random) -> str:
    return "".join(draw.choices(PIECES, k=draw.randrange(1, 6)))


def hostile_bytes(draw: random.Random) -> bytes:
    text = hostile_text(draw).encode()
    return mutated(draw, text) if draw.random() < 0.3 else text


def mutated(draw: random.Random, content: bytes) -> bytes:
    """The content after one to three changes."""
    for _ in range(draw.randrange(1, 4)):
        content = changed(draw, content)
    return content


def changed(draw: random.Random, content: bytes) -> bytes:
    """The content with some bytes cut, repeated or put in."""
    start, end = sorted(draw.randrange(len(content) + 1) for _ in range(2))
    before, piece, after = content[:start], content[start:end], content[end:]
    return draw.choice(
        [
            lambda: before,
            lambda: after,
            lambda: before + after,
            lambda: before + piece * 3 + after,
            lambda: before + draw.randbytes(8) + after,
            lambda: before + hostile_text(draw).encode() + piece + after,
            lambda: before + b"[" * 100_000 + piece + after,
            lambda: b"",
            lambda: bytes(min(len(content), 4096)),
            lambda: content.decode("latin-1").encode("utf-16"),
            lambda: b"\xef\xbb\xbf" + content,
        ]
    )()


def mutated_json(draw: random.Random, content: bytes) -> bytes:
    """JSON with a value replaced."""
    value = json.loads(content)
    changed = replaced(draw, value)
    try:
        return json.dumps(changed).encode()
    except ValueError:  # a whole number with too many digits
        return b"9" * 5000


def mutated_state(draw: random.Random, content: bytes) -> bytes:
    """A training state with a value replaced: by a plain one, or by another tensor."""
    import torch

    state = replaced(draw, torch.load(io.BytesIO(content), weights_only=True))
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


def replaced(draw: random.Random, value: Any) -> Any:
    """A copy in which a value somewhere inside is another one."""
    if isinstance(value, dict) and value and draw.random() < 0.9:
        key = draw.choice([*value])
        if draw.random() < 0.1:
            return {k: v for k, v in value.items() if k != key}
        return value | {key: replaced(draw, value[key])}
    if isinstance(value, list | tuple) and value and draw.random() < 0.9:
        place = draw.randrange(len(value))
        return [*value[:place], replaced(draw, value[place]), *value[place + 1 :]]
    if hasattr(value, "dtype") and draw.random() < 0.9:
        return changed_tensor(draw, value)
    return draw.choice(VALUES)


def changed_tensor(draw: random.Random, tensor: Any) -> Any:
    import torch

    flat = tensor.flatten()
    return draw.choice(
        [
            lambda: flat[: len(flat) // 2].clone(),
            lambda: torch.cat([flat, flat]),
            lambda: flat,
            lambda: tensor[None],
            lambda: tensor.double(),
            lambda: tensor.to(torch.int8),
            lambda: torch.zeros_like(tensor) + float("nan"),
            lambda: torch.full_like(tensor, 100),
            lambda: -tensor.float() - 1,
            lambda: tensor.float().to_sparse(),
            lambda: torch.zeros(1).expand(1000, 1000),
            lambda: tensor.to("meta"),
        ]
    )()
