// Searches made before, kept in this browser.

const KEY = "mailtrap.searches";
const KEPT = 12;

export function recent() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) || [];
  } catch {
    return [];
  }
}

export function remember(query) {
  if (!query.trim()) return;
  const searches = [query, ...recent().filter((one) => one !== query)].slice(0, KEPT);
  localStorage.setItem(KEY, JSON.stringify(searches));
}
