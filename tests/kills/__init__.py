"""Real kills: the real process, a real broker and real sockets; SIGKILL at any moment, and the auditor at the end (`make kills`)."""
