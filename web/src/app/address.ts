/**
 * Addresses people can read: `?q=saxs&technique=a&technique=b`, text only, nothing nested.
 *
 * Every page validates what it takes from the address with the readers below; unknown keys are dropped.
 */
export type RawSearch = Record<string, unknown>;

export function parseAddress(text: string): RawSearch {
  const found: Record<string, string | string[]> = {};
  for (const [key, value] of new URLSearchParams(text)) {
    const before = found[key];
    if (before === undefined) found[key] = value;
    else found[key] = Array.isArray(before) ? [...before, value] : [before, value];
  }
  return found;
}

export function writeAddress(search: RawSearch): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (item === undefined || item === null || item === '' || item === false) continue;
      if (typeof item === 'string' || typeof item === 'number' || item === true) params.append(key, String(item));
    }
  }
  // Slashes, commas and colons are legal in a query and far easier to read unescaped.
  const text = params.toString().replaceAll('%2F', '/').replaceAll('%2C', ',').replaceAll('%3A', ':');
  return text === '' ? '' : `?${text}`;
}

export function textOf(search: RawSearch, key: string): string | undefined {
  const value = search[key];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof first === 'number' || typeof first === 'boolean') return String(first);
  return typeof first === 'string' && first !== '' ? first : undefined;
}

export function listOf(search: RawSearch, key: string): string[] | undefined {
  const value = search[key];
  const items = (Array.isArray(value) ? value : [value]).filter((item): item is string => typeof item === 'string' && item !== '');
  return items.length > 0 ? items : undefined;
}

export function countOf(search: RawSearch, key: string): number | undefined {
  const value = Number(textOf(search, key));
  return Number.isInteger(value) && value > 0 ? value : undefined;
}

export function oneOf<T extends string>(search: RawSearch, key: string, choices: readonly T[]): T | undefined {
  const value = textOf(search, key);
  return choices.find((choice) => choice === value);
}

export function flagOf(search: RawSearch, key: string): true | undefined {
  return textOf(search, key) === 'true' ? true : undefined;
}
