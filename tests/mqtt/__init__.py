"""The MQTT room."""
