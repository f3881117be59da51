"""What the bridge promises, room by room."""
