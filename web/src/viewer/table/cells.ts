/** Contents of table cells as text. */

const DIGITS = 5;

export function complexNumber(real: number, imaginary: number): string {
  const sign = imaginary < 0 || Object.is(imaginary, -0) ? '−' : '+';
  return `${Number(real.toPrecision(DIGITS))} ${sign} ${Number(Math.abs(imaginary).toPrecision(DIGITS))}i`;
}

/** A value from a JSON answer in one line. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(7)));
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  return JSON.stringify(value);
}

/** Names of the fields of a compound type written as NumPy's list of pairs, those of nested types left out; null for other types. */
export function fieldNames(dtype: string): string[] | null {
  if (!dtype.startsWith('[(')) return null;
  const names: string[] = [];
  let depth = 0;
  let opened = false;
  for (const [token] of dtype.matchAll(/[[\]()]|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g)) {
    if (opened && depth === 2 && /^['"]/.test(token)) names.push(token.slice(1, -1));
    opened = token === '(';
    if (token === '[' || token === '(') depth += 1;
    else if (token === ']' || token === ')') depth -= 1;
  }
  return names.length > 0 ? names : null;
}

/** Rows of a JSON answer as cells: records by field, lists by position, anything else in one cell. */
export function toRows(answer: unknown, fields: readonly string[] | null): { columns: string[]; rows: string[][] } {
  const items: unknown[] = Array.isArray(answer) ? answer : [answer];
  const first = items[0];
  if (isRecord(first)) {
    const columns = Object.keys(first);
    return { columns, rows: items.map((item) => columns.map((name) => cellText(isRecord(item) ? item[name] : item))) };
  }
  if (Array.isArray(first)) {
    const width = Math.max(...items.map((item) => (Array.isArray(item) ? item.length : 1)));
    const columns = fields?.length === width ? [...fields] : Array.from({ length: width }, (_, i) => String(i));
    return { columns, rows: items.map((item) => columns.map((_, i) => cellText(Array.isArray(item) ? item[i] : i === 0 ? item : null))) };
  }
  return { columns: ['Value'], rows: items.map((item) => [cellText(item)]) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Indented JSON where the text is JSON, else the text itself. */
export function prettyText(text: string): string {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed)) return text;
  try {
    return JSON.stringify(JSON.parse(trimmed), null, 2);
  } catch {
    return text;
  }
}
