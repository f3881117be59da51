"""What needs more than every machine has."""

from tests.peers.ocpp_go import PROGRAMS

collect_ignore = [] if all(program.exists() for program in PROGRAMS.values()) else ["test_ocpp_go.py"]
"""`.ci/peers` builds them where a Go toolchain is found, and says so where none is."""
