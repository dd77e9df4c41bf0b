"""An ontology as OWL in RDF/XML: names of its classes and the axioms between them."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from pandaas.catalogue.vocabulary.naming import Named, tidy
from pandaas.catalogue.vocabulary.reasoning import All, Axioms, Expression, Some
from pandaas.model import InvalidInput

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_RDFS = "{http://www.w3.org/2000/01/rdf-schema#}"
_OWL = "{http://www.w3.org/2002/07/owl#}"
_ALT_LABEL = "{http://www.w3.org/2004/02/skos/core#}altLabel"
_DEFINITIONS = ("{http://purl.obolibrary.org/obo/}IAO_0000115", "{http://www.w3.org/2004/02/skos/core#}definition")
_DEEPEST = 50
_REMEDY = "Give PaNET as OWL in RDF/XML, as its CSV source or as resolved JSON."


def read_owl(text: bytes) -> tuple[list[Named], Axioms, str | None]:
    """Classes with their names, axioms and the version; `InvalidInput` where it is no RDF/XML ontology."""
    try:
        root = fromstring(text)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise InvalidInput(f"This is no readable XML: {error}.", remedy=_REMEDY, field="file") from error
    if root.tag != _RDF + "RDF":
        raise InvalidInput("This XML is no ontology in RDF/XML.", remedy=_REMEDY, field="file")
    named, axioms = [], Axioms()
    for element in root.findall(_OWL + "Class"):
        iri = element.get(_RDF + "about")
        if iri:
            named.append(_named(element, iri))
            _class_axioms(element, iri, axioms)
    for element in root.findall(_OWL + "ObjectProperty"):
        _property_axioms(element, axioms)
    return named, axioms, _version(root)


def _named(element: Element, iri: str) -> Named:
    labels = [child for child in element.findall(_RDFS + "label") if tidy(child.text)]
    labels.sort(key=lambda child: (child.get("{http://www.w3.org/XML/1998/namespace}lang") or "en") != "en")
    definition = next((tidy(child.text) for tag in _DEFINITIONS for child in element.findall(tag)), None)
    synonyms = tuple(name for child in element.findall(_ALT_LABEL) if (name := tidy(child.text)))
    return Named(iri, tidy(labels[0].text) if labels else "", synonyms, definition or None)


def _class_axioms(element: Element, iri: str, axioms: Axioms) -> None:
    for child in element.findall(_RDFS + "subClassOf"):
        broader = _target(child)
        if broader is not None:
            axioms.subclass(iri, broader)
    for child in element.findall(_OWL + "equivalentClass"):
        same = _target(child)
        if same is not None:
            axioms.equivalent(iri, same)
    inner = element.find(_OWL + "intersectionOf")
    if inner is not None:
        axioms.equivalent(iri, _collection(inner, 0))


def _property_axioms(element: Element, axioms: Axioms) -> None:
    role = element.get(_RDF + "about")
    if role is None:
        return
    for child in element.findall(_RDFS + "subPropertyOf"):
        if broader := child.get(_RDF + "resource"):
            axioms.sub_roles.append((role, broader))
    for child in element.findall(_RDFS + "domain"):
        if domain := child.get(_RDF + "resource"):
            axioms.domains.append((role, domain))


def _target(element: Element, depth: int = 0) -> Expression | None:
    """The class expression that a property element points to or holds; None for what the reasoner does not know."""
    resource = element.get(_RDF + "resource")
    if resource:
        return resource
    return _expression(element[0], depth) if len(element) else None


def _expression(element: Element, depth: int) -> Expression | None:
    if depth > _DEEPEST:
        raise InvalidInput("The expressions of this ontology are nested too deeply.", remedy=_REMEDY, field="file")
    about = element.get(_RDF + "about")
    if about:
        return about
    if element.tag == _OWL + "Restriction":
        role, filler = element.find(_OWL + "onProperty"), element.find(_OWL + "someValuesFrom")
        name = role.get(_RDF + "resource") if role is not None else None
        inner = _target(filler, depth + 1) if filler is not None else None
        return Some(name, inner) if name and inner is not None else None
    inner_list = element.find(_OWL + "intersectionOf")
    return _collection(inner_list, depth + 1) if inner_list is not None else None


def _collection(element: Element, depth: int) -> Expression:
    """A conjunction. A part that is not understood makes it a name of its own: nothing then follows that is not so."""
    parts = [_expression(child, depth + 1) or f"_:unknown{id(child)}" for child in element]
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _version(root: Element) -> str | None:
    ontology = root.find(_OWL + "Ontology")
    if ontology is None:
        return None
    info = ontology.find(_OWL + "versionInfo")
    version = ontology.find(_OWL + "versionIRI")
    text = tidy(info.text) if info is not None else ""
    return text or (version.get(_RDF + "resource") if version is not None else None)
