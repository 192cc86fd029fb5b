CREATE TABLE message (
            id INTEGER PRIMARY KEY, inbox TEXT, received_at INTEGER, size INTEGER, sha256 BLOB,
            subject TEXT, sender TEXT, to_ TEXT, cc TEXT, bcc TEXT, reply_to TEXT, message_id TEXT, date TEXT,
            reverse_path TEXT, rcpt TEXT, esmtp TEXT, listener TEXT, peer TEXT, helo TEXT, protocol TEXT, tls TEXT,
            login TEXT, session INTEGER, content INTEGER, codec TEXT, state TEXT, seen INTEGER, tags TEXT,
            snippet TEXT, attachments INTEGER, defects TEXT);
CREATE INDEX message_order ON message(id, seen, received_at, inbox COLLATE NOCASE);
CREATE INDEX message_tags ON message(tags) WHERE tags <> '[]';
CREATE TABLE "detail" (
   "id" INTEGER PRIMARY KEY,
   "header" TEXT,
   "filenames" TEXT,
   "kinds" TEXT
);
CREATE TABLE "chunk" (
   "id" INTEGER PRIMARY KEY,
   "octets" BLOB
);
CREATE TABLE "spool" (
   "content" INTEGER PRIMARY KEY
);
CREATE TABLE "session" (
   "id" INTEGER PRIMARY KEY,
   "listener" TEXT,
   "peer" TEXT,
   "started_at" INTEGER,
   "ended_at" INTEGER,
   "helo" TEXT,
   "tls" TEXT,
   "login" TEXT,
   "outcome" TEXT,
   "octets_in" INTEGER,
   "messages" TEXT,
   "lines" BLOB
);
CREATE TABLE "tally" (
   "id" INTEGER PRIMARY KEY,
   "messages" INTEGER,
   "unseen" INTEGER,
   "octets" INTEGER,
   "session" INTEGER,
   "last_id" INTEGER
);
CREATE VIEW arriving AS SELECT *, NULL AS octets FROM message;
CREATE TABLE "orphan" (
   "id" INTEGER PRIMARY KEY
);
CREATE VIRTUAL TABLE search USING fts5(subject, sender, to_, cc, bcc, rcpt, body, filename, header, content='', tokenize='ascii', detail='full');
CREATE TABLE record (
            kind TEXT, id INTEGER, owner INTEGER, state TEXT, name TEXT COLLATE NOCASE, due INTEGER, document BLOB);
CREATE UNIQUE INDEX record_id ON record(kind, id);
CREATE INDEX record_owner ON record(kind, owner, id);
CREATE INDEX record_state ON record(kind, state, id);
CREATE INDEX record_name ON record(kind, name, id) WHERE name <> '';
CREATE INDEX record_due ON record(kind, due, id) WHERE due IS NOT NULL;
CREATE TABLE "record_kind" (
   "kind" TEXT PRIMARY KEY,
   "last_id" INTEGER
);
CREATE TABLE folder (
            id INTEGER PRIMARY KEY, account TEXT COLLATE NOCASE, name TEXT, use TEXT, inbox TEXT COLLATE NOCASE,
            view INTEGER, selectable INTEGER, uid_validity INTEGER, uid_next INTEGER, modseq INTEGER,
            gathered INTEGER, vanished INTEGER, forgotten INTEGER);
CREATE UNIQUE INDEX folder_name ON folder(account, name);
CREATE TABLE item (
            folder INTEGER, uid INTEGER, message INTEGER, modseq INTEGER, date INTEGER, size INTEGER, flags TEXT,
            PRIMARY KEY (folder, uid)) WITHOUT ROWID;
CREATE INDEX item_message ON item(message);
CREATE INDEX item_modseq ON item(folder, modseq);
CREATE TABLE vanished (
            folder INTEGER, modseq INTEGER, first INTEGER, last INTEGER,
            PRIMARY KEY (folder, modseq, first)) WITHOUT ROWID;
CREATE TABLE subscription (account TEXT COLLATE NOCASE, name TEXT, PRIMARY KEY (account, name)) WITHOUT ROWID;
CREATE TABLE "folder_tally" (
   "id" INTEGER PRIMARY KEY,
   "folder" INTEGER,
   "uid_validity" INTEGER,
   "modseq" INTEGER
);
CREATE TRIGGER arrive INSTEAD OF INSERT ON arriving BEGIN INSERT INTO chunk SELECT NEW.content << 16, NEW.octets WHERE NEW.octets IS NOT NULL; INSERT INTO message VALUES (NEW.id, NEW.inbox, NEW.received_at, NEW.size, NEW.sha256, NEW.subject, NEW.sender, NEW.to_, NEW.cc, NEW.bcc, NEW.reply_to, NEW.message_id, NEW.date, NEW.reverse_path, NEW.rcpt, NEW.esmtp, NEW.listener, NEW.peer, NEW.helo, NEW.protocol, NEW.tls, NEW.login, NEW.session, NEW.content, NEW.codec, NEW.state, NEW.seen, NEW.tags, NEW.snippet, NEW.attachments, NEW.defects); END;
CREATE VIEW totals AS SELECT t.messages + n.messages AS messages, t.unseen + n.unseen AS unseen, t.octets + n.octets AS octets, max(t.session, n.session) AS session, max(t.last_id, n.last_id) AS last_id FROM tally t, (SELECT count(*) AS messages, coalesce(sum(seen = 0), 0) AS unseen, coalesce(sum(size), 0) AS octets, coalesce(max(session), 0) AS session, coalesce(max(id), 0) AS last_id FROM message WHERE id > (SELECT last_id FROM tally)) n;
CREATE TABLE former (account TEXT COLLATE NOCASE, name TEXT, uid_validity INTEGER, PRIMARY KEY (account, name)) WITHOUT ROWID;
INSERT INTO tally VALUES (1, 0, 0, 0, 0, 0);
INSERT INTO folder_tally VALUES (1, 0, 0, 0);
INSERT INTO search(search, rank) VALUES ('automerge', 16);
INSERT INTO search(search, rank) VALUES ('crisismerge', 64);
INSERT INTO search(search, rank) VALUES ('hashsize', 8388608);
