/** One line of names and values with fixed places, so that nothing jumps while the pointer moves. */

import styles from '../viewer.module.css';

export interface ReadoutItem {
  readonly name: string;
  readonly value: string;
  readonly strong?: boolean;
  /** Room for this many characters. */
  readonly width?: number;
}

interface ReadoutProps {
  readonly items: readonly ReadoutItem[];
  readonly hint?: string;
  /** More than a narrow line holds: two lines are kept free there. */
  readonly long?: boolean;
}

export function Readout({ items, hint, long = false }: ReadoutProps) {
  return (
    <div className={styles.readout} data-testid="readout" data-long={long || undefined}>
      {items.length === 0 && <span className={styles.readoutHint}>{hint}</span>}
      {items.map(({ name, value, strong, width }) => (
        <span key={name} className={styles.readoutItem} style={{ minWidth: `${name.length + (width ?? 6)}ch` }}>
          <span className={styles.readoutName}>{name}</span> {strong ? <strong>{value}</strong> : value}
        </span>
      ))}
    </div>
  );
}
