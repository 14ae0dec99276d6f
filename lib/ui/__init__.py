"""What pages draw with. Nothing but pages and app may import it, and nothing else knows Streamlit.

`components` serves all its other packages.
"""

from __future__ import annotations

from pathlib import Path

_ASSETS = Path(__file__).parent / "assets"
CONTRAST = _ASSETS / "contrast.css"
#: All CSS of ours outside components.
STYLES = (CONTRAST, *(_ASSETS / name for name in ("layout.css", "print.css", "saved_views.css")))
#: All scripts of ours outside components. The security policy allows them by their hashes.
SCRIPTS = tuple(sorted(_ASSETS.glob("*.js")))
