// The same in a browser, the way end-to-end tests with Playwright do it: the mail is one step of what a person does.
"use strict";

const assert = require("node:assert/strict");
const { after, before, test } = require("node:test");
const { createShop } = require("../shop.js");
const { openInbox } = require("../mail.js");

let playwright;
try {
  playwright = require("playwright-core");
} catch {
  // Not installed: the test says so and is skipped.
}
const executablePath = process.env.CHROMIUM;
const skip = !playwright ? "playwright-core is not installed" : !executablePath ? "CHROMIUM names no browser" : false;

let inbox, shop, browser;

before(async () => {
  if (skip) return;
  inbox = await openInbox();
  shop = createShop(inbox.smtpUrl);
  await new Promise((listening) => shop.listen(0, "127.0.0.1", listening));
  browser = await playwright.chromium.launch({ executablePath, args: ["--no-sandbox"] });
});

after(async () => {
  if (skip) return;
  await browser.close();
  shop.close();
  shop.closeAllConnections();
  await inbox.remove();
});

test("somebody signs up", { skip }, async () => {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${shop.address().port}/`);
  await page.getByLabel("Address").fill("ana@example.test");
  await page.getByRole("button").click();
  await page.getByText("Look into your mailbox.").waitFor();

  const mail = await inbox.wait("rcpt:ana@example.test");
  await page.goto(mail.links.find((link) => link.text === "Confirm your address").href);
  await page.getByLabel("Your code").fill(mail.codes[0].code);
  await page.getByRole("button").click();
  assert.match(await page.textContent("body"), /ana@example.test is confirmed/);
});
