"""The station's side of OCPP: dialects (pure), delivery (pure) and the supervised link (shell).

Owns every OCPP word and every central-system socket. May import `bridge.core`, `bridge.clock`, `bridge.errors`.
Never: a decision about a session, MQTT, SQL, the `ocpp` package's ChargePoint.
"""
