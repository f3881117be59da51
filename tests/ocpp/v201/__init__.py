"""OCPP 2.0.1, station side: each block by its own test."""
