-- Schema 1. Applied in one transaction; the number of the file becomes PRAGMA user_version.
-- What is JSON here is written by bridge/store/codec.py. Times are milliseconds since 1970, UTC.

PRAGMA application_id = 0x65766272; -- "evbr": so that no other program's database is taken for ours

CREATE TABLE fact (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE kept (
    charge_point TEXT PRIMARY KEY,
    utc_ms INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: a number is an order of delivery and is never used twice, not even after pruning.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    charge_point TEXT NOT NULL,
    link TEXT NOT NULL,
    session TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('start', 'sample', 'stop')),
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

CREATE INDEX outbox_queued ON outbox (charge_point, link, id) WHERE state = 'queued';
CREATE INDEX outbox_parked ON outbox (charge_point, link, id) WHERE state = 'parked';
CREATE INDEX outbox_sent_samples ON outbox (settled_ms) WHERE state = 'delivered' AND kind = 'sample';
CREATE INDEX outbox_session ON outbox (session, kind);

CREATE TABLE assigned (
    charge_point TEXT NOT NULL,
    link TEXT NOT NULL,
    session TEXT NOT NULL,
    backend_id TEXT NOT NULL,
    PRIMARY KEY (charge_point, link, session)
) STRICT, WITHOUT ROWID;

CREATE TABLE history (
    seq INTEGER PRIMARY KEY,
    charge_point TEXT NOT NULL,
    ended_ms INTEGER NOT NULL,
    entry TEXT NOT NULL
) STRICT;

CREATE INDEX history_charge_point ON history (charge_point);

CREATE TABLE decision (
    seq INTEGER PRIMARY KEY,
    charge_point TEXT NOT NULL,
    utc_ms INTEGER NOT NULL,
    decision TEXT NOT NULL
) STRICT;

CREATE INDEX decision_charge_point ON decision (charge_point);

-- seq is the order of updates: a tag that is told again gets a new one.
CREATE TABLE tag (
    seq INTEGER PRIMARY KEY,
    charge_point TEXT NOT NULL,
    tag_key TEXT NOT NULL,
    info TEXT NOT NULL,
    UNIQUE (charge_point, tag_key)
) STRICT;

CREATE INDEX tag_charge_point ON tag (charge_point);

-- How many rows are where, kept by the triggers below, so that nobody ever counts a long table.
CREATE TABLE tally (
    charge_point TEXT NOT NULL,
    what TEXT NOT NULL, -- a state of the outbox, 'decision' or 'tag'
    number INTEGER NOT NULL CHECK (number >= 0),
    PRIMARY KEY (charge_point, what)
) STRICT, WITHOUT ROWID;

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

CREATE TRIGGER decision_added AFTER INSERT ON decision BEGIN
    INSERT INTO tally VALUES (new.charge_point, 'decision', 1) ON CONFLICT DO UPDATE SET number = number + 1;
END;

CREATE TRIGGER decision_pruned AFTER DELETE ON decision BEGIN
    UPDATE tally SET number = number - 1 WHERE charge_point = old.charge_point AND what = 'decision';
END;

CREATE TRIGGER tag_added AFTER INSERT ON tag BEGIN
    INSERT INTO tally VALUES (new.charge_point, 'tag', 1) ON CONFLICT DO UPDATE SET number = number + 1;
END;

CREATE TRIGGER tag_forgotten AFTER DELETE ON tag BEGIN
    UPDATE tally SET number = number - 1 WHERE charge_point = old.charge_point AND what = 'tag';
END;
