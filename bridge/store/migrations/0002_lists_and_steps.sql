-- Schema 2. The local list of tags; and the outbox takes a fourth kind of record, the step of a transaction that 2.0.1 alone tells.

CREATE TABLE local_list (
    charge_point TEXT NOT NULL,
    tag_key TEXT NOT NULL,
    info TEXT NOT NULL,
    PRIMARY KEY (charge_point, tag_key)
) STRICT, WITHOUT ROWID;

-- A CHECK can't be changed: the table is made anew. Its indexes and triggers go with the old one; the tallies stay as they are.
CREATE TABLE outbox_next (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    charge_point TEXT NOT NULL,
    link TEXT NOT NULL,
    session TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('start', 'sample', 'update', 'stop')),
    record TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'delivered', 'parked')),
    attempts INTEGER NOT NULL DEFAULT 0,
    rounds INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL,
    message TEXT,
    error TEXT,
    retry_ms INTEGER,
    settled_ms INTEGER,
    delivered_as TEXT -- the backend's name of the transaction when this row was taken; NULL: it had none
) STRICT;

INSERT INTO outbox_next SELECT
    id, charge_point, link, session, kind, record, state, attempts, rounds, created_ms, message, error, retry_ms, settled_ms, delivered_as
FROM outbox;
-- No number is used twice, not even one whose row was pruned.
DELETE FROM sqlite_sequence WHERE name = 'outbox_next';
INSERT INTO sqlite_sequence SELECT 'outbox_next', seq FROM sqlite_sequence WHERE name = 'outbox';
DROP TABLE outbox;
ALTER TABLE outbox_next RENAME TO outbox;

CREATE INDEX outbox_queued ON outbox (charge_point, link, id) WHERE state = 'queued';
CREATE INDEX outbox_parked ON outbox (charge_point, link, id) WHERE state = 'parked';
CREATE INDEX outbox_sent_steps ON outbox (settled_ms) WHERE state = 'delivered' AND kind IN ('sample', 'update');
CREATE INDEX outbox_session ON outbox (session, kind);

CREATE TRIGGER outbox_added AFTER INSERT ON outbox BEGIN
    INSERT INTO tally VALUES (new.charge_point, new.state, 1) ON CONFLICT DO UPDATE SET number = number + 1;
END;

CREATE TRIGGER outbox_moved AFTER UPDATE OF state ON outbox WHEN old.state <> new.state BEGIN
    UPDATE tally SET number = number - 1 WHERE charge_point = old.charge_point AND what = old.state;
    INSERT INTO tally VALUES (new.charge_point, new.state, 1) ON CONFLICT DO UPDATE SET number = number + 1;
END;

CREATE TRIGGER outbox_pruned AFTER DELETE ON outbox BEGIN
    UPDATE tally SET number = number - 1 WHERE charge_point = old.charge_point AND what = old.state;
END;
