"""Is every Wh on exactly one bill, and was nobody wronged? Three ledgers, kept by parties that do not copy from each other, compared.

Owns: the ledgers' words, an own reading of what a central system heard, and one function for each rule. Pure: ledgers in, findings out.
May import `bridge.core`, `bridge.errors`. Never: a socket, a file, a clock, or `bridge.ocpp`, whose misreading it would then share.
"""
