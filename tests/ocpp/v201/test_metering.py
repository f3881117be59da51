"""Block J: meter values as OCPP 2.0.1 has them."""

from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.settings import Settings
from bridge.core.values import Reading, ReadingContext
from bridge.ocpp.frames import Call, decode, encode
from bridge.ocpp.v201.metering import OCMF_METHOD, SIGNED_MAX, meter_value, meter_values
from tests.ocpp import worlds
from tests.ocpp.v201.desk import said
from tests.ocpp.worlds import NOW_TEXT, READING

REGISTER = "Energy.Active.Import.Register"
CLOCK = replace(READING, context=ReadingContext.CLOCK)


@pytest.mark.requirement("2.0.1 TC_J_01_CS")
def test_a_reading_on_the_grid_holds_the_register_unless_told_otherwise() -> None:
    for aligned in (Settings().aligned, ()):
        assert said(meter_values(CLOCK, Settings(aligned=aligned))) == {
            "evseId": 1,
            "meterValue": [
                {
                    "timestamp": NOW_TEXT,
                    "sampledValue": [
                        {
                            "value": 12_345,
                            "context": "Sample.Clock",
                            "measurand": REGISTER,
                            "location": "Outlet",
                            "unitOfMeasure": {"unit": "Wh"},
                        }
                    ],
                }
            ],
        }


def _values(told: dict[str, Any] | None) -> list[tuple[str, float, str | None, str, str]]:
    assert told is not None
    return [
        (value["measurand"], value["value"], value.get("phase"), value["unitOfMeasure"]["unit"], value["location"])
        for value in told["sampledValue"]
    ]


def test_numbers_are_numbers_with_their_units_and_phases() -> None:
    wanted = ("Power.Active.Import", "Current.Import", "Voltage", "SoC", "Current.Offered")
    assert _values(meter_value(READING, wanted)) == [
        ("Power.Active.Import", 7360.5, None, "W", "Outlet"),
        ("Current.Import", 10.0, "L1", "A", "Outlet"),
        ("Current.Import", 11.25, "L2", "A", "Outlet"),
        ("Current.Import", 12.0, "L3", "A", "Outlet"),
        ("Voltage", 230.0, "L1-N", "V", "Outlet"),
        ("Voltage", 229.9, "L2-N", "V", "Outlet"),
        ("Voltage", 231.0, "L3-N", "V", "Outlet"),
        # errata, J cases: location EV for the state of charge alone
        ("SoC", 55.0, None, "Percent", "EV"),
        ("Current.Offered", 16.0, None, "A", "Outlet"),
    ]


@pytest.mark.requirement("2.0.1 TC_F_11_CS")
def test_a_reading_asked_for_has_the_measurands_of_the_grid() -> None:
    """F06.FR.06."""
    settings = Settings(aligned=("Voltage",), sampled=("SoC",))
    (told,) = said(meter_values(replace(READING, context=ReadingContext.TRIGGER), settings))["meterValue"]
    assert {(value["measurand"], value["context"]) for value in told["sampledValue"]} == {("Voltage", "Trigger")}


def test_nothing_is_told_where_nothing_wanted_is_known() -> None:
    assert meter_values(worlds.BEGIN, Settings(aligned=("SoC",))) is None
    assert meter_value(worlds.BEGIN, ()) is None


def test_a_reading_may_be_told_in_another_context() -> None:
    told = meter_value(READING, (REGISTER,), ReadingContext.END)
    assert told is not None
    assert told["sampledValue"][0]["context"] == "Transaction.End"


# --- signatures -------------------------------------------------------------------------------------------------------------------

OCMF = 'OCMF|{"FV":"1.0","GI":"ACME","RD":[{"RV":12.345}]}|{"SA":"ECDSA-secp384r1-SHA256","SD":"30450221"}'


def _signed(text: str) -> dict[str, Any] | None:
    told = meter_value(replace(READING, signed=text), ("Voltage", REGISTER))
    assert told is not None
    assert not any("signedMeterValue" in value for value in told["sampledValue"][:-1])
    signature: dict[str, Any] | None = told["sampledValue"][-1].get("signedMeterValue")
    said(meter_values(replace(READING, signed=text), Settings()))
    return signature


@pytest.mark.requirement("2.0.1 TC_J_04_CS")
def test_a_signature_is_passed_on_byte_for_byte_with_the_register() -> None:
    signature = _signed(OCMF)
    assert signature is not None
    assert b64decode(signature.pop("signedMeterData")).decode() == OCMF
    assert signature == {"signingMethod": "ECDSA-secp384r1-SHA256", "encodingMethod": "OCMF", "publicKey": ""}


@pytest.mark.parametrize(
    "text, method",
    [
        ('OCMF|{}|{"SD":"30"}', OCMF_METHOD),
        ("OCMF|{}|", OCMF_METHOD),
        ("OCMF", OCMF_METHOD),
        ("OCMF|{}|[]", OCMF_METHOD),
        ('OCMF|{}|{"SA":7}', OCMF_METHOD),
        ('OCMF|{}|{"SA":"' + "x" * 51 + '"}', OCMF_METHOD),
        ("OCMF|{}|" + "[" * 1800, OCMF_METHOD),
    ],
)
def test_what_does_not_say_how_it_is_signed_is_signed_as_ocmf_has_it(text: str, method: str) -> None:
    signature = _signed(text)
    assert signature is not None
    assert (signature["signingMethod"], signature["encodingMethod"]) == (method, "OCMF")


def test_other_formats_go_without_a_name() -> None:
    signature = _signed("<signed>1234</signed>")
    assert signature is not None
    assert (signature["signingMethod"], signature["encodingMethod"]) == ("", "")


def test_a_signature_too_long_for_its_field_is_left_out() -> None:
    """Half a signature is worthless; the register is told without."""
    fits = "x" * (SIGNED_MAX // 4 * 3)
    assert _signed(fits) is not None
    assert _signed(fits + "x") is None


# --- laws -------------------------------------------------------------------------------------------------------------------------


@given(worlds.readings, worlds.settings)
def test_every_reading_can_be_told_by_the_official_schema(reading: Reading, settings: Settings) -> None:
    outgoing = meter_values(reading, settings)
    if outgoing is not None:
        call = Call(message_id="a", action="MeterValues", payload=said(outgoing))
        assert decode(encode(call)) == call


@given(st.text(max_size=200))
def test_every_text_of_a_meter_can_be_told(text: str) -> None:
    _signed("OCMF|" + text)
