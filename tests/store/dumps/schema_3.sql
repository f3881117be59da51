BEGIN TRANSACTION;
CREATE TABLE assigned (
    charge_point TEXT NOT NULL,
    link TEXT NOT NULL,
    session TEXT NOT NULL,
    backend_id TEXT NOT NULL, checksum INTEGER,
    PRIMARY KEY (charge_point, link, session)
) STRICT, WITHOUT ROWID;
INSERT INTO "assigned" VALUES('carport','csms','second','0',3791043311);
CREATE TABLE decision (
    seq INTEGER PRIMARY KEY,
    charge_point TEXT NOT NULL,
    utc_ms INTEGER NOT NULL,
    decision TEXT NOT NULL
) STRICT;
INSERT INTO "decision" VALUES(1,'garage',1790000000000,'{"origin":{"door":"reader","id":"tap","reader":null,"user":null},"colour":"red","authority":"ocpp","why":"rejected","verdict":"Invalid","user":null,"tag":{"text":"04:A1:B2","kind":"ISO14443"},"card":"04A1B2","utc_ms":1790000000000}#a2331003');
CREATE TABLE fact (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "fact" VALUES('clean_stop','true');
INSERT INTO "fact" VALUES('tag_ref_key','00112233445566778899aabbccddeeff');
CREATE TABLE history (
    seq INTEGER PRIMARY KEY,
    charge_point TEXT NOT NULL,
    ended_ms INTEGER NOT NULL,
    entry TEXT NOT NULL
) STRICT;
INSERT INTO "history" VALUES(1,'garage',1790000000000,'{"id":"first","kind":"local","authority":"local","user":"anna","name":"Anna","tag":null,"started_ms":1790000000000,"ended_ms":1790000000000,"start_wh":1000,"end_wh":9000,"cost":"2.40","price_per_kwh":"0.30","reason":"Local","mode":null,"backend_id":null,"follows":null,"clock_trusted":true,"note":null}#95f8a075');
CREATE TABLE kept (
    charge_point TEXT PRIMARY KEY,
    utc_ms INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "kept" VALUES('garage',1790000000000,'{"session":{"id":"first","person":{"user":"anna","name":"Änna","tag":null,"card":null,"local":true,"mode":null},"mode":"prio","begin":{"utc_ms":1790000000000,"register_wh":1000,"power_w":11040.5,"current_a":[16.0,16.0,15.9],"voltage_v":null,"soc_percent":null,"offered_a":null,"context":"Sample.Periodic","signed":null},"started_ms":1790000000000,"last":{"utc_ms":1790000000000,"register_wh":4321,"power_w":11040.5,"current_a":[16.0,16.0,15.9],"voltage_v":null,"soc_percent":null,"offered_a":null,"context":"Sample.Periodic","signed":null},"cost":"0.10","price_per_kwh":"0.30","priced_wh":1000,"follows":null,"ending":null,"clock_trusted":true,"type":"LocalSession"},"sources":[{"name":"load","everywhere":true,"allow":true,"limit_w":null,"limit_a":10.5,"reason":null},{"name":"price","everywhere":false,"allow":null,"limit_w":null,"limit_a":null,"reason":"high"}],"operative":true,"station_operative":true,"scheduled":[[true,false]],"overrides":{"heartbeat_s":60,"sampled":["Energy.Active.Import.Register","SoC"],"local_offline":false,"rotation":"RST"},"register_wh":4321,"register_ms":null,"accounted_wh":null,"accounted_ms":null,"plug":null,"plugged":null,"prices":[[true,"0.30"]]}#30a35d61');
CREATE TABLE local_list (
    charge_point TEXT NOT NULL,
    tag_key TEXT NOT NULL,
    info TEXT NOT NULL,
    PRIMARY KEY (charge_point, tag_key)
) STRICT, WITHOUT ROWID;
INSERT INTO "local_list" VALUES('carport','04A1B2','{"verdict":"Accepted","group":null,"expires_ms":null,"listed":true}#de3845f2');
CREATE TABLE "outbox" (
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
INSERT INTO "outbox" VALUES(1,'garage','csms','first','start','{"session":"first","sequence":0,"tag":{"text":"04:A1:B2","kind":"ISO14443"},"reading":{"utc_ms":1790000000000,"register_wh":1000,"power_w":11040.5,"current_a":[16.0,16.0,15.9],"voltage_v":null,"soc_percent":null,"offered_a":null,"context":"Sample.Periodic","signed":null},"utc_ms":1790000000000,"offline":false,"remote":false,"type":"RecordStart"}#832aa854','parked',3,0,1790000000000,'m-3','InternalError',1790003600000,1790000000000,NULL);
INSERT INTO "outbox" VALUES(2,'garage','csms','first','sample','{"session":"first","sequence":1,"reading":{"utc_ms":1790000000000,"register_wh":1001,"power_w":11040.5,"current_a":[16.0,16.0,15.9],"voltage_v":null,"soc_percent":null,"offered_a":null,"context":"Sample.Periodic","signed":null},"offline":true,"type":"RecordSample"}#0a57f638','delivered',0,0,1790000000000,NULL,NULL,NULL,1790000000000,NULL);
INSERT INTO "outbox" VALUES(3,'garage','csms','first','stop','{"session":"first","sequence":9,"reading":{"utc_ms":1790000000000,"register_wh":9000,"power_w":11040.5,"current_a":[16.0,16.0,15.9],"voltage_v":null,"soc_percent":null,"offered_a":null,"context":"Sample.Periodic","signed":null},"utc_ms":1790000000000,"reason":"EVDisconnected","tag":null,"begin":{"utc_ms":1790000000000,"register_wh":1000,"power_w":11040.5,"current_a":[16.0,16.0,15.9],"voltage_v":null,"soc_percent":null,"offered_a":null,"context":"Sample.Periodic","signed":null},"offline":false,"type":"RecordStop"}#6ce2aba4','queued',0,0,1790000000000,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(4,'carport','csms','second','start','{"session":"second","sequence":0,"tag":{"text":"04:A1:B2","kind":"ISO14443"},"reading":{"utc_ms":1790000000000,"register_wh":1000,"power_w":11040.5,"current_a":[16.0,16.0,15.9],"voltage_v":null,"soc_percent":null,"offered_a":null,"context":"Sample.Periodic","signed":null},"utc_ms":1790000000000,"offline":false,"remote":false,"type":"RecordStart"}#cb0e681e','delivered',0,0,1790000000000,NULL,NULL,NULL,1790000000000,'0');
INSERT INTO "outbox" VALUES(5,'carport','csms','second','stop','{"session":"second","sequence":9,"reading":{"utc_ms":1790000000000,"register_wh":9000,"power_w":11040.5,"current_a":[16.0,16.0,15.9],"voltage_v":null,"soc_percent":null,"offered_a":null,"context":"Sample.Periodic","signed":null},"utc_ms":1790000000000,"reason":"EVDisconnected","tag":null,"begin":{"utc_ms":1790000000000,"register_wh":1000,"power_w":11040.5,"current_a":[16.0,16.0,15.9],"voltage_v":null,"soc_percent":null,"offered_a":null,"context":"Sample.Periodic","signed":null},"offline":false,"type":"RecordStop"}#ed2450ec','queued',0,0,1790000000000,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE tag (
    seq INTEGER PRIMARY KEY,
    charge_point TEXT NOT NULL,
    tag_key TEXT NOT NULL,
    info TEXT NOT NULL,
    UNIQUE (charge_point, tag_key)
) STRICT;
INSERT INTO "tag" VALUES(1,'garage','04A1B2','{"verdict":"Accepted","group":null,"expires_ms":null}#f0553e8f');
CREATE TABLE tally (
    charge_point TEXT NOT NULL,
    what TEXT NOT NULL, -- a state of the outbox, 'decision' or 'tag'
    number INTEGER NOT NULL CHECK (number >= 0),
    PRIMARY KEY (charge_point, what)
) STRICT, WITHOUT ROWID;
INSERT INTO "tally" VALUES('carport','delivered',1);
INSERT INTO "tally" VALUES('carport','queued',1);
INSERT INTO "tally" VALUES('garage','decision',1);
INSERT INTO "tally" VALUES('garage','delivered',1);
INSERT INTO "tally" VALUES('garage','parked',1);
INSERT INTO "tally" VALUES('garage','queued',1);
INSERT INTO "tally" VALUES('garage','tag',1);
CREATE INDEX history_charge_point ON history (charge_point);
CREATE INDEX decision_charge_point ON decision (charge_point);
CREATE INDEX tag_charge_point ON tag (charge_point);
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
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('outbox',5);
COMMIT;
PRAGMA application_id = 1702257266;
PRAGMA user_version = 3;
