"""No whole tag in the log."""

import pytest

from bridge.ocpp.privacy import hidden, without


@pytest.mark.parametrize(
    "frame, shown",
    [
        ('[2,"1","Authorize",{"idTag":"04A1B2C3"}]', '[2,"1","Authorize",{"idTag":"…"}]'),
        ('{"idTagInfo": {"status": "Accepted", "parentIdTag" : "FLEET"}}', '{"idTagInfo": {"status": "Accepted", "parentIdTag" : "…"}}'),
        ('{"idToken":{"idToken":"04A1B2C3","type":"ISO14443"}}', '{"idToken":{"idToken":"…","type":"ISO14443"}}'),
        ('{"groupIdToken":{"idToken":"a\\"b","type":"Central"}}', '{"groupIdToken":{"idToken":"…","type":"Central"}}'),
        ('{"transactionId":7}', '{"transactionId":7}'),
    ],
)
def test_fields_that_carry_a_tag_are_masked(frame: str, shown: str) -> None:
    assert hidden(frame, mask=lambda _: "…") == shown


@pytest.mark.parametrize(
    "text, tag, shown",
    [
        ("unknown tag 04a1b2c3!", "04A1B2C3", "unknown tag …!"),
        ("nothing of it", "04A1B2C3", "nothing of it"),
        ("(.*) is no pattern", "(.*)", "… is no pattern"),
        ("an empty tag", "", "an empty tag"),
    ],
)
def test_a_tag_repeated_in_a_text_is_masked(text: str, tag: str, shown: str) -> None:
    assert without(text, tag) == shown


def test_a_network_profile_is_not_in_the_log() -> None:
    """It may hold the PIN of a modem and the key of a VPN."""
    frame = '[2,"1","SetNetworkProfile",{"configurationSlot":2,"connectionData":{"vpn":{"password":"geheim"},"apn":{"simPin":1234}}}]'
    assert hidden(frame, mask=lambda _: "…") == '[2,"1","SetNetworkProfile"…'
