/** The text with `piece` in place of what is selected, as a paragraph of its own, and where the cursor stands then. */
export function inserted(text: string, piece: string, start: number, end: number): { text: string; cursor: number } {
  const before = text.slice(0, start).trimEnd();
  const after = text.slice(end).trimStart();
  const head = before ? `${before}\n\n${piece}` : piece;
  return { text: after ? `${head}\n\n${after}` : `${head}\n`, cursor: head.length };
}

const SAFE = /[[\]\\\n]/gu;

/** `shot [1].png` → `![shot  1 .png](address)`: a caption can't end early. */
export function pictureOf(name: string, address: string): string {
  return `![${name.replace(SAFE, ' ').trim() || 'picture'}](${address})`;
}
