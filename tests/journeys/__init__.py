"""One file for each promise B1-B16 of the design: driven through MQTT topics, read at the central system, the topics and the history."""
