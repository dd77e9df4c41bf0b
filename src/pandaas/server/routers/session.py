"""Sign-in, sign-out and API tokens."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from pandaas.server.schemas import NewTokenOut, SessionOut, SignInIn, TokenIn, TokenOut
from pandaas.server.services import Asker, Platform, Signed

router = APIRouter(prefix="/api/v1", tags=["sign-in"])


@router.get("/session")
def who_am_i(platform: Platform, asker: Asker) -> SessionOut:
    raise NotImplementedError


@router.post("/session")
def sign_in(body: SignInIn, request: Request, response: Response, platform: Platform) -> SessionOut:
    raise NotImplementedError


@router.delete("/session", status_code=204)
def sign_out(request: Request, response: Response, platform: Platform) -> None:
    raise NotImplementedError


@router.get("/tokens")
def list_tokens(platform: Platform, asker: Signed) -> list[TokenOut]:
    raise NotImplementedError


@router.post("/tokens", status_code=201)
def create_token(body: TokenIn, platform: Platform, asker: Signed) -> NewTokenOut:
    raise NotImplementedError


@router.delete("/tokens/{token_id}", status_code=204)
def delete_token(token_id: int, platform: Platform, asker: Signed) -> None:
    raise NotImplementedError
