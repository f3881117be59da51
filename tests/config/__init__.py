"""Tests of `bridge.config`."""
