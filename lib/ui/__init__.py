"""What pages draw with. Nothing but pages and app may import it, and nothing else knows Streamlit.

Its packages are named like those of lib; `components` serves them all.
Tests are in tests/pages/ and tests/e2e/, a folder a package.
"""

from __future__ import annotations

from pathlib import Path

#: The one script of ours that stands inside the pages. The security policy allows it by its hash.
HISTORY = Path(__file__).parent / "assets" / "history.js"
