"""evbridge: gives any wallbox that speaks MQTT an OCPP backend."""

__version__ = "0.1.0"
