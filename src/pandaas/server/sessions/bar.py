"""The slim bar above a session's own pages: whose it is, how long it runs, the way back. It needs no part of the platform's page."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from html import escape

from starlette.responses import HTMLResponse, Response

from pandaas.sessions import Outlook

_PAGE = """<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">
<title>{title}</title><style>
:root {{ color-scheme: light dark }}
body {{ margin: 0; height: 100dvh; display: flex; flex-direction: column; font: 13px system-ui, sans-serif }}
header {{ display: flex; gap: 1rem; align-items: center; padding: 5px 12px; border-bottom: 1px solid #8886 }}
h1 {{ font-size: 13px; margin: 0; flex: 1; overflow: hidden; white-space: nowrap; text-overflow: ellipsis }}
#warning {{ background: #fff3cd; color: #533f03; padding: 5px 12px }}
#said {{ display: flex; gap: 1rem; align-items: center; background: #d0ebff; color: #0b3d66; padding: 5px 12px }}
#said[hidden] {{ display: none }}
#said span {{ flex: 1 }}
#company {{ background: #e5dbff; color: #3b1d82; padding: 5px 12px }}
iframe {{ flex: 1; border: 0; width: 100%; background: #fff }}
#waits {{ flex: 1; display: grid; place-content: center }}
#waits[hidden] {{ display: none }}
</style><header><h1>{title}</h1><span id=here></span><span id=left>{left}</span><button id=extend type=button title="Gives it 4 more hours, within what this facility allows" {fixed}>Extend</button><a href="{link}">{words}</a></header>
<div id=warning role=alert {hidden}>{warning}</div>
<div id=said role=alert {silent}><span id=words>{said}</span><button id=read type=button>Understood</button></div>
<div id=company role=status {alone}>{company}</div>
<div id=waits role=status {open}>{phase} …</div>
<iframe {source} title="{title}" allow="clipboard-read; clipboard-write; fullscreen" {closed}></iframe>
<script type="application/json" id=ahead>{ahead}</script>
<script nonce={nonce}>
const left = document.getElementById('left'), warning = document.getElementById('warning');
const said = document.getElementById('said'), words = document.getElementById('words');
const extend = document.getElementById('extend');
const company = document.getElementById('company'), here = document.getElementById('here');
const waits = document.getElementById('waits'), program = document.querySelector('iframe');
let waiting = !waits.hidden;
function begin(now) {{
  waits.textContent = now.phase + ' …';
  if (!now.ready) return;
  waiting = false; waits.hidden = true; program.hidden = false; program.src = '/';
}}
async function look() {{
  try {{
    const answer = await fetch('/.pandaas/state');
    if (answer.ok) {{
      const now = await answer.json();
      if (waiting) begin(now);
      left.textContent = now.left; extend.hidden = !now.extend; here.textContent = now.here; warning.textContent = now.warning; warning.hidden = !now.warning;
      company.textContent = now.company; company.hidden = !now.company; words.textContent = now.said; said.hidden = !now.said;
    }} else if (answer.status >= 500) {{ left.textContent = 'No connection; trying again …';
    }} else {{ waiting = false; waits.hidden = true; left.textContent = ''; extend.hidden = true; warning.textContent = 'This session has ended. Its page says why.'; warning.hidden = false; }}
  }} catch {{ left.textContent = 'No connection; trying again …'; }}
}}
document.getElementById('read').onclick = async () => {{ await fetch('/.pandaas/understood', {{ method: 'POST' }}); look(); }};
extend.onclick = async () => {{
  extend.disabled = true;
  const answer = await fetch('/.pandaas/extend', {{ method: 'POST' }}).catch(() => null);
  extend.disabled = false;
  await look();
  if (answer && answer.status === 409) left.textContent = (await answer.json()).message;
}};
async function wait() {{
  while (waiting) {{ await look(); await new Promise((go) => setTimeout(go, 100)); }}
}}
if (waiting) {{
  wait();
  for (const file of JSON.parse(document.getElementById('ahead').textContent)) fetch(file).catch(() => null);
}} else look();
setInterval(look, 5000);
</script>"""


def bar_page(said: Outlook, *, link: str, ahead: Sequence[str] = ()) -> Response:
    """`ahead`: addresses of files that the session's page will ask for, fetched while it starts."""
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; connect-src 'self'; "
        "frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    body = _PAGE.format(
        title=escape(said.title),
        left=escape(said.left),
        warning=escape(said.warning),
        hidden="" if said.warning else "hidden",
        company=escape(said.company),
        alone="" if said.company else "hidden",
        fixed="" if said.extend else "hidden",
        said=escape(said.said),
        silent="" if said.said else "hidden",
        link=escape(link),
        words=escape(said.link),
        phase=escape(said.phase),
        open="hidden" if said.ready else "",
        closed="" if said.ready else "hidden",
        source='src="/"' if said.ready else "",
        ahead=json.dumps(list(ahead)).replace("<", "\\u003c"),
        nonce=nonce,
    )
    return HTMLResponse(body, headers={"content-security-policy": policy, "cache-control": "no-store"})
