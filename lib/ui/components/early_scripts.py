"""Scripts of the frontend that a browser is to ask for with the first ones.

It fetches the script that draws a kind of element when one of that kind comes, and has nothing to do until then. Those
of the catalog's cards are named in the document, as the frontend names the sixty that it begins with
(docs/decisions/0125).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import streamlit

#: Kinds of elements that are there before the catalog's cards, and theirs.
CARDS = ("BidiComponent", "Button")
_FRONTEND = Path(streamlit.__file__).parent / "static"
_FOLDER = "static/js/"
_IMPORTED = re.compile(r'(?:from|import)"\./([^"/]+\.js)"')
_NAMED = re.compile(rf'"\./{_FOLDER}([^"/]+\.js)"')


def of(kinds: Iterable[str]) -> list[str]:
    """Names of the scripts that draw these kinds of elements, and of what those import; paths below the document.

    Without those that the document names anyway. A kind that the frontend does not have is left out.
    """
    known = set(_NAMED.findall((_FRONTEND / "index.html").read_text(encoding="utf-8")))
    scripts = _FRONTEND / _FOLDER
    found: list[str] = []
    ahead = [file.name for kind in kinds for file in scripts.glob(f"{kind}.*.js")]
    while ahead:
        name = ahead.pop(0)
        if name not in known:
            known.add(name)
            found.append(_FOLDER + name)
            ahead += _IMPORTED.findall((scripts / name).read_text(encoding="utf-8"))
    return found
