/** Draws a rectangle (region) or a line (profile) with the left button; Shift keeps lines horizontal or vertical. */

import { SelectionTool, SvgElement, SvgLine, SvgRect, type Selection } from '@h5web/lib';
import { Vector3 } from 'three';

import { clamp } from '../core/numbers';
import type { Box } from '../core/state';
import type { PlotAxis } from '../plots/axes';

interface DrawToolProps {
  readonly shape: 'region' | 'profile';
  readonly xAxis: PlotAxis;
  readonly yAxis: PlotAxis;
  readonly onDrawn: (box: Box) => void;
}

/** Lines within this many screen pixels of an axis direction become exactly that. */
const SNAP = 6;

function snapped(selection: Selection): Selection {
  const snap = ([from, to]: [Vector3, Vector3], sameX: boolean, sameY: boolean): [Vector3, Vector3] => [
    from,
    new Vector3(sameX ? from.x : to.x, sameY ? from.y : to.y, to.z),
  ];
  const [from, to] = selection.html;
  const dx = Math.abs(to.x - from.x);
  const dy = Math.abs(to.y - from.y);
  const [sameX, sameY] = [dx < SNAP && dy > dx, dy < SNAP && dx > dy];
  return {
    html: snap(selection.html, sameX, sameY),
    world: snap(selection.world, sameX, sameY),
    data: snap(selection.data, sameX, sameY),
  };
}

export function DrawTool({ shape, xAxis, yAxis, onDrawn }: DrawToolProps) {
  const toBox = ({ data: [from, to] }: Selection): Box => {
    const x = (coordinate: number) => clamp(xAxis.toPixel(coordinate), 0, xAxis.size);
    const y = (coordinate: number) => clamp(yAxis.toPixel(coordinate), 0, yAxis.size);
    const box: Box = [x(from.x), y(from.y), x(to.x), y(to.y)];
    if (shape === 'profile') return box;
    return [
      Math.floor(Math.min(box[0], box[2])),
      Math.floor(Math.min(box[1], box[3])),
      Math.ceil(Math.max(box[0], box[2])),
      Math.ceil(Math.max(box[1], box[3])),
    ];
  };
  return (
    <SelectionTool
      id={`Draw ${shape}`}
      {...(shape === 'profile' && { transform: snapped })}
      validate={({ html: [from, to] }) => from.distanceTo(to) > 4}
      onValidSelection={(selection) => onDrawn(toBox(selection))}
    >
      {({ html }) => (
        <SvgElement>
          {shape === 'region' ? (
            <SvgRect coords={html} fill="#fff" fillOpacity={0.15} stroke="#fff" strokeDasharray="4 3" />
          ) : (
            <SvgLine coords={html} stroke="#fff" strokeWidth={1.5} strokeDasharray="4 3" />
          )}
        </SvgElement>
      )}
    </SelectionTool>
  );
}
