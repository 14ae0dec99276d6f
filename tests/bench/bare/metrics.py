"""The metrics page of one event from constants, in a process with nothing but Streamlit and its charts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import altair as alt
import catalog
import pandas as pd
import streamlit as st

ICON = ":material/bolt:"
ROWS = 25
STATUSES = {"Matched": "#4f8ef7", "Unmatched": "#a3adc2", "Error": "#e5484d"}
PERCENTILES = {"p50": "#7c83f7", "p95": "#f0913a"}
WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
START = datetime(2026, 1, 1, tzinfo=UTC)


def days() -> int:
    """How many days the chosen range has: each range has rows of its own, which the browser has to draw."""
    return int(st.session_state["Range"].removesuffix("d"))


def head() -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(), st.container(gap=None):
            st.title("An event", anchor=False)
            st.caption("Metrics of `AN_EVENT`")
        st.toggle("Test traffic", key="tests", bind="query-params", help="A sentence.")
        time_zone = st.popover("UTC", help="A sentence.")
        with st.container(key="details"):
            st.page_link(other, label="Event details", icon=ICON)
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        st.selectbox("Event", [f"Event number {n}" for n in range(132)])
        choose("Range", "7d", "30d", "90d")
    with time_zone:
        st.selectbox("Time zone", [f"Zone/{n}" for n in range(430)], key="tz", bind="query-params", help="A sentence.")
        choose("By", "Auto", "Hours", "Days")
    st.html("<p>Some tenant, from one day to another</p>")
    with st.container(border=True, horizontal=True, key="unattached"):
        st.markdown(":orange[**No workflow is attached**], so these events start nothing.", width="stretch")
        st.button("Attach", icon=ICON, key="attach", help="A sentence.")


def choose(label: str, *choices: str) -> None:
    st.segmented_control(label, choices, default=choices[0], required=True, key=label, bind="query-params")


def summary() -> None:
    with st.container(key="figures"), st.grid(4, min_column_width=150, gap="small"):
        for n in range(8):
            st.metric(
                f"Figure {n}",
                f"{n}.5 k",
                "+12 %",
                delta_description="of all",
                help="A sentence.",
                border=True,
                height="stretch",
                delta_color="off",
            )
    st.caption(f"Changes are against the {days()} days before.")


@contextmanager
def framed(title: str, tools: Callable[[str], None]) -> Iterator[None]:
    with st.container(border=True, height="stretch", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{title}**", help="What these figures mean, in a sentence.", width="content")
            tools(title)
            if title == "Success":
                st.page_link(other, label="5 failed runs", icon=ICON)
        yield


def numbers(title: str) -> None:
    with st.container(horizontal=True, gap="xxsmall", width="content"):
        st.popover("", icon=ICON, type="tertiary", key=f"{title}-table", on_change="rerun", help=f"{title} as a table")
        st.download_button(
            "",
            bytes,
            f"{title}.csv",
            "text/csv",
            icon=ICON,
            type="tertiary",
            key=f"{title}-csv",
            on_click="ignore",
            help=f"{title} as CSV",
        )


def export(title: str) -> None:
    st.popover("Export", icon=ICON, key=f"{title}-export", on_change="rerun")


def volume() -> alt.Chart:
    rows = [
        {"left": n, "right": n + 1, "Status": status, "Events": (n * 7 + size) % 90, "When": f"Day {n}"}
        for size, status in enumerate(STATUSES)
        for n in range(days())
    ]
    bars = alt.selection_point("bars", fields=["left", "Status"])
    brush = alt.selection_interval("brush", encodings=["x"])
    return (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar(cursor="pointer")
        .encode(
            x=slices("left", bin="binned"),
            x2="right:Q",
            color=legend(STATUSES, "Status"),
            order="Status:N",
            y=alt.Y("Events:Q", title=None, stack="zero", axis=alt.Axis(tickCount=5, format="~s", tickMinStep=1)),
            opacity=alt.condition(
                {"test": {"and": [{"param": "bars"}, "datum.right > 0"]}}, alt.value(1), alt.value(0.3)
            ),
            tooltip=["When:N", "Status:N", alt.Tooltip("Events:Q", format=",")],
        )
        .add_params(bars, brush)
        .properties(height=250)
    )


def latency() -> alt.LayerChart:
    rows = [
        {"at": n + 0.5, "Percentile": name, "seconds": n % 9 + place, "When": f"Day {n}", "Duration": "2 s"}
        for place, name in enumerate(PERCENTILES)
        for n in range(days())
    ]
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=slices("at"),
        color=legend(PERCENTILES, "Percentile"),
        tooltip=["When:N", "Percentile:N", "Duration:N"],
        y=alt.Y("seconds:Q", title=None, axis=alt.Axis(tickCount=5)),
    )
    return alt.layer(base.mark_line(strokeWidth=2), base.mark_point(filled=True, size=26)).properties(height=210)


def success() -> alt.LayerChart:
    rows = [{"at": n + 0.5, "Rate": n % 10 / 10, "Runs": n, "When": f"Day {n}", "Running": 0} for n in range(days())]
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=slices("at"),
        color=alt.value("#2fa36b"),
        tooltip=["When:N", "Runs:Q", alt.Tooltip("Rate:Q", format=".1%")],
        y=alt.Y("Rate:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(tickCount=5, format=".0%")),
    )
    marks = base.mark_area(opacity=0.12), base.mark_line(strokeWidth=2), base.mark_point(filled=True, size=26)
    return alt.layer(*marks).properties(height=210)


def hours() -> alt.Chart:
    rows = [
        {"Weekday": day, "hour": f"{hour:02}", "Events": hour, "Hour": f"{hour:02}:00"}
        for hour in range(24)
        for day in WEEKDAYS
    ]
    return (
        alt.Chart(pd.DataFrame(rows))
        .mark_rect(cornerRadius=2)
        .encode(
            x=alt.X("hour:O", title=None, axis=alt.Axis(labelAngle=0, ticks=False, domain=False)),
            y=alt.Y("Weekday:O", title=None, sort=WEEKDAYS, axis=alt.Axis(ticks=False, domain=False)),
            opacity=alt.Opacity("Events:Q", scale=alt.Scale(range=[0.06, 1], domainMin=0), legend=None),
            tooltip=["Weekday:N", "Hour:N", alt.Tooltip("Events:Q", format=",")],
        )
        .properties(height=210)
    )


def slices(column: str, **more: str) -> alt.X:
    return alt.X(
        f"{column}:Q",
        title=None,
        scale=alt.Scale(domain=[0, days()], nice=False),
        axis=alt.Axis(values=list(range(0, days(), -(-days() // 9))), grid=False, labelAngle=0),
        **more,
    )


def legend(colors: dict[str, str], title: str) -> alt.Color:
    scale = alt.Scale(domain=list(colors), range=list(colors.values()))
    return alt.Color(f"{title}:N", scale=scale, legend=alt.Legend(orient="top", title=None, symbolType="circle"))


def recent() -> None:
    table = pd.DataFrame(
        [
            {
                "": "Open",
                "Status": ["Matched"],
                "Created": START + timedelta(n),
                "Took": "12 ms",
                "Processed": START + timedelta(n),
                "Correlation key": f"key-{n}",
                "Origin": ["Live"],
                "Workflows started": n,
                "Matched run": "a run",
                "Error": None,
                "Event id": f"event {n}",
            }
            for n in range(ROWS)
        ]
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="narrowing"):
        choose("Status", "All", "Matched")
        st.page_link(other, label="Open in activity", icon=ICON)
    column, colors = st.column_config, list(STATUSES.values())
    st.dataframe(
        table,
        key="recent",
        hide_index=True,
        row_height=36,
        height=ROWS * 36 + 40,
        column_config={
            "": column.ButtonColumn("", type="tertiary", key="open", on_click=len, width=70),
            "Status": column.MultiselectColumn(options=list(STATUSES), color=colors, width=110),
            "Created": column.DatetimeColumn(format="MMM D, HH:mm:ss", timezone="UTC", width=140),
            "Processed": column.DatetimeColumn(format="HH:mm:ss.SSS", timezone="UTC", width=120),
            "Workflows started": column.NumberColumn(width=130),
            **{name: column.TextColumn(width=290) for name in ("Took", "Correlation key", "Matched run", "Event id")},
        },
    )
    st.html(f"<table><tbody>{'<tr><td>When</td><td>Matched</td><td>1</td></tr>' * ROWS}</tbody></table>")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption("25 of 1,000 events", width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            for label in ("Newest", "Newer", "Older"):
                st.button(label, icon=ICON, key=label)


def page() -> None:
    head()
    summary()
    with framed("Volume", numbers):
        st.altair_chart(volume(), key="volume", on_select=len, selection_mode=["bars", "brush"], alt="Volume")
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            st.caption("Dotted: the 7 days before")
            st.page_link(other, label="5 failed runs", icon=ICON)
    with st.grid(min_column_width=420, gap="small"):
        for title, chart in (("Duration", latency), ("Success", success), ("Hours", hours)):
            with framed(title, numbers):
                st.altair_chart(chart(), alt=title)
        with framed("Reasons", numbers):
            st.caption("No reason is recorded.")
    with framed("Recent", export):
        recent()


def other() -> None:
    """A page to go to."""


if __name__ == "__main__":
    st.set_page_config(layout="wide")
    catalog.sidebar()
    other = st.Page(other, title="Other", icon=ICON, url_path="other")
    others = [st.Page(lambda: None, title=f"Page {n}", icon=ICON, url_path=f"page-{n}") for n in range(6)]
    st.navigation([st.Page(page, title="Metrics", icon=ICON, default=True), other, *others]).run()
