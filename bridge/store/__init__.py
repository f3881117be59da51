"""What survives a power cut: kept state, the outbox of records, history, decisions and remembered tags.

Owns every line of SQL. May import `bridge.core`, `bridge.clock`, `bridge.errors`. Never: a decision, MQTT, OCPP.
"""
