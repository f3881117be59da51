"""OCPP 2.0.1, station side: one module for each functional block of part 2, put together in `dialect`."""
