"""What pages draw with. Nothing but pages and app may import it, and nothing else knows Streamlit.

`components` serves all its other packages.
"""

from __future__ import annotations

from pathlib import Path

_ASSETS = Path(__file__).parent / "assets"
HISTORY = _ASSETS / "history.js"
FIND = _ASSETS / "find.js"
ACTING_AS = _ASSETS / "acting_as.js"
NAMES = _ASSETS / "names.js"
LINKS = _ASSETS / "links.js"
DIALOGS = _ASSETS / "dialogs.js"
CLICKS = _ASSETS / "clicks.js"
LOST = _ASSETS / "lost.js"
SIDEBAR = _ASSETS / "sidebar.js"
CONTRAST = _ASSETS / "contrast.css"
#: All CSS of ours outside components.
STYLES = (CONTRAST, *(_ASSETS / name for name in ("layout.css", "print.css", "saved_views.css")))
#: The scripts of ours that stand inside the pages. The security policy allows them by their hashes.
INLINE_SCRIPTS = (HISTORY, FIND, ACTING_AS, NAMES, LINKS, DIALOGS, CLICKS, LOST, SIDEBAR)
