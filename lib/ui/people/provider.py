"""What Streamlit has to know of the provider. It keeps it in memory, and no file has the secrets."""

from __future__ import annotations

from typing import Any

from streamlit import config

from lib.auth import sign_in_settings
from lib.settings import Settings


def secrets(settings: Settings) -> dict[str, Any] | None:
    """What to give st.App; None where no provider is configured. Raises ConfigurationError for what is missing."""
    if settings.auth != "oidc":
        return None
    sign_in_settings.check(settings)
    cookie_secret = settings.cookie_secret.get_secret_value() if settings.cookie_secret else ""
    # Signs what a browser keeps while it is at the provider: it may come back to another process.
    config.set_option("server.cookieSecret", cookie_secret)
    return {
        "auth": {
            "redirect_uri": sign_in_settings.redirect_uri(settings),
            "cookie_secret": cookie_secret,
            "client_id": settings.oidc_client_id or "",
            "client_secret": settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else "",
            "server_metadata_url": sign_in_settings.metadata_url(settings),
        }
    }
