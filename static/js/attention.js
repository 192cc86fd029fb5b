// Tells about unread mail where one looks when not looking here: title, favicon, rail and, if wanted, notifications.

import { root } from "./api.js";
import { toast } from "./toasts.js";

const WANTED = "mailtrap.notify";
let base = document.title;
let number = 0;

/** Label of the button in the settings. */
export function start() {
  const label = document.querySelector("[data-notify-label]");
  if (label) label.textContent = wanted() ? "Notifications are on" : "Notify me of new mail";
}

function wanted() {
  return localStorage.getItem(WANTED) === "yes" && globalThis.Notification?.permission === "granted";
}

export async function toggle() {
  if (wanted()) {
    localStorage.removeItem(WANTED);
    toast("Notifications are off");
  } else if ((await globalThis.Notification?.requestPermission()) === "granted") {
    localStorage.setItem(WANTED, "yes");
    toast("Notifications are on while a page is open");
  } else {
    toast("The browser does not allow notifications from here", { failed: true });
  }
  start();
}

/** New mail: `row` is the newest of `count`. */
export function arrived(row, count, onClick) {
  if (!wanted() || document.hasFocus()) return;
  const title = count > 1 ? `${count} new messages` : row.from.name || row.from.address || "New message";
  const notice = new Notification(title, { body: row.subject, tag: "mailtrap", icon: `${root}/static/favicon.svg` });
  notice.addEventListener("click", () => {
    window.focus();
    notice.close();
    onClick();
  });
}

export function setTitle(title) {
  base = `${title} · mailtrap`;
  showTitle();
}

export function unseen() {
  return number;
}

export function setUnseen(now) {
  if (now === number) return;
  number = Math.max(0, now);
  for (const element of document.querySelectorAll("[data-unseen]")) {
    element.textContent = number < 1000 ? String(number) : "999+";
    element.hidden = number === 0;
  }
  showTitle();
  showIcon();
}

function showTitle() {
  document.title = number ? `(${number}) ${base}` : base;
}

function showIcon() {
  const link = document.querySelector("link[rel=icon]");
  if (!number) {
    link.href = `${root}/static/favicon.svg`;
    return;
  }
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#2b59c3";
  pen.beginPath();
  pen.roundRect(2, 8, 52, 48, 12);
  pen.fill();
  pen.strokeStyle = "#fff";
  pen.lineWidth = 5;
  pen.lineJoin = "round";
  pen.beginPath();
  pen.moveTo(11, 23);
  pen.lineTo(28, 37);
  pen.lineTo(45, 23);
  pen.stroke();
  pen.fillStyle = "#e5484d";
  pen.beginPath();
  pen.arc(45, 19, 19, 0, 7);
  pen.fill();
  pen.fillStyle = "#fff";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  const words = number > 99 ? "99" : String(number);
  pen.font = `bold ${words.length > 1 ? 23 : 29}px system-ui, sans-serif`;
  pen.fillText(words, 45, 21);
  link.href = canvas.toDataURL("image/png");
}
