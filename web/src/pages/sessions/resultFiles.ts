import type { SessionFileOut } from '@/api/types';

/** Those of the marked files that are still there and can be registered, in the order of the list. */
export function chosenOf(files: readonly SessionFileOut[], marked: readonly string[]): string[] {
  return files.filter(({ name, problem }) => problem === null && marked.includes(name)).map(({ name }) => name);
}

/** A title to begin with: the name of the only file, without folders and ending. */
export function titleFor(files: readonly string[], program: string): string {
  const [first] = files;
  if (first === undefined || files.length > 1) return `Results of ${program}`;
  const name = first.slice(first.lastIndexOf('/') + 1);
  return name.replace(/\.[^.]{1,8}$/, '').replaceAll('_', ' ') || name;
}

/** An identifier to begin with, from the name of a file. */
export function idFor(file: string): string {
  const plain = titleFor([file], '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '');
  return plain.slice(0, 64) || 'my-recipe';
}

export interface FormField {
  name: string;
  title: string;
  type: string;
  value: string;
}

/** The fields of a form that a JSON Schema describes, in its order, in words. */
export function fieldsOf(schema: Record<string, unknown> | undefined): FormField[] {
  const properties = (schema?.properties ?? {}) as Record<string, Record<string, unknown>>;
  return Object.entries(properties).map(([name, found]) => {
    const inner = Array.isArray(found.anyOf) ? (found.anyOf[0] as Record<string, unknown>) : found;
    const type = Array.isArray(inner.enum) ? inner.enum.join(', ') : words(inner.type, '');
    return { name, title: words(found.title, name), type, value: JSON.stringify(found.default ?? null) };
  });
}

function words(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}
