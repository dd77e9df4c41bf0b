/** Places for a small directed graph: one row per step, inputs above what is made of them. */
import type { ProvenanceOut, RelationNode } from '@/api/types';

export const BOX = { width: 156, height: 48, gapX: 14, gapY: 36, margin: 12 } as const;

export interface Placed {
  node: RelationNode;
  x: number;
  y: number;
}

export interface Layout {
  placed: Placed[];
  paths: { key: string; d: string; label: string }[];
  width: number;
  height: number;
}

export function layOut({ nodes, edges }: ProvenanceOut): Layout {
  const rows = rowsOf(nodes, edges);
  const widest = Math.max(1, ...rows.map((row) => row.length));
  const width = BOX.margin * 2 + widest * BOX.width + (widest - 1) * BOX.gapX;
  const placed = rows.flatMap((row, y) => {
    const used = row.length * BOX.width + (row.length - 1) * BOX.gapX;
    const left = (width - used) / 2;
    return row.map((node, x) => ({ node, x: left + x * (BOX.width + BOX.gapX), y: BOX.margin + y * (BOX.height + BOX.gapY) }));
  });
  const at = new Map(placed.map((place) => [place.node.id, place]));
  const paths = edges.flatMap(({ source, target, label }) => {
    const from = at.get(source);
    const to = at.get(target);
    return from && to ? [{ key: `${source}>${target}>${label}`, d: curve(from, to), label }] : [];
  });
  return { placed, paths, width, height: BOX.margin * 2 + rows.length * BOX.height + Math.max(0, rows.length - 1) * BOX.gapY };
}

/** The row of a node is the longest way to it; a cycle, which can't be, is cut at the number of nodes. */
function rowsOf(nodes: readonly RelationNode[], edges: ProvenanceOut['edges']): RelationNode[][] {
  const depth = new Map(nodes.map(({ id }) => [id, 0]));
  // Once per node is enough for the longest way; an edge can push its end down by one row a round.
  nodes.forEach(() => {
    for (const { source, target } of edges) {
      const next = (depth.get(source) ?? 0) + 1;
      if (depth.has(target) && next > (depth.get(target) ?? 0) && next <= nodes.length) depth.set(target, next);
    }
  });
  const rows: RelationNode[][] = [];
  for (const node of nodes) (rows[depth.get(node.id) ?? 0] ??= []).push(node);
  return order(rows.filter(Boolean), edges);
}

/** Within a row, nodes stand below the mean of what they come from, so that few lines cross. */
function order(rows: RelationNode[][], edges: ProvenanceOut['edges']): RelationNode[][] {
  const result: RelationNode[][] = [];
  const position = new Map<string, number>();
  for (const row of rows) {
    const wish = (node: RelationNode, index: number) => {
      const from = edges.filter(({ target }) => target === node.id).flatMap(({ source }) => position.get(source) ?? []);
      return from.length > 0 ? from.reduce((sum, value) => sum + value, 0) / from.length : index / Math.max(1, row.length);
    };
    const sorted = row
      .map((node, index) => ({ node, wish: wish(node, index) }))
      .sort((a, b) => a.wish - b.wish)
      .map(({ node }) => node);
    sorted.forEach((node, index) => position.set(node.id, (index + 0.5) / sorted.length));
    result.push(sorted);
  }
  return result;
}

function curve(from: Placed, to: Placed): string {
  const [x1, y1] = [from.x + BOX.width / 2, from.y + BOX.height];
  const [x2, y2] = [to.x + BOX.width / 2, to.y - 3];
  const middle = (y1 + y2) / 2;
  return `M${String(x1)},${String(y1)} C${String(x1)},${String(middle)} ${String(x2)},${String(middle)} ${String(x2)},${String(y2)}`;
}
