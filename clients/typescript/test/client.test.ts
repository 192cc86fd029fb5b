/** Every documented call against a running sandbox: MAILTRAP_URL says where, MAILTRAP_SMTP takes mail (host:port). */

import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
import { after, test } from "node:test";

import {
  ApiError,
  Attachment,
  Clock,
  Faults,
  Inbox,
  MailMismatch,
  MailtrapError,
  Message,
  Refusal,
  Sandbox,
  Transcript,
  Unreachable,
} from "../src/index.js";
import { sendBySmtp } from "./smtp.js";

const sandbox = new Sandbox();

const MAIL = `From: Ann <ann@a.test>
To: Bob <bob@b.test>
Cc: cy@c.test
Reply-To: help@a.test
Subject: Welcome
List-Unsubscribe: <https://x.test/out>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: text/html; charset=utf-8

<div style="display:none">A preview</div><p>Hello Bob. Your verification code is <b>493817</b>. <a href="https://x.test/verify?a=1&amp;b=2">Confirm</a>
<img src="https://x.test/logo.png" alt="Logo" width="40">
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="bill.pdf"

%PDF-1
--b--`;

function fresh(): Inbox {
  return sandbox.inbox(`ts-${randomUUID().slice(0, 13)}`);
}

async function mismatch(asking: Promise<unknown>): Promise<MailMismatch> {
  let caught: unknown;
  await assert.rejects(asking, (error) => ((caught = error), true));
  assert.ok(caught instanceof MailMismatch, String(caught));
  return caught;
}

// Which calls were made: what the page documents is held against this, in the file that MAILTRAP_CALLS names.
const made = new Set<string>();
const watched = new Set<object>([Object.prototype]);
for (const [shown, kind] of Object.entries({ Sandbox, Inbox, Faults, Clock, Message, Attachment, Transcript, Refusal })) {
  for (let proto: object = kind.prototype; !watched.has(proto); proto = Object.getPrototypeOf(proto)) {
    watched.add(proto);
    const of = proto === kind.prototype ? shown : "Sandbox";
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(proto))) {
      if (name === "constructor") continue;
      const { get, value } = property;
      const note = () => made.add(`${of}.${name}`);
      if (get) {
        Object.defineProperty(proto, name, { ...property, get: function () { note(); return get.call(this); } });
      } else if (typeof value === "function") {
        const call = function (this: unknown, ...given: unknown[]) { note(); return value.apply(this, given); };
        Object.defineProperty(proto, name, { ...property, value: call });
      }
    }
  }
}

after(() => {
  const file = process.env["MAILTRAP_CALLS"];
  if (file) writeFileSync(file, JSON.stringify([...made].sort()));
});

test("what is sent is kept, octet for octet", async () => {
  const inbox = fresh();
  const text = "Grüße aus Köln — ".repeat(200);
  const message = await inbox.send({
    subject: "Grüße, 日本 und ein Betreff, der länger ist als eine Zeile sein darf: 🎉🎉🎉",
    text,
    html: "<p>rich",
    to: ["bob@b.test", "eve@b.test"],
    sender: "ann@a.test",
  });
  assert.equal(message.subject, "Grüße, 日本 und ein Betreff, der länger ist als eine Zeile sein darf: 🎉🎉🎉");
  assert.equal(message.text.trim(), text.trim());
  assert.equal(message.html.trim(), "<p>rich");
  assert.deepEqual(message.recipients, ["bob@b.test", "eve@b.test"]);
  assert.equal(message.reversePath, "ann@a.test");
  assert.deepEqual(message.data["defects"], []);

  const octets = new Uint8Array([...new TextEncoder().encode("Subject: x\r\n\r\n"), 0, 255, 13, 10]);
  const whole = await inbox.send(octets, { sender: "", to: "bob@b.test" });
  assert.deepEqual(await whole.raw(), octets);
  assert.equal(whole.size, octets.length);
  assert.equal(whole.sha256, createHash("sha256").update(octets).digest("hex"));
  assert.equal(whole.reversePath, "");
  assert.equal((await inbox.send("Subject: text\n\nhi\n", { to: "bob@b.test" })).subject, "text");
});

