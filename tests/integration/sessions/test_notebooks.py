"""A notebook that a session left becomes a recipe of its person, runs as a job of hers, and is nobody else's."""

from __future__ import annotations

import json
import time

import httpx
import pytest

from .conftest import Running

pytestmark = [pytest.mark.integration, pytest.mark.full, pytest.mark.xdist_group("sessions")]
CODE = "import numpy as np\\nfrom pandaas import sdk\\nfrom matplotlib import pyplot as plt\\nplt.plot([1, points])\\nplt.show()"
DRAFT = {"file": "n.ipynb", "id": "my-notebook", "version": "1.0", "title": "My notebook"}
KERNEL = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
INPUTS = [{"name": "scan", "title": "Scan"}]


def test_a_notebook_of_the_results_folder_runs_as_a_recipe(
    running: Running, alice: httpx.Client, session_id: str
) -> None:
    cells = [
        {
            "cell_type": "code",
            "metadata": {"tags": ["parameters"]},
            "source": "scan = ''\npoints = 5  # Points",
            "outputs": [],
            "execution_count": None,
        },
        {
            "cell_type": "code",
            "metadata": {},
            "source": CODE.replace("\\n", "\n"),
            "outputs": [],
            "execution_count": None,
        },
    ]
    text = json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": KERNEL, "cells": cells})
    with running.inside(alice, session_id) as browser:
        browser.post("/run", content=f"cat > $PANDAAS_RESULTS/n.ipynb <<'END'\n{text}\nEND\n")
    at = f"/api/v1/sessions/{session_id}/notebooks"
    looked = alice.post(f"{at}/look", json={"file": "n.ipynb", "inputs": ["scan"]}, timeout=600)
    assert list(looked.json()["parameter_schema"]["properties"]) == ["points"], looked.text
    made = alice.post(at, json={**DRAFT, "inputs": INPUTS})
    assert (made.status_code, made.json().get("private")) == (201, True), made.text
    with running.person("bob") as bob:
        assert "my-notebook" not in [one["id"] for one in bob.get("/api/v1/recipes").json()]
        assert bob.get("/api/v1/recipes/my-notebook").status_code == 404
    offers = alice.get("/api/v1/offers", params={"dataset": running.pid}).json()
    assert "my-notebook" in [one["recipe"]["id"] for one in offers]
    started = alice.post("/api/v1/jobs", json={"recipe": "my-notebook", "inputs": {"scan": [running.pid]}})
    assert started.status_code in {200, 201, 202}, started.text
    [job] = started.json()["jobs"] if isinstance(started.json(), dict) else started.json()
    job_id = job if isinstance(job, str) else job["id"]
    end = time.monotonic() + 120
    while (found := alice.get(f"/api/v1/jobs/{job_id}").json())["state"] not in {
        "succeeded",
        "failed",
        "cancelled",
        "lost",
    }:
        assert time.monotonic() < end, found
        time.sleep(0.3)
    assert found["state"] == "succeeded", (
        found["failure"],
        found["remedy"],
        alice.get(f"/api/v1/jobs/{job_id}/log").text[-1500:],
    )
    with running.person("otto") as otto:
        [seen] = otto.get("/api/v1/own-recipes").json()
        body = {
            "person_id": seen["person_id"],
            "recipe": "my-notebook",
            "version": "1.0",
            "content_hash": seen["content_hash"],
        }
        assert otto.post("/api/v1/own-recipes/publish", json=body).status_code == 204
    with running.person("bob") as bob:
        assert bob.get("/api/v1/recipes/my-notebook").json()["private"] is False
