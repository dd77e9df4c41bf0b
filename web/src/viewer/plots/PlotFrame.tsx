/** The parts every plot has: picture that stays while the next loads, progress line, readout, side panel, problems. */

import { Alert } from '@mantine/core';
import type { ReactNode } from 'react';

import { describeError } from '../data/requests';
import styles from '../viewer.module.css';

interface PlotFrameProps {
  readonly pending: boolean;
  /** Nothing new for 150 ms: the old picture is dimmed. */
  readonly late: boolean;
  readonly error: unknown;
  /** There is no picture yet. */
  readonly empty: boolean;
  readonly drawing?: boolean;
  /** A part of the plot is shown: one finger moves it, where it would else scroll the page. */
  readonly zoomed?: boolean;
  readonly description: string;
  /** What stands over the picture, without covering any of it. */
  readonly above?: ReactNode;
  readonly readout?: ReactNode;
  readonly side?: ReactNode;
  readonly children: ReactNode;
}

export function PlotFrame(props: PlotFrameProps) {
  const { pending, late, error, empty } = props;
  const failed = error !== null && error !== undefined;
  return (
    <div className={styles.body}>
      <div className={styles.plot}>
        {props.above}
        <div
          className={styles.canvas}
          role="group"
          aria-label={props.description}
          aria-busy={pending}
          data-late={late && !empty ? '' : undefined}
          data-drawing={props.drawing ? '' : undefined}
          data-zoomed={props.zoomed ? '' : undefined}
          data-testid="plot"
          data-ready={!empty && !pending ? '' : undefined}
        >
          {props.children}
          {empty && !failed && <div className={styles.skeleton} />}
        </div>
        {failed && <PlotProblem error={error} />}
        <div style={{ position: 'relative' }}>{pending && !failed && <div className={styles.progress} role="progressbar" aria-label="Loading" />}</div>
        {props.readout}
      </div>
      {props.side && <aside className={styles.side}>{props.side}</aside>}
    </div>
  );
}

export function PlotProblem({ error }: { error: unknown }) {
  const { what, remedy, requestId } = describeError(error);
  return (
    <Alert className={styles.notice} color="red" title={what} role="alert">
      {remedy}
      {requestId && <div>{`Quote ${requestId} when you ask for help.`}</div>}
    </Alert>
  );
}