test("messages are listed, got, loaded and deleted", async () => {
  const inbox = fresh();
  for (const subject of ["zero", "one", "two"]) await inbox.send({ subject, text: subject });
  assert.deepEqual((await inbox.list()).map((message) => message.subject), ["two", "one", "zero"]);
  assert.deepEqual((await inbox.list("", { limit: 1 })).map((message) => message.subject), ["two"]);
  const [one] = await inbox.list("subject:one");
  assert.ok(one);
  assert.throws(() => one.text, MailtrapError);
  assert.equal((await inbox.load(one)).text.trim(), "one");
  assert.equal((await sandbox.get(one.id)).id, one.id);
  assert.equal((await one.load()).id, one.id);
  await assert.rejects(sandbox.get("999999999"), (error) => error instanceof ApiError && error.status === 404);
  assert.equal(await inbox.cursor(), (await inbox.list())[0]?.id);
  assert.equal(await fresh().cursor(), "0");
  assert.equal(await inbox.delete("subject:two"), 1);
  assert.equal(await inbox.delete("", { ids: [one] }), 1);
  assert.equal(await inbox.delete(), 1);
  await assert.rejects(sandbox.delete(), (error) => error instanceof ApiError && error.status === 400);
});

test("who waits is woken, and only by what is new where that is asked for", async () => {
  const inbox = fresh();
  const waiting = inbox.wait("subject:late", { timeout: 60 });
  await inbox.send({ subject: "late", text: "hi" });
  const message = await waiting;
  assert.equal(message.text.trim(), "hi");
  const none = await mismatch(inbox.wait("subject:late", { after: message, timeout: 0.05 }));
  assert.match(none.message, /subject:late/);
  assert.equal(none.evidence["wanted"].after, message.id);
  await inbox.send({ subject: "late" });
  assert.notEqual((await inbox.wait("subject:late", { after: message.id })).id, message.id);
  assert.equal((await inbox.waitMany(2, "subject:late")).length, 2);
  await mismatch(inbox.waitMany(3, "", { unit: "recipients", timeout: 0.05 }));
  await inbox.assertNone("subject:never", { within: 0.05 });
  assert.match((await mismatch(inbox.assertNone("", { within: 30 }))).message, /late/);
});

test("who waits for a refusal is woken by it, and told what was accepted instead", async () => {
  const inbox = fresh();
  const rule = await inbox.faults.reply(550, "5.1.1", "No such user", { when: "rcpt:blind@b.test" });
  const cursor = await inbox.refusedCursor();
  const waiting = inbox.waitRefused("rcpt:blind", { code: 550, step: "rcpt", fault: rule, after: cursor, timeout: 60 });
  assert.match(await sendBySmtp(inbox.name, MAIL, ["blind@b.test"]), /^550/);
  const found = await waiting;
  assert.deepEqual([found.step, found.code, found.status, found.text], ["rcpt", 550, "5.1.1", "No such user"]);
  assert.deepEqual([found.recipients, found.inboxes, found.fault], [["blind@b.test"], [inbox.name], rule.id]);
  assert.deepEqual([found.subject, found.message, found.data["from"]], ["", null, found.sender]);
  assert.ok(Number(found.id) > Number(cursor) && found.at.getTime() > 0);
  assert.equal((await sandbox.session(found.session))["id"], found.session);
  const [again] = await inbox.waitManyRefused(0);
  assert.equal(again?.id, found.id);
  assert.ok(again?.verdict === null || again?.verdict?.["findings"]);
  await sendBySmtp(inbox.name, MAIL, ["bob@b.test"]);
  const none = await mismatch(inbox.waitRefused("rcpt:bob", { timeout: 0.05 }));
  assert.match(none.message, /Accepted instead:/);
  assert.equal(none.evidence["accepted"].length, 1);
  await mismatch(inbox.waitRefused("", { after: found, timeout: 0.05 }));
  await inbox.assertNoneRefused("rcpt:bob", { within: 0.05 });
  assert.match((await mismatch(inbox.assertNoneRefused("", { within: 30 }))).message, /Expected no refusal/);
  await assert.rejects(inbox.waitRefused("body:x"), (error) => error instanceof ApiError && error.status === 400);
});

