"""The facility a file comes from, recognised in what its source, path and programs are called."""

from __future__ import annotations

import re
from collections.abc import Iterable

_FACILITIES = (
    ("SINQ", r"\bsinq\b|paul scherrer|\bpsi\b"),
    ("ISIS", r"\bisis\b"),
    ("SNS", r"\bsns\b|snslocal|spallation neutron source"),
    ("HFIR", r"\bhfir\b"),
    ("NCNR", r"\bncnr\b|\bnist\b|nice data writer"),
    ("ANSTO", r"\bansto\b|\bopal\b|\bbragg institute\b"),
    ("ILL", r"\bill\b|laue.langevin"),
    ("MLZ", r"\bmlz\b|\bfrm.?ii\b"),
    ("ESS", r"european spallation source"),
    ("APS", r"\baps\b|advanced photon source"),
    ("Diamond", r"\bdiamond\b|\bdls\b"),
    ("ESRF", r"\besrf\b"),
    ("PETRA III", r"petra ?iii|\bhaspp|\bdesy\b|/gpfs/commissioning"),
    ("European XFEL", r"european xfel|\beuxfel\b"),
    ("LCLS", r"\blcls\b|\bslac\b"),
    ("CHESS", r"\bchess\b|macchess"),
    ("NSLS-II", r"nsls"),
    ("SLS", r"swiss light source"),
    ("MAX IV", r"\bmax ?iv\b"),
    ("SOLEIL", r"\bsoleil\b"),
    ("ELETTRA", r"\belettra\b"),
    ("ALBA", r"\balba\b"),
    ("BESSY II", r"\bbessy\b"),
)
_BY_INSTRUMENT = {
    "loq": "ISIS",
    "sans2d": "ISIS",
    "inter": "ISIS",
    "eqsans": "SNS",
    "eq-sans": "SNS",
    "ref_l": "SNS",
    "platypus": "ANSTO",
    "pbr": "NCNR",
}


def facility_of(hints: Iterable[str], instrument: str | None = None) -> str | None:
    """The first facility that a hint names; else the home of a well-known instrument; else None."""
    for text in (*hints, instrument or ""):
        for name, pattern in _FACILITIES:
            if re.search(pattern, text, re.IGNORECASE):
                return name
    return _BY_INSTRUMENT.get((instrument or "").strip().lower())
