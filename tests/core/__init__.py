"""What the core promises, module by module. No clock, no socket, no disk: events in, effects out."""
