/** Writes a plain message of text and HTML. */

import { base64 } from "./http.js";

/** What a message is made of. */
export interface Written {
  from: string;
  to: string[];
  subject: string;
  text: string;
  html: string;
}

/** Its octets: UTF-8 in base64, lines within the limits of RFC 5322. */
export function written(letter: Written): Uint8Array {
  const lines = [
    `From: ${oneLine(letter.from)}`,
    `To: ${letter.to.map(oneLine).join(",\r\n ")}`,
    `Subject: ${encodedWords(letter.subject)}`,
    `Date: ${new Date().toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <${crypto.randomUUID()}@example.test>`,
    "MIME-Version: 1.0",
  ];
  if (!letter.html) {
    lines.push(...part("plain", letter.text));
  } else {
    const boundary = `=_${crypto.randomUUID()}`;
    lines.push(`Content-Type: multipart/alternative; boundary="${boundary}"`, "");
    for (const [subtype, text] of [
      ["plain", letter.text],
      ["html", letter.html],
    ] as const) {
      lines.push(`--${boundary}`, ...part(subtype, text));
    }
    lines.push(`--${boundary}--`);
  }
  return new TextEncoder().encode(lines.join("\r\n") + "\r\n");
}

function part(subtype: string, text: string): string[] {
  const octets = base64(new TextEncoder().encode(text.replace(/\r?\n/g, "\r\n")));
  return [
    `Content-Type: text/${subtype}; charset=utf-8`,
    "Content-Transfer-Encoding: base64",
    "",
    ...(octets.match(/.{1,76}/g) ?? [""]),
  ];
}

/** RFC 2047, in words of at most 75 characters. */
function encodedWords(text: string): string {
  const plain = oneLine(text);
  if (/^[\x20-\x7e]{0,60}$/.test(plain) && !plain.includes("=?")) return plain;
  const words: string[] = [];
  let piece = "";
  for (const character of plain) {
    if (new TextEncoder().encode(piece + character).length > 45) {
      words.push(piece);
      piece = "";
    }
    piece += character;
  }
  words.push(piece);
  return words.map((word) => `=?utf-8?B?${base64(new TextEncoder().encode(word))}?=`).join("\r\n ");
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, " ");
}
