"""The other side: real brokers, central systems and hardware for tests."""
