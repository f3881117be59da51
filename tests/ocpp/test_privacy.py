"""No whole tag in the log."""

import pytest

from bridge.ocpp.privacy import hidden, is_guarded, without


@pytest.mark.parametrize(
    "frame, shown",
    [
        ('[2,"1","Authorize",{"idTag":"04A1B2C3"}]', '[2,"1","Authorize",{"idTag":"…"}]'),
        ('{"idTagInfo": {"status": "Accepted", "parentIdTag" : "FLEET"}}', '{"idTagInfo": {"status": "Accepted", "parentIdTag" : "…"}}'),
        ('{"idToken":{"idToken":"04A1B2C3","type":"ISO14443"}}', '{"idToken":{"idToken":"…","type":"ISO14443"}}'),
        ('{"groupIdToken":{"idToken":"a\\"b","type":"Central"}}', '{"groupIdToken":{"idToken":"…","type":"Central"}}'),
        ('{"additionalInfo":[{"additionalIdToken":"A","type":"x"}]}', '{"additionalInfo":[{"additionalIdToken":"…","type":"x"}]}'),
        ('{"transactionId":7}', '{"transactionId":7}'),
        ('{"key":"AuthorizationKey","value":"6765\\"68"}', '{"key":"AuthorizationKey","value":"…"}'),
        ('{"key":"HeartbeatInterval","value":"60"}', '{"key":"HeartbeatInterval","value":"60"}'),
        (
            '{"attributeValue":"geheim","variable":{"name":"BasicAuthPassword"}}',
            '{"attributeValue":"…","variable":{"name":"BasicAuthPassword"}}',
        ),
        ('["NotifyCustomerInformation",{"data":"cache: 04A1"}]', '["NotifyCustomerInformation",{"data":"…"}]'),
        ('{"location":"ftp://ada:geheim@files.example/in"}', '{"location":"ftp://…@files.example/in"}'),
        ('{"location":"https://files.example/put?sig=geheim"}', '{"location":"https://files.example/put?…"}'),
        ('{"location":"https://files.example/in/"}', '{"location":"https://files.example/in/"}'),
        ('{"location":"https://a:b@files.example/put?sig=c"}', '{"location":"https://…@files.example/put?…"}'),
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


@pytest.mark.parametrize(
    "line, guarded",
    [
        ('> [2,"1","BootNotification",{}]', True),
        ('< [2,"1","Reset",{"type":"Soft"}]', True),
        ('< [2,"1","SetVariables",[{"component":{"name":"SecurityCtrlr"}}]]', True),
        ('> [2,"1","MeterValues",{}]', False),
    ],
)
def test_a_security_log_is_about_the_doors(line: str, guarded: bool) -> None:
    assert is_guarded(line) is guarded
