"""The broker of a configuration, for commands that visit it."""

from bridge.config import Configuration
from bridge.mqtt.wire import BrokerSettings


def broker_settings(configuration: Configuration) -> BrokerSettings:
    """What a visitor needs to connect."""
    mqtt = configuration.mqtt
    return BrokerSettings(
        host=mqtt.host,
        port=mqtt.port,
        tls=mqtt.tls,
        ca_file=None if mqtt.ca_file is None else str(mqtt.ca_file),
        user=mqtt.user,
        password=None if mqtt.password is None else mqtt.password.text,
        root=mqtt.root,
        protocol=mqtt.protocol.value,
        client_id=mqtt.instance,
    )
