"""Why there is no connection, in one line that says what to do."""

import aiomqtt
import pytest
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from bridge.mqtt.trouble import KICKED_WITHIN_S, Rivalry, Trouble, trouble_of


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
            "the broker at b:1883 can't be reached ([Errno 111] Connection refused): check host and port of [mqtt]",
            False,
            False,
        ),
        (
            ConnectionResetError(),
            "the broker at b:1883 can't be reached (ConnectionResetError): check host and port of [mqtt]",
            False,
            False,
        ),
    ],
)
def test_each_trouble_is_one_clear_line(error: Exception, text: str, patient: bool, kicked: bool) -> None:
    trouble = trouble_of(error, place="b:1883", user="ev", client_id="evbridge-home", protocol="5")
    assert trouble == Trouble(text=text, patient=patient, kicked=kicked)


def test_an_anonymous_client_is_called_so() -> None:
    assert "refuses an anonymous client" in trouble_of(_answer(135), place="b:1", user=None, client_id="e", protocol="5").text


def test_a_mute_broker_is_not_told_to_change_the_protocol_twice() -> None:
    trouble = trouble_of(aiomqtt.MqttError("Operation timed out"), place="b:1", user=None, client_id="e", protocol="3.1.1")
    assert "protocol" not in trouble.text


KICKED = Trouble(text="kicked", kicked=True)
CLOSED = Trouble(text="closed")


@pytest.mark.parametrize(
    "told, history, rivals",
    [
        (True, [(KICKED, 1.0)] * 3, True),
        (True, [(KICKED, 60.0)] * 3, True),
        (True, [(KICKED, 1.0)] * 2, False),
        # a restart that overlapped, once a day
        (True, [(KICKED, KICKED_WITHIN_S + 1)] * 5, False),
        (True, [(KICKED, 1.0), (CLOSED, KICKED_WITHIN_S + 1), (KICKED, 1.0), (KICKED, 1.0)], False),
        # MQTT 5 tells a takeover; a broker that restarts again and again is none
        (True, [(CLOSED, 1.0)] * 5, False),
        (False, [(CLOSED, 1.0)] * 3, True),
        (False, [(CLOSED, 1.0)] * 2, False),
        (False, [(CLOSED, 11.0)] * 5, False),
        (False, [(CLOSED, 1.0), (CLOSED, 1.0), (CLOSED, None), (CLOSED, 1.0)], False),
    ],
)
def test_two_bridges_under_one_name_are_noticed(told: bool, history: list[tuple[Trouble, float | None]], rivals: bool) -> None:
    """They throw each other out at every reconnect; the log says so once instead of filling up."""
    rivalry = Rivalry(place="b:1883", client_id="evbridge-home", told=told)
    *_, last = [rivalry.judge(trouble, served_s) for trouble, served_s in history]
    if rivals:
        assert last.text == "another client keeps connecting to b:1883 as 'evbridge-home': give each bridge its own instance in [mqtt]"
        assert last.patient
    else:
        assert last == history[-1][0]
