"""The settings as AppTest sees them: sections, dialogs, what is refused, and that a token is shown once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from lib import database
from lib.auth import members, tokens
from lib.auth.actors import Actor
from lib.catalog import redacted_fields
from lib.database import Database
from lib.errors import NotFound
from lib.ui.components import dialogs
from lib.ui.people import settings_data, settings_members, settings_tokens
from tests.conftest import ActorFactory
from tests.support import pages
from tests.support.tables import readings

EVENT = "TICKET_CREATED"


@pytest.fixture
def boss(new_actor: ActorFactory) -> Actor:
    return new_actor("admin", name="Acme")


def open_settings(section: str = "members") -> AppTest:
    return pages.open_page("settings.py", section=section)


def said(app: AppTest) -> str:
    """What the page says, as people read it."""
    kinds = ("title", "header", "markdown", "caption", "error", "warning", "info", "success")
    return "\n".join(str(one.value) for kind in kinds for one in app.get(kind)).replace("\\", "")


def choose(app: AppTest, what: str, which: UUID) -> AppTest:
    """The page with the dialog of a row, which AppTest cannot click."""
    dialog = settings_members.member_dialog if what == "member" else settings_tokens.token_dialog
    app.session_state[dialogs.OPEN] = dialogs.Open(dialog, which)
    return app


def removing(app: AppTest, which: UUID) -> AppTest:
    """The part of a member's dialog that removes them."""
    choose(app, "member", which).run()
    return choose(app, "member", which).segmented_control(key="member-act").set_value("Remove").run()


def remove(app: AppTest, which: UUID) -> None:
    removing(app, which)
    choose(app, "member", which).button(key="member-remove").click().run()


def create(boss: Actor, **options: Any) -> tuple[str, UUID]:
    with database.write(boss) as conn:
        token = tokens.create_token(conn, boss, **{"name": "Desk", "permission": "manage", **options})
        return token, tokens.id_of_token(conn, boss, token=token)


def listed(boss: Actor) -> list[tokens.Token]:
    with database.read(boss) as conn:
        return tokens.tokens(conn, boss)


@pytest.mark.parametrize("permission", ["read", "manage"])
def test_who_is_no_admin_is_told_whom_to_ask_and_nothing_else(
    permission: str, db: Database, new_actor: ActorFactory
) -> None:
    person = new_actor(permission, name="Northwind IT")
    admin = new_actor("admin", tenant=person.tenant)
    with db.owner.begin() as conn:
        conn.execute(text("UPDATE users SET name = 'Ada Admin' WHERE user_id = :u"), {"u": admin.user_id})
    app = open_settings("tokens")
    [told] = [one.value.replace("\\", "") for one in app.info]
    assert told.endswith("you need admin. Ask an admin of Northwind IT (Ada Admin).")
    assert not app.dataframe and not [one for one in app.main.button if one.key]


def test_a_member_is_added_changed_and_removed(db: Database, boss: Actor) -> None:
    app = open_settings()
    assert list(app.dataframe[0].value["Name"]) == [boss.email]
    app.button(key="add-member").click().run()
    app.button(key="add-member").click()
    app.text_input(key="member-email").input("Ada@Example.com")
    app.text_input(key="member-name").input("Ada")
    app.radio(key="member-permission").set_value("manage")
    app.button(key="member-save").click().run()
    assert not app.exception and not app.error
    assert [row for row in app.dataframe[0].value["E-mail"]] == [boss.email, "ada@example.com"]
    with database.read(boss) as conn:
        ada = next(one for one in members.members(conn, boss) if one.name == "Ada")
    assert ada.permission == "manage"
    choose(app, "member", ada.user_id).run()
    choose(app, "member", ada.user_id).radio(key=f"permission-{ada.user_id}").set_value("read")
    app.button(key="member-change").click().run()
    assert "Read" in readings(app.dataframe[0])["Permission"][1]
    remove(app, ada.user_id)
    assert not app.exception and list(app.dataframe[0].value["Name"]) == [boss.email]


def test_what_cannot_be_a_member_is_said_in_the_dialog(boss: Actor) -> None:
    app = open_settings()
    app.button(key="add-member").click().run()
    app.button(key="add-member").click()
    app.text_input(key="member-email").input("ada")
    app.button(key="member-save").click().run()
    assert "E-mail must be an address such as" in app.error[0].value and not app.exception


