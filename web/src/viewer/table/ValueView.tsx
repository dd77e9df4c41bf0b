/** A single value: number with unit, text, JSON. */

import { useMemo } from 'react';

import { describeDtype } from '../core/dtype';
import { formatNumber, withUnit } from '../core/format';
import { exportUrl, requestJson } from '../data/requests';
import { useLatest } from '../data/useLatest';
import { PlotFrame } from '../plots/PlotFrame';
import type { PlotProps } from '../plots/props';
import { prettyText } from './cells';
import styles from '../viewer.module.css';

export function ValueView({ source }: PlotProps) {
  const job = useMemo(() => ({ url: exportUrl(source.pid, source.path, null, 'json') }), [source.pid, source.path]);
  const loaded = useLatest(job, ({ url }, signal) => requestJson<unknown>(url, signal).then((value) => ({ value })));
  return (
    <PlotFrame
      pending={loaded.pending}
      late={loaded.late}
      error={loaded.error}
      empty={loaded.value === null}
      description={`Value of ${source.path}`}
    >
      <div className={styles.scroll}>
        {loaded.value && <Value value={loaded.value.value} unit={source.unit} names={source.names} />}
        <p style={{ color: 'var(--viewer-dim)', fontSize: '0.8125rem' }}>{describeDtype(source.dtype)}</p>
      </div>
    </PlotFrame>
  );
}

interface ValueProps {
  readonly value: unknown;
  readonly unit: string | null;
  readonly names: ReadonlyMap<number, string>;
}

function Value({ value, unit, names }: ValueProps) {
  const name = typeof value === 'number' ? names.get(value) : undefined;
  if (name !== undefined) return <div className={styles.bigValue}>{`${name} (${String(value)})`}</div>;
  if (typeof value === 'number') return <div className={styles.bigValue}>{withUnit(formatNumber(value, 8), unit)}</div>;
  if (typeof value === 'boolean') return <div className={styles.bigValue}>{value ? 'true' : 'false'}</div>;
  if (typeof value === 'string') {
    const short = value.length <= 80 && !value.includes('\n');
    return short ? <div className={styles.bigValue}>{value}</div> : <pre className={styles.pre}>{prettyText(value)}</pre>;
  }
  return <pre className={styles.pre}>{JSON.stringify(value, null, 2)}</pre>;
}