test("a message is held against what is expected of it", async () => {
  const inbox = fresh();
  await sendBySmtp(inbox.name, MAIL, ["bob@b.test", "blind@b.test"]);
  const message = await inbox.expect("to:bob", {
    subject: "Welcome",
    from: "ann@a.test",
    rcpt: ["bob@b.test", "blind@b.test"],
    textContains: "Hello Bob",
    htmlMatches: "<p>Hello B.b",
    linkTo: "https://x.test/verify",
    attachment: { filename: "bill.pdf", type: "application/pdf" },
    header: { name: "Reply-To", value: "help@a.test" },
    aligned: true,
  });
  assert.equal(message.subject, "Welcome");
  assert.equal((await inbox.expect("to:bob")).id, message.id);
  const wrong = await mismatch(inbox.expect("", { subject: "Welcome", textContains: "Hello Eve", timeout: 0 }));
  assert.deepEqual(wrong.evidence["results"].map((one: { ok: boolean }) => one.ok), [true, false]);
  assert.match(wrong.message, /Hello Eve/);
  assert.match(wrong.message, /Hello Bob/);
});

test("a message says everything about itself", async () => {
  const inbox = fresh();
  await sendBySmtp(inbox.name, MAIL, ["bob@b.test", "blind@b.test"]);
  const message = await inbox.wait();
  assert.match(message.id, /^\d+$/);
  assert.deepEqual(message.sender, { name: "Ann", address: "ann@a.test" });
  assert.deepEqual(message.to, [{ name: "Bob", address: "bob@b.test" }]);
  assert.deepEqual(message.cc, [{ name: "", address: "cy@c.test" }]);
  assert.deepEqual(message.replyTo, [{ name: "", address: "help@a.test" }]);
  assert.deepEqual(message.inboxes, [inbox.name]);
  assert.equal(message.inbox, inbox.name);
  assert.ok(message.receivedAt.getTime() > 0);
  assert.match(message.snippet, /Hello Bob/);
  assert.equal(message.seen, false);
  assert.deepEqual(message.tags, []);
  assert.deepEqual(
    message.links.map((link) => [link.href, link.kind]),
    [
      ["https://x.test/verify?a=1&b=2", "verify"],
      ["https://x.test/logo.png", "asset"],
      ["https://x.test/out", "unsubscribe"],
    ],
  );
  assert.equal(message.link("Confirm"), "https://x.test/verify?a=1&b=2");
  assert.throws(() => message.link("nix", { kind: "unsubscribe" }), MailMismatch);
  assert.equal(message.header("subject"), "Welcome");
  assert.equal(message.header("x-none"), null);
  assert.ok(message.headers.length > 5);
  assert.equal(message.deliveries.length, 2);
  assert.equal(message.code, "493817");
  assert.deepEqual(message.codes.map((code) => code.code), ["493817"]);
  assert.equal(message.codes[0]?.where, "html");
  assert.deepEqual(message.images.map((image) => image["src"]), ["https://x.test/logo.png"]);
  assert.deepEqual(message.unsubscribe?.["http"], ["https://x.test/out"]);
  assert.deepEqual(message.calendar, []);
  assert.equal(message.preheader, "A preview");
  const [bill] = message.attachments;
  assert.deepEqual([bill?.filename, bill?.type, bill?.size], ["bill.pdf", "application/pdf", 6]);
  assert.equal(new TextDecoder().decode(await bill?.octets()), "%PDF-1");
  const transcript = await message.transcript();
  assert.ok(transcript.lines.some((line) => line.side === "S" && line.text.startsWith("250")));
  assert.match(transcript.toString(), /C: RCPT TO:<blind@b\.test>/);
  assert.throws(() => new Message(null as never, { ...message.data, codes: [] }).code, MailMismatch);
});

