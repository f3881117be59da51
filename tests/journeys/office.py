"""What the central system asks of a charge point, in words of both versions; each returns the status of the answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.conformance.laboratory import Station
from tests.conformance.laboratory201 import CONNECTOR, Station201, token

SAMPLE_INTERVAL = "SampledDataCtrlr.TxUpdatedInterval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Use `Garage.office`."""

    station: Station | Station201

    # --- sessions -------------------------------------------------------------------------------------------------------------------

    async def starts(self, tag: str, *, limit_a: float | None = None) -> str:
        """From afar, without a connector; with a limit for this transaction where one is given."""
        profile = None if limit_a is None else self._profile("TxProfile", limit_a)
        if isinstance(self.station, Station201):
            start: dict[str, Any] = {"idToken": token(tag), "remoteStartId": next(self.station.numbers)}
            # F01.FR.11: a profile goes with an EVSE
            more = {} if profile is None else {"chargingProfile": profile, "evseId": 1}
            return await self.station.answers("RequestStartTransaction", **start, **more)
        more = {} if profile is None else {"chargingProfile": profile, "connectorId": 1}
        return await self.station.answers("RemoteStartTransaction", idTag=tag, **more)

    async def stops(self) -> str:
        """The newest transaction."""
        transaction = self._bills()[-1]
        return await self._stop(transaction)

    async def stops_another(self) -> str:
        """A transaction that is not there."""
        transaction = self._bills()[-1]
        return await self._stop(transaction + 1 if isinstance(transaction, int) else f"{transaction}0"[1:])

    async def limits(self, limit_a: float) -> str:
        """Every transaction of the connector, from now on."""
        profile = self._profile("TxDefaultProfile", limit_a)
        if isinstance(self.station, Station201):
            return await self.station.answers("SetChargingProfile", evseId=1, chargingProfile=profile)
        return await self.station.answers("SetChargingProfile", connectorId=1, csChargingProfiles=profile)

    # --- the station ----------------------------------------------------------------------------------------------------------------

    async def unlocks(self) -> str:
        """The connector."""
        place = {"evseId": 1} if isinstance(self.station, Station201) else {}
        return await self.station.answers("UnlockConnector", connectorId=1, **place)

    async def resets(self) -> str:
        """At once."""
        return await self.station.answers("Reset", type="Immediate" if isinstance(self.station, Station201) else "Hard")

    async def puts(self, operational: str, *, whole: bool = False) -> str:
        """The connector, or the whole station, Operative or Inoperative."""
        if isinstance(self.station, Station201):
            place: Mapping[str, Any] = {} if whole else {"evse": CONNECTOR}
            return await self.station.answers("ChangeAvailability", operationalStatus=operational, **place)
        return await self.station.answers("ChangeAvailability", connectorId=0 if whole else 1, type=operational)

    async def samples_every(self, seconds: int) -> None:
        """Readings of a transaction; Accepted."""
        if isinstance(self.station, Station201):
            await self.station.set(**{SAMPLE_INTERVAL: seconds})
        else:
            await self.station.configure(MeterValueSampleInterval=seconds)

    async def sample_interval(self) -> int:
        """As it reads it back."""
        if isinstance(self.station, Station201):
            return int(await self.station.get(SAMPLE_INTERVAL))
        (key,) = (await self.station.call("GetConfiguration", key=["MeterValueSampleInterval"]))["configurationKey"]
        return int(key["value"])

    # --- inside ---------------------------------------------------------------------------------------------------------------------

    def _bills(self) -> list[int | str]:
        return [transaction.id for transaction in self.station.csms.transactions(self.station.identity)]

    async def _stop(self, transaction: int | str) -> str:
        action = "RequestStopTransaction" if isinstance(self.station, Station201) else "RemoteStopTransaction"
        return await self.station.answers(action, transactionId=transaction)

    def _profile(self, purpose: str, limit_a: float) -> dict[str, Any]:
        schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit_a}]}
        common = {"stackLevel": 0, "chargingProfilePurpose": purpose, "chargingProfileKind": "Relative"}
        if isinstance(self.station, Station201):
            return {"id": 1, **common, "chargingSchedule": [{"id": 1, **schedule}]}
        return {"chargingProfileId": 1, **common, "chargingSchedule": schedule}
