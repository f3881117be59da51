"""The store in memory, for tests of everything above it: the same promises, nothing durable, and a disk that can be made to refuse."""
