"""Acts are declared in one place, each with its sentence, and documented."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

from lib.auth import acts
from lib.auth.acts import ACTS, Act
from tests.support import acts_document

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_of_acts_is_up_to_date() -> None:
    assert acts_document.PATH.read_text(encoding="utf-8") == acts_document.text()


@pytest.mark.parametrize("act", ACTS.values(), ids=lambda act: act.action)
def test_an_act_is_declared_whole(act: type[Act]) -> None:
    assert act.__module__.startswith("lib.auth.acts.") and act.__doc__ and act.__doc__.strip().endswith(".")
    assert act.action.startswith(f"{act.target_type}.") or act is acts.RedactedFieldsChanged
    named = {field for _, field, _, _ in string.Formatter().parse(act.sentence) if field}
    assert named <= {*act.details(), "target_id"}
    assert {*act.before_fields, *act.after_fields} <= act.details().keys()


def test_every_act_is_used_and_only_acts_are_recorded() -> None:
    sources = [p for p in (ROOT / "lib").rglob("*.py") if "acts" not in p.parts]
    text = "\n".join(p.read_text(encoding="utf-8") for p in sources)
    assert [act.__name__ for act in ACTS.values() if f"acts.{act.__name__}" not in text] == []
    writes = [p for p in (ROOT / "queries").rglob("*.sql") if "audit_logs (" in p.read_text(encoding="utf-8")]
    assert [p.name for p in writes] == ["audit.sql"]


def test_a_line_is_told_as_a_sentence_whatever_it_lacks() -> None:
    detail = {"name": "Escalate", "eventType": "TICKET_CREATED", "version": 3}
    assert (
        acts.sentence("workflow.detached", who="Ada", target_id="w", detail=detail)
        == "Ada detached Escalate from TICKET_CREATED."
    )
    assert acts.sentence("workflow.detached", who="Ada", target_id="w", detail={}) == "Ada detached … from …."
    assert acts.sentence("workflow.flown", who="Ada", target_id="w", detail={}) == "Ada did workflow.flown to w."
    assert acts.sentence("run.canceled", who="Ada", target_id="r-1", detail={}) == "Ada canceled run r-1."
    began = {"name": "Escalate", "eventType": "NOTE_CREATED"}
    for events, said in ((1, "1 event"), (2000, "2,000 events"), ("…", "… events")):
        told = began | {"events": events}
        sentence = acts.sentence("workflow.backfill_started", who="Ada", target_id="w", detail=told)
        assert sentence == f"Ada began to replay {said} of NOTE_CREATED to Escalate."
    assert "replay … events of" in acts.sentence("workflow.backfill_started", who="Ada", target_id="w", detail=began)
    refused = {"tried": "api_token.revoked", "permission": "admin"}
    assert (
        acts.sentence("act.refused", who="Ada", target_id="t", detail=refused)
        == "Ada was refused “API token · revoked” (needs admin)."
    )
    refused["tried"] = "a list of tokens"
    assert "was refused a list of tokens (" in acts.sentence("act.refused", who="Ada", target_id="t", detail=refused)
    braces = {"name": "{version}", "eventType": "{0.__class__}"}
    assert acts.sentence("workflow.detached", who="A", target_id="w", detail=braces).endswith("from {0.__class__}.")


def test_an_act_has_exactly_its_declared_details() -> None:
    made = acts.RunRetried(target_id="r", new_run="s")
    assert made.detail() == {"newRun": "s"}
    with pytest.raises(TypeError):
        acts.RunRetried(target_id="r", new_run="s", payload={})  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        acts.RunRetried(target_id="r")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="declared twice"):
        type("Again", (Act,), {}, action="run.retried", target="run", sentence="did")


def test_nobody_writes_an_action_by_hand() -> None:
    for path in [*(ROOT / "lib").rglob("*.py"), *(ROOT / "pages").glob("*.py")]:
        if "acts" not in path.parts:
            found = {n.value for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Constant)}
            assert not found & ACTS.keys(), path
