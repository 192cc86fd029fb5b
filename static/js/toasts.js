// Short notices at the foot of the page, some with one thing to do; and words for screen readers.

const box = document.getElementById("toasts");
const announcer = document.getElementById("announcer");

/** Show `text` for `seconds`. Returns a function that takes it away. */
export function toast(text, { action, onAction, seconds = 5, failed = false } = {}) {
  const element = document.createElement("div");
  element.className = failed ? "toast toast-failed" : "toast";
  const words = document.createElement("span");
  words.textContent = text;
  element.append(words);
  const close = () => {
    clearTimeout(timer);
    element.remove();
  };
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = action;
    button.addEventListener("click", () => {
      close();
      onAction();
    });
    element.append(button);
  }
  box.append(element);
  const timer = setTimeout(close, seconds * 1000);
  announce(text);
  return close;
}

/** Tell a failure to the person. */
export function failed(error) {
  if (error.name === "AbortError") return;
  toast([error.message, error.hint].filter(Boolean).join(". "), { failed: true, seconds: 9 });
}

export function announce(text) {
  announcer.textContent = text;
}
