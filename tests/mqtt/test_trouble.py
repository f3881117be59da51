"""Why there is no connection, in one line that says what to do."""

import aiomqtt
import pytest
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from bridge.mqtt.trouble import KICKED_WITHIN_S, HungUp, Rights, Rivalry, Trouble, trouble_of


def _answer(number: int) -> MqttConnectError:
    return MqttConnectError(ReasonCode(PacketTypes.CONNACK, identifier=number))


def _ended(number: int) -> aiomqtt.MqttCodeError:
    return aiomqtt.MqttCodeError(ReasonCode(PacketTypes.DISCONNECT, identifier=number), "Unexpected disconnection")


@pytest.mark.parametrize(
    "error, text, patient, kicked",
    [
        (_answer(134), "the broker at b:1883 refuses user 'ev': check user and password_file of [mqtt]", True, False),
        (_answer(135), "the broker at b:1883 refuses user 'ev': check user and password_file of [mqtt]", True, False),
        (_answer(132), 'the broker at b:1883 does not speak MQTT 5: set protocol = "3.1.1" in [mqtt]', True, False),
        (_answer(133), "the broker at b:1883 refuses the client id 'evbridge-home': change instance in [mqtt]", True, False),
        (_answer(136), "the connection to the broker at b:1883 broke (Server unavailable)", False, False),
        (_ended(142), "another client connected to b:1883 as 'evbridge-home'", False, True),
        (_ended(128), "the broker at b:1883 closed the connection", False, False),
        (_ended(139), "the connection to the broker at b:1883 broke (Server shutting down)", False, False),
        (aiomqtt.MqttCodeError(7, "Could not publish"), "the connection to the broker at b:1883 broke (7)", False, False),
        (
            aiomqtt.MqttError("Operation timed out"),
            'the broker at b:1883 does not answer; if it does not speak MQTT 5, set protocol = "3.1.1" in [mqtt]',
            False,
            False,
        ),
        (
            aiomqtt.MqttError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"),
            "TLS with the broker at b:1883 failed ([SSL: CERTIFICATE_VERIFY_FAILED] self-signed): check tls and ca_file of [mqtt]",
            True,
            False,
        ),
        (
            aiomqtt.MqttError("[Errno 111] Connection refused"),
            "the broker at b:1883 can't be reached ([Errno 111] Connection refused): check host, port and tls of [mqtt]",
            False,
            False,
        ),
        (
            ConnectionResetError(),
            "the broker at b:1883 can't be reached (ConnectionResetError): check host, port and tls of [mqtt]",
            False,
            False,
        ),
    ],
)
def test_each_trouble_is_one_clear_line(error: Exception, text: str, patient: bool, kicked: bool) -> None:
    trouble = trouble_of(error, place="b:1883", user="ev", client_id="evbridge-home", protocol="5")
    assert trouble == Trouble(text=text, patient=patient, kicked=kicked)


@pytest.mark.parametrize("protocol, older", [("5", '; if it does not speak MQTT 5, set protocol = "3.1.1"'), ("3.1.1", "")])
def test_a_broker_that_hangs_up_may_want_tls_or_an_older_protocol(protocol: str, older: str) -> None:
    """It does not say which."""
    trouble = trouble_of(HungUp("hung up"), place="b:1883", user=None, client_id="evbridge", protocol=protocol)
    assert trouble == Trouble(text=f"the broker at b:1883 hung up before it had answered: check port and tls of [mqtt]{older}")


def test_an_anonymous_client_is_called_so() -> None:
    assert "refuses an anonymous client" in trouble_of(_answer(135), place="b:1", user=None, client_id="e", protocol="5").text


def test_a_mute_broker_is_not_told_to_change_the_protocol_twice() -> None:
    trouble = trouble_of(aiomqtt.MqttError("Operation timed out"), place="b:1", user=None, client_id="e", protocol="3.1.1")
    assert "protocol" not in trouble.text


KICKED = Trouble(text="kicked", kicked=True)
CLOSED = Trouble(text="closed")


@pytest.mark.parametrize(
    "history, rivals",
    [
        ([(KICKED, 1.0)] * 3, True),
        ([(KICKED, 60.0)] * 3, True),
        ([(KICKED, 1.0)] * 2, False),
        # a restart that overlapped, once a day
        ([(KICKED, KICKED_WITHIN_S + 1)] * 5, False),
        ([(KICKED, 1.0), (CLOSED, KICKED_WITHIN_S + 1), (KICKED, 1.0), (KICKED, 1.0)], False),
        # the broker does not say why
        ([(CLOSED, 1.0)] * 3, True),
        ([(CLOSED, 1.0)] * 2, False),
        ([(CLOSED, 11.0)] * 5, False),
        ([(CLOSED, 1.0), (CLOSED, 1.0), (CLOSED, None), (CLOSED, 1.0)], False),
        # already known to be something else, as a missing right
        ([(Trouble(text="rights", patient=True), 1.0)] * 5, False),
    ],
)
def test_two_bridges_under_one_name_are_noticed(history: list[tuple[Trouble, float | None]], rivals: bool) -> None:
    """They throw each other out at every reconnect; the log says so once instead of filling up."""
    rivalry = Rivalry(place="b:1883", client_id="evbridge-home")
    *_, last = [rivalry.judge(trouble, served_s) for trouble, served_s in history]
    if rivals:
        assert last.text == (
            "b:1883 takes the connection away again and again: if another client connects as 'evbridge-home', "
            "give each bridge its own instance in [mqtt]"
        )
        assert last.patient
    else:
        assert last == history[-1][0]


def test_missing_rights_are_named_with_the_line_that_grants_them() -> None:
    """Whoever runs the broker copies it into the ACL file."""
    rights = Rights(user="ev", root="evbridge", probe="evbridge/bridge/sync")
    need = "its ACL needs 'user ev' and below it 'topic readwrite evbridge/#'"
    assert rights.unwritten() is None
    assert rights.unheard() == f"the broker does not give back what this bridge writes to evbridge/bridge/sync: {need}"
    assert rights.hung_up() == f"the broker closed the connection when this bridge wrote to evbridge/bridge/sync: {need}"
    assert rights.refused(("a/+", "b")) == f"the broker refuses the subscriptions a/+, b: {need}"
    assert rights.deny(None) == f"the broker does not let this bridge write to evbridge/bridge/sync: {need}"
    assert rights.deny("evbridge/x") == f"the broker does not let this bridge write to evbridge/x: {need}"
    assert rights.unwritten() == rights.unheard() == rights.deny("evbridge/x")
    rights.begin()
    assert rights.unwritten() is None


def test_an_anonymous_bridge_needs_no_user_line() -> None:
    assert Rights(user=None, root="r", probe="r/bridge/sync").unheard().endswith(": its ACL needs 'topic readwrite r/#'")
