-- Schema 3. Every JSON text carries a checksum from here on (bridge/store/seal.py), which an older evbridge can't read; so does the
-- backend's name of a transaction. What is there already has none and stays as it is.

ALTER TABLE assigned ADD COLUMN checksum INTEGER;
