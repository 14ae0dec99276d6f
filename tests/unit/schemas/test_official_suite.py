"""The official test suite of JSON Schema: our verdicts, and that all who judge say the same."""

from __future__ import annotations

from typing import Any

import pytest

from lib import sandbox
from lib.errors import InvalidInput
from lib.events import judging
from lib.redaction import Redacted
from lib.sandbox import validation
from lib.schemas.form import load
from lib.serialization import json_pointer, strict_json
from lib.ui.simulate import payload_editor
from tests.support import schema_suite
from tests.support.schema_suite import Case

DRAFTS = [draft for draft in schema_suite.DRAFTS if draft != "draft3"]

#: What the suite wants otherwise, by draft, file and group, with the reason.
FETCHES = "the schema refers to another document, and nothing is fetched"
ASSERTS = "formats are annotations there, and assertions here"
_DYNAMIC = (
    "strict-tree schema, guards against misspelled properties",
    "tests for implementation dynamic anchor and reference link",
    "$ref and $dynamicAnchor are independent of order - $defs first",
    "$ref and $dynamicAnchor are independent of order - $ref first",
    "$ref to $dynamicRef finds detached $dynamicAnchor",
)
_NO_VALIDATION = "schema that uses custom metaschema with with no validation vocabulary"
OTHERWISE = {
    **{("draft2020-12", "dynamicRef.json", group): FETCHES for group in _DYNAMIC},
    **{
        (draft, "vocabulary.json", group): FETCHES
        for draft in ("draft2019-09", "draft2020-12")
        for group in (_NO_VALIDATION, "ignore unrecognized optional vocabulary")
    },
}


def expected_otherwise(draft: str, case: Case) -> str | None:
    if case.file == "refRemote.json":
        return FETCHES
    if case.file == "format.json" and case.name.endswith("is only an annotation by default"):
        return ASSERTS
    return OTHERWISE.get((draft, case.file, case.group))


def of(draft: str, under: str = "") -> list[Case]:
    try:
        return list(schema_suite.cases(draft, under))
    except schema_suite.NoSuite as reason:
        pytest.skip(str(reason))


def test_every_other_verdict_is_the_suites() -> None:
    judged, used = 0, set[Any]()
    for draft in DRAFTS:
        for case in of(draft):
            verdict = validation.violations(case.schema, case.value)
            judged += 1
            right = (verdict.status == "valid") is case.valid and verdict.status != "timed_out"
            reason = expected_otherwise(draft, case)
            assert right or reason, (draft, case, verdict)
            if not right:
                used.add((draft, case.file, case.group))
            if reason == FETCHES and not right:
                told = strict_json.dumps(case.schema)
                assert (verdict.error and "nothing is fetched" in verdict.error) or "metaschema" in told, (
                    case,
                    verdict,
                )
    assert judged > 4800
    assert used >= OTHERWISE.keys(), "each exception is one"


@pytest.mark.parametrize("draft", DRAFTS)
def test_formats_are_asserted_in_every_draft(draft: str) -> None:
    """By the rules of 2020-12. The suite of an older draft wants the same of the formats that it has."""
    for case in of(draft, "optional/format"):
        if case.file not in ("unknown.json", "ecmascript-regex.json", "format-assertion.json"):
            assert validation.violations(case.schema, case.value).valid is case.valid, case


def server(schema: Any, value: Any) -> tuple[str, list[tuple[str, str]]]:
    status, errors = judging.judge(Redacted.of(value), schema=validation.checker(schema), schema_ref="x")
    said = [(error["path"], error["message"].removeprefix("The event has no data. ")) for error in errors]
    return status, said


@pytest.mark.parametrize("draft", schema_suite.DRAFTS)
def test_form_json_tab_and_server_say_the_same(draft: str) -> None:
    differing = []
    for case in of(draft):
        try:
            strict_json.check(case.value)
        except InvalidInput:  # what no text could bring in, only the form can hold
            assert "json" in {one.keyword for one in load(case.schema, case.value).violations()}
            continue
        status, said = server(case.schema, case.value)
        in_form = load(case.schema, case.value).violations()
        in_tab = payload_editor._violations(case.schema, case.value)
        shown = [
            list(dict.fromkeys((json_pointer.join(one.path), one.message) for one in all_))
            for all_ in (in_form, in_tab)
        ]
        if not said == shown[0] == shown[1] or bool(said) == (status == "valid"):
            differing.append((case, status, said, *shown))
    assert not differing, (len(differing), differing[:3])
    sandbox.stop()
