"""The background or buffer of a measurement is proposed by title, instrument and time, with the reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pandaas.model import InputSlot
from pandaas.recipes.proposing import nearest_first, propose
from pandaas.recipes.summary import DatasetSummary

NOON = datetime(2026, 5, 3, 12, tzinfo=UTC)
BACKGROUND = InputSlot("background", "Background", minimum=0)


def dataset(pid: str, title: str, hours: float | None = 0.0, instrument: int | None = 1) -> DatasetSummary:
    start = None if hours is None else NOON + timedelta(hours=hours)
    return DatasetSummary(1, pid, title, instrument_id=instrument, start_time=start)


MAIN = dataset("main", "Silica in water")


def test_the_nearest_whose_title_names_it_is_proposed_with_the_reason() -> None:
    found = [dataset("far", "Background", -30), dataset("near", "Water background", -3), dataset("other", "Gold", -1)]
    proposed = propose(MAIN, BACKGROUND, found)
    assert proposed is not None
    assert proposed.pid == "near"
    assert proposed.reason == "Its title says “background”; same proposal and instrument, measured 3 hours before."


@pytest.mark.parametrize("title", ["Gold", "Backgrounds of the beamline", "Pelican", "scan", ""])
def test_where_no_title_says_so_nothing_is_proposed(title: str) -> None:
    assert propose(MAIN, BACKGROUND, [dataset("x", title)]) is None


def test_another_instrument_has_another_background() -> None:
    assert propose(MAIN, BACKGROUND, [dataset("x", "Background", instrument=2)]) is None


def test_a_measurement_that_is_a_background_itself_gets_none() -> None:
    assert propose(dataset("main", "Empty can"), BACKGROUND, [dataset("x", "Background")]) is None


def test_a_needed_input_is_what_has_the_same_name() -> None:
    reflections = InputSlot("reflections", "Reflections", minimum=1)
    proposed = propose(MAIN, reflections, [dataset("other", "Gold"), dataset("twin", "Silica in water")])
    assert getattr(proposed, "pid", None) == "twin"
    assert propose(MAIN, BACKGROUND, [dataset("twin", "Silica in water")]) is None


def test_a_direct_beam_is_no_transmission_of_the_sample() -> None:
    found = [dataset("direct", "Direct Beam_TRANS", 1), dataset("trans", "Foil_TRANS", 3)]
    assert getattr(propose(MAIN, InputSlot("transmission", "Transmission", minimum=0), found), "pid", None) == "trans"
    assert getattr(propose(MAIN, InputSlot("direct", "Direct beam", minimum=0), found), "pid", None) == "direct"


def test_a_transmission_run_is_no_background() -> None:
    found = [dataset("trans", "Empty_cell_TRANS", 1), dataset("cell", "Empty_cell_SANS", 3)]
    assert getattr(propose(MAIN, BACKGROUND, found), "pid", None) == "cell"


def test_an_input_with_another_name_gets_none() -> None:
    assert propose(MAIN, InputSlot("curves", "Curves"), [dataset("x", "Background")]) is None


def test_without_times_it_is_proposed_last_and_without_a_time() -> None:
    found = [dataset("untimed", "Empty_cell", None), dataset("timed", "Empty cell", 5)]
    assert [one.pid for one in nearest_first(MAIN, found)] == ["timed", "untimed"]
    proposed = propose(MAIN, BACKGROUND, found[:1])
    assert proposed is not None
    assert proposed.reason == "Its title says “empty”; same proposal and instrument."


@pytest.mark.parametrize(
    ("hours", "words"),
    [(0.001, "moments after"), (0.5, "30 minutes after"), (-50, "2 days before"), (1.5, "90 minutes after")],
)
def test_the_time_between_is_said_in_words(hours: float, words: str) -> None:
    proposed = propose(MAIN, BACKGROUND, [dataset("x", "blank", hours)])
    assert proposed is not None
    assert proposed.reason.endswith(f"measured {words}.")
