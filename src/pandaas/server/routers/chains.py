"""Chains: save, check, share, run; runs: watch, cancel, restart; attachments to instruments; series."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Query, Request, Response

from pandaas.arrays import Abandoned
from pandaas.chains import AttachmentRequest, RunRequest, definition_of, parse_chain
from pandaas.server import present_chains, waterfall
from pandaas.server.answers import CLIENT_LEFT, left
from pandaas.server.schemas.chains import (
    AgainIn,
    AttachmentChange,
    AttachmentIn,
    AttachmentOut,
    AutomaticListOut,
    BacklogIn,
    ChainFindingOut,
    ChainIn,
    ChainOut,
    ChainPageOut,
    ChainProposalOut,
    ChainProposalsIn,
    ChainRestartIn,
    ChainRunIn,
    ChainRunListOut,
    ChainRunOut,
    ChainSharingIn,
    ChainTextIn,
    ChainTextOut,
    ConnectionOut,
    ConnectionsOut,
    CountOut,
    CurvesOut,
    DefinitionOut,
    SeriesOut,
)
from pandaas.server.services import READ_OR_RUN, Platform, RowId, Signed

router = APIRouter(prefix="/api/v1", tags=["chains"], dependencies=[READ_OR_RUN])
_MOST_IN_SERIES = 500
_MOST_CURVES = 200


@router.get("/chains")
def list_chains(
    platform: Platform,
    asker: Signed,
    limit: int = Query(100, ge=1, le=500),
    offset: int = Query(0, ge=0, le=1_000_000),
) -> list[ChainOut]:
    """Yours, those of your teams, and the published ones, by title. Fewer than `limit`: there are no more."""
    return present_chains.chains(platform, asker, limit=limit, offset=offset)


@router.post("/chains", status_code=201)
def save_chain(body: ChainIn, platform: Platform, asker: Signed) -> ChainPageOut:
    """It is private until it is shared. What is wrong is told with `field` naming step and field."""
    chain_id = platform.chains.library.save(asker, definition_of(body.definition))
    return present_chains.chain_page(platform, asker, platform.chains.library.chain(asker, chain_id))


@router.post("/chains/check")
def check_chain(body: ChainIn, platform: Platform, asker: Signed) -> list[ChainFindingOut]:
    """All that is wrong with a chain, and what can't be known before it runs; empty: nothing."""
    return present_chains.findings(platform.chains.library.check_draft(body.definition))


@router.post("/chains/toml")
def write_chain(body: ChainIn, asker: Signed) -> ChainTextOut:
    """A chain as the text of a file, saved or not."""
    return ChainTextOut(text=definition_of(body.definition).to_toml())


@router.post("/chains/read")
def parse_text(body: ChainTextIn, asker: Signed) -> DefinitionOut:
    """The chain in the text of a file; nothing is saved, and whether it can run is not looked at."""
    return DefinitionOut(definition=parse_chain(body.text).to_json())


@router.get("/chains/connections")
def list_connections(platform: Platform, asker: Signed) -> ConnectionsOut:
    """Which recipe's result can be which input of another: what an editor offers."""
    found, undeclared = platform.chains.library.connections()
    return ConnectionsOut(connections=[ConnectionOut(**asdict(one)) for one in found], undeclared=undeclared)


@router.get("/chains/{chain_id}")
def show_chain(
    chain_id: str, platform: Platform, asker: Signed, number: int | None = Query(None, ge=1, le=2**31 - 1)
) -> ChainPageOut:
    return present_chains.chain_page(platform, asker, platform.chains.library.chain(asker, chain_id, number))


@router.put("/chains/{chain_id}")
def save_version(chain_id: str, body: ChainIn, platform: Platform, asker: Signed) -> ChainPageOut:
    """A new version of one's own chain; runs and attachments of earlier ones stay as they are."""
    platform.chains.library.save(asker, definition_of(body.definition), chain_id)
    return present_chains.chain_page(platform, asker, platform.chains.library.chain(asker, chain_id))


@router.delete("/chains/{chain_id}", status_code=204)
def remove_chain(chain_id: str, platform: Platform, asker: Signed) -> None:
    platform.chains.library.remove(asker, chain_id)


@router.put("/chains/{chain_id}/sharing")
def share_chain(chain_id: str, body: ChainSharingIn, platform: Platform, asker: Signed) -> ChainPageOut:
    """Private, for a proposal's team, or published (by instrument staff)."""
    return present_chains.chain_page(
        platform, asker, platform.chains.library.share(asker, chain_id, body.sharing, body.proposal)
    )


@router.post("/chains/{chain_id}/proposals")
def propose_inputs(
    chain_id: str, body: ChainProposalsIn, platform: Platform, asker: Signed
) -> dict[str, ChainProposalOut]:
    """For inputs that were left out: a calibration that is valid, a background that a title names; with the reason."""
    found = platform.chains.runs.proposals(asker, chain_id, body.inputs)
    titles = {card.pid: card.title for card in platform.catalogue.cards(asker, [pid for pid, _ in found.values()])}
    return {
        name: ChainProposalOut(pid=pid, title=titles.get(pid, pid), reason=reason)
        for name, (pid, reason) in found.items()
    }


@router.post("/chain-runs", status_code=201)
def start_runs(body: ChainRunIn, platform: Platform, asker: Signed) -> list[ChainRunOut]:
    """One run, or one for each dataset of the chain's main input; they are a series."""
    ids = platform.chains.runs.start(asker, RunRequest(**body.model_dump()))
    return [present_chains.run(one) for one in platform.chains.runs.those(asker, ids)]


