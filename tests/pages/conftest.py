"""Pages run in this process and share its caches; each test starts with them empty, and with nobody in its tenant."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner

from lib.auth.actors import Actor
from lib.ui import warm_up
from lib.ui.components import guard
from tests.conftest import ActorFactory
from tests.support import pages


@pytest.fixture(scope="package", autouse=True)
def once() -> Iterator[None]:
    """What an application does at its start and AppTest for every session, done once for all of them.

    Streamlit collects all garbage after a rerun, and looks into every installed package for components of its own.
    """
    warm_up.warm_up()
    with pytest.MonkeyPatch.context() as patch:
        # AppTest has no client, and in its place something that is neither an address nor None.
        patch.setattr(type(st.context), "ip_address", None)
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    st.cache_data.clear()
    pages.forget_people()
    yield
    st.cache_data.clear()


@pytest.fixture
def new_actor(new_actor: ActorFactory) -> ActorFactory:
    """The same, and the first person that a test makes looks at its pages."""

    def make(permission: str = "manage", *, name: str = "Tenant", **more: Any) -> Actor:
        actor = new_actor(permission, name=name, **more)
        pages.remember_person(actor, name)
        return actor

    return make


@pytest.fixture(autouse=True)
def no_unexpected_errors(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The guard shows an apology for what nobody thought of. A test does not look for it, so this does."""
    yield
    unexpected = [record for record in caplog.get_records("call") if record.name == guard.log.name]
    assert not unexpected, [record.exc_info for record in unexpected]
