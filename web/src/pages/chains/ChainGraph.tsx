import classes from './chains.module.css';
import { type ChainState, stateWord } from './marks';

const WIDTH = 190;
const HEIGHT = 50;
const GAP_X = 24;
const GAP_Y = 34;
const MARGIN = 8;

export interface GraphStep {
  name: string;
  title: string;
  detail: string;
  level: number;
  inputs: Record<string, string[]>;
  state?: ChainState;
  href?: string | undefined;
}

interface Placed extends GraphStep {
  x: number;
  y: number;
  given: boolean;
}

/** Inputs above, each step below what it needs; boxes of steps with a job are links. The table below says the same in words. */
export function ChainGraph({ inputs, steps }: { inputs: { name: string; title: string }[]; steps: GraphStep[] }) {
  const placed = place(inputs, steps);
  const at = new Map(placed.map((one) => [one.name, one]));
  const width = Math.max(...placed.map(({ x }) => x)) + WIDTH + MARGIN;
  const height = Math.max(...placed.map(({ y }) => y)) + HEIGHT + MARGIN;
  return (
    <div className={classes.graph}>
      <svg width={width} height={height} role="group" aria-label="Steps of the chain">
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
        {placed.map((one) => (
          <Box key={one.name} step={one} />
        ))}
      </svg>
    </div>
  );
}

function Box({ step }: { step: Placed }) {
  const words = step.state ? stateWord(step.state) : step.detail;
  const drawn = (
    <g transform={`translate(${String(step.x)},${String(step.y)})`}>
      <title>{[step.title, step.detail, step.state && stateWord(step.state)].filter(Boolean).join('\n')}</title>
      <rect className={classes.box} width={WIDTH} height={HEIGHT} rx={step.given ? HEIGHT / 2 : 6} data-state={step.state} data-input={step.given || undefined} />
      <text x={WIDTH / 2} y={21} textAnchor="middle">
        {cut(step.title)}
      </text>
      <text x={WIDTH / 2} y={39} textAnchor="middle" data-dim>
        {cut(words)}
      </text>
    </g>
  );
  return step.href ? <a href={step.href}>{drawn}</a> : drawn;
}

function place(inputs: { name: string; title: string }[], steps: GraphStep[]): Placed[] {
  const rows = new Map<number, (GraphStep & { given: boolean })[]>();
  rows.set(0, inputs.map(({ name, title }) => ({ name, title, detail: 'input', level: -1, inputs: {}, given: true })));
  for (const step of steps) rows.set(step.level + 1, [...(rows.get(step.level + 1) ?? []), { ...step, given: false }]);
  const widest = Math.max(...[...rows.values()].map((row) => row.length));
  return [...rows].flatMap(([row, found]) => {
    const left = MARGIN + ((widest - found.length) * (WIDTH + GAP_X)) / 2;
    return found.map((one, column) => ({ ...one, x: left + column * (WIDTH + GAP_X), y: MARGIN + row * (HEIGHT + GAP_Y) }));
  });
}

function cut(text: string): string {
  return text.length > 26 ? `${text.slice(0, 25).trimEnd()}…` : text;
}
