// Times as people say them, in their own zone.

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const year = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const minutes = new Intl.NumberFormat(undefined, { style: "unit", unit: "minute", unitDisplay: "short" });

/** What time it is for the server, whose clock may have been advanced: the banner says by how much. */
function serverNow() {
  const ahead = document.querySelector("#banners [data-ahead]")?.dataset.ahead ?? 0;
  return new Date(Date.now() + Number(ahead));
}

/** `now`, `5 min`, `14:03`, `3 Mar`, `3 Mar 2025`. */
export function age(date, now = serverNow()) {
  const seconds = (now - date) / 1000;
  if (seconds < 45) return "now";
  if (seconds < 3600) return minutes.format(Math.max(1, Math.round(seconds / 60)));
  if (date.toDateString() === now.toDateString()) return time.format(date);
  return (date.getFullYear() === now.getFullYear() ? day : year).format(date);
}

export function absolute(date) {
  return full.format(date);
}

/** Rewrite the server's UTC times below `root` in the reader's zone; the exact one stays in the title. */
export function localise(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const date = new Date(element.dateTime);
    if (!element.dateTime || Number.isNaN(date.getTime())) continue;
    element.textContent = `${day.format(date)}, ${date.toLocaleTimeString()}`;
    element.title = `${full.format(date)}\n${element.dateTime}`;
  }
}
