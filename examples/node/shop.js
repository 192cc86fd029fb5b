// Sign-up in Node, with nodemailer: an HTTP server that sends a link and a code.
"use strict";

const { createServer } = require("node:http");
const { randomBytes, randomInt } = require("node:crypto");
const nodemailer = require("nodemailer");

/** The server. SMTP_URL says where mail goes: nodemailer takes it as it is. */
function createShop(smtpUrl = process.env.SMTP_URL) {
  const transport = nodemailer.createTransport(smtpUrl);
  const waiting = new Map();

  async function signup(form, origin) {
    const address = form.get("address");
    const token = randomBytes(16).toString("base64url");
    const code = String(randomInt(1_000_000)).padStart(6, "0");
    const link = `${origin}/verify/${token}`;
    try {
      await transport.sendMail({
        from: "Shop <shop@shop.example>",
        to: address,
        subject: "Confirm your address",
        text: `Follow ${link} and enter this code: ${code}`,
        html: `<p>Your code is <b>${code}</b>.</p><p><a href="${link}">Confirm your address</a></p>`,
      });
    } catch {
      return [503, "We could not send you a mail just now. Please try again in a minute."];
    }
    waiting.set(token, { address, code });
    return [200, "Look into your mailbox."];
  }

  function verify(token, form) {
    const one = waiting.get(token);
    if (!one) return [404, "That link is not right."];
    if (!form) return [200, '<form method="post"><label>Your code <input name="code"></label><button>Confirm</button></form>'];
    return form.get("code") === one.code ? [200, `${one.address} is confirmed.`] : [400, "That code is not right."];
  }

  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const form = request.method === "POST" ? new URLSearchParams(Buffer.concat(chunks).toString()) : null;
    const { pathname } = new URL(request.url, "http://shop.example");
    let answer = [200, '<form method="post" action="/signup"><label>Address <input name="address"></label><button>Sign up</button></form>'];
    if (pathname === "/signup" && form) answer = await signup(form, `http://${request.headers.host}`);
    else if (pathname.startsWith("/verify/")) answer = verify(pathname.slice("/verify/".length), form);
    response.writeHead(answer[0], { "content-type": "text/html; charset=utf-8" }).end(answer[1]);
  });
  server.on("close", () => transport.close());
  return server;
}

module.exports = { createShop };
if (require.main === module) createShop().listen(3000, () => console.log("http://localhost:3000"));
