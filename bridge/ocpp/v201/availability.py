"""Block G, availability: StatusNotification, ChangeAvailability, Heartbeat. Pure."""

from collections.abc import Mapping

from bridge.ocpp.dialect import Handler, Words
from bridge.ocpp.v201.variable import Variable

HANDLERS: Mapping[str, Handler] = {}
ANSWERS: Mapping[str, Words] = {}
VARIABLES: tuple[Variable, ...] = ()
