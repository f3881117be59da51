"""The charge point as a function: events in, effects out.

Owns every decision about one charge point, and the choice between several (`site`). May import the standard library and itself.
Never: a socket, a topic, a clock, a log, a random id, a word of the backend's protocol. `step` answers any event in any state.
"""
