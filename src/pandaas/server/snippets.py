"""A query as code: for the client, the command line, the address bar, and as a notebook that runs."""

from __future__ import annotations

import json
import shlex
from typing import Any
from urllib.parse import urlencode

from pandaas.catalogue import FACETS, SearchQuery


def python(query: SearchQuery, url: str) -> str:
    """A program that finds the same datasets and looks at the first; the token is read from PANDAAS_TOKEN."""
    return "\n\n".join(_steps(query, url)) + "\n"


def command(query: SearchQuery, url: str) -> str:
    words = ["pandaas", "search", "--url", url]
    if query.sort != "relevance":
        words += ["--sort", query.sort]
    for facet in FACETS:
        for value in query.selected.get(facet, ()):
            words += ["--filter", f"{facet}={value}"]
    if query.text:
        words += ["--", query.text]
    return shlex.join(words)


def address(query: SearchQuery, url: str, path: str) -> str:
    """The page (`/search`) or the interface (`/api/v1/search`) with this query."""
    chosen = [(facet, value) for facet in FACETS for value in query.selected.get(facet, ())]
    given = [("q", query.text), *chosen, ("sort", query.sort if query.sort != "relevance" else "")]
    return f"{url}{path}?{urlencode([(key, value) for key, value in given if value])}".rstrip("?")


def notebook(query: SearchQuery, url: str) -> dict[str, Any]:
    """The same as a Jupyter notebook (nbformat 4.5)."""
    told = (
        f"# Datasets found by `{query.text or 'everything'}`\n\nMade by {url}. Set PANDAAS_TOKEN to see your own data."
    )
    cells: list[dict[str, Any]] = [{"cell_type": "markdown", "id": "about", "metadata": {}, "source": told}]
    for number, source in enumerate(_steps(query, url)):
        cells.append(
            {
                "cell_type": "code",
                "id": f"step-{number}",
                "metadata": {},
                "source": source,
                "execution_count": None,
                "outputs": [],
            }
        )
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}


def _steps(query: SearchQuery, url: str) -> list[str]:
    chosen = {facet: list(query.selected[facet]) for facet in FACETS if query.selected.get(facet)}
    arguments = [repr(query.text), *(f"{facet}={values!r}" for facet, values in chosen.items())]
    if query.sort != "relevance":
        arguments.append(f"sort={query.sort!r}")
    begin = f"import pandaas\n\nclient = pandaas.connect({json.dumps(url)})  # your token: the variable PANDAAS_TOKEN"
    find = f"datasets = client.search({', '.join(arguments)})\nprint(len(datasets), 'datasets')"
    return [begin, find, _LOOK, _READ]


_LOOK = """for dataset in datasets[:10]:
    energy = dataset.parameters.get("photon_energy")
    print(dataset.pid, dataset.title, f"{energy.value} {energy.unit}" if energy else "")"""
_READ = """if len(datasets):
    try:
        array = datasets[0].default  # values are read from the server when they are sliced
        print(array.path, array.shape, array[(0,) * (len(array.shape) - 1)])
    except KeyError as error:
        print(error)"""
