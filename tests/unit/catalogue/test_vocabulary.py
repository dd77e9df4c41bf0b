"""The vocabulary of techniques: what its files say, what follows, and that search speaks it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from pandaas.access import FACILITY
from pandaas.catalogue import Release, SearchQuery, Techniques, built_in, read_terms
from pandaas.model import PANET, InvalidInput, NotAllowed
from pandaas.testing.facility import SAXS, Facility

DATA = Path(__file__).parents[2] / "data"
SANS, SAS, TOF_SANS = PANET + "PaNET01189", PANET + "PaNET01124", PANET + "PaNET01277"


def unpacked(name: str, folder: Path) -> Path:
    file = folder / name
    file.write_bytes(gzip.decompress((DATA / "panet" / f"{name}.gz").read_bytes()))
    return file


@pytest.fixture(scope="module")
def owl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpacked("PaNET_v1.1.1_source.owl", tmp_path_factory.mktemp("owl"))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpacked("PaNET_source_v1.3.0.csv", tmp_path_factory.mktemp("csv"))


@pytest.fixture(scope="module")
def panet(owl: Path) -> Techniques:
    terms, version = read_terms(owl)
    return Techniques(terms, Release(owl.name, version, loaded=True))


@pytest.fixture(scope="module")
def panet_2025(source: Path) -> Techniques:
    return Techniques(read_terms(source)[0], Release(source.name, loaded=True))


def expanded(techniques: Techniques, where: dict[str, Any]) -> dict[str, Any]:
    """A technique filter as the sets of IRIs it stands for."""
    ((key, value),) = where.items()
    if key in ("and", "or"):
        return {key: [expanded(techniques, one) for one in value]}
    operator, names = ("eq", value) if isinstance(value, str) else next(iter(value.items()))
    found = [iri for name in ([names] if isinstance(names, str) else names) for iri in techniques.named(name)]
    return {"pid": {{"eq": "inq", "neq": "nin"}.get(operator, operator): techniques.narrower_of(found)}}


def as_sets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: as_sets(one) for key, one in value.items()}
    return frozenset(value) if value and isinstance(value[0], str) else [as_sets(one) for one in value]


CASES = json.loads((DATA / "panosc" / "panet_expand_12.json").read_text("utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_filters_on_techniques_expand_as_the_federation_expects(panet: Techniques, case: dict[str, Any]) -> None:
    assert expanded(panet, case["where"]) == as_sets(case["expected"])


def test_the_source_table_is_reasoned_over(panet_2025: Techniques) -> None:
    assert len(panet_2025) == 377
    assert [panet_2025.label(iri) for iri in panet_2025.roots()] == [
        "defined by experimental probe",
        "defined by experimental physical process",
        "defined by functional dependence",
        "defined by purpose",
    ]
    gisaxs = panet_2025.get(panet_2025.named("GISAXS")[0])
    assert gisaxs is not None
    assert {SAS, SAXS, PANET + "PaNET00100"} <= gisaxs.ancestors  # photon probe: from the definition of x-ray
    assert PANET + "PaNET00101" not in gisaxs.ancestors  # neutron probe


def test_everything_stands_in_the_tree_and_the_tree_ends(panet: Techniques, panet_2025: Techniques) -> None:
    for techniques in (panet, panet_2025):
        reached: set[str] = set()
        todo = [(iri, 0) for iri in techniques.roots()]
        while todo:
            iri, depth = todo.pop()
            assert depth < 30
            reached.add(iri)
            todo += [(child, depth + 1) for child in techniques.children(iri)]
        assert techniques.terms.keys() - reached == {PANET + "PaNET00001"}


def test_terms_that_mean_the_same_are_narrower_than_each_other(panet_2025: Techniques) -> None:
    one, other = (
        panet_2025.named("inelastic small angle scattering")[0],
        panet_2025.named("small angle inelastic scattering")[0],
    )
    assert one != other
    assert other in panet_2025.narrower(one)
    assert one in panet_2025.narrower(other)
    assert other not in panet_2025.children(one)


@pytest.mark.parametrize(
    "name", ["SANS", "small angle neutron scattering", "PaNET01189", SANS, "Small-Angle NEUTRON scattering"]
)
def test_a_technique_is_named_in_many_ways(panet: Techniques, name: str) -> None:
    assert panet.named(name) == (SANS,)


def test_names_are_searched_best_first(panet: Techniques) -> None:
    assert panet.search("small angle scattering")[0].iri == SAS
    assert panet.search("angle small")[0].iri == SAS
    assert SANS in [term.iri for term in panet.search("SANS")]  # its synonym
    assert panet.search("") == panet.search("nothing like it") == ()


RDF = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:owl="http://www.w3.org/2002/07/owl#" xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#">'


def test_restrictions_in_owl_are_reasoned_over(tmp_path: Path) -> None:
    def some(filler: str) -> str:
        return (
            '<owl:Restriction><owl:onProperty rdf:resource="x:by"/>'
            f'<owl:someValuesFrom rdf:resource="x:{filler}"/></owl:Restriction>'
        )

    def named(name: str, inner: str) -> str:
        return f'<owl:Class rdf:about="x:{name}"><rdfs:label>{name}</rdfs:label>{inner}</owl:Class>'

    file = tmp_path / "small.owl"
    file.write_text(
        RDF
        + named("beam", "")
        + named("xray", '<rdfs:subClassOf rdf:resource="x:beam"/>')
        + named("by_beam", f"<owl:equivalentClass>{some('beam')}</owl:equivalentClass>")
        + named("by_xray", f"<rdfs:subClassOf>{some('xray')}</rdfs:subClassOf>")
        + named(
            "imaging_by_beam",
            '<owl:equivalentClass><owl:Class><owl:intersectionOf rdf:parseType="Collection">'
            f'<rdf:Description rdf:about="x:imaging"/>{some("beam")}</owl:intersectionOf></owl:Class></owl:equivalentClass>',
        )
        + named("imaging", "")
        + named("radiography", '<rdfs:subClassOf rdf:resource="x:imaging"/><rdfs:subClassOf rdf:resource="x:by_xray"/>')
        + "</rdf:RDF>"
    )
    terms = {term.iri: term for term in read_terms(file)[0]}
    assert terms["x:by_xray"].ancestors == {"x:by_beam"}
    assert terms["x:radiography"].ancestors == {"x:by_beam", "x:by_xray", "x:imaging", "x:imaging_by_beam"}
    assert terms["x:radiography"].parents == ("x:by_xray", "x:imaging_by_beam")


HEADER = "Id,Label,Parent\nID,A rdfs:label,SC %\n"
BAD = {
    "empty": "",
    "no template": "a,b\n1,2\n",
    "unknown parent": HEADER + "x:1,one,two\n",
    "broken expression": HEADER + "x:1,one,(one and\n",
    "stray bracket": HEADER + "x:1,one,('one'))\n",
    "unclosed quote": HEADER + '"x:1,one\n',
    "long iri": HEADER + f"x:{'1' * 200},one,\n",
    "broken xml": RDF + "<owl:Class>",
    "other xml": "<html/>",
    "entities": '<!DOCTYPE r [<!ENTITY a "b">]>' + RDF + "&a;</rdf:RDF>",
    "no class": RDF + "</rdf:RDF>",
    "broken json": "[{",
    "deep json": "[" * 100_000,
    "object": '{"id": "x:1"}',
    "no label": '[{"id": "x:1"}]',
    "wrong type": '[{"id": "x:1", "label": "one", "ancestors": "x:2"}]',
    "binary": "\x89PNG\x00\x01",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_a_file_that_cannot_be_used_changes_nothing(facility: Facility, tmp_path: Path, owl: Path, text: str) -> None:
    before = facility.catalogue.vocabulary.techniques()
    file = tmp_path / "bad"
    file.write_text(text, "latin-1")
    with pytest.raises(InvalidInput) as caught:
        facility.catalogue.vocabulary.load(FACILITY, file)
    assert caught.value.field == "file"
    assert facility.catalogue.vocabulary.techniques() is before


def test_only_operators_load(facility: Facility, owl: Path) -> None:
    for user in ("alice", "iris"):
        with pytest.raises(NotAllowed):
            facility.catalogue.vocabulary.load(facility.principal(user), owl)
    assert len(facility.catalogue.vocabulary.load(facility.principal("otto"), owl)) == 374


def test_without_a_vocabulary_the_platform_knows_its_own_terms(facility: Facility) -> None:
    techniques = facility.catalogue.vocabulary.techniques()
    assert techniques is built_in()
    assert not techniques.release.loaded
    assert techniques.narrower(SAS) >= {SAS, SANS, SAXS}
    assert techniques.label("http://example.org/other#T9") == "T9"


def test_search_finds_narrower_techniques_once_the_vocabulary_is_loaded(facility: Facility, owl: Path) -> None:
    tof = facility.register("PUB-1/tof.nxs", techniques=[TOF_SANS])
    saxs = facility.register("PUB-1/saxs.nxs", techniques=[SAXS])

    def found(text: str) -> set[str]:
        query = SearchQuery(text)
        return {card.pid for card in facility.catalogue.search(facility.principal("alice"), query).results}

    assert found("technique:SANS") == set()
    facility.catalogue.vocabulary.load(FACILITY, owl)
    assert found("technique:SANS") == {tof}
    assert found('technique:"small angle scattering"') == {tof, saxs}
    assert found('technique:"neutron probe"') == {tof}
    assert found('-technique:"neutron probe"') == {saxs}
    facets = facility.catalogue.search(facility.principal("alice"), SearchQuery()).facets["technique"]
    assert {value.label for value in facets} == {
        "time of flight small angle neutron scattering",
        "small angle x-ray scattering",
    }


def test_a_new_vocabulary_takes_the_place_of_the_old(facility: Facility, owl: Path, source: Path) -> None:
    vocabulary = facility.catalogue.vocabulary
    first = vocabulary.load(FACILITY, owl)
    second = vocabulary.load(FACILITY, source)
    assert (len(first), len(second)) == (374, 377)
    assert vocabulary.techniques() is second


def test_a_dataset_is_tagged_with_any_technique_of_the_vocabulary_and_shown_by_its_name(
    facility: Facility, owl: Path
) -> None:
    pid = facility.register("PUB-1/a.nxs", techniques=[SAXS])
    alice = facility.principal("alice")
    facility.catalogue.vocabulary.load(FACILITY, owl)
    facility.catalogue.edit(alice, pid, {"techniques": [TOF_SANS]})
    card = facility.catalogue.dataset(alice, pid).card
    assert card.technique_labels == ("time of flight small angle neutron scattering",)
    told = facility.catalogue.history(alice, pid)[0].text
    assert told.endswith("from small angle x-ray scattering to time of flight small angle neutron scattering.")
    with pytest.raises(InvalidInput, match="category"):
        facility.catalogue.edit(alice, pid, {"techniques": [PANET + "PaNET00002"]})
