"""Many curves on one abscissa: what is drawn, what is left out, what is held."""

from __future__ import annotations

import weakref
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pandaas.arrays import Abandoned
from pandaas.model import ANONYMOUS, NotFound, PlotSpec
from pandaas.server import waterfall


class _Results:
    """Curves by pid: the two arrays of each."""

    def __init__(self, **curves: tuple[Any, Any]) -> None:
        self.curves = curves

    def dataset(self, _asker: Any, pid: str) -> Any:
        if pid not in self.curves:
            raise NotFound("There is none.")
        return SimpleNamespace(plot=PlotSpec("/y", ("/x",)))

    def read(self, _asker: Any, pid: str, path: str, *, limit: int, cancelled: Any) -> Any:
        assert limit
        return np.array(self.curves[pid][path == "/y"], dtype=float)

    def attributes(self, _asker: Any, _pid: str, path: str, _names: Any) -> dict[str, str]:
        return (
            {"units": "1/angstrom", "long_name": "q"}
            if path == "/x"
            else {"long_name": "I (counts)", "units": "counts"}
        )

    def drawn(self, *pids: str) -> Any:
        platform: Any = SimpleNamespace(catalogue=self, arrays=self)
        return waterfall.curves(platform, ANONYMOUS, pids)


def test_others_are_interpolated_onto_the_first_abscissa() -> None:
    results = _Results(a=([0, 1, 2], [5, 6, 7]), b=([1, 3], [10, 30]))
    found = results.drawn("a", "b", "a", "hidden")
    assert (found.pids, found.left_out, found.resampled) == (["a", "b"], ["hidden"], True)
    assert (found.x_label, found.x_unit, found.y_label, found.y_unit) == ("q", "1/angstrom", "I (counts)", None)
    assert found.x == [0, 1, 2]
    assert found.y == [[5, 6, 7], [None, 10, 20]]


def test_one_long_curve_at_a_time_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    real, lent, held = waterfall._read, [], []

    def read(*asked: Any) -> Any:
        held.append(sum(one() is not None for one in lent))
        found = real(*asked)
        lent.append(weakref.ref(found[0]))
        return found

    monkeypatch.setattr(waterfall, "_read", read)
    long = np.arange(5000)
    found = _Results(**{f"c{number}": (long, long) for number in range(6)}).drawn(*(f"c{n}" for n in range(6)))
    assert [len(row) for row in found.y] == [600] * 6
    assert max(held) <= 1


def test_nothing_is_read_once_the_client_has_left() -> None:
    results = _Results(**{name: ([0, 1], [2, 3]) for name in "abc"})
    platform: Any = SimpleNamespace(catalogue=results, arrays=results)
    asked = iter([False, True])
    with pytest.raises(Abandoned):
        waterfall.curves(platform, ANONYMOUS, ["a", "b", "c"], gone=lambda: next(asked))
    assert next(asked, None) is None
