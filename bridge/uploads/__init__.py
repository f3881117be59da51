"""Logs on their way to a central system's file server.

Owns the archive and the ways it travels (HTTP, FTP, SFTP). May import `bridge.core`, `bridge.errors` and `bridge.locations`. Never decides
whether or when something is sent, never follows a redirect, and never runs on the event loop: a slow server holds a thread, not the site.
"""
