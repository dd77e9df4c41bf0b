/** Words around figures: caption, citation, the Python that gives these numbers, column text. */

import { at } from '../core/numbers';
import type { DatasetOut } from '../data/types';

/** '[17, :, :]', or '' for everything. */
export function selectionSuffix(selection: string | null): string {
  return selection ? `[${selection.split(',').join(', ')}]` : '';
}

export function captionLines(dataset: DatasetOut, path: string, selection: string | null): string[] {
  const sample = dataset.sample ? ` · sample ${dataset.sample}` : '';
  const where = [dataset.facility, dataset.instrument].filter(Boolean).join(', ');
  const source = isPlainFile(dataset) ? `file ${dataset.pid}` : `pid ${dataset.pid}, version ${dataset.version}`;
  return [`${path}${selectionSuffix(selection)}${sample}`, `${where}${where ? ' · ' : ''}${source}`];
}

/** Whether it is a file of somebody's own computer (`pandaas view`): nobody else finds it, so it can't be cited. */
export function isPlainFile(dataset: Pick<DatasetOut, 'proposal'>): boolean {
  return dataset.proposal === '';
}

export function citation(dataset: DatasetOut, origin: string): string {
  const year = new Date(dataset.start_time ?? dataset.created).getUTCFullYear();
  const where = [dataset.facility, dataset.instrument, `proposal ${dataset.proposal}`].filter(Boolean).join(', ');
  return `${dataset.title} (${year}). ${where}. Dataset ${dataset.pid}, version ${dataset.version}. ${origin}/datasets/${dataset.pid}`;
}

/** The client call that gives the numbers on show. */
export function pythonCall(origin: string, pid: string, path: string, selection: string | null): string {
  const text = (value: string) => JSON.stringify(value);
  const index = selection ? selectionSuffix(selection) : '[...]';
  return `import pandaas\n\ndata = pandaas.connect(${text(origin)}).dataset(${text(pid)})[${text(path)}]${index}\n`;
}

export interface Column {
  readonly name: string;
  readonly unit: string | null;
  readonly values: ArrayLike<number>;
}

/** Columns of numbers separated by blanks below '#' comments: what fitting programs read. */
export function columnText(columns: readonly Column[], comments: readonly string[]): string {
  const clean = (text: string) => text.replaceAll(/\s+/g, ' ');
  const head = comments.map((line) => `# ${clean(line)}`);
  const names = columns.map(({ name, unit }) => clean(unit ? `${name} (${unit})` : name)).join('  ');
  const rows = Math.min(...columns.map(({ values }) => values.length));
  const lines = Array.from({ length: rows }, (_, row) =>
    columns.map(({ values }) => exponential(at(values, row))).join(' '),
  );
  return [...head, `# ${names}`, ...lines, ''].join('\n');
}

function exponential(value: number): string {
  return Number.isFinite(value) ? value.toExponential(9) : 'nan';
}
