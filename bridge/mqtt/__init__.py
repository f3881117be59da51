"""The MQTT contract: topics and payloads (pure), and the client that carries them (shell).

Owns every topic name and payload form. May import `bridge.core`, `bridge.clock`, `bridge.errors`.
Never: a decision, OCPP, SQL.
"""
