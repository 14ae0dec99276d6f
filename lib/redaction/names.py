"""Which names say of a value that it is a secret, in any spelling."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Words, and words in a row, that make a name that of a secret wherever they stand in it …
_ANYWHERE = (
    "secret|token|password|passwd|pwd|pw|passphrase|passcode|authorization|cookie|credential|bearer|jwt|otp|totp"
    "|ssn|social security|iban|pan|cvv|cvc|security code|card n(?:umber|o|um|r)|credit card"
    "|bank account n(?:umber|o|um|r)|routing n(?:umber|o|um|r)|sort code"
    "|(?:api|access|private|secret|signing|encryption|account|master|ssh|session) key|apikey"
)
# … and those that do so only at its end: a card is one, its type is not.
_LAST = (
    "pass|pin|pin code|pin number|auth|card|debit card|bank account|account n(?:umber|o|um|r)|acct n(?:umber|o|um|r)"
    "|session|(?:session|sess) id"
    "|(?:mfa|fa|auth|access|verification|authentication|one time|backup|recovery|sms|login) code"
)
_WORDS = re.compile(rf"\b(?:(?:{_ANYWHERE})s?\b|(?:{_LAST})s?$)")
# How a name written without any gap ends when it is one: dbpassword, xapikey.
_ENDS = re.compile(
    r"(?:secret|token|password|passwd|passphrase|authorization|cookie|credential|apikey|accesskey|privatekey"
    r"|secretkey|signingkey|encryptionkey|cardnumber|cardno|creditcard|debitcard|bankaccount|accountnumber"
    r"|routingnumber|socialsecuritynumber|sessionid|sessid|mfacode|xauth)s?$"
)


def is_sensitive(name: str) -> bool:
    """Whether a name is that of a secret: whole words only, so "tokenizer" is not."""
    return _names_secret(name if len(name) <= 200 else name[:100] + " " + name[-100:])


@lru_cache(maxsize=4096)
def _names_secret(name: str) -> bool:
    found = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", unicodedata.normalize("NFKC", name))
    words = " ".join(found).lower()
    return bool(_WORDS.search(words) or _ENDS.search(words.replace(" ", "")))
