"""Pictures that people sent, shown to others: as what their bytes are, never as a page, asked for anew each time."""

from __future__ import annotations

from fastapi import Request, Response


def picture_answer(request: Request, content: bytes, media_type: str, sha256: str) -> Response:
    headers = {
        "ETag": f'"{sha256[:32]}"',
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": "inline",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
