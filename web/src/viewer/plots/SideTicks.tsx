/** Ticks and a name beside a plot: of a colour scale, or of an axis on the right. */

import styles from '../viewer.module.css';

interface SideTicksProps {
  readonly width: number;
  readonly height: number;
  /** From the top, in pixels. */
  readonly ticks: readonly { readonly top: number; readonly label: string }[];
  readonly left?: number;
  /** With a line along the ticks. */
  readonly line?: boolean;
  readonly name: string;
}

export function SideTicks({ width, height, ticks, left, line = false, name }: SideTicksProps) {
  return (
    <>
      {height > 0 && (
        <svg className={styles.colorBarTicks} width={width} height={height} {...(left !== undefined && { style: { left } })} aria-hidden>
          {line && <line y2={height} />}
          {ticks.map((tick, index) => (
            <g key={index} transform={`translate(0,${tick.top})`}>
              <line x2={tick.label ? 6 : 3} />
              <text x={9} dy="0.34em">
                {tick.label}
              </text>
            </g>
          ))}
        </svg>
      )}
      <div className={styles.colorBarName} title={name} aria-hidden>
        {name}
      </div>
    </>
  );
}
