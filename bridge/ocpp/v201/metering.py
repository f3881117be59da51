"""Block J, meter values: MeterValues, and the sampled values of transactions. Pure."""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping

from bridge.core.settings import Settings
from bridge.core.values import Reading, ReadingContext
from bridge.ocpp.dialect import Handler, JsonObject, Outgoing, Words
from bridge.ocpp.measurands import DECIMALS, REGISTER, Sample, samples
from bridge.ocpp.times import as_iso
from bridge.ocpp.v201.evse import EVSE
from bridge.ocpp.v201.variable import Variable

HANDLERS: Mapping[str, Handler] = {}
ANSWERS: Mapping[str, Words] = {}
VARIABLES: tuple[Variable, ...] = ()

SIGNED_MAX, METHOD_MAX = 2500, 50
"""Of SignedMeterValueType."""
OCMF, OCMF_METHOD = "OCMF", "ECDSA-secp256r1-SHA256"
"""The format, and what its signature is made with where it doesn't say (OCMF 1.0, `SA`)."""


def meter_values(reading: Reading, settings: Settings) -> Outgoing | None:
    """MeterValuesRequest, outside a transaction; None where nothing that is wanted is known.

    On the clock's grid or asked for (F06.FR.06), the measurands are those of AlignedDataMeasurands.
    """
    told = meter_value(reading, settings.aligned or (REGISTER,))
    return None if told is None else Outgoing("MeterValues", {"evseId": EVSE, "meterValue": [told]})


def meter_value(reading: Reading, measurands: Iterable[str], context: ReadingContext | None = None) -> JsonObject | None:
    """A MeterValueType; None where the reading has nothing of what is wanted. `context` where the reading was taken for another one."""
    why = (context or reading.context).value
    values = [_sampled_value(sample, why, reading.signed) for sample in samples(reading, measurands)]
    return {"timestamp": as_iso(reading.utc_ms), "sampledValue": values} if values else None


def _sampled_value(sample: Sample, why: str, signed: str | None) -> JsonObject:
    told = {
        "value": round(sample.value, DECIMALS),
        "context": why,
        "measurand": sample.measurand,
        "location": sample.location,
        "unitOfMeasure": {"unit": sample.unit},
    }
    if sample.phase is not None:
        told["phase"] = sample.phase
    # the signature covers the register, so it goes where the register goes
    signature = None if signed is None or sample.measurand != REGISTER else _signed(signed)
    return told if signature is None else told | {"signedMeterValue": signature}


def _signed(text: str) -> JsonObject | None:
    """A SignedMeterValueType; None where the text is longer than its field, for half of it is worthless. Base64 keeps every byte."""
    data = b64encode(text.encode(errors="surrogatepass")).decode()
    if len(data) > SIGNED_MAX:
        return None
    kind, _, rest = text.partition("|")
    if kind != OCMF:
        return {"signedMeterData": data, "signingMethod": "", "encodingMethod": "", "publicKey": ""}
    # PublicKeyWithSignedMeterValue is Never: the key is known from the meter, and OCMF readers look it up by its serial number
    return {"signedMeterData": data, "signingMethod": _method(rest), "encodingMethod": OCMF, "publicKey": ""}


def _method(rest: str) -> str:
    """What an OCMF text was signed with, as its last section tells."""
    try:
        section = json.loads(rest.rpartition("|")[2])
    except (ValueError, RecursionError):
        return OCMF_METHOD
    method = section.get("SA") if isinstance(section, dict) else None
    return method if isinstance(method, str) and len(method) <= METHOD_MAX else OCMF_METHOD
