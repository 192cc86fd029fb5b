// A colour and letters for a sender; reading.py gives the same ones.

export function hue(sender, fallback) {
  let number = 7;
  for (const octet of new TextEncoder().encode((sender.address || sender.name || fallback).toLowerCase())) {
    number = (number * 31 + octet) % 997;
  }
  return number % 12;
}

export function initials(sender, fallback) {
  const text = sender.name || sender.address || fallback || "?";
  const words = text.split("@")[0].replace(/[._-]/g, " ").split(/\s+/);
  const letters = words.map((word) => word.match(/[\p{L}\p{N}]/u)?.[0]).filter(Boolean);
  if (!letters.length) return "?";
  return (letters[0] + (letters.length > 1 ? letters.at(-1) : "")).toUpperCase();
}
