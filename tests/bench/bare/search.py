"""An empty page with a search and a button, in a process that has loaded nothing but Streamlit."""

import streamlit as st

if st.button("Go"):
    st.session_state["clicks"] = st.session_state.get("clicks", 0) + 1
typed = st.text_input("Search", type="search", live="200ms")
st.caption(f"{st.session_state.get('clicks', 0)} clicks")
st.caption(f"Found {typed}")
