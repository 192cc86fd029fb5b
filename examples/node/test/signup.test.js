"use strict";

const assert = require("node:assert/strict");
const { afterEach, beforeEach, test } = require("node:test");
const { createShop } = require("../shop.js");
const { openInbox } = require("../mail.js");

let inbox, shop, site;

beforeEach(async () => {
  inbox = await openInbox();
  shop = createShop(inbox.smtpUrl);
  await new Promise((listening) => shop.listen(0, "127.0.0.1", listening));
  site = `http://127.0.0.1:${shop.address().port}`;
});

afterEach(async () => {
  shop.close();
  shop.closeAllConnections();
  await inbox.remove();
});

const post = (url, form) => fetch(url, { method: "POST", body: new URLSearchParams(form) });

test("the link and the code confirm the address", async () => {
  assert.equal(await (await post(`${site}/signup`, { address: "ana@example.test" })).text(), "Look into your mailbox.");

  const mail = await inbox.wait("rcpt:ana@example.test subject:confirm");
  const link = mail.links.find((one) => one.text === "Confirm your address").href;
  assert.match(await (await fetch(link)).text(), /Your code/);
  const answer = await post(link, { code: mail.codes[0].code });
  assert.equal(await answer.text(), "ana@example.test is confirmed.");
});

test("a server that is busy is no dead end", async () => {
  await inbox.reply(451, "4.3.0", "Try again later", 1);
  const answer = await post(`${site}/signup`, { address: "ana@example.test" });
  assert.equal(answer.status, 503);
  assert.match(await answer.text(), /try again/);

  await post(`${site}/signup`, { address: "ana@example.test" });
  assert.ok((await inbox.wait("rcpt:ana@example.test")).codes[0].code);
});
