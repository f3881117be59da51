"""OCPP 1.6-J, station side: one module for each part of the book, put together in `dialect`."""
