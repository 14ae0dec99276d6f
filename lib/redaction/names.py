"""Names whose values are secrets, in any spelling."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# These words make a name the name of a secret wherever they stand in it …
_ANYWHERE = (
    "secret|token|password|passwort|kennwort|contrasena|mot de passe"
    "|senha|palavra passe|wachtwoord|losenord|adgangskode|kodeord|heslo|salasana|jelszo|sifre|kata sandi"
    "|mnemonic|(?:seed|recovery|secret) phrase"
    "|passwd|pwd|pw|passphrase|passcode|authorization|cookie|credential|bearer|jwt|otp|totp"
    "|ssn|social security|iban|pan|cvv|cvc|security code|card n(?:umber|o|um|r)|credit card"
    "|bank account n(?:umber|o|um|r)|routing n(?:umber|o|um|r)|sort code"
    "|(?:api|access|private|secret|signing|encryption|account|master|ssh|session|client|license|licence) key|apikey"
)
# … and these only at its end: a card is a secret, a card type is not.
_LAST = (
    "pass|(?<!palabra )clave|parola|pin|pin code|pin number|auth|card|debit card|bank account"
    "|account n(?:umber|o|um|r)|acct n(?:umber|o|um|r)"
    "|session|(?:session|sess|connect s) ?id"
    "|(?:mfa|fa|auth|access|verification|authentication|one time|backup|recovery|sms|login) code"
)
_WORDS = re.compile(rf"\b(?:(?:{_ANYWHERE})s?\b|(?:{_LAST})s?$)")
# How many words a model has read or written, in what it says of its work.
_COUNTED = re.compile(r"\b(?:max|min|total|prompt|completion|input|output|cached|reasoning) (?:[a-z]+ )?tokens\b")
# Words for a password in letters that are not Latin.
_OTHER_LETTERS = re.compile(
    "парол|hasł|密码|密碼|口令|パスワード|暗証番号|비밀번호|암호|סיסמ|كلمة المرور|كلمة السر|κωδικός|पासवर्ड|รหัสผ่าน"
)
# Endings of names that are written without gaps: dbpassword, xapikey.
_ENDS = re.compile(
    r"(?:secret|token|password|passwort|kennwort|passwd|passphrase|authorization|cookie|credential|apikey|accesskey|privatekey"
    r"|secretkey|signingkey|encryptionkey|cardnumber|cardno|creditcard|debitcard|bankaccount|accountnumber"
    r"|routingnumber|socialsecuritynumber|sessionid|sessid|mfacode|xauth)s?$"
)


def is_sensitive(name: str) -> bool:
    """Whether the value of this name is a secret. Whole words count only, so "tokenizer" is none."""
    return _names_secret(name if len(name) <= 200 else name[:100] + " " + name[-100:])


@lru_cache(maxsize=4096)
def _names_secret(name: str) -> bool:
    if not name.isascii() and _OTHER_LETTERS.search(unicodedata.normalize("NFC", name).lower()):
        return True
    plain = "".join(one for one in unicodedata.normalize("NFKD", name) if not unicodedata.combining(one))
    found = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", plain)
    words = _COUNTED.sub("", " ".join(found).lower())
    return bool(_WORDS.search(words) or _ENDS.search(words.replace(" ", "")))
