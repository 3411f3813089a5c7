"""The floor: the time to compute and move what a training step must, at this machine's speed."""

from functools import partial
from typing import Any

import torch
from measure import alternate, rate
from steps import Size, build, make_ids

FLOAT = 4  # bytes
CAP = 40.0  # seconds after which no new turn begins


def machine(repetitions: int, seconds: float, side: int) -> dict[str, float]:
    """FLOP per second of a matrix product (fp32, bf16) and bytes per second of a copy.

    Args:
        side: of the matrices.
    """
    left, right = torch.randn(side, side), torch.randn(side, side)
    out = torch.empty(side, side)
    left16, right16 = left.bfloat16(), right.bfloat16()
    out16 = out.bfloat16()
    source = torch.randn(2**26)  # 256 MB: more than any cache
    target = torch.empty_like(source)

    def product() -> int:
        torch.mm(left, right, out=out)
        return 2 * side**3

    def product16() -> int:
        torch.mm(left16, right16, out=out16)
        return 2 * side**3

    def copy() -> int:
        target.copy_(source)
        return 2 * source.numel() * FLOAT  # read and written

    runs = {"fp32": product, "bf16": product16, "copy": copy}
    measured = alternate({n: partial(rate, run, seconds) for n, run in runs.items()}, repetitions)
    return {name: each.median for name, each in measured.items()}


def flops(distinct: int, size: Size) -> int:
    """FLOP of the matrix products that a step needs at least.

    Forward, each distinct token's vector meets each kernel weight once: distinct × dim × (Σ k ·
    filters) multiplications and as many additions. Backward passes only through the winning
    windows: for each text, filter and kernel position, a multiple of the token's vector goes to the
    kernel, and a multiple of the kernel to the token.
    """
    columns = sum(size.kernel_sizes) * size.filters
    forward = 2 * distinct * size.embedding_dim * columns
    backward = 2 * 2 * size.batch * size.embedding_dim * columns
    return forward + backward


def moved_bytes(distinct: int, size: Size) -> int:
    """Bytes that this algorithm must read or write at least once.

    It reads the vectors of distinct tokens, writes the table of their products, and reads one row
    of it for each position and kernel position. Adam then updates the rows in the batch and the
    kernels: it reads weight, gradient and two means, and writes weight and means, so 7 values.
    """
    columns = sum(size.kernel_sizes) * size.filters
    vectors = distinct * size.embedding_dim
    table = distinct * columns
    gathered = size.batch * size.time * columns
    updated = 7 * (vectors + size.embedding_dim * columns)
    return FLOAT * (vectors + table + gathered + updated)


def measure_floor(repetitions: int, quick: bool) -> list[Any]:
    seconds = 0.05 if quick else 0.5
    # in bf16 without AVX-512, a product of 2,048 × 2,048 takes tens of seconds
    reached = machine(repetitions, seconds, side=256 if quick else 2048)
    sizes = [Size(24, 1000, 10, 8)] if quick else [Size(time=24), Size(time=256)]
    print("  ", {name: f"{value / 1e9:,.0f} G/s" for name, value in reached.items()})
    rows: list[Any] = [{"name": name, "per_second": value} for name, value in reached.items()]
    for size in sizes:
        distinct = len(make_ids(size).unique())
        kinds = [f"{program} {p}" for p in ("fp32", "bf16") for program in ("textcnn", "usual")]
        steps = {kind: build(kind, size) for kind in kinds}
        speeds = alternate(
            {kind: partial(rate, step, seconds) for kind, step in steps.items()},
            repetitions,
            CAP,
        )
        for kind, speed in speeds.items():
            compute = flops(distinct, size) / reached[kind.split()[1]]
            move = moved_bytes(distinct, size) / reached["copy"]
            took = size.batch / speed.median
            rows.append(
                {
                    "name": kind,
                    "time": size.time,
                    "distinct": distinct,
                    "compute_seconds": compute,
                    "move_seconds": move,
                    "seconds": took,
                    "spread": speed.spread,
                    "turns": len(speed.values),
                    "of_floor": took / (compute + move),
                }
            )
        print(f"  {size.time} tokens:", {n: f"{each.median:,.0f}/s" for n, each in speeds.items()})
    return rows