@router.get("/chain-runs")
def list_runs(
    platform: Platform,
    asker: Signed,
    chain: str | None = None,
    series: str | None = None,
    attachment: int | None = Query(None, ge=1, le=2**31 - 1),
    dataset: str | None = None,
    state: list[str] = Query([]),
    mine: bool = False,
    limit: int = Query(50, ge=1, le=500),
    offset: int = Query(0, ge=0, le=1_000_000),
) -> ChainRunListOut:
    page = platform.chains.runs.runs(
        asker,
        chain=chain,
        series=series,
        attachment=attachment,
        dataset=dataset,
        states=state,
        mine=mine,
        limit=limit,
        offset=offset,
    )
    return ChainRunListOut(total=page.total, runs=[present_chains.run(one) for one in page.runs])


@router.get("/chain-runs/series")
def show_series(
    platform: Platform,
    asker: Signed,
    chain: str | None = None,
    series: str | None = None,
    attachment: int | None = Query(None, ge=1, le=2**31 - 1),
    step: str | None = None,
    limit: int = Query(200, ge=1, le=_MOST_IN_SERIES),
) -> SeriesOut:
    """Every scalar of the results of a series and of its measurements: what a trend is drawn from.

    Of a dataset that was run on several times the last result counts.
    """
    page = platform.chains.runs.runs(asker, chain=chain, series=series, attachment=attachment, limit=limit)
    return present_chains.series(platform.chains.series(asker, page.runs, step), page.total)


@router.get("/chain-runs/curves", response_model=CurvesOut)
def show_curves(
    request: Request,
    platform: Platform,
    asker: Signed,
    dataset: list[str] = Query(min_length=1, max_length=_MOST_CURVES),
) -> CurvesOut | Response:
    """The default curves of these results on one abscissa: what a waterfall is drawn from. It ends when the client leaves."""
    try:
        return waterfall.curves(platform, asker, dataset, gone=left(request))
    except Abandoned:
        return Response(status_code=CLIENT_LEFT)


@router.get("/chain-runs/{run_id}")
def show_run(run_id: str, platform: Platform, asker: Signed) -> ChainRunOut:
    return present_chains.run(platform.chains.runs.run(asker, run_id))


@router.post("/chain-runs/{run_id}/cancel")
def cancel_run(run_id: str, platform: Platform, asker: Signed) -> ChainRunOut:
    """No step starts any more; running ones are cancelled."""
    platform.chains.runs.cancel(asker, run_id)
    return present_chains.run(platform.chains.runs.run(asker, run_id))


@router.post("/chain-runs/{run_id}/restart")
def restart_run(run_id: str, body: ChainRestartIn, platform: Platform, asker: Signed) -> ChainRunOut:
    """Steps without a result run again; the results of the others are used again."""
    platform.chains.runs.restart(asker, run_id, parameters=body.parameters, first=body.first)
    return present_chains.run(platform.chains.runs.run(asker, run_id))


@router.get("/instruments/{name}/chains")
def list_attachments(name: str, platform: Platform, asker: Signed) -> list[AttachmentOut]:
    """What runs by itself on the instrument's data; for its staff and operators."""
    place = platform.access.require_staff(asker, name)
    return [present_chains.attachment(one) for one in platform.chains.automatic.attachments(place.id)]


@router.post("/instruments/{name}/chains", status_code=201)
def attach_chain(name: str, body: AttachmentIn, platform: Platform, asker: Signed) -> list[AttachmentOut]:
    """Let a published chain run by itself on every new measurement that the predicate accepts."""
    platform.chains.automatic.attach(asker, name, AttachmentRequest(**body.model_dump()))
    return list_attachments(name, platform, asker)


@router.put("/chain-attachments/{attachment_id}")
def change_attachment(
    attachment_id: RowId, body: AttachmentChange, platform: Platform, asker: Signed
) -> list[AttachmentOut]:
    row = platform.chains.automatic.staffed(asker, attachment_id)
    platform.chains.automatic.change(asker, attachment_id, AttachmentRequest(chain=row.chain_id, **body.model_dump()))
    return [present_chains.attachment(one) for one in platform.chains.automatic.attachments(row.instrument_id)]


@router.delete("/chain-attachments/{attachment_id}", status_code=204)
def detach_chain(attachment_id: RowId, platform: Platform, asker: Signed) -> None:
    platform.chains.automatic.detach(asker, attachment_id)


@router.get("/chain-attachments/{attachment_id}/runs")
def list_automatic(
    attachment_id: RowId,
    platform: Platform,
    asker: Signed,
    limit: int = Query(50, ge=1, le=500),
    offset: int = Query(0, ge=0, le=1_000_000),
) -> AutomaticListOut:
    """What it found, what ran, what failed and why."""
    platform.chains.automatic.staffed(asker, attachment_id)
    total, views = platform.chains.automatic.found(asker, attachment_id, limit=limit, offset=offset)
    return AutomaticListOut(total=total, runs=[present_chains.automatic(one) for one in views])


@router.post("/chain-attachments/{attachment_id}/backlog")
def run_backlog(attachment_id: RowId, body: BacklogIn, platform: Platform, asker: Signed) -> CountOut:
    """Run on the last measurements too that were there before."""
    return CountOut(count=platform.chains.automatic.backlog(asker, attachment_id, body.last))


@router.post("/chain-attachments/{attachment_id}/again")
def run_again(attachment_id: RowId, body: AgainIn, platform: Platform, asker: Signed) -> CountOut:
    """Run once more on what was run on, after a calibration or a parameter was corrected."""
    return CountOut(
        count=platform.chains.automatic.again(
            asker, attachment_id, datasets=body.datasets, since=body.since, until=body.until
        )
    )
