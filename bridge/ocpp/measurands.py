"""What a reading has to offer, by the names both versions of OCPP use. Pure.

A quantity the meter doesn't tell is left out: a missing value is honest, a zero is not.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

from bridge.core.values import Reading

REGISTER = "Energy.Active.Import.Register"
PHASES = ("L1", "L2", "L3")
DECIMALS = 3
"""mW, mA and mV: finer than any meter in a wallbox is exact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One number of a reading."""

    measurand: str
    value: float
    unit: str
    phase: str | None = None
    location: str = "Outlet"

    @property
    def text(self) -> str:
        """The number as a decimal, never with an exponent."""
        text = f"{self.value:.{DECIMALS}f}".rstrip("0").rstrip(".")
        return "0" if text == "-0" else text


def _register(reading: Reading) -> Iterator[Sample]:
    yield Sample(measurand=REGISTER, value=reading.register_wh, unit="Wh")


def _power(reading: Reading) -> Iterator[Sample]:
    if reading.power_w is not None:
        yield Sample(measurand="Power.Active.Import", value=reading.power_w, unit="W")


def _current(reading: Reading) -> Iterator[Sample]:
    for phase, current_a in zip(PHASES, reading.current_a or (), strict=False):
        yield Sample(measurand="Current.Import", value=current_a, unit="A", phase=phase)


def _offered(reading: Reading) -> Iterator[Sample]:
    if reading.offered_a is not None:
        yield Sample(measurand="Current.Offered", value=reading.offered_a, unit="A")


def _voltage(reading: Reading) -> Iterator[Sample]:
    for phase, voltage_v in zip(PHASES, reading.voltage_v or (), strict=False):
        yield Sample(measurand="Voltage", value=voltage_v, unit="V", phase=f"{phase}-N")


def _charge(reading: Reading) -> Iterator[Sample]:
    if reading.soc_percent is not None:
        # OCPP 2.0.1 errata, J cases: location EV is for the state of charge alone
        yield Sample(measurand="SoC", value=reading.soc_percent, unit="Percent", location="EV")


_SOURCES: Mapping[str, Callable[[Reading], Iterator[Sample]]] = {
    REGISTER: _register,
    "Power.Active.Import": _power,
    "Current.Import": _current,
    "Current.Offered": _offered,
    "Voltage": _voltage,
    "SoC": _charge,
}
MEASURANDS: tuple[str, ...] = tuple(_SOURCES)
"""What a central system may ask for. Intervals are not among them: one reading doesn't know the one before."""


def samples(reading: Reading, measurands: Iterable[str]) -> tuple[Sample, ...]:
    """What the reading knows of these measurands, in their order; all phases of each (1.6 errata 3.14.3)."""
    wanted = [source for measurand in dict.fromkeys(measurands) if (source := _SOURCES.get(measurand)) is not None]
    return tuple(sample for source in wanted for sample in source(reading) if isfinite(sample.value))
