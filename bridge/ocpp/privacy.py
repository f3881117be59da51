"""Frames and error texts as they may be logged: no whole tag (design.md §3)."""

import re
from collections.abc import Callable

_TAGS = re.compile(r'("(?:idTag|parentIdTag|idToken|groupIdToken|additionalIdToken|customerIdentifier)"\s*:\s*")((?:[^"\\]|\\.)*)(")')
"""Fields that carry a tag, in both versions. In 2.0.1 `idToken` is an object around a field of the same name, which is the one hit."""


_USER, _QUERY = re.compile(r'://[^/\s"@]*@'), re.compile(r'(://[^\s"?]*)\?[^\s"]*')
"""Who logs in somewhere, and links that open without: a user with a password, a query with a signature."""
_SECRET = re.compile("AuthorizationKey|BasicAuthPassword|MasterPassGroupId|NotifyCustomerInformation", re.IGNORECASE)
_VALUE = re.compile(r'("(?:value|attributeValue|data)"\s*:\s*")(?:[^"\\]|\\.)*(")')
"""What a frame that names one of those carries: a password, a tag, all that is known of a person."""
_NETWORK = '"SetNetworkProfile"'
"""It may name a modem's PIN and the key of a VPN, in an object that may hold anything."""


def without(text: str, tag: str) -> str:
    """The text without this one tag, however it is written: central systems like to repeat it in the text of an error."""
    return re.sub(re.escape(tag), "…", text, flags=re.IGNORECASE) if tag else text


def hidden(text: str, mask: Callable[[str], str]) -> str:
    """The text with every tag masked, and without what may hold the passwords of a network."""
    begin, found, _ = text.partition(_NETWORK)
    if found:
        text = f"{begin}{found}…"
    if _SECRET.search(text) is not None:
        text = _VALUE.sub(r"\1…\2", text)
    if "://" in text:
        text = _QUERY.sub(r"\1?…", _USER.sub("://…@", text))
    return _TAGS.sub(lambda found: found[1] + mask(found[2]) + found[3], text)


_GUARDED = re.compile(
    "SecurityEventNotification|BootNotification|UpdateFirmware|SetNetworkProfile|CertificateSigned|InstallCertificate|DeleteCertificate"
    '|AuthorizationKey|BasicAuthPassword|SecurityCtrlr|"Reset"|GetLog|GetDiagnostics',
    re.IGNORECASE,
)


def is_guarded(line: str) -> bool:
    """Whether a line of the journal belongs into a security log (OCPP 2.0.1 N01.FR.03): about the doors, not about the charging."""
    return _GUARDED.search(line) is not None