def test_the_last_admin_stays_and_the_page_says_why(boss: Actor) -> None:
    app = open_settings()
    remove(app, boss.user_id)
    assert "You will see nothing of this tenant any more, and how you like your pages is forgotten." in said(app)
    assert "last admin; make someone else an admin first" in app.error[0].value
    assert list(app.dataframe[0].value["Name"]) == [boss.email]


def test_removing_a_member_offers_to_end_the_tokens_they_made(new_actor: ActorFactory, boss: Actor) -> None:
    other = new_actor("admin", tenant=boss.tenant)
    token, _ = create(other, name="Ticket *desk*")
    app = removing(open_settings(), other.user_id)
    assert "They made 1 API token (Ticket *desk*)" in said(app)
    assert app.checkbox(key="member-tokens").value
    remove(app, other.user_id)
    assert tokens.actor_for_token(token) is None


def test_who_made_a_token_is_named(db: Database, boss: Actor, new_actor: ActorFactory) -> None:
    maker = new_actor("admin", tenant=boss.tenant)
    with db.owner.begin() as conn:
        conn.execute(text("UPDATE users SET name = 'Ada Admin' WHERE user_id = :u"), {"u": maker.user_id})
    _, token_id = create(maker)
    app = pages.open_page("settings.py", section="tokens", person=pages.label_of(boss, "Acme"))
    assert list(app.dataframe[0].value["By"]) == ["Ada Admin"]
    choose(app, "token", token_id).run()
    assert any(one.value.startswith("Created ") and one.value.endswith(" by Ada Admin") for one in app.caption)


def test_what_somebody_changed_under_an_open_dialog_is_not_overwritten(boss: Actor, new_actor: ActorFactory) -> None:
    """Nor where the page was drawn anew meanwhile: the fields still say what they began with."""
    _, token_id = create(boss)
    app = choose(open_settings("tokens"), "token", token_id).run()
    with database.write(boss) as conn:
        tokens.change(conn, boss, token_id=token_id, name="Desk", permission="manage", event_types=[EVENT])
    choose(app, "token", token_id).run()
    app.text_input(key=f"token-{token_id}-name").input("New desk")
    choose(app, "token", token_id).button(key="token-change").click().run()
    [told] = [one.value for one in app.error]
    assert told.startswith("The token Desk was changed since you opened it, so nothing was saved.")
    assert listed(boss)[0].terms.event_types == (EVENT,) and listed(boss)[0].name == "Desk"

    person = new_actor("read", tenant=boss.tenant)
    app = choose(open_settings(), "member", person.user_id).run()
    with database.write(boss) as conn:
        members.change_permission(conn, boss, user_id=person.user_id, permission="admin")
    choose(app, "member", person.user_id).radio(key=f"permission-{person.user_id}").set_value("manage")
    app.button(key="member-change").click().run()
    assert "may do was changed since you opened it" in app.error[0].value
    with database.read(boss) as conn:
        found = {one.user_id: one.permission for one in members.members(conn, boss)}
    assert found[person.user_id] == "admin"
    with database.write(boss) as conn:
        members.remove(conn, boss, user_id=person.user_id, end_tokens=False)
        with pytest.raises(NotFound, match="they may have been removed meanwhile"):
            members.remove(conn, boss, user_id=person.user_id, end_tokens=False)


def test_a_token_is_shown_once_and_kept_nowhere(boss: Actor) -> None:
    app = open_settings("tokens")
    assert "No system can send events yet" in said(app)
    app.button(key="create-token").click().run()
    app.button(key="create-token").click()
    app.text_input(key="new-token-name").input("Ticket desk")
    app.multiselect(key="new-token-types").set_value([EVENT])
    app.selectbox(key="new-token-expiry").set_value("In 90 days")
    app.button(key="token-save").click().run()
    assert not app.exception and not app.error
    [shown] = [one.value for one in app.code]
    actor = tokens.actor_for_token(shown)
    assert actor and actor.send_only
    [token] = listed(boss)
    assert (token.terms.name, token.terms.event_types) == ("Ticket desk", (EVENT,))
    assert token.terms.expires_at and abs(token.terms.expires_at - datetime.now(UTC) - timedelta(days=90)) < timedelta(
        minutes=1
    )
    assert shown not in str(app.session_state._state.filtered_state)
    app.run()
    assert not app.code and shown not in said(app)
    assert list(app.dataframe[0].value["Name"]) == ["Ticket desk"]


