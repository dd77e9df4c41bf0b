/** @h5web/lib's matrix, reachable and scrollable by keyboard. */

import { MatrixVis } from '@h5web/lib';
import { useCallback, type ComponentProps } from 'react';

import styles from '../viewer.module.css';

export function Matrix({ label, ...props }: ComponentProps<typeof MatrixVis> & { readonly label: string }) {
  const prepare = useCallback(
    (holder: HTMLDivElement | null) => {
      const grid = holder?.querySelector('[role="grid"]');
      grid?.setAttribute('tabindex', '0');
      grid?.setAttribute('aria-label', label);
    },
    [label],
  );
  return (
    <div ref={prepare} className={styles.matrixHolder}>
      <MatrixVis className={styles.matrix ?? ''} {...props} />
    </div>
  );
}
