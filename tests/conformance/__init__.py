"""The public certification cases, played against the real bridge: MQTT topics on one side, an independent central system on the other."""
