/** Names of the curves; slices can be kept on show and taken off again. */

import { ActionIcon, Button } from '@mantine/core';
import { IconPin, IconX } from '@tabler/icons-react';

import { slicedDimensions } from '../core/selection';
import type { PlotProps } from '../plots/props';
import type { DrawnCurve } from './CurvePlot';
import styles from '../viewer.module.css';

interface LegendProps extends PlotProps {
  readonly curves: readonly DrawnCurve[];
}

/** The title, and which axis it is over where there are two. */
export function legendName({ title, right }: Pick<DrawnCurve, 'title' | 'right'>): string {
  return right ? `${title} (axis on the right)` : title;
}

export function Legend({ curves, source, mapping, slice, state, onStateChange }: LegendProps) {
  const dimension = slicedDimensions(source.shape.length, mapping).find((d) => (source.shape[d] ?? 1) > 1);
  if (curves.length < 2 && dimension === undefined) return null;
  const pinned = state.pinned ?? [];
  const current = dimension === undefined ? null : (slice[dimension] ?? 0);
  return (
    <div className={styles.legend}>
      {curves.map((curve) => (
        <div key={curve.label} className={styles.legendItem}>
          <span className={styles.swatch} style={{ background: curve.color }} />
          {legendName(curve)}
          {curve.x && (
            <ActionIcon size="xs" variant="subtle" color="gray" aria-label={`Take ${curve.title} off`} onClick={() => onStateChange({ against: undefined, againstPath: undefined })}>
              <IconX size={12} />
            </ActionIcon>
          )}
          {curve.pinned !== null && (
            <ActionIcon
              size="xs"
              variant="subtle"
              color="gray"
              aria-label={`Take ${curve.title} off`}
              onClick={() => onStateChange({ pinned: pinned.filter((index) => index !== curve.pinned) })}
            >
              <IconX size={12} />
            </ActionIcon>
          )}
        </div>
      ))}
      {current !== null && !pinned.includes(current) && (
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          c="var(--mantine-color-text)"
          leftSection={<IconPin size={12} />}
          onClick={() => onStateChange({ pinned: [...pinned, current] })}
        >
          Keep this curve
        </Button>
      )}
    </div>
  );
}
