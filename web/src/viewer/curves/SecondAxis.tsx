/** The axis on the right of a plot of curves, beside the canvas as a colour scale is. */

import { useElementSize } from '@mantine/hooks';

import type { Domain } from '../core/numbers';
import { project, ticks } from '../core/ticks';
import { SideTicks } from '../plots/SideTicks';
import styles from '../viewer.module.css';

interface SecondAxisProps {
  readonly domain: Domain;
  /** What is drawn over it, with its unit. */
  readonly label: string;
}

/** Width of a figure of the labels, and of all that isn't labels. */
const CHARACTER = 7;
const REST = 40;
/** What the canvas leaves free on the right of its frame, to which the axis belongs. */
const MARGIN = 24;

export function SecondAxis({ domain, label }: SecondAxisProps) {
  const { ref, height } = useElementSize();
  const drawn = ticks(domain, 'linear', Math.max(3, Math.floor(height / 60)));
  const longest = Math.max(0, ...drawn.map((tick) => tick.label.length));
  return (
    <div className={styles.colorBar} style={{ width: REST + longest * CHARACTER, paddingLeft: 0, marginLeft: -MARGIN }} role="img" aria-label={`Axis on the right: ${label}`}>
      <div ref={ref} className={styles.colorBarBox}>
        <SideTicks line width={REST} height={height} name={label} ticks={drawn.map(({ value, label: words }) => ({ top: height - project(value, domain, 'linear', height), label: words }))} />
      </div>
    </div>
  );
}
