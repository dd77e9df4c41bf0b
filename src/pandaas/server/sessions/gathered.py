"""The scripts that JupyterLab's page begins with, in one: eighty requests cost the browser and the platform a second.

JupyterLab is cut into pieces, each a script that only lays its modules down in a list (webpack's and rspack's "chunk"); the main script
takes from the list what is there, and asks for the rest. So the pieces that pages asked for at first go before the main script, each
in a function of its own, since a piece may be strict and another not. Nothing in them runs before it is needed, as before.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

_PIECE = re.compile(
    rb'\s*(?:/\*.*?\*/\s*)?(?:"use strict";)?\(self\.((?:webpackChunk|rspackChunk)\w+)=self\.\1\|\|\[\]\)\.push\(',
    re.DOTALL,
)
_MAIN = re.compile(r"main\.[0-9a-f]{16,64}\.js")
_HEAD_BYTES = 1000
_MOST_BYTES = 32 * 1024 * 1024  # an environment's JupyterLab has 17 MB, of which pages begin with 6 to 10


def is_main(file: Path) -> bool:
    return _MAIN.fullmatch(file.name) is not None


@lru_cache(maxsize=4096)
def is_piece(file: Path) -> bool:
    """Does this script only lay modules down?"""
    with file.open("rb") as stream:
        return file.suffix == ".js" and _PIECE.match(stream.read(_HEAD_BYTES)) is not None


def answer_gathered(main: Path, pieces: Sequence[Path], request: Request, headers: Mapping[str, str]) -> Response:
    body = packed(main, tuple(pieces))
    headers = {**headers, "vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(gzip.decompress(body), media_type="text/javascript", headers=headers)
    return Response(body, media_type="text/javascript", headers={**headers, "content-encoding": "gzip"})


@lru_cache(maxsize=8)
def packed(main: Path, pieces: tuple[Path, ...]) -> bytes:
    """The main script runs a moment later: an error that it looks at while this script runs lets V8 read all of it a second time."""
    found = [b"!function(){%s\n}();\n" % content for content in _within(pieces)]
    last = b"Promise.resolve().then((function(){%s\n}));\n" % main.read_bytes()
    return gzip.compress(b"".join([*found, last]), 6, mtime=0)


def _within(pieces: tuple[Path, ...]) -> list[bytes]:
    kept: list[bytes] = []
    for piece in pieces:
        content = piece.read_bytes()
        if sum(map(len, kept)) + len(content) <= _MOST_BYTES:
            kept.append(content)
    return kept
