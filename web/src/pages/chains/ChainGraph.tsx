import { useRef, useState, type PointerEvent } from 'react';

import classes from './chains.module.css';
import { inLines } from './lines';
import { type ChainState, stateWord } from './marks';

const WIDTH = 190;
const HEIGHT = 66;
const GAP_X = 24;
const GAP_Y = 34;
const MARGIN = 8;
/** From a line of a title to the next. */
const LINE = 17;
/** Shrunk to what the page has room for, but never below this part of its size: then one scrolls. */
const SMALLEST = 0.65;

export interface GraphStep {
  name: string;
  title: string;
  detail: string;
  level: number;
  inputs: Record<string, string[]>;
  state?: ChainState;
  href?: string | undefined;
}

/** What makes the drawing one that can be changed; all of it can be done in the list beside it too. */
export interface Editing {
  chosen: string | null;
  choose: (name: string) => void;
  /** Whether something that `from` gives can be taken by the step `to`. */
  fits: (from: string, to: string) => boolean;
  connect: (from: string, to: string) => void;
  wrong: ReadonlySet<string>;
}

interface Line {
  from: string;
  x: number;
  y: number;
}

interface Placed extends GraphStep {
  x: number;
  y: number;
  given: boolean;
}

/** Inputs above, each step below what it needs; boxes of steps with a job are links. The table below says the same in words. */
export function ChainGraph({ inputs, steps, editing }: { inputs: { name: string; title: string }[]; steps: GraphStep[]; editing?: Editing }) {
  const svg = useRef<SVGSVGElement>(null);
  const [line, setLine] = useState<Line | null>(null);
  const placed = place(inputs, steps);
  const at = new Map(placed.map((one) => [one.name, one]));
  const width = Math.max(0, ...placed.map(({ x }) => x)) + WIDTH + MARGIN;
  const height = Math.max(0, ...placed.map(({ y }) => y)) + HEIGHT + MARGIN;
  const pulled = (from: string, event: PointerEvent) => {
    const frame = svg.current?.getBoundingClientRect();
    if (!frame) return;
    const scale = width / frame.width;
    setLine({ from, x: (event.clientX - frame.left) * scale, y: (event.clientY - frame.top) * scale });
  };
  const dropped = (from: string, event: PointerEvent) => {
    const to = document.elementFromPoint(event.clientX, event.clientY)?.closest('[data-part]')?.getAttribute('data-part');
    setLine(null);
    if (to && to !== from && editing?.fits(from, to)) editing.connect(from, to);
  };
  const start = line && at.get(line.from);
  return (
    <div className={classes.graph}>
      <svg ref={svg} viewBox={`0 0 ${String(width)} ${String(height)}`} style={{ width, maxWidth: '100%', minWidth: width * SMALLEST }} role="group" aria-label="Steps of the chain">
        {placed.flatMap((step) =>
          Object.entries(step.inputs).flatMap(([slot, sources]) =>
            sources.map((source) => {
              const from = at.get(source);
              if (!from) return null;
              const [x1, y1, x2, y2] = [from.x + WIDTH / 2, from.y + HEIGHT, step.x + WIDTH / 2, step.y];
              return (
                <path key={`${source}-${step.name}-${slot}`} className={classes.edge} d={`M${String(x1)},${String(y1)} C${String(x1)},${String(y1 + GAP_Y)} ${String(x2)},${String(y2 - GAP_Y)} ${String(x2)},${String(y2)}`}>
                  <title>{`${from.title} is ${slot} of ${step.title}`}</title>
                </path>
              );
            }),
          ),
        )}
        {placed.map((one) =>
          editing ? (
            <Part key={one.name} step={one} editing={editing} line={line} pulled={pulled} dropped={dropped} abandoned={() => setLine(null)} />
          ) : (
            <Box key={one.name} step={one} />
          ),
        )}
        {line && start && <path className={classes.edge} data-drawn d={`M${String(start.x + WIDTH / 2)},${String(start.y + HEIGHT)} L${String(line.x)},${String(line.y)}`} />}
      </svg>
    </div>
  );
}

