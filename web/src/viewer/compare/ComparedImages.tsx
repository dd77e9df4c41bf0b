/** Two images side by side with the same slice, zoom and contrast, or their difference or ratio. */

import { Alert, CloseButton, SegmentedControl } from '@mantine/core';
import { useState } from 'react';

import { baseName } from '../core/format';
import { safeSlice } from '../core/selection';
import { RELATIONS, type Relation } from '../core/state';
import { useAxes } from '../data/queries';
import { describeError } from '../data/requests';
import { ImagePlot } from '../image/ImagePlot';
import type { Chosen, PlotProps } from '../plots/props';
import { whyNotBeside, whyNotSubtracted } from './fits';
import { RelatedImage } from './RelatedImage';
import { usePartner, type Partner } from './usePartner';
import styles from './compare.module.css';

const NAMES: Record<Relation, string> = { beside: 'Side by side', difference: 'Difference', ratio: 'Ratio' };

export function ComparedImages(props: PlotProps) {
  const { dataset, source, state, onStateChange } = props;
  const { partner, error } = usePartner(dataset, state.against ?? null, state.againstPath ?? source.path);
  const relation = state.relation ?? 'beside';
  const stop = () => onStateChange({ against: undefined, againstPath: undefined, relation: undefined });
  const why = partner && reason(props, partner, relation);
  return (
    <div className={styles.compared}>
      <div className={styles.head}>
        <SegmentedControl
          size="xs"
          aria-label="Kind of comparison"
          value={relation}
          onChange={(next) => onStateChange({ relation: next as Relation, domain: undefined, zoom: state.zoom })}
          data={RELATIONS.map((value) => ({ value, label: NAMES[value] }))}
        />
        <span className={styles.names}>
          <bdi>{nameOf(dataset.title, source.path)}</bdi>
          {relation === 'difference' ? ' − ' : relation === 'ratio' ? ' ÷ ' : ' | '}
          <bdi>{partner ? nameOf(partner.dataset.title, partner.source.path) : '…'}</bdi>
        </span>
        <CloseButton size="sm" aria-label="End the comparison" onClick={stop} />
      </div>
      {error !== null && <Refused text={`${describeError(error).what} It is shown without the comparison.`} />}
      {why && <Refused text={`These two can’t be compared like that. ${why}`} />}
      {partner && !why && relation === 'beside' ? (
        <Beside {...props} partner={partner} />
      ) : partner && !why && relation !== 'beside' ? (
        <RelatedImage {...props} partner={partner} relation={relation} />
      ) : (
        <ImagePlot {...props} />
      )}
    </div>
  );
}

function reason({ source, mapping }: PlotProps, { source: other }: Partner, relation: Relation): string | null {
  if (relation === 'beside') return whyNotBeside(source, other);
  return whyNotSubtracted(source, other, [mapping.y ?? 0, mapping.x], relation);
}

function nameOf(title: string, path: string): string {
  return `${title}: ${baseName(path)}`;
}

function Refused({ text }: { text: string }) {
  return (
    <Alert color="yellow" variant="light" py={6} radius={0} role="status">
      {text}
    </Alert>
  );
}

const nothing = () => undefined;

function Beside({ partner, ...props }: PlotProps & { partner: Partner }) {
  const [chosen, setChosen] = useState<Chosen>({});
  const { onChosen } = props;
  const [report] = useState(() => (next: Chosen) => {
    setChosen(next);
    onChosen(next);
  });
  const axes = useAxes(partner.source, partner.plot);
  const state = { ...props.state, scale: props.state.scale ?? chosen.scale, domain: props.state.domain ?? chosen.domain, top: props.state.top ?? chosen.top, panel: undefined, follow: undefined };
  return (
    <div className={styles.pair}>
      <div className={styles.one} data-testid="compared">
        <ImagePlot {...props} onChosen={report} />
      </div>
      <div className={styles.one} data-testid="compared">
        {chosen.domain && (
          <ImagePlot
            {...props}
            dataset={partner.dataset}
            source={partner.source}
            plot={partner.plot}
            axes={axes}
            slice={safeSlice(partner.source.shape, props.slice)}
            state={state}
            onChosen={nothing}
            onFigure={nothing}
          />
        )}
      </div>
    </div>
  );
}
