"""What schemathesis sends beside what it invents: ids and documents that exist, so that calls come past the first refusal.

A case in two keeps what was generated. Of the others, parameters become ids of the sandbox, and bodies its documents, whole or with
one place changed. Everything is drawn from the case itself, so that a failure can be repeated.
"""

import copy
import hashlib
import json
import os
import pathlib
import random
import urllib.request

import schemathesis

BASE = os.environ["COVENANT_URL"]
FILES = pathlib.Path(os.environ["COVENANT_SANDBOX"])


def _get(path):
    token = (FILES / "token").read_text().strip()
    request = urllib.request.Request(BASE + path, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def _strings(value, into):
    """Every string of 52 to 64 characters in a document: ids, hashes and streams in the forms that the service writes."""
    if isinstance(value, dict):
        for inner in value.values():
            _strings(inner, into)
    elif isinstance(value, list):
        for inner in value:
            _strings(inner, into)
    elif isinstance(value, str) and 52 <= len(value) <= 64:
        into.add(value)


def _known():
    ids = set()
    pages = ("/v1/applications", "/v1/policies", "/v1/attestors", "/v1/keys", "/v1/events", "/v1/log", "/v1/log/keys")
    for page in pages:
        _strings(_get(page), ids)
    for index in range(_get("/v1/log")["size"]):
        _strings(_get(f"/v1/ledger/receipts/{index}"), ids)
    return sorted(ids)


# Which record stands in the log once a path has taken its body.
RECORDS = {
    "/v1/participants": "participant",
    "/v1/attestors": "attestor-grant",
    "/v1/policies": "policy",
    "/v1/keys": "pinned-key",
    "/v1/invitations": "invitation",
    "/v1/applicants": "enrolled",
    "/v1/requests": "request",
}


def _documents():
    """Bodies that each path takes: what was filed before, and the files of the sandbox that are still to be sent."""
    found = {
        "/v1/proofs": [json.loads((FILES / f"{name}.json").read_text()) for name in BUNDLES],
        "/v1/enrolments": [json.loads((FILES / "enrolment.json").read_text())],
    }
    for event in _get("/v1/events?limit=1000")["events"]:
        record = event["record"]
        if record["record"] == "enrolment":
            found["/v1/enrolments"].append(record["document"])
        for path, kind in RECORDS.items():
            if record["record"] == kind:
                body = {name: record[name] for name in ("filing", "document")}
                if kind == "pinned-key":
                    body["key"] = "AAAA"
                found.setdefault(path, []).append(body)
    return found


BUNDLES = ("pass", "lower-tier", "expired", "replayed", "tampered")
IDS = _known()
DOCUMENTS = _documents()
ALL = [document for documents in DOCUMENTS.values() for document in documents]
SIZE = _get("/v1/log")["size"]
LINES = (FILES / "batch.ndjson").read_text()
SCHEMA = ("enterprise-financials", "v1")


def _drawn(case):
    """A generator that depends on the case alone."""
    said = json.dumps([case.path, case.method, case.path_parameters, case.query, case.body], default=repr, sort_keys=True)
    return random.Random(hashlib.sha256(said.encode()).digest())


def _changed(document, draw):
    """The document, whole or with one place changed."""
    document = copy.deepcopy(document)
    if draw.random() < 0.4 or not isinstance(document, dict):
        return document
    place = document
    while True:
        key = draw.choice(sorted(place))
        inner = place[key]
        if isinstance(inner, dict) and inner and draw.random() < 0.8:
            place = inner
            continue
        kinds = [None, 0, -1, 2**63, "", "x", "\u0000", [], {}, True, draw.choice(IDS)]
        if isinstance(inner, str) and inner:
            at = draw.randrange(len(inner))
            kinds.append(inner[:at] + draw.choice("0aZ=é") + inner[at + 1 :])
        change = draw.random()
        if change < 0.2:
            del place[key]
        elif change < 0.3:
            place["unexpected"] = draw.choice(kinds)
        else:
            place[key] = draw.choice(kinds)
        return document


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    """Lines go out as they are; whatever else was generated goes out as one line of JSON."""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else json.dumps(value).encode()


@schemathesis.hook
def map_case(context, case):
    draw = _drawn(case)
    if draw.random() < 0.5:
        return case
    for name in case.path_parameters or {}:
        if name in ("index", "size"):
            case.path_parameters[name] = str(draw.randrange(SIZE + 2))
        elif name == "family":
            case.path_parameters[name] = SCHEMA[0]
        elif name == "version":
            case.path_parameters[name] = SCHEMA[1]
        elif name == "tile":
            case.path_parameters[name] = draw.choice(["0/000", f"0/000.p/{SIZE}", f"entries/000.p/{SIZE}", "1/x000/000"])
        else:
            case.path_parameters[name] = draw.choice(IDS)
    for name in case.query or {}:
        if name == "after":
            case.query[name] = draw.choice(IDS)
        else:
            case.query[name] = str(draw.randrange(SIZE + 2))
    if case.method.upper() == "POST":
        if case.path.endswith("/batch"):
            case.body = LINES if draw.random() < 0.5 else json.dumps(_changed(draw.choice(ALL), draw)) + "\n" + LINES
        else:
            # Now and then a document that another path takes.
            own = DOCUMENTS.get(case.path, ALL) if draw.random() < 0.9 else ALL
            case.body = _changed(draw.choice(own), draw)
    return case
