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
