"""The catalog page of 24 cards in one component from constants, in a process that has loaded nothing but Streamlit."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

ICON = ":material/bolt:"
CALLBACK = len
# What draws the cards, as plainly as it can be done, and as much beside it as the catalog's own component has.
DRAW = """
const text = (value) => document.createTextNode(value);
const make = (tag, parts, attributes = {}) => {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...parts);
  return made;
};
const figure = (one) => make("span", [make("b", [text(one.word)]), text(` ${one.label}`)], { title: one.title });
const bar = (n) => make("i", [], { style: `height: ${4 * n + 1}px` });
const bars = (slices) => make("div", slices.map(bar), { className: "bars" });
const button = (word) => make("button", [text(word)]);
const card = (one) => make("article", [
  make("h3", [button(one.name)]),
  make("p", [text(one.description)]),
  make("p", one.badges.map((badge) => make("span", [text(badge.word)]))),
  bars(one.slices),
  make("p", one.figures.map(figure)),
  make("footer", ["Attach", "Simulate", "Metrics", "More"].map(button)),
], { ariaLabel: one.said });
export default ({ data, parentElement }) => {
  const drawn = data.entries ? data.entries.map(card) : data.map((one) => make("span", [text(one.value)]));
  parentElement.querySelector("div").replaceChildren(...drawn);
};
"""
LOOKS = """
div { display: grid; grid-template-columns: repeat(auto-fill, minmax(260px, 1fr)); gap: 12px; }
article { border: 1px solid; border-radius: 8px; padding: 12px; }
.bars { display: flex; gap: 1px; height: 20px; }
.bars i { flex: 1; background: currentColor; }
"""
STYLE, SCRIPT = LOOKS + "/* a rule */\n" * 600, "// a line of code\n" * 700 + DRAW

drawn = st.components.v2.component("drawn", html="<div>\n</div>", css=STYLE, js=SCRIPT)


def sidebar() -> None:
    with st.sidebar:
        find, views = st.container(), st.container()
        st.selectbox("Acting as", ["Someone · Some tenant"], key="as", help="A sentence.")
        with st.container(horizontal=True, gap="xsmall"):
            st.badge("manage permission", icon=":material/key:", color="gray")
        with find:
            st.button("Find anything", icon=ICON, key="find")
        with views, st.container(gap=None), st.container(horizontal=True, gap="xsmall"):
            st.caption("Views", width="content")
            st.button("Save view", icon=ICON, type="tertiary", key="save")


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


def card(n: int) -> dict[str, object]:
    return {
        "type": f"EVENT_NUMBER_{n}",
        "name": f"Event number {n}",
        "description": "Emitted when something has happened that somebody described in a sentence of this length.",
        "badges": [{"word": "Active", "tone": "green"}],
        "figures": [
            {"word": f"{n}", "label": "executions", "title": "Live events of the last 7 days."},
            {"word": "95 %", "label": "success", "tone": "green", "title": "Of 12 runs that these events started"},
            {"word": "2.4 s", "label": "average", "title": "Mean duration of these runs"},
        ],
        "slices": [n % 3, n % 5] * 14,
        "said": f"EVENT_NUMBER_{n}, Active, {n} executions, 95 % success, 2.4 s average, 2 published workflows",
    }


def page() -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width="content", gap=None):
            st.title("A catalog", anchor=False)
            st.caption("Drawn from constants.")
        controls = st.container(horizontal=True, width="content", gap="small")
    with controls, st.container(horizontal=True, width="content", gap="xsmall"):
        st.badge("Operational", icon=":material/check_circle:", color="green", help="All is well")
        st.button("Define", icon=":material/add:", type="primary", disabled=True, help="A sentence.")
    drawn(key="line", data=[{"label": f"Figure {n}", "value": f"{n}", "note": "+1 %"} for n in range(5)])
    listing(controls)


@st.fragment
def listing(controls: DeltaGenerator) -> None:
    filters()
    with controls:
        st.popover("Export and import", icon=":material/import_export:", key="export", on_change="rerun")
    with st.container(key="many-cards"):
        drawn(key="cards", data={"entries": [card(n) for n in range(24)]}, on_act_change=CALLBACK)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption("Showing 1 to 24", width="content")
        st.pagination(6, key="page", bind="query-params")
    with st.container(horizontal=True, gap="medium"), st.container(horizontal=True, gap="xsmall", width="content"):
        st.caption("15 events without traffic", width="content")
        st.button("Show", key="quiet", type="tertiary", icon=":material/unfold_more:", on_click=CALLBACK, args=("",))


def other() -> None:
    """A page to go to."""


if __name__ == "__main__":
    st.set_page_config(layout="wide")
    sidebar()
    others = [st.Page(other, title=f"Page {n}", icon=ICON, url_path=f"page-{n}") for n in range(7)]
    st.navigation([st.Page(page, title="Catalog", icon=ICON, default=True), *others]).run()
