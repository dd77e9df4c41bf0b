/** Letters that a box of the drawing has room for in a line. */
const LONGEST = 26;

/** A title in at most so many lines, broken between words; what has no room ends in '…'. */
export function inLines(text: string, most: number): string[] {
  const lines = [''];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const line = lines.at(-1) ?? '';
    if (line === '' || line.length + 1 + word.length <= LONGEST) lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
    else lines.push(word);
  }
  const shown = lines.slice(0, most);
  const rest = lines.slice(most - 1).join(' ');
  return shown.map((line, index) => cut(index === most - 1 ? rest : line));
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1).trimEnd()}…` : text;
}
