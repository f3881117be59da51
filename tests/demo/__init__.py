"""The demo: its simulated parts by themselves, and the whole of it as a newcomer starts it."""
