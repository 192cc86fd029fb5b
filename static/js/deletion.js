// Deletes a little later than asked, so that it can be undone; leaving the page is no way to lose the wish.

import { remove } from "./api.js";
import { failed, toast } from "./toasts.js";

const SECONDS = 8;

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
    await remove(wish.values, leaving === true);
    wish.done();
  } catch (error) {
    wish.show();
    failed(error);
  }
}

window.addEventListener("pagehide", () => flush(true));
