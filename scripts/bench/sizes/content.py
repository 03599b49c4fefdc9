"""The contents of large wheels: machine code that need not run, and modules that need to compile.

Everything is made from seeds: the same arguments give the same bytes. Only a few blocks are ever
compressed. A deflated block ends with a full flush, behind which nothing refers to earlier data, so
that blocks in any order, followed by `END`, are one deflate stream.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from random import Random

END = b"\x03\x00"
"""A last, empty block of a deflate stream."""
LEVEL = 6
"""The level of compression of the usual build backends."""

# Words drawn by Zipf's law with random bytes between them: they compress to 0.60 of their size, the
# libraries of torch, cublas and cudnn to 0.58 to 0.76, and both inflate at about the same rate.
_WORDS, _LONGEST, _DRAWN, _RANDOM = 4096, 8, 4096, 0.15

_FUNCTION = '''
def {name}({first}, {second}=None, *, {third}={number}):
    """Return the {first} of a {second}, or {number} of them."""
    {fourth} = [{first}, {second}, {third}]
    for {fifth}, item in enumerate({fourth}):
        if item is None or {fifth} > {number}:
            continue
        try:
            {fourth}[{fifth}] = {{"{first}": item, "{second}": {third} + {number}}}["{first}"]
        except (KeyError, TypeError) as error:
            raise ValueError(f"{first} {{item!r}} has no {second}: {{error}}") from error
    return sum(len(str(item)) * {number} for item in {fourth} if item is not {third})

'''
_NAMES = ("weight", "stride", "kernel", "tensor", "stream", "device", "shape", "index", "scale")
_FUNCTIONS = 200


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a large file, as it is installed and as it is in the zip."""

    data: bytes
    deflated: bytes


def make_block(seed: int, size: int) -> Block:
    """Return a block of *size* bytes that compresses like a shared library."""
    random = Random(seed)  # noqa: S311 - reproducible, not secret
    words = [random.randbytes(random.randint(1, _LONGEST)) for _ in range(_WORDS)]
    weights = [1 / rank for rank in range(1, _WORDS + 1)]
    data = bytearray()
    while len(data) < size:
        drawn = b"".join(random.choices(words, weights, k=_DRAWN))
        data += drawn + random.randbytes(int(len(drawn) * _RANDOM))
    del data[size:]
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    deflated = compressor.compress(data) + compressor.flush(zlib.Z_FULL_FLUSH)
    return Block(bytes(data), deflated)


def make_modules(seed: int, count: int) -> dict[str, bytes]:
    """Return the sources of *count* modules of 2 to 14 kB by file name."""
    random = Random(seed)  # noqa: S311 - reproducible, not secret
    functions = [_function(random, number) for number in range(_FUNCTIONS)]
    return {
        f"module_{number:04}.py": "".join(
            random.choices(functions, k=random.randint(3, 20))
        ).encode()
        for number in range(count)
    }


def _function(random: Random, number: int) -> str:
    names = [f"{name}_{random.randrange(1000)}" for name in random.sample(_NAMES, 5)]
    first, second, third, fourth, fifth = names
    return _FUNCTION.format(
        name=f"{first}_of_{second}_{number}",
        number=random.randrange(1, 10_000),
        first=first,
        second=second,
        third=third,
        fourth=fourth,
        fifth=fifth,
    )
