"""The catalog page of 24 cards from constants, in a process that has loaded nothing but Streamlit."""

import streamlit as st

ICON = ":material/bolt:"
CALLBACK = len


def sidebar() -> None:
    with st.sidebar:
        st.selectbox("Acting as", ["Someone · Some tenant"], key="as", help="A sentence.")
        with st.container(horizontal=True, gap="xsmall"):
            st.badge("manage permission", icon=":material/key:", color="gray")
        st.html("<script>0</script>", unsafe_allow_javascript=True)


def filters() -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.text_input("Search", key="q", bind="query-params", type="search", live="200ms", placeholder="Search by name")
        with st.container(width=180):
            st.selectbox("Category", ["Assets", "Billing"], index=None, key="category", bind="query-params")
        st.selectbox("Status", ["active", "beta"], index=None, key="status", bind="query-params")
        st.selectbox("Sort by", ["name", "active"], key="sort", bind="query-params")
        for key, choices in (("source", ["all", "system", "tenant"]), ("view", ["grid", "list"])):
            st.segmented_control(
                key, choices, default=choices[0], required=True, key=key, bind="query-params", format_func=str.title
            )
        st.button("Clear", key="clear", icon=":material/filter_alt_off:", type="tertiary", help="Clear all filters")


def card(n: int) -> None:
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.button(
            f"**Event number {n}**",
            key=f"open-{n}",
            icon=ICON,
            type="tertiary",
            on_click=CALLBACK,
            args=("",),
            help=f"Open the details of event number {n}",
        )
        st.markdown(
            f"`EVENT_NUMBER_{n}`  \n:green-badge[Active] :gray-badge[System] "
            ":gray-badge[:material/data_object: schema] :gray-badge[:material/link: 2 workflows]"
        )
        with st.container(height="stretch"):
            st.caption("Emitted when something has happened that somebody described in a sentence of this length.")
        st.metric(
            "Executions, 7 days",
            f"{n}",
            delta="95 % success · 2.4 s avg",
            delta_arrow="off",
            delta_color="green",
            chart_data=[n % 3, n % 5] * 14,
            chart_type="area",
            help="So many",
        )
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            for label in ("Simulate", "Metrics", "Attach"):
                st.button(label, key=f"{label}-{n}", icon=ICON, on_click=CALLBACK, args=("",))


def page() -> None:
    head, controls = st.columns([3, 2], vertical_alignment="center")
    with head:
        st.title("A catalog", anchor=False)
        st.caption("Drawn from constants.")
    filters()
    with controls, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        st.badge("Operational", icon=":material/check_circle:", color="green", help="All is well")
        st.button("Define", icon=":material/add:", type="primary", disabled=True, help="A sentence.")
    with st.grid(min_column_width=320, gap="small"):
        for n in range(24):
            card(n)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption("Showing 1 to 24", width="content")
        st.pagination(6, key="page", bind="query-params")


def other() -> None:
    """A page to go to."""


st.set_page_config(layout="wide")
sidebar()
others = [st.Page(other, title=f"Page {n}", icon=ICON, url_path=f"page-{n}") for n in range(7)]
st.navigation([st.Page(page, title="Catalog", icon=ICON, default=True), *others]).run()
