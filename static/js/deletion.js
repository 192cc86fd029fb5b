// Deletes a little later than asked, so that it can be undone; leaving the page is no way to lose the wish.

import { remove } from "./api.js";
import { failed, toast } from "./toasts.js";

const SECONDS = 8;
/** Ids in one request; a URL has to stay short enough for any proxy. */
const BATCH = 300;

let pending;

/** `wish` is `{values, count, hide(), show(), done()}`: `values` is what the API is to delete. */
export function deleteLater(wish) {
  flush();
  wish.hide();
  const close = toast(`${wish.count.toLocaleString()} deleted`, {
    action: "Undo",
    onAction: undo,
    seconds: SECONDS,
  });
  pending = { wish, close, timer: setTimeout(flush, SECONDS * 1000) };
}

export function undo() {
  if (!pending) return false;
  const { wish, close, timer } = pending;
  clearTimeout(timer);
  close();
  pending = undefined;
  wish.show();
  toast("Not deleted", { seconds: 2 });
  return true;
}

/** Do it now. `leaving` while the page goes away. */
export async function flush(leaving = false) {
  if (!pending) return;
  const { wish, close, timer } = pending;
  pending = undefined;
  clearTimeout(timer);
  close();
  try {
    await Promise.all(requests(wish.values).map((values) => remove(values, leaving === true)));
    wish.done();
  } catch (error) {
    wish.show();
    failed(error);
  }
}

function requests(values) {
  if (!values.ids) return [values];
  const batches = [];
  for (let at = 0; at < values.ids.length; at += BATCH) {
    batches.push({ ids: values.ids.slice(at, at + BATCH).join(",") });
  }
  return batches;
}

window.addEventListener("pagehide", () => flush(true));
