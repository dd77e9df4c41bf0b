/** How the dimensions of an array map to what is shown, and the selection text that asks for it. */

/** Dimension numbers shown along x and y (y null for curves); every other dimension is sliced at an index. */
export interface DimensionMapping {
  readonly x: number;
  readonly y: number | null;
}

/** The last dimensions, those of length 1 only where nothing else is left. */
export function defaultMapping(shape: readonly number[], shown: 1 | 2): DimensionMapping | null {
  if (shape.length < shown) return null;
  const last = shape.map((_, dimension) => dimension).reverse();
  const isLong = (dimension: number) => (shape[dimension] ?? 1) > 1;
  const [x = 0, y = 0] = [...last.filter(isLong), ...last.filter((dimension) => !isLong(dimension))].slice(0, shown).sort((a, b) => b - a);
  return { x, y: shown === 2 ? y : null };
}

/** True when the mapping names existing, different dimensions. */
export function isValidMapping(mapping: DimensionMapping, rank: number): boolean {
  const inside = (dimension: number) => Number.isInteger(dimension) && dimension >= 0 && dimension < rank;
  return inside(mapping.x) && (mapping.y === null || (inside(mapping.y) && mapping.y !== mapping.x));
}

export function slicedDimensions(rank: number, mapping: DimensionMapping): number[] {
  return Array.from({ length: rank }, (_, dimension) => dimension).filter(
    (dimension) => dimension !== mapping.x && dimension !== mapping.y,
  );
}

/** Indices inside the array for every dimension; missing or outside ones are put right. */
export function safeSlice(shape: readonly number[], slice: readonly number[] | undefined): number[] {
  return shape.map((size, dimension) => {
    const index = Math.round(slice?.[dimension] ?? 0);
    return Math.min(Math.max(Number.isFinite(index) ? index : 0, 0), Math.max(size - 1, 0));
  });
}

/** NumPy-like text: an index for sliced dimensions, ':' for shown ones, e.g. '17,:,:'. */
export function selectionText(
  shape: readonly number[],
  mapping: DimensionMapping,
  slice: readonly number[],
): string | null {
  if (shape.length === 0) return null;
  const indices = safeSlice(shape, slice);
  const parts = shape.map((_, dimension) =>
    dimension === mapping.x || dimension === mapping.y ? ':' : String(indices[dimension] ?? 0),
  );
  return parts.every((part) => part === ':') ? null : parts.join(',');
}

/** Selection of single block: `ranges` holds [start, stop) or an index per dimension. */
export function blockSelection(ranges: readonly (number | readonly [number, number])[]): string {
  return ranges
    .map((range) => (typeof range === 'number' ? String(range) : `${range[0]}:${range[1]}`))
    .join(',');
}

/** True when the server's row order (slow dimension first) is the other way round than shown. */
export function isTransposed(mapping: DimensionMapping): boolean {
  return mapping.y !== null && mapping.y > mapping.x;
}
