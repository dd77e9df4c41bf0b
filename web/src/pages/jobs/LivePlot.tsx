import { Skeleton } from '@mantine/core';
import { lazy, Suspense } from 'react';

import { Section } from '@/components/Page';

import classes from './jobs.module.css';

const MiniPlot = lazy(() => import('@/viewer/MiniPlot').then((module) => ({ default: module.MiniPlot })));

interface Preview {
  x: number[];
  y: number[];
  x_label?: string;
  y_label?: string;
  x_unit?: string | null;
  y_unit?: string | null;
  x_scale?: string;
  y_scale?: string;
}

interface LivePlotProps {
  preview: Record<string, unknown> | null | undefined;
  running: boolean;
}

/** The curve that the running analysis shows of itself. */
export function LivePlot({ preview, running }: LivePlotProps) {
  if (!isPreview(preview)) return null;
  return (
    <Section title={running ? 'So far' : 'Last seen while running'}>
      <div className={classes.plot}>
        <Suspense fallback={<Skeleton height={240} />}>
          <MiniPlot
            x={preview.x}
            y={preview.y}
            height={240}
            xLabel={preview.x_label ?? 'x'}
            yLabel={preview.y_label ?? 'y'}
            xUnit={preview.x_unit ?? null}
            yUnit={preview.y_unit ?? null}
            xScale={preview.x_scale === 'log' ? 'log' : 'linear'}
            yScale={preview.y_scale === 'log' ? 'log' : 'linear'}
            title="What the analysis has so far"
          />
        </Suspense>
      </div>
    </Section>
  );
}

function isPreview(preview: LivePlotProps['preview']): preview is Record<string, unknown> & Preview {
  return Array.isArray(preview?.x) && Array.isArray(preview.y) && preview.x.length > 0 && preview.x.length === preview.y.length;
}
