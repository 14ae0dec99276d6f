"""Links between pages. They name the tenant that is looked at, so that a copied link opens in it for everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import streamlit as st

#: Names the tenant in the URL of every page.
TENANT = "tenant"


def page_link(page: str, *, label: str, query_params: Mapping[str, Any] | None = None, **options: Any) -> None:
    """`st.page_link` to a page in the same tenant."""
    tenant = st.query_params.get(TENANT)
    carried = {**(query_params or {}), **({TENANT: tenant} if tenant else {})}
    st.page_link(page, label=label, query_params=carried, **options)


def address(page: str, parameters: Mapping[str, str | Sequence[str]]) -> str:
    """What a link to the page has as its address, so that another tab opens it in the tenant of this one."""
    tenant = st.query_params.get(TENANT)
    return f"{page}?{urlencode({**parameters, **({TENANT: tenant} if tenant else {})}, doseq=True)}"
