"""Which engine a job gets, and the reason that the person reads."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pandaas.model import InvalidInput, NotAllowed
from pandaas.runtime import Candidate, Demand, Standing, choose

FREE, BUSY = Standing(starts_now=True, waiting=0), Standing(starts_now=False, waiting=5)
LOCAL = Candidate("local", "This computer", 8000, 0, FREE)
SLURM = Candidate("slurm", "The cluster (Slurm)", 64_000, 0, Standing(None, 2))
SMALL = Demand(1, 1000)


def test_what_is_free_starts_at_once() -> None:
    assert choose(SMALL, [LOCAL, SLURM]).engine == "local"
    assert choose(SMALL, [LOCAL, SLURM]).reason == "It starts at once."


def test_a_busy_computer_gives_way_to_where_less_waits() -> None:
    found = choose(SMALL, [replace(LOCAL, standing=BUSY), SLURM])
    assert found.engine == "slurm"
    assert found.reason == "This computer is busy (5 waiting); 2 waits there."


def test_a_long_queue_elsewhere_is_not_better() -> None:
    crowded = replace(SLURM, standing=Standing(None, 80))
    assert choose(SMALL, [replace(LOCAL, standing=BUSY), crowded]).engine == "local"


def test_memory_that_is_only_there_decides() -> None:
    found = choose(Demand(1, 20_000), [LOCAL, SLURM])
    assert (found.engine, found.reason) == ("slurm", "The recipe needs 20 GB of memory.")


def test_where_nothing_has_enough_memory_the_most_has_to_do() -> None:
    assert choose(Demand(1, 200_000), [LOCAL, SLURM]).engine == "slurm"


def test_a_recipe_for_a_gpu_goes_where_one_is() -> None:
    found = choose(Demand(1, 1000, gpu=True), [LOCAL, replace(SLURM, gpus=1)])
    assert (found.engine, found.reason) == ("slurm", "The recipe works on a GPU, which is there.")
    assert choose(Demand(1, 1000, gpu=True), [LOCAL, SLURM]).engine == "local"


def test_large_data_go_beyond_this_computer_while_that_answers() -> None:
    found = choose(replace(SMALL, size=120 * 10**9), [LOCAL, SLURM], large=100 * 10**9)
    assert (found.engine, found.reason) == ("slurm", "The data are large (120 GB).")
    silent = replace(SLURM, standing=Standing(None, 0, answers=False))
    assert choose(replace(SMALL, size=120 * 10**9), [LOCAL, silent], large=100 * 10**9).engine == "local"


def test_what_a_person_may_not_use_is_never_chosen() -> None:
    barred = replace(LOCAL, barred="This computer is not open to your role.")
    found = choose(SMALL, [barred, SLURM])
    assert (found.engine, found.reason) == ("slurm", "This computer is not open to your role.")


def test_a_person_overrides_the_rule_within_her_rights() -> None:
    assert choose(SMALL, [LOCAL, SLURM], "slurm").reason == "You chose it."
    with pytest.raises(NotAllowed, match="not open"):
        choose(SMALL, [LOCAL, replace(SLURM, barred="Slurm is not open to your role.")], "slurm")
    with pytest.raises(InvalidInput, match="no engine 'moon'"):
        choose(SMALL, [LOCAL, SLURM], "moon")


def test_where_nothing_is_open_the_reason_is_told() -> None:
    with pytest.raises(NotAllowed, match="not open"):
        choose(SMALL, [replace(LOCAL, barred="This computer is not open to your role.")])


@given(
    st.lists(
        st.builds(
            Candidate,
            st.sampled_from(["local", "slurm", "dask", "x"]),
            st.just("T"),
            st.integers(1, 100_000),
            st.integers(0, 2),
            st.builds(Standing, st.sampled_from([True, False, None]), st.integers(0, 9), st.booleans()),
            st.sampled_from([None, "barred"]),
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda one: one.name,
    ),
    st.builds(Demand, st.integers(1, 64), st.integers(1, 100_000), st.booleans(), st.integers(0, 10**12)),
)
def test_the_choice_is_always_an_open_engine_with_a_reason(candidates: list[Candidate], demand: Demand) -> None:
    if all(one.barred for one in candidates):
        with pytest.raises(NotAllowed):
            choose(demand, candidates, large=10**11)
        return
    found = choose(demand, candidates, large=10**11)
    assert next(one for one in candidates if one.name == found.engine).barred is None
    assert found.reason
