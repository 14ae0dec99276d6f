"""From a catalog into its drawer and to the metrics of an event, from constants, by Streamlit alone."""

import catalog
import metrics
import streamlit as st

SCHEMA = {"type": "object", "properties": {f"field{n}": {"type": "string"} for n in range(12)}}


@st.dialog("An event", width="medium", position="right", icon=catalog.ICON)
def drawer() -> None:
    st.markdown("`AN_EVENT` :green-badge[Active]")
    st.markdown("Emitted when something has happened that somebody described in a sentence of this length.")
    with st.container(horizontal=True):
        for label in ("Simulate", "Metrics", "Override", "Deprecate"):
            st.button(label, icon=catalog.ICON, key=f"drawer-{label}")
        st.popover("Attach", icon=catalog.ICON)
        st.page_link(measured, label="Open as page", icon=catalog.ICON)
    with st.container(horizontal=True):
        st.metric("Executions", "1,234", "+12 %", border=True, chart_data=[n % 5 for n in range(28)])
    for title in ("Attached workflows", "Metadata"):
        st.markdown(f"### {title}")
        with st.container(horizontal=True):
            st.markdown("A workflow", width="content")
            st.badge("Published", color="green")
            st.button("Open", key=f"open-{title}")
        st.caption("A sentence about it.")
    st.markdown("### Payload schema")
    st.segmented_control("Show", ["Fields", "JSON"], default="Fields", label_visibility="collapsed")
    for n in range(4):
        st.markdown(f"`field{n}` text, required")
    st.code(str(SCHEMA), language="json")
    st.multiselect("Redacted fields", [f"field{n}" for n in range(12)])
    st.markdown("### Example payload")
    st.code(str(SCHEMA), language="json")


def listed() -> None:
    if st.button("Open the drawer"):
        drawer()
    if st.button("Go to the metrics"):
        st.switch_page(measured)
    catalog.page()


st.set_page_config(layout="wide")
catalog.sidebar()
metrics.other = st.Page(catalog.other, title="Other", icon=catalog.ICON, url_path="other")
measured = st.Page(metrics.page, title="Metrics", icon=catalog.ICON, url_path="metrics")
others = [st.Page(catalog.other, title=f"Page {n}", icon=catalog.ICON, url_path=f"page-{n}") for n in range(6)]
st.navigation(
    [st.Page(listed, title="Catalog", icon=catalog.ICON, default=True), measured, metrics.other, *others]
).run()
