"""What pages draw with. Nothing but pages and app may import it, and nothing else knows Streamlit.

Its packages are named like those of lib; `components` serves them all.
Tests are in tests/pages/ and tests/e2e/, a folder a package.
"""
