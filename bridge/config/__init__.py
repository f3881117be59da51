"""The configuration: one TOML file, read once, checked whole, frozen.

Owns the file's form (`schemas/configuration.schema.json`), every sentence about what is wrong with it, and the values that everything
else is built from. May import `bridge.core`, `bridge.errors`, `bridge.schemas`, and of `bridge.ocpp` and `bridge.mqtt` what is pure.
Never: a socket, a topic, SQL, a log.
"""

from bridge.config.load import load
from bridge.config.values import ChargePoint, Configuration, Csms, Log, LogForm, Mqtt, MqttProtocol, PasswordForm, Reader, Secret

__all__ = [
    "ChargePoint",
    "Configuration",
    "Csms",
    "Log",
    "LogForm",
    "Mqtt",
    "MqttProtocol",
    "PasswordForm",
    "Reader",
    "Secret",
    "load",
]
