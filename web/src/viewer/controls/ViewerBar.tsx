/** The bar of a viewer and its menus. It is not rendered for each frame: of these only the export menu knows which is on show. */

import { createContext, memo, useContext, type ComponentProps } from 'react';

import { ComparePicker } from '../compare/ComparePicker';
import { parseDtype } from '../core/dtype';
import type { DimensionMapping } from '../core/selection';
import type { ViewerState } from '../core/state';
import type { ArraySource, DatasetOut } from '../data/types';
import type { AxisInfo } from '../plots/axes';
import type { FigureProvider } from '../plots/props';
import { CopyLink } from './CopyLink';
import { DimensionMenu } from './DimensionMenu';
import { ExportMenu } from './ExportMenu';
import type { ViewerCommand } from './keys';
import { Toolbar, type ToolbarProps } from './Toolbar';

type Told = 'visualisations' | 'active' | 'hasGeometry' | 'hasErrors' | 'isStack' | 'fullScreen' | 'onStateChange';

interface ViewerBarProps extends Pick<ToolbarProps, Told> {
  readonly dataset: DatasetOut;
  readonly source: ArraySource;
  readonly axes: readonly AxisInfo[];
  readonly mapping: DimensionMapping | null;
  /** All but what changes with every frame. */
  readonly state: ViewerState;
  readonly figure: FigureProvider | null;
  readonly link: () => string;
  readonly onCommand: (command: ViewerCommand) => void;
}

/** The selection on show. */
export const SelectionShown = createContext<string | null>(null);

export const ViewerBar = memo(function ViewerBar(props: ViewerBarProps) {
  const { dataset, source, axes, mapping, active, state, figure, link, onStateChange, onCommand } = props;
  const shown = mapping ? (mapping.y === null ? 1 : 2) : source.shape.length;
  return (
    <Toolbar
      visualisations={props.visualisations}
      active={active}
      state={state}
      complex={parseDtype(source.dtype)?.type === 'complex'}
      hasGeometry={props.hasGeometry}
      hasErrors={props.hasErrors}
      isStack={props.isStack}
      fullScreen={props.fullScreen}
      onStateChange={onStateChange}
      onAutoscale={() => onCommand({ kind: 'autoscale' })}
      onFullScreen={() => onCommand({ kind: 'screen' })}
      onHelp={() => onCommand({ kind: 'help' })}
      link={
        <>
          {(active === 'heatmap' || active === 'line') && (
            <ComparePicker dataset={dataset} source={source} active={active} comparing={isCompared(state)} onStateChange={onStateChange} />
          )}
          <CopyLink link={link} />
        </>
      }
      dimensions={
        mapping &&
        active !== 'rgb' && (
          <DimensionMenu
            axes={axes}
            mapping={mapping}
            onMapping={({ x, y }) => onStateChange({ x, y: y ?? undefined, zoom: undefined, region: undefined, profile: undefined })}
          />
        )
      }
      exports={<ShownExport dataset={dataset} source={source} figure={figure} dimensions={shown} />}
    />
  );
});

export function isCompared({ against, againstPath }: ViewerState): boolean {
  return against !== undefined || againstPath !== undefined;
}

function ShownExport(props: Omit<ComponentProps<typeof ExportMenu>, 'selection'>) {
  return <ExportMenu {...props} selection={useContext(SelectionShown)} />;
}
