"""Who may still be here is asked once in every script run, also where Streamlit runs a part of a page alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from lib.auth.actors import Membership
from lib.ui.components import guard

pytestmark = pytest.mark.usefixtures("db")

ADA = Membership(UUID(int=1), "Acme", False, UUID(int=2), "ada@example.com", "Ada", "admin")


@dataclass
class Register:
    """A way in for these tests: who is in it, and how often it was asked in how many runs."""

    person: Membership | None = ADA
    asked: int = 0
    in_use: bool | None = None
    last: object = None

    def choose(self) -> Membership:
        """The person."""
        import streamlit as st

        self._ask()
        if self.person is None:
            st.markdown("the way in")
            guard.stop()
        return self.person

    def standing(self, person: Membership, *, in_use: bool) -> Membership | None:
        """The person as they are now."""
        self._ask()
        self.in_use = in_use
        return self.person

    def _ask(self) -> None:
        if self.last is not guard.this_run():  # as sign_in does
            self.asked += 1
        self.last = guard.this_run()


def script() -> None:
    import streamlit as st

    from lib.ui.components import dialogs, guard

    done = st.session_state.setdefault("done", [])

    def part() -> None:
        st.markdown(f"part {len(done)}")
        st.button("inside", on_click=guard.callback(done.append), args=("inside",))
        st.button("plain inside")

    def asked() -> None:
        st.markdown("dialog")
        st.button("in the dialog")

    with guard.errors_shown():
        guard.enter(st.session_state["register"], when_stopped=lambda: st.markdown("no pages"))
        st.markdown(f"page of {guard.require_entry().permission}")
        st.button("act", on_click=guard.callback(done.append), args=("act",))
        st.button("plain")
        guard.fragment()(part)()
        if st.session_state.get("dialog"):
            dialog = dialogs.dialog("Title")(asked)
            dialog.ask()
            dialog.draw()


def opened(register: Register, **state: object) -> AppTest:
    app = AppTest.from_function(script)
    app.session_state["register"] = register
    for name, value in state.items():
        app.session_state[name] = value
    return app.run()


def words(app: AppTest) -> list[str]:
    assert not app.exception and not app.error
    return [one.value for one in app.markdown]


def press(app: AppTest, label: str) -> AppTest:
    return next(one for one in app.button if one.label == label).click().run()


@pytest.mark.parametrize("label", ["act", "plain", "inside", "plain inside"])
def test_one_click_asks_once(label: str) -> None:
    register = Register()
    app = opened(register, dialog=True)
    assert words(app)[0] == "page of admin" and register.asked == 1
    press(app, label)
    assert register.asked == 2
    assert app.session_state["done"] == ([label] if label in ("act", "inside") else [])


@pytest.mark.parametrize("label", ["act", "inside"])
def test_a_callback_of_somebody_who_is_out_does_nothing(label: str) -> None:
    register = Register()
    app = opened(register)
    register.person = None
    press(app, label)
    assert app.session_state["done"] == [] and "person" not in app.session_state
    assert words(app) == ["the way in", "no pages"]
    assert words(app.run()) == ["the way in", "no pages"]


@pytest.mark.parametrize("label", ["act", "inside"])
@pytest.mark.parametrize("change", [{"permission": "read"}, {"permission": "manage"}, {"tenant": UUID(int=3)}])
def test_a_callback_with_a_permission_that_has_changed_does_nothing_once(label: str, change: dict[str, object]) -> None:
    register = Register()
    app = opened(register)
    register.person = replace(ADA, **change)  # type: ignore[arg-type]
    press(app, label)
    assert app.session_state["done"] == []
    assert [one.value for one in app.toast] == [
        "What you may do here has changed, so nothing was done. Please try again."
    ]
    assert words(app)[0] == f"page of {register.person.permission}"
    press(app, label)
    assert app.session_state["done"] == [label]


def test_another_name_is_no_reason_to_refuse() -> None:
    register = Register()
    app = opened(register)
    register.person = replace(ADA, name="Ada Lovelace", tenant_name="Acme Ltd")
    press(app, "act")
    assert app.session_state["done"] == ["act"]
