/** The colour scale beside the image, with the same numbers as the figure for print. */

import { useElementSize } from '@mantine/hooks';

import type { ColorScale } from '../core/contrast';
import { formatNumber } from '../core/format';
import type { Domain } from '../core/numbers';
import type { ColorMapName } from '../core/state';
import { barTicks } from '../figure/barTicks';
import { SideTicks } from '../plots/SideTicks';
import { colorAt, SATURATED_COLOR } from './frameMaterial';
import styles from '../viewer.module.css';

interface ColorScaleBarProps {
  readonly domain: Domain;
  readonly scale: ColorScale;
  readonly map: ColorMapName;
  readonly invert: boolean;
  /** What the colours stand for, with its unit. */
  readonly label: string;
  readonly saturation: number | null;
}

const WIDTH = 16;
const STOPS = 24;
/** Width of a figure of the labels. */
const CHARACTER = 7;

export function ColorScaleBar({ domain, scale, map, invert, label, saturation }: ColorScaleBarProps) {
  const { ref, height } = useElementSize();
  const stops = Array.from({ length: STOPS + 1 }, (_, i) => colorAt(map, invert, i / STOPS)).join(', ');
  const drawn = barTicks(domain, scale, Math.max(3, Math.floor(height / 60)));
  const longest = Math.max(0, ...drawn.map((tick) => tick.label.length));
  return (
    <div className={styles.colorBar} style={{ width: Math.max(96, 60 + longest * CHARACTER) }} role="img" aria-label={`Colour scale of ${label}, ${scale}, from ${formatNumber(domain[0])} to ${formatNumber(domain[1])}`}>
      <div ref={ref} className={styles.colorBarBox}>
        <div className={styles.colorBarGradient} style={{ width: WIDTH, background: `linear-gradient(to top, ${stops})` }} />
        <SideTicks width={74} height={height} left={WIDTH} name={label} ticks={drawn.map((tick) => ({ top: (1 - tick.at) * height, label: tick.label }))} />
        {saturation !== null && (
          <div className={styles.colorBarNote} title={`Saturated from ${formatNumber(saturation)}`}>
            <span className={styles.swatch} style={{ background: SATURATED_COLOR }} /> saturated
          </div>
        )}
      </div>
    </div>
  );
}
