/** The numbers themselves, read in blocks as they scroll into view. */


import { complexNumber } from './cells';
import { parseDtype } from '../core/dtype';
import { safeSlice } from '../core/selection';
import { PlotFrame } from '../plots/PlotFrame';
import type { PlotProps } from '../plots/props';
import { Matrix } from './Matrix';
import { useBlocks } from './useBlocks';

export function MatrixView({ source, mapping, slice }: PlotProps) {
  const rowDimension = mapping.y ?? mapping.x;
  const columnDimension = mapping.y === null ? null : mapping.x;
  const rows = source.shape[rowDimension] ?? 0;
  const columns = columnDimension === null ? 1 : (source.shape[columnDimension] ?? 0);
  const type = parseDtype(source.dtype)?.type;
  const blocks = useBlocks({ source, rowDimension, columnDimension, slice: safeSlice(source.shape, slice), complex: type === 'complex' });
  const formatter = (row: number, column: number) => {
    const [value, imaginary] = blocks.read(row, column);
    if (value === null) return '…';
    const name = source.names.get(value);
    if (name !== undefined) return name;
    if (type === 'boolean') return value ? 'true' : 'false';
    if (imaginary !== null) return complexNumber(value, imaginary);
    return type === 'integer' ? String(value) : String(Number(value.toPrecision(7)));
  };
  return (
    <PlotFrame
      pending={blocks.pending}
      late={false}
      error={blocks.error}
      empty={rows === 0 || columns === 0}
      description={`Numbers of ${source.path}, ${rows} rows and ${columns} columns`}
    >
      <Matrix
        key={`${rowDimension} ${columnDimension ?? ''}`}
        label={`Contents of ${source.path}`}
        dims={columnDimension === null ? [rows] : [rows, columns]}
        cellFormatter={formatter}
        cellWidth={type === 'complex' || source.names.size > 0 ? 200 : 110}
      />
    </PlotFrame>
  );
}
