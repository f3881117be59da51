"""`evbridge demo`: a broker, a small central system, two simulated wallboxes and the real bridge process, and the story they tell.

Owns everything simulated; the one place beside the tests where the `ocpp` package's ChargePoint is used. It speaks to the bridge only
over sockets and the command line, as anybody would. May import `bridge.errors` and `bridge.commands.terminal`. Never: what it shows.
"""