function Box({ step }: { step: Placed }) {
  const words = step.state ? stateWord(step.state) : step.detail;
  const drawn = (
    <g transform={`translate(${String(step.x)},${String(step.y)})`}>
      <title>{[step.title, step.detail, step.state && stateWord(step.state)].filter(Boolean).join('\n')}</title>
      <Inside step={step} words={words} />
    </g>
  );
  return step.href ? <a href={step.href}>{drawn}</a> : drawn;
}

function Inside({ step, words, fault = false }: { step: Placed; words: string; fault?: boolean }) {
  const lines = inLines(step.title, 2);
  const first = HEIGHT / 2 + 4 - (lines.length * LINE) / 2;
  return (
    <>
      <rect className={classes.box} width={WIDTH} height={HEIGHT} rx={step.given ? HEIGHT / 2 : 6} data-state={fault ? 'failed' : step.state} data-input={step.given || undefined} />
      {lines.map((line, index) => (
        <text key={index} x={WIDTH / 2} y={first + index * LINE} textAnchor="middle">
          {line}
        </text>
      ))}
      <text x={WIDTH / 2} y={first + lines.length * LINE + 2} textAnchor="middle" data-dim>
        {inLines(words, 1)[0]}
      </text>
    </>
  );
}

interface PartProps {
  step: Placed;
  editing: Editing;
  line: Line | null;
  pulled: (from: string, event: PointerEvent) => void;
  dropped: (from: string, event: PointerEvent) => void;
  abandoned: () => void;
}

/** A box that is chosen by a click or Enter; a connection is pulled from the dot below it onto the box that takes it. */
function Part({ step, editing, line, pulled, dropped, abandoned }: PartProps) {
  const { name } = step;
  const fault = editing.wrong.has(name);
  const takes = line !== null && line.from !== name && !step.given && editing.fits(line.from, name);
  return (
    <g transform={`translate(${String(step.x)},${String(step.y)})`} data-part={name} className={classes.part} data-takes={line ? takes : undefined}>
      <title>{[step.title, step.detail].filter(Boolean).join('\n')}</title>
      <g aria-hidden>
        <Inside step={step} words={fault ? 'something is wrong' : step.detail} fault={fault} />
      </g>
      <rect
        className={classes.hit}
        width={WIDTH}
        height={HEIGHT}
        rx={step.given ? HEIGHT / 2 : 6}
        role="button"
        tabIndex={0}
        aria-pressed={editing.chosen === name}
        aria-label={[step.title, step.detail, fault && 'something is wrong'].filter(Boolean).join(', ')}
        onClick={() => editing.choose(name)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' && event.key !== ' ') return;
          event.preventDefault();
          editing.choose(name);
        }}
      />
      <circle
        className={classes.port}
        cx={WIDTH / 2}
        cy={HEIGHT}
        r={7}
        aria-hidden
        onPointerDown={(event) => {
          event.preventDefault();
          event.currentTarget.setPointerCapture(event.pointerId);
          pulled(name, event);
        }}
        onPointerMove={(event) => line?.from === name && pulled(name, event)}
        onPointerUp={(event) => dropped(name, event)}
        onPointerCancel={abandoned}
      >
        <title>{`Pull a connection from ${step.title}`}</title>
      </circle>
    </g>
  );
}

function place(inputs: { name: string; title: string }[], steps: GraphStep[]): Placed[] {
  const rows = new Map<number, (GraphStep & { given: boolean })[]>();
  rows.set(0, inputs.map(({ name, title }) => ({ name, title, detail: 'input', level: -1, inputs: {}, given: true })));
  for (const step of steps) rows.set(step.level + 1, [...(rows.get(step.level + 1) ?? []), { ...step, given: false }]);
  const widest = Math.max(0, ...[...rows.values()].map((row) => row.length));
  return [...rows].flatMap(([row, found]) => {
    const left = MARGIN + ((widest - found.length) * (WIDTH + GAP_X)) / 2;
    return found.map((one, column) => ({ ...one, x: left + column * (WIDTH + GAP_X), y: MARGIN + row * (HEIGHT + GAP_Y) }));
  });
}
