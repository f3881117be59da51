"""The rule about secrets: what must not be seen is not to be found (reliability.md §4: 15)."""

from collections.abc import Iterable, Iterator, Mapping

from bridge.audit.case import finding
from bridge.audit.ledgers import Finding


def nothing_told(texts: Mapping[str, str], canaries: Iterable[str]) -> Iterator[Finding]:
    """Whole tags and secrets stand in no log, no stored message, no figure and no dump.

    `texts` by where they were found. The finding does not repeat the secret.
    """
    secrets = [canary.casefold() for canary in canaries]
    for where, text in texts.items():
        folded = text.casefold()
        for number, secret in enumerate(secrets, 1):
            if secret in folded:
                yield finding(15, None, f"{where} tells secret number {number}")
