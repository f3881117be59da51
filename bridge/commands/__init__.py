"""What stands behind each word of the command line.

Owns what is printed for people. May import everything, each command only what it needs. Never: a decision about a session.
"""
