"""What the routes of `pandaas view` are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from pandaas.server.view.services import ViewServices


async def _view(request: Request) -> ViewServices:
    found: ViewServices = request.app.state.services
    return found


View = Annotated[ViewServices, Depends(_view)]
