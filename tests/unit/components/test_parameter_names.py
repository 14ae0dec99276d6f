"""A parameter of the URL belongs to one page: Streamlit takes out of a URL what the page before has a filter for."""

from __future__ import annotations

from collections import defaultdict

from lib.ui.activity import event_filters, timeline
from lib.ui.catalog import catalog_filters, registry
from lib.ui.components.url_filters import UrlFilters
from lib.ui.metrics import metrics_filters
from lib.ui.people import audit_filters
from lib.ui.runs import run_filters
from lib.ui.workflows import workflow_list


def test_no_two_pages_bind_a_parameter_of_the_same_name() -> None:
    pages: dict[str, list[str]] = defaultdict(list)
    for module in (
        catalog_filters,
        registry,
        metrics_filters,
        event_filters,
        timeline,
        workflow_list,
        run_filters,
        audit_filters,
    ):
        found: UrlFilters = module.FILTERS
        for name in {one.key for one in (*found.filters, *found.others, *found.preferred)}:
            pages[name].append(found.page)
    assert {name: of for name, of in pages.items() if len(of) > 1} == {}
