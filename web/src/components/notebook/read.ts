/**
 * A notebook as plain text and pictures. Other people's programs wrote it, so nothing of it is ever run or put into the
 * page as HTML: of each output the picture (PNG or JPEG) is taken, else its plain text. Tracebacks stay in the file.
 */

export type Output = { is: 'text'; text: string; warns: boolean } | { is: 'picture'; address: string } | { is: 'error'; name: string; text: string } | { is: 'other'; kinds: string[] };

export interface Cell {
  /** Number among the cells, as failures name it. */
  number: number;
  kind: 'markdown' | 'code';
  source: string;
  parameters: boolean;
  outputs: Output[];
}

const LONGEST = 20_000;
const MOST_CELLS = 2000;
const MOST_OUTPUTS = 100;
const PICTURES = ['image/png', 'image/jpeg'] as const;
const BASE64 = /^[A-Za-z0-9+/\s]*={0,2}\s*$/u;
// eslint-disable-next-line no-control-regex -- colours of terminals
const COLOURS = /\u001B\[[0-9;]*[A-Za-z]/gu;

/** The cells, or null when the text is no notebook of format 4. */
export function readNotebook(text: string): Cell[] | null {
  let tree: unknown;
  try {
    tree = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(tree) || tree.nbformat !== 4 || !Array.isArray(tree.cells)) return null;
  const real = tree.cells.filter((cell): cell is Record<string, unknown> => isRecord(cell) && !tagsOf(cell).some((tag) => tag.startsWith('papermill-error')));
  return real.slice(0, MOST_CELLS).map((cell, index) => cellOf(cell, index + 1));
}

function cellOf(cell: Record<string, unknown>, number: number): Cell {
  const kind = cell.cell_type === 'markdown' ? 'markdown' : 'code';
  const outputs = kind === 'code' && Array.isArray(cell.outputs) ? cell.outputs.slice(0, MOST_OUTPUTS) : [];
  return {
    number,
    kind,
    source: joined(cell.source),
    parameters: tagsOf(cell).includes('injected-parameters'),
    outputs: outputs.map((output) => outputOf(output)).filter((output) => output !== null),
  };
}

function outputOf(output: unknown): Output | null {
  if (!isRecord(output)) return null;
  if (output.output_type === 'stream') return { is: 'text', text: joined(output.text), warns: output.name === 'stderr' };
  if (output.output_type === 'error') return { is: 'error', name: joined(output.ename), text: joined(output.evalue) };
  const data = isRecord(output.data) ? output.data : {};
  for (const type of PICTURES) {
    const coded = whole(data[type]);
    if (coded !== '' && BASE64.test(coded)) return { is: 'picture', address: `data:${type};base64,${coded.replace(/\s/gu, '')}` };
  }
  const plain = joined(data['text/plain']);
  if (plain !== '') return { is: 'text', text: plain, warns: false };
  const kinds = Object.keys(data);
  return kinds.length > 0 ? { is: 'other', kinds } : null;
}

function tagsOf(cell: Record<string, unknown>): string[] {
  const tags = isRecord(cell.metadata) ? cell.metadata.tags : null;
  return Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === 'string') : [];
}

/** Text that notebooks keep whole or in lines, cut where nobody reads on. */
function joined(value: unknown): string {
  const text = whole(value).replaceAll(COLOURS, '');
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}\n… (the rest is in the file)` : text;
}

function whole(value: unknown): string {
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? value.filter((line) => typeof line === 'string').join('') : '';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