test("failures are on demand, and confined to the inbox", async () => {
  const inbox = fresh();
  const other = fresh();
  const rule = await inbox.faults.reply(451, "4.7.1", "Try again later", { first: 1, name: "once" });
  assert.equal(await sendBySmtp(inbox.name, MAIL), "451 4.7.1 Try again later");
  assert.match(await sendBySmtp(other.name, MAIL), /^250/);
  assert.match(await sendBySmtp(inbox.name, MAIL), /^250/);
  const refused = await mismatch(inbox.wait("subject:other", { timeout: 0.05 }));
  assert.match(refused.message, /451 4\.7\.1 Try again later/);
  assert.equal((await inbox.faults.get(rule)).hits, 1);
  assert.equal((await inbox.faults.rewind(rule)).hits, 0);
  assert.equal((await inbox.faults.enable(rule, false)).enabled, false);
  const data = await inbox.faults.add("data", { reply: { code: 554 } }, { before: rule, when: "rcpt:x@b.test" });
  assert.deepEqual((await inbox.faults.list()).map((one) => one.id), [data.id, rule.id]);
  await inbox.faults.move(data, 1_000);
  assert.deepEqual((await inbox.faults.list()).map((one) => one.id), [rule.id, data.id]);
  assert.equal((await inbox.faults.put(data, { step: "mail", effect: { delay: 0.01 } })).step, "mail");
  await inbox.faults.enable(rule);
  const found = await inbox.faults.explain("rcpt", { recipient: "a@b.test", recipients: ["a@b.test"] });
  assert.equal(found["answer"].fault, rule.id);
  const [scenario] = await inbox.faults.scenarios();
  assert.ok((await inbox.faults.scenario(scenario?.["name"], { when: "rcpt:x@b.test" })).length > 0);
  await inbox.faults.remove(rule);
  assert.ok((await inbox.faults.clear()) >= 1);
  assert.deepEqual((await inbox.faults.list()).filter((one) => one.inbox === inbox.name), []);
});

test("the clock can be advanced", async () => {
  const before = await sandbox.clock.now();
  const done = await sandbox.clock.advance(3600);
  assert.ok(done.now.getTime() - before.now.getTime() >= 3_599_000);
  assert.ok((await fresh().clock.now()).ahead >= before.ahead + 3599);
});

test("inboxes come and go", async () => {
  const inbox = fresh();
  const created = await inbox.create({ max_messages: 2, token: true });
  for (const subject of ["a", "b", "c"]) await inbox.send({ subject });
  const own = new Sandbox(sandbox.url, { token: created["token"] });
  assert.ok((await own.list()).every((message) => message.inbox === inbox.name));
  assert.equal((await inbox.info())["max_messages"], 2);
  assert.ok((await sandbox.inboxes()).some((one) => one["name"] === inbox.name));
  await inbox.remove();
  assert.ok(!(await sandbox.inboxes()).some((one) => one["name"] === inbox.name));
});

test("the sandbox is told about", async () => {
  const inbox = fresh();
  await sendBySmtp(inbox.name, MAIL);
  assert.equal((await sandbox.info())["name"], "mailtrap");
  const [session] = await sandbox.sessions({ limit: 1 });
  assert.ok((await sandbox.session(session?.["id"]))["lines"].length > 5);
});

test("what goes wrong is said, with what to do", async () => {
  await assert.rejects(new Sandbox("http://127.0.0.1:9").info(), (error) => {
    assert.ok(error instanceof Unreachable);
    assert.match(error.message, /no sandbox answers at http:\/\/127\.0\.0\.1:9.*mailtrap serve/);
    return true;
  });
  assert.throws(() => new Sandbox("localhost:8025"), Unreachable);
  await assert.rejects(sandbox.list("subject:("), (error) => error instanceof ApiError && error.code === "bad_query");
  const stranger = createServer((_, response) => response.end("hello")).listen(0, "127.0.0.1");
  try {
    await new Promise((resolve) => stranger.once("listening", resolve));
    const address = stranger.address();
    assert.ok(address !== null && typeof address === "object");
    await assert.rejects(new Sandbox(`http://127.0.0.1:${address.port}`).info(), /is not a mailtrap/);
  } finally {
    stranger.closeAllConnections();
    await new Promise((resolve) => stranger.close(resolve));
  }
});
