/** What goes through a stack as comma-separated values below '#' comments. */

import { at } from '../core/numbers';
import type { ThroughData } from '../data/through';
import type { PlotAxis } from '../plots/axes';

interface CsvInput {
  readonly axis: PlotAxis;
  readonly data: ThroughData;
  readonly name: string;
  readonly unit: string | null;
  readonly comments: readonly string[];
}

const number = (value: number) => (Number.isFinite(value) ? String(value) : 'nan');
const quoted = (text: string) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""').replaceAll(/[\r\n]+/g, ' ')}"` : text);

/** One line for each frame: its index, its axis value where there is one, then the figures or the profile. */
export function throughCsv({ axis, data, name, unit, comments }: CsvInput): string {
  const hasValues = axis.valueAt(0) !== null;
  const inUnit = unit ? ` (${unit})` : '';
  const figures = data.isLine
    ? Array.from({ length: data.perFrame }, (_, position) => `${name}${inUnit} at ${position} px`)
    : ['sum', 'pixels', 'minimum', 'maximum'].map((figure) => (figure === 'pixels' ? figure : `${figure}${inUnit}`));
  const head = ['frame', ...(hasValues ? [axis.label] : []), ...figures].map(quoted).join(',');
  const lines = Array.from({ length: data.values.length / data.perFrame }, (_, frame) => {
    const row = Array.from({ length: data.perFrame }, (__, i) => number(at(data.values, frame * data.perFrame + i)));
    return [frame, ...(hasValues ? [number(axis.valueAt(frame) ?? NaN)] : []), ...row].join(',');
  });
  return [...comments.map((line) => `# ${line.replaceAll(/\s+/g, ' ')}`), head, ...lines, ''].join('\n');
}
