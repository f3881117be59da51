"""The simulation: the real bridge in a world of its own, with every fault that can be thought of, from a seed."""
