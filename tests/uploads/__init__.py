"""Logs on their way."""
