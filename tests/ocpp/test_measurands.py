"""What a reading offers."""

import re
from dataclasses import replace

import pytest
from hypothesis import given

from bridge.core.values import Reading
from bridge.ocpp.measurands import MEASURANDS, REGISTER, Sample, samples
from tests.ocpp import worlds
from tests.ocpp.worlds import BEGIN, READING


@pytest.mark.parametrize(
    "measurand, told",
    [
        ("Energy.Active.Import.Register", [("12345", None, "Wh", "Outlet")]),
        ("Power.Active.Import", [("7360.5", None, "W", "Outlet")]),
        ("Current.Import", [("10", "L1", "A", "Outlet"), ("11.25", "L2", "A", "Outlet"), ("12", "L3", "A", "Outlet")]),
        ("Current.Offered", [("16", None, "A", "Outlet")]),
        ("Voltage", [("230", "L1-N", "V", "Outlet"), ("229.9", "L2-N", "V", "Outlet"), ("231", "L3-N", "V", "Outlet")]),
        ("SoC", [("55", None, "Percent", "EV")]),
        ("Frequency", []),
    ],
)
def test_each_measurand_has_its_unit_phases_and_place(measurand: str, told: list[tuple[str, str | None, str, str]]) -> None:
    assert [(sample.text, sample.phase, sample.unit, sample.location) for sample in samples(READING, [measurand])] == told


def test_what_the_meter_does_not_tell_is_left_out() -> None:
    """A missing voltage is missing, not zero."""
    assert [sample.measurand for sample in samples(BEGIN, MEASURANDS)] == [REGISTER]


def test_the_order_asked_for_is_kept_and_nothing_is_said_twice() -> None:
    asked = ["SoC", REGISTER, "SoC"]
    assert [sample.measurand for sample in samples(READING, asked)] == ["SoC", REGISTER]


def test_a_single_phase_meter_tells_one_phase() -> None:
    assert [sample.phase for sample in samples(replace(READING, current_a=(6.0,)), ["Current.Import"])] == ["L1"]


def test_a_fourth_phase_does_not_exist() -> None:
    assert len(samples(replace(READING, voltage_v=(1.0, 2.0, 3.0, 4.0)), ["Voltage"])) == 3


def test_what_is_no_number_is_left_out() -> None:
    broken = replace(READING, power_w=float("nan"), soc_percent=float("inf"))
    assert samples(broken, ["Power.Active.Import", "SoC"]) == ()


@pytest.mark.parametrize(
    "value, text",
    [(0.0, "0"), (-0.0, "0"), (-0.0001, "0"), (1e-9, "0"), (0.1 + 0.2, "0.3"), (1e21, "1" + "0" * 21), (-1.5, "-1.5"), (100.0, "100")],
)
def test_numbers_are_decimals_without_an_exponent(value: float, text: str) -> None:
    assert Sample(measurand="SoC", value=value, unit="Percent").text == text


@given(worlds.readings)
def test_every_sample_of_any_reading_is_a_plain_decimal(reading: Reading) -> None:
    for sample in samples(reading, MEASURANDS):
        assert re.fullmatch(r"-?\d+(\.\d{1,3})?", sample.text)
