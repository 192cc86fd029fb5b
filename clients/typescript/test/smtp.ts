/** Sends one message by SMTP, as an application would; answers what the server said last. */

import { createConnection } from "node:net";

const [HOST = "127.0.0.1", PORT = "1025"] = (process.env["MAILTRAP_SMTP"] ?? "").split(":");

/** Log in as the inbox and send; the server's answer to the first command that it refused, or to the last one. */
export async function sendBySmtp(inbox: string, message: string, recipients = ["bob@b.test"]): Promise<string> {
  const socket = createConnection({ host: HOST, port: Number(PORT) });
  socket.setEncoding("utf8");
  const replies = lines(socket);
  const login = Buffer.from(`\0${inbox}\0any`).toString("base64");
  const commands = [
    "EHLO client.test",
    `AUTH PLAIN ${login}`,
    "MAIL FROM:<bounces@a.test>",
    ...recipients.map((address) => `RCPT TO:<${address}>`),
    "DATA",
    `${message.replace(/\r?\n/g, "\r\n")}\r\n.`,
  ];
  try {
    let answer = await reply(replies);
    for (const command of commands) {
      socket.write(`${command}\r\n`);
      answer = await reply(replies);
      if (/^[45]/.test(answer)) return answer;
    }
    socket.write("QUIT\r\n");
    await reply(replies);
    return answer;
  } finally {
    socket.destroy();
  }
}

async function reply(replies: AsyncIterator<string>): Promise<string> {
  for (;;) {
    const { value, done } = await replies.next();
    if (done) throw new Error("the server hung up");
    if (value[3] !== "-") return value;
  }
}

async function* lines(socket: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const piece of socket) {
    const found = (rest + piece).split("\r\n");
    rest = found.pop() ?? "";
    yield* found;
  }
}
