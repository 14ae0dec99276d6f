"""The way in that is configured."""

from __future__ import annotations

from lib.ui.components.guard import Entrance
from lib.ui.people import acting_as, sign_in


def configured() -> Entrance:
    """Sign-in, or where none is configured the choice of whom to act as."""
    return sign_in if sign_in.is_configured() else acting_as
