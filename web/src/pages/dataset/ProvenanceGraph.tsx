import { VisuallyHidden } from '@mantine/core';
import { useRouter } from '@tanstack/react-router';
import { useEffect, useId, useMemo, useRef, type MouseEvent } from 'react';

import type { ProvenanceOut, RelationNode } from '@/api/types';
import { ago } from '@/format';

import classes from './dataset.module.css';
import { BOX, layOut, type Placed } from './layers';

interface GraphProps {
  graph: ProvenanceOut;
  current: string;
  large?: boolean;
}

/** Inputs above, jobs between, results below; every box is a link. The same in words follows for screen readers. */
export function ProvenanceGraph({ graph, current, large = false }: GraphProps) {
  const layout = useMemo(() => layOut(graph), [graph]);
  const arrow = useId();
  const room = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const here = layout.placed.find(({ node }) => node.id === current);
    if (room.current && here) room.current.scrollLeft = here.x + BOX.width / 2 - room.current.clientWidth / 2;
  }, [layout, current]);
  return (
    // A scrolling region must be reachable by keyboard; its boxes are links.
    <div ref={room} className={classes.graph} data-large={large || undefined}>
      <svg width={layout.width} height={layout.height} role="group" aria-label="Provenance graph" style={{ display: 'block', margin: '0 auto' }}>
        <defs>
          <marker id={arrow} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
            <path d="M0,0 L8,4 L0,8 z" className={classes.arrow} />
          </marker>
        </defs>
        {layout.paths.map(({ key, d, label }) => (
          <path key={key} d={d} className={classes.edge} markerEnd={`url(#${arrow})`}>
            <title>{label}</title>
          </path>
        ))}
        {layout.placed.map((place) => (
          <Box key={place.node.id} place={place} current={place.node.id === current} />
        ))}
      </svg>
    </div>
  );
}

/** The page of a session is only for its people: others would find nothing there. */
function addressOf(node: RelationNode): string | null {
  if (node.hidden || node.type === 'session') return null;
  return node.type === 'job' ? `/jobs/${node.id}` : `/datasets/${node.id}`;
}

function Box({ place: { node, x, y }, current }: { place: Placed; current: boolean }) {
  const router = useRouter();
  const href = addressOf(node);
  const title = node.hidden ? 'Not visible to you' : node.title;
  const detail = [node.detail, node.time ? ago(node.time) : null].filter(Boolean).join(' · ');
  const body = (
    <g transform={`translate(${String(x)},${String(y)})`}>
      <title>{[title, detail].filter(Boolean).join('\n')}</title>
      <rect
        className={classes.box}
        width={BOX.width}
        height={BOX.height}
        rx={node.type !== 'dataset' ? BOX.height / 2 : 5}
        data-type={node.type}
        data-current={current || undefined}
        data-hidden={node.hidden || undefined}
      />
      <text x={BOX.width / 2} y={21} textAnchor="middle">
        {cut(title, 22)}
      </text>
      <text x={BOX.width / 2} y={37} textAnchor="middle" data-dim>
        {cut(detail, 25)}
      </text>
    </g>
  );
  if (!href || current) return body;
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    router.history.push(href);
  };
  return (
    <a href={href} onClick={follow}>
      {body}
    </a>
  );
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1).trimEnd()}…` : text;
}

export function ProvenanceText({ graph }: { graph: ProvenanceOut }) {
  const names = new Map(graph.nodes.map((node) => [node.id, node.hidden ? 'something you may not see' : `${node.type} ${node.title}`]));
  return (
    <VisuallyHidden>
      <ul aria-label="Provenance in words">
        {graph.edges.map(({ source, target, label }) => (
          <li key={`${source}${target}${label}`}>
            {names.get(source)} leads to {names.get(target)} ({label})
          </li>
        ))}
      </ul>
    </VisuallyHidden>
  );
}
