/** One slider per sliced dimension with axis value and unit; playback of the one that was touched last. */

import { ActionIcon, Menu, NumberInput, Slider, Tooltip } from '@mantine/core';
import { IconPlayerPauseFilled, IconPlayerPlayFilled } from '@tabler/icons-react';
import { memo } from 'react';

import { formatNumber, withUnit } from '../core/format';
import { at } from '../core/numbers';
import type { AxisInfo } from '../plots/axes';
import type { Playback } from './usePlayback';
import styles from '../viewer.module.css';

interface SliceSlidersProps {
  readonly axes: readonly AxisInfo[];
  readonly dimensions: readonly number[];
  readonly slice: readonly number[];
  readonly onIndex: (dimension: number, index: number) => void;
  readonly playback: Playback;
}

export function SliceSliders({ axes, dimensions, slice, onIndex, playback }: SliceSlidersProps) {
  const shown = dimensions.filter((dimension) => (axes[dimension]?.size ?? 1) > 1);
  if (shown.length === 0) return null;
  return (
    <div className={styles.sliders}>
      {shown.map((dimension) => {
        const axis = axes[dimension];
        return (
          axis && (
            <SliceRow
              key={dimension}
              axis={axis}
              dimension={dimension}
              index={slice[dimension] ?? 0}
              onIndex={onIndex}
              playback={playback}
            />
          )
        );
      })}
    </div>
  );
}

interface SliceRowProps {
  readonly axis: AxisInfo;
  readonly dimension: number;
  readonly index: number;
  readonly onIndex: (dimension: number, index: number) => void;
  readonly playback: Playback;
}

const RATES = [1, 2, 5, 10, 20, 30];

function SliceRow({ axis, dimension, index, onIndex, playback }: SliceRowProps) {
  const last = axis.size - 1;
  const value = axis.values ? withUnit(formatNumber(at(axis.values, index)), axis.unit) : '';
  return (
    <div className={styles.sliderRow}>
      <PlayButton name={axis.name} dimension={dimension} playing={playback.playing === dimension} onToggle={playback.toggle} />
      <span className={styles.sliderLabel} title={axis.path ?? axis.name}>{axis.name}</span>
      <Slider
        className={styles.slider}
        size="sm"
        min={0}
        max={last}
        value={index}
        onChange={(next) => onIndex(dimension, next)}
        label={null}
        thumbLabel={axis.name}
        thumbProps={{ 'aria-valuetext': `${index} of ${last}${value ? `, ${value}` : ''}` }}
      />
      <NumberInput
        size="xs"
        w={84}
        min={0}
        max={last}
        value={index}
        allowDecimal={false}
        aria-label={`Index of ${axis.name}`}
        onChange={(next) => typeof next === 'number' && onIndex(dimension, next)}
      />
      <span className={styles.sliderValue}>{`of ${axis.size}${value ? ` · ${value}` : ''}`}</span>
      <RateMenu fps={playback.fps} onFps={playback.setFps} />
    </div>
  );
}

interface PlayButtonProps {
  readonly name: string;
  readonly dimension: number;
  readonly playing: boolean;
  readonly onToggle: (dimension: number) => void;
}

// These stay as they are from frame to frame.

const PlayButton = memo(function PlayButton({ name, dimension, playing, onToggle }: PlayButtonProps) {
  return (
    <Tooltip label={playing ? 'Pause (Space)' : 'Play (Space)'}>
      <ActionIcon variant="subtle" color="gray" aria-label={`${playing ? 'Pause' : 'Play'} ${name}`} onClick={() => onToggle(dimension)}>
        {playing ? <IconPlayerPauseFilled size={16} /> : <IconPlayerPlayFilled size={16} />}
      </ActionIcon>
    </Tooltip>
  );
});

const RateMenu = memo(function RateMenu({ fps, onFps }: { fps: number; onFps: (fps: number) => void }) {
  return (
    <Menu position="top-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" w={52} aria-label={`${fps}/s, frames per second`}>
          <span className={styles.plain}>{`${fps}/s`}</span>
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {RATES.map((rate) => (
          <Menu.Item key={rate} onClick={() => onFps(rate)} {...(rate === fps && { 'aria-current': true as const, fw: 600 })}>
            {`${rate} frames/s`}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
});
