export const FORMATS_PAGE = 'reference/file-formats';
const WORDS = /list of formats(?: in the reference)?/;

/** The remedy before, in and after the words that name the list of formats, or null where it doesn't. */
export function aroundFormats(text: string): { before: string; words: string; after: string } | null {
  const match = WORDS.exec(text);
  if (!match) return null;
  const [words] = match;
  return { before: text.slice(0, match.index), words, after: text.slice(match.index + words.length) };
}
