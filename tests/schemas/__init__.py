"""The payload schemas."""
