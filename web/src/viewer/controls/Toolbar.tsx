/** The thin bar above the plot. */

import { ActionIcon, Button, Group, Menu, SegmentedControl, Select, Tooltip } from '@mantine/core';
import {
  IconAdjustmentsHorizontal,
  IconArrowsMaximize,
  IconArrowsMinimize,
  IconBrush,
  IconChartHistogram,
  IconChartLine,
  IconCircleDashed,
  IconContrast2,
  IconFlipVertical,
  IconKeyboard,
  IconMask,
  IconShape,
  IconTimeline,
  IconZoomReset,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';

import { COMPLEX_PARTS, type ComplexPart } from '../core/complex';
import { COLOR_SCALES, type ColorScale } from '../core/contrast';
import { COLOR_MAPS, type ColorMapName, type Followed, type Panel, type ViewerState, type Visualisation } from '../core/state';
import type { VisualisationInfo } from '../plots/registry';
import styles from '../viewer.module.css';

export interface ToolbarProps {
  readonly visualisations: readonly VisualisationInfo[];
  readonly active: Visualisation;
  readonly state: ViewerState;
  readonly complex: boolean;
  readonly hasGeometry: boolean;
  readonly hasErrors: boolean;
  /** There are more frames than the one on show. */
  readonly isStack: boolean;
  readonly fullScreen: boolean;
  readonly onStateChange: (partial: Partial<ViewerState>) => void;
  readonly onAutoscale: () => void;
  readonly onFullScreen: () => void;
  readonly onHelp: () => void;
  readonly dimensions: ReactNode;
  readonly exports: ReactNode;
  readonly link: ReactNode;
}

const PART_NAMES: Record<ComplexPart, string> = { amplitude: 'Amplitude', phase: 'Phase', real: 'Real', imaginary: 'Imaginary' };
const SCALE_NAMES: Record<ColorScale, string> = { linear: 'Linear', log: 'Log', sqrt: 'Square root', symlog: 'Symlog' };
const MAP_NAMES: Record<ColorMapName, string> = { viridis: 'Viridis', inferno: 'Inferno', cividis: 'Cividis', grey: 'Grey', 'blue-red': 'Blue to red' };

interface ToolProps {
  readonly label: string;
  readonly icon: ReactNode;
  readonly onClick: () => void;
  readonly pressed?: boolean;
}

export function Tool({ label, icon, onClick, pressed }: ToolProps) {
  return (
    <Tooltip label={label} openDelay={400}>
      <ActionIcon
        variant={pressed ? 'light' : 'subtle'}
        {...(!pressed && { color: 'gray' })}
        aria-label={label}
        {...(pressed !== undefined && { 'aria-pressed': pressed })}
        onClick={onClick}
      >
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}

export function Toolbar(props: ToolbarProps) {
  const { active, state, onStateChange, complex } = props;
  return (
    <div className={styles.toolbar} role="toolbar" aria-label="Viewer tools">
      <SegmentedControl
        size="xs"
        aria-label="Visualisation"
        value={active}
        onChange={(vis) => onStateChange({ vis: vis as Visualisation, zoom: undefined })}
        data={props.visualisations.map(({ id, label }) => ({ value: id, label }))}
      />
      {props.dimensions}
      {complex && (active === 'heatmap' || active === 'line') && (
        <Select
          size="xs"
          w={116}
          aria-label="Part of the complex numbers"
          allowDeselect={false}
          value={state.part ?? 'amplitude'}
          onChange={(part) => onStateChange({ part: part as ComplexPart, domain: undefined })}
          data={COMPLEX_PARTS.map((value) => ({ value, label: PART_NAMES[value] }))}
        />
      )}
      {(active === 'heatmap' || active === 'scatter' || active === 'slices' || active === 'volume') && <ColorTools {...props} />}
      {active === 'heatmap' && <ImageTools {...props} />}
      {active === 'line' && <LineTools {...props} />}
      <span className={styles.spacer} />
      {state.zoom && <Tool label="Reset zoom (R)" icon={<IconZoomReset size={18} />} onClick={() => onStateChange({ zoom: undefined })} />}
      {props.link}
      {props.exports}
      <Tool label="Keys (?)" icon={<IconKeyboard size={18} />} onClick={props.onHelp} />
      <Tool
        label={props.fullScreen ? 'Leave full screen (F)' : 'Full screen (F)'}
        icon={props.fullScreen ? <IconArrowsMinimize size={18} /> : <IconArrowsMaximize size={18} />}
        onClick={props.onFullScreen}
      />
    </div>
  );
}

function ColorTools({ state, onStateChange, onAutoscale, active }: ToolbarProps) {
  return (
    <Group gap={4} wrap="nowrap">
      <Select
        size="xs"
        w={110}
        aria-label="Colour scale"
        placeholder="Scale"
        allowDeselect={false}
        value={state.scale ?? null}
        onChange={(scale) => onStateChange({ scale: scale as ColorScale, domain: undefined })}
        data={COLOR_SCALES.map((value) => ({ value, label: SCALE_NAMES[value] }))}
      />
      <Menu position="bottom-start">
        <Menu.Target>
          <Tooltip label="Colour map" openDelay={400}>
            <ActionIcon variant="subtle" color="gray" aria-label="Colour map">
              <IconContrast2 size={18} />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          {COLOR_MAPS.map((map) => (
            <Menu.Item key={map} onClick={() => onStateChange({ map })} fw={map === (state.map ?? 'viridis') ? 600 : 400}>
              {MAP_NAMES[map]}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item onClick={() => onStateChange({ invert: !(state.invert ?? false) })}>
            {state.invert ? 'Not inverted' : 'Inverted'}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {active === 'heatmap' && (
        <Tool label="Percentile contrast of this frame (A)" icon={<IconAdjustmentsHorizontal size={18} />} onClick={onAutoscale} />
      )}
    </Group>
  );
}

/** What is followed when nothing was said: what there is on the image already. */
export function followedFirst(state: ViewerState): Followed {
  if (state.panel === 'profile' && state.profile) return 'line';
  return state.panel === 'region' && state.region ? 'region' : 'pixel';
}

function ImageTools({ state, onStateChange, hasGeometry, isStack }: ToolbarProps) {
  const panelTool = (panel: Panel, label: string, icon: ReactNode) => (
    <Tool
      label={label}
      icon={icon}
      pressed={state.panel === panel}
      onClick={() => onStateChange({ panel: state.panel === panel ? undefined : panel })}
    />
  );
  return (
    <Group gap={4} wrap="nowrap">
      {panelTool('contrast', 'Histogram and contrast', <IconChartHistogram size={18} />)}
      {panelTool('region', 'Region of interest (G)', <IconShape size={18} />)}
      {panelTool('profile', 'Line profile (P)', <IconChartLine size={18} />)}
      {isStack && (
        <Tool
          label="Through the whole stack (T)"
          icon={<IconTimeline size={18} />}
          pressed={state.follow !== undefined}
          onClick={() => onStateChange({ follow: state.follow ? undefined : followedFirst(state) })}
        />
      )}
      <Tool label="Pixel mask (M)" icon={<IconMask size={18} />} pressed={state.mask ?? true} onClick={() => onStateChange({ mask: !(state.mask ?? true) })} />
      {panelTool('mask', 'Draw a mask', <IconBrush size={18} />)}
      {hasGeometry && panelTool('rings', 'Rings of known spacings', <IconCircleDashed size={18} />)}
      <Tool label="Turn upside down" icon={<IconFlipVertical size={18} />} onClick={() => onStateChange({ top: !(state.top ?? true) })} />
    </Group>
  );
}

function LineTools({ state, onStateChange, hasErrors }: ToolbarProps) {
  const log = (axis: 'xScale' | 'yScale') => (
    <Button
      size="compact-sm"
      variant={state[axis] === 'log' ? 'light' : 'subtle'}
      {...(state[axis] !== 'log' && { color: 'gray', c: 'var(--mantine-color-text)' })}
      fw={500}
      aria-pressed={state[axis] === 'log'}
      title={axis === 'xScale' ? 'Logarithmic x axis' : 'Logarithmic y axis (L)'}
      onClick={() => onStateChange({ [axis]: state[axis] === 'log' ? 'linear' : 'log', zoom: undefined })}
    >
      {axis === 'xScale' ? 'log x' : 'log y'}
    </Button>
  );
  return (
    <Group gap={8} wrap="nowrap">
      <Group gap={4} wrap="nowrap">
        {log('xScale')}
        {log('yScale')}
      </Group>
      {hasErrors && (
        <SegmentedControl
          size="xs"
          aria-label="Uncertainties"
          value={state.errors ?? 'bars'}
          onChange={(errors) => onStateChange({ errors: errors as 'bars' | 'band' | 'none' })}
          data={[
            { value: 'bars', label: 'Bars' },
            { value: 'band', label: 'Band' },
            { value: 'none', label: 'No errors' },
          ]}
        />
      )}
    </Group>
  );
}
