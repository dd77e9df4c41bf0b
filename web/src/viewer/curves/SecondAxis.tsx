/** The axis on the right of a plot of curves, beside the canvas as a colour scale is. */

import { useElementSize } from '@mantine/hooks';

import type { Domain } from '../core/numbers';
import { project, ticks } from '../core/ticks';
import styles from '../viewer.module.css';

interface SecondAxisProps {
  readonly domain: Domain;
  /** What is drawn over it, with its unit. */
  readonly label: string;
}

/** Width of a figure of the labels, and of all that isn't labels. */
const CHARACTER = 7;
const REST = 40;

export function SecondAxis({ domain, label }: SecondAxisProps) {
  const { ref, height } = useElementSize();
  const drawn = ticks(domain, 'linear', Math.max(3, Math.floor(height / 60)));
  const longest = Math.max(0, ...drawn.map((tick) => tick.label.length));
  return (
    <div className={styles.colorBar} style={{ width: REST + longest * CHARACTER, paddingLeft: 0 }} role="img" aria-label={`Axis on the right: ${label}`}>
      <div ref={ref} className={styles.colorBarBox}>
        {height > 0 && (
          <svg className={styles.colorBarTicks} width={REST} height={height} aria-hidden>
            <line y2={height} />
            {drawn.map((tick) => (
              <g key={tick.value} transform={`translate(0,${height - project(tick.value, domain, 'linear', height)})`}>
                <line x2={6} />
                <text x={9} dy="0.34em">
                  {tick.label}
                </text>
              </g>
            ))}
          </svg>
        )}
        <div className={styles.colorBarName} title={label} aria-hidden>
          {label}
        </div>
      </div>
    </div>
  );
}
