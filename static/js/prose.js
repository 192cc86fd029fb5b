// The server's sentences as the pages show them: `code` where they have backticks.

/** The nodes for a sentence, to be appended somewhere. */
export function ticked(sentence) {
  return sentence.split(/`([^`\n]+)`/).map((piece, i) => {
    if (i % 2 === 0) return document.createTextNode(piece);
    const code = document.createElement("code");
    code.textContent = piece;
    return code;
  });
}
