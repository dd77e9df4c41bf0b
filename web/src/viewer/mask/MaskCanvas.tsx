/** Inside the plot: shows the drawn mask over the image and draws with the left button. */

import { useCanvasEvent, useVisCanvasContext, VisMesh } from '@h5web/lib';
import { useThree } from '@react-three/fiber';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { DataTexture, DoubleSide, NearestFilter, RedFormat, ShaderMaterial, UnsignedByteType, Vector3 } from 'three';

import type { Point } from '../core/mask';
import { Outline } from '../image/overlays';
import type { PlotAxis } from '../plots/axes';
import { useDrawingVersion, type MaskDrawing } from './drawing';

interface MaskCanvasProps {
  readonly drawing: MaskDrawing;
  readonly xAxis: PlotAxis;
  readonly yAxis: PlotAxis;
}

class MaskMaterial extends ShaderMaterial {
  private readonly texture: DataTexture;

  constructor(bytes: Uint8Array, rows: number, columns: number) {
    const texture = new DataTexture(bytes, columns, rows, RedFormat, UnsignedByteType);
    texture.magFilter = NearestFilter;
    texture.minFilter = NearestFilter;
    texture.unpackAlignment = 1;
    super({
      transparent: true,
      depthTest: false,
      side: DoubleSide,
      uniforms: { mask: { value: texture } },
      vertexShader: `varying vec2 coords;
        void main() { coords = uv; gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }`,
      fragmentShader: `varying vec2 coords;
        uniform sampler2D mask;
        void main() {
          if (texture2D(mask, coords).r == 0.0) discard;
          gl_FragColor = vec4(1.0, 0.17, 0.31, 0.55);
        }`,
    });
    this.texture = texture;
  }

  update(): void {
    this.texture.needsUpdate = true;
  }

  override dispose(): void {
    this.texture.dispose();
    super.dispose();
  }
}

export function MaskCanvas({ drawing, xAxis, yAxis }: MaskCanvasProps) {
  const { dataToWorld } = useVisCanvasContext();
  const invalidate = useThree((state) => state.invalidate);
  const version = useDrawingVersion(drawing);
  const [material] = useState(() => {
    const { bytes, rows, columns } = drawing.mask;
    return new MaskMaterial(bytes, rows, columns);
  });
  useEffect(() => () => material.dispose(), [material]);
  useLayoutEffect(() => {
    material.update();
    invalidate();
  }, [version, material, invalidate]);

  const from = dataToWorld(new Vector3(xAxis.toCoordinate(0), yAxis.toCoordinate(0), 0));
  const to = dataToWorld(new Vector3(xAxis.toCoordinate(xAxis.size), yAxis.toCoordinate(yAxis.size), 0));
  return (
    <>
      <VisMesh
        size={{ width: 1, height: 1 }}
        position={[(from.x + to.x) / 2, (from.y + to.y) / 2, 2]}
        scale={[to.x - from.x, to.y - from.y, 1]}
        renderOrder={2}
      >
        <primitive object={material} attach="material" />
      </VisMesh>
      <Pointer drawing={drawing} xAxis={xAxis} yAxis={yAxis} />
    </>
  );
}

/** Polygons are closed by a double click or Enter; Escape drops the shape. */
function Pointer({ drawing, xAxis, yAxis }: MaskCanvasProps) {
  const [corners, setCorners] = useState<readonly Point[]>([]);
  const active = useRef<Point | null>(null);
  const toPixel = (data: Vector3): Point => [xAxis.toPixel(data.x), yAxis.toPixel(data.y)];

  useCanvasEvent('pointerdown', ({ dataPt, sourceEvent }) => {
    if (sourceEvent.button !== 0) return;
    const point = toPixel(dataPt);
    if (drawing.tool === 'polygon') {
      setCorners((before) => [...before, point]);
      return;
    }
    (sourceEvent.target as Element).setPointerCapture(sourceEvent.pointerId);
    active.current = point;
    if (drawing.tool === 'brush') drawing.startStroke(point);
    else setCorners([point, point]);
  });

  useCanvasEvent('pointermove', ({ dataPt }) => {
    const start = active.current;
    if (!start) return;
    const point = toPixel(dataPt);
    if (drawing.tool === 'brush') {
      drawing.stroke(start, point);
      active.current = point;
    } else {
      setCorners([start, point]);
    }
  });

  useCanvasEvent('pointerup', ({ dataPt }) => {
    const start = active.current;
    active.current = null;
    if (!start || drawing.tool === 'polygon') return;
    if (drawing.tool === 'rectangle') drawing.rectangle(start, toPixel(dataPt));
    if (drawing.tool === 'circle') drawing.circle(start, toPixel(dataPt));
    setCorners([]);
  });

  useCanvasEvent('dblclick', () => {
    if (drawing.tool !== 'polygon') return;
    if (corners.length >= 3) drawing.polygon(corners);
    setCorners([]);
  });

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key === 'Escape') setCorners([]);
      if (event.key === 'Enter' && corners.length >= 3) {
        drawing.polygon(corners);
        setCorners([]);
      }
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [corners, drawing]);

  if (corners.length < 2) return null;
  return <Outline corners={shapeOf(drawing, corners)} closed={drawing.tool !== 'polygon'} xAxis={xAxis} yAxis={yAxis} />;
}

/** Corners of the outline of the shape being drawn. */
function shapeOf(drawing: MaskDrawing, corners: readonly Point[]): readonly Point[] {
  const [from, to] = corners;
  if (!from || !to || drawing.tool === 'polygon') return corners;
  if (drawing.tool === 'rectangle') return [from, [to[0], from[1]], to, [from[0], to[1]]];
  const radius = Math.hypot(to[0] - from[0], to[1] - from[1]);
  return Array.from({ length: 48 }, (_, i): Point => {
    const angle = (2 * Math.PI * i) / 48;
    return [from[0] + radius * Math.cos(angle), from[1] + radius * Math.sin(angle)];
  });
}
