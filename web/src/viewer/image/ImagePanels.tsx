/** The side panel that is open. */

import type { Panel, ViewerState, ColorMapName } from '../core/state';
import type { FrameSource, RuleSource } from '../data/frameStore';
import type { ArraySource } from '../data/types';
import { MaskPanel } from '../mask/MaskPanel';
import type { MaskDrawing } from '../mask/drawing';
import { ContrastPanel, ProfilePanel, RegionPanel, RingsPanel } from './panels';
import type { Contrast } from './useContrast';

interface ImagePanelsProps {
  readonly panel: Panel;
  readonly source: ArraySource;
  readonly frame: FrameSource;
  readonly rules: RuleSource;
  readonly contrast: Contrast;
  readonly map: ColorMapName;
  readonly invert: boolean;
  readonly state: ViewerState;
  readonly onStateChange: (partial: Partial<ViewerState>) => void;
  readonly rows: number;
  readonly columns: number;
  readonly drawing: MaskDrawing | null;
  readonly maySave: boolean;
}

export function ImagePanels(props: ImagePanelsProps) {
  const { panel, source, frame, rules, state, onStateChange, contrast, drawing } = props;
  const pixels = { frame, rules, unit: source.unit };
  switch (panel) {
    case 'contrast':
      return (
        <ContrastPanel {...pixels} contrast={contrast} map={props.map} invert={props.invert} onDomain={(domain) => onStateChange({ domain })} />
      );
    case 'region':
      return <RegionPanel {...pixels} region={state.region} onClear={() => onStateChange({ region: undefined })} />;
    case 'profile':
      return (
        <ProfilePanel
          {...pixels}
          line={state.profile}
          log={contrast.scale === 'log'}
          width={state.profileWidth ?? 1}
          onWidth={(profileWidth) => onStateChange({ profileWidth })}
          onLine={(profile) => onStateChange({ profile })}
          rows={props.rows}
          columns={props.columns}
        />
      );
    case 'rings':
      return <RingsPanel rings={state.rings} onRings={(rings) => onStateChange({ rings })} />;
    case 'mask':
      return drawing && <MaskPanel drawing={drawing} source={source} frame={frame} rules={rules} maySave={props.maySave} />;
  }
}