def test_a_token_is_changed_rotated_and_revoked(boss: Actor) -> None:
    old, token_id = create(boss)
    app = choose(open_settings("tokens"), "token", token_id).run()
    choose(app, "token", token_id).radio(key=f"token-{token_id}-may").set_value("send")
    app.button(key="token-change").click().run()
    assert listed(boss)[0].terms.send_only
    choose(app, "token", token_id).run()
    choose(app, "token", token_id).segmented_control(key="token-act").set_value("Rotate").run()
    choose(app, "token", token_id).selectbox(key="token-overlap").set_value("At once")
    app.button(key="token-rotate").click().run()
    [new] = [one.value for one in app.code]
    assert tokens.actor_for_token(old) is None and tokens.actor_for_token(new)
    new_id = next(one.token_id for one in listed(boss) if one.status == "valid")
    choose(app, "token", new_id).run()
    choose(app, "token", new_id).segmented_control(key="token-act").set_value("Revoke").run()
    assert "at once and for good" in said(app) and "401" in said(app)
    choose(app, "token", new_id).button(key="token-revoke").click().run()
    assert tokens.actor_for_token(new) is None
    assert [one[0] for one in app.dataframe[0].value["Status"]] == ["Revoked", "Expired"]
    choose(app, "token", new_id).run()
    assert "opens nothing any more" in said(app) and "token-revoke" not in {one.key for one in app.button}


def test_the_data_sections_say_what_is_set_and_who_sets_it(
    boss: Actor, monkeypatch: pytest.MonkeyPatch, db: Database
) -> None:
    assert "No host is allowed" in said(open_settings("egress"))
    assert "for ever" in said(open_settings("retention"))
    settings = settings_data.settings().model_copy(
        update={
            "egress_allow": "api.example.com, *.example.org:8443",
            "retention_days": 90,
            "egress_allow_private": True,
        }
    )
    monkeypatch.setattr(settings_data, "settings", lambda: settings)
    egress = said(open_settings("egress"))
    assert "`api.example.com` :gray[· this host, the usual port" in egress
    assert "every host below `example.org`, port 8443" in egress and "EGRESS_ALLOW_PRIVATE" in egress
    retention = said(open_settings("retention"))
    assert "after **90 days**" in retention and "The runs that they started go too" in retention
    monkeypatch.setattr(
        settings_data, "settings", lambda: settings.model_copy(update={"egress_allow": "http://x ![](y)"})
    )
    assert "not host, host:port" in said(open_settings("egress"))


def test_redacted_fields_are_listed_for_every_event(boss: Actor) -> None:
    assert "No single event" in said(open_settings("redaction"))
    with database.write(boss) as conn:
        redacted_fields.change(conn, boss, event_type=EVENT, pointers=["/ticketId", "/a/*"])
        redacted_fields.change(conn, boss, event_type=None, pointers=["/phone"])
    app = open_settings("redaction")
    assert "In every event: `/phone`" in said(app)
    [row] = app.dataframe[0].value.to_dict("records")
    assert (row["Event"], row["Fields"], row["By"]) == (EVENT, "/ticketId, /a/*", boss.email)


def test_sections_are_in_the_url_in_any_spelling(boss: Actor) -> None:
    assert open_settings("API TOKENS").query_params["section"] == "API tokens"
    app = open_settings("nonsense")
    assert "is left out" in app.warning[0].value and app.header[0].value.startswith("Members")


def test_what_is_not_set_up_is_said_with_the_way_there(boss: Actor) -> None:
    app = open_settings()
    [gaps] = [one for one in app.expander if re.fullmatch(r"\d things need a look", one.label)]
    told = "\n".join(one.value for one in gaps.markdown)
    for title in ("One admin.", "No other member.", "No API token.", "No egress.", "No retention."):
        assert title in told
    assert "No sign-in." not in told, "the demo is not hosted"
    next(one for one in gaps.button if one.label == "Egress").click().run()
    assert app.header[0].value == "Egress" and app.query_params["section"] == "Egress"
