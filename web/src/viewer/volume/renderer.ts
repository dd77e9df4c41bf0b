/**
 * Draws a volume by marching along one ray per pixel (WebGL 2).
 *
 * While the camera moves, fewer and coarser rays are cast, as many as fit a fraction of a second; when it stands still the
 * picture is made again at full resolution, strip by strip, so that nothing waits for it.
 */

import type { Vector, Rays } from './camera';
import { FRAGMENT, VERTEX } from './shaders';
import type { Size } from './voxels';

export interface Scene {
  readonly rays: Rays;
  readonly halfSize: Vector;
  readonly opacity: number;
  readonly threshold: number;
  readonly maximum: boolean;
}

const QUICK_MS = 60;
const STRIP_MS = 50;
const QUICK_STEP = 1 / 90;
const COARSEST = 0.12;

export class NoWebGl extends Error {
  override readonly name = 'NoWebGl';
}

const UNIFORMS = ['volume', 'colors', 'halfSize', 'eye', 'right', 'up', 'forward', 'tangent', 'stepSize', 'opacity', 'threshold', 'voxel', 'maximum', 'shaded'] as const;
type Uniform = (typeof UNIFORMS)[number];

export class VolumeRenderer {
  readonly longest: number;
  /** Milliseconds of the last picture that was drawn while moving, and the part of the resolution it had. */
  quickMs = 0;
  scale = 0.5;
  private readonly gl: WebGL2RenderingContext;
  private readonly where: Record<Uniform, WebGLUniformLocation | null>;
  private readonly volume: WebGLTexture;
  private readonly colors: WebGLTexture;
  private readonly target: WebGLTexture;
  private readonly buffer: WebGLFramebuffer;
  private size: Size = [1, 1, 1];
  private strips = 0;
  private stripRows = 32;

  constructor(private readonly canvas: HTMLCanvasElement) {
    const gl = canvas.getContext('webgl2', { antialias: false, alpha: true, premultipliedAlpha: true, preserveDrawingBuffer: true });
    if (!gl) throw new NoWebGl('This browser offers no WebGL 2, which drawing a volume needs.');
    this.gl = gl;
    this.longest = gl.getParameter(gl.MAX_3D_TEXTURE_SIZE) as number;
    const program = programOf(gl);
    gl.useProgram(program);
    this.where = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)])) as Record<Uniform, WebGLUniformLocation | null>;
    gl.bindVertexArray(gl.createVertexArray());
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    this.volume = textureOf(gl, gl.TEXTURE_3D, 0);
    this.colors = textureOf(gl, gl.TEXTURE_2D, 1);
    this.target = textureOf(gl, gl.TEXTURE_2D, 2);
    this.buffer = gl.createFramebuffer();
    gl.uniform1i(this.where.volume, 0);
    gl.uniform1i(this.where.colors, 1);
    this.resize(1, 1);
  }

  /** In pixels of the screen. */
  resize(width: number, height: number): void {
    const { gl, canvas } = this;
    if (canvas.width === width && canvas.height === height && this.strips >= 0 && width > 1) return;
    canvas.width = width;
    canvas.height = height;
    gl.activeTexture(gl.TEXTURE2);
    gl.bindTexture(gl.TEXTURE_2D, this.target);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, width, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, null);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.buffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.target, 0);
  }

  /** All voxels anew: `bytes` as `toBytes` makes them. */
  setVolume(size: Size, bytes: Uint8Array): void {
    const { gl } = this;
    const [depth, height, width] = size;
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_3D, this.volume);
    if (this.size.every((n, i) => n === size[i])) gl.texSubImage3D(gl.TEXTURE_3D, 0, 0, 0, 0, width, height, depth, gl.RED, gl.UNSIGNED_BYTE, bytes);
    else gl.texImage3D(gl.TEXTURE_3D, 0, gl.R8, width, height, depth, 0, gl.RED, gl.UNSIGNED_BYTE, bytes);
    this.size = size;
    gl.uniform3f(this.where.voxel, 1 / width, 1 / height, 1 / depth);
  }

  /** 256 colours of three bytes. */
  setColors(bytes: Uint8Array): void {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D, this.colors);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB8, 256, 1, 0, gl.RGB, gl.UNSIGNED_BYTE, bytes);
  }

  /** A picture at once, at the resolution that the last ones allowed. */
  drawQuickly(scene: Scene): void {
    this.strips++;
    const { gl, canvas } = this;
    const began = performance.now();
    const [width, height] = [Math.max(1, Math.round(canvas.width * this.scale)), Math.max(1, Math.round(canvas.height * this.scale))];
    this.prepare(scene, QUICK_STEP, false);
    gl.viewport(0, 0, width, height);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    this.show([0, 0, width, height], [0, 0, canvas.width, canvas.height], gl.LINEAR);
    this.wait();
    this.quickMs = performance.now() - began;
    // Half of the way towards what would have taken the right time; areas go with the square.
    const better = this.scale * Math.sqrt(QUICK_MS / Math.max(this.quickMs, 1));
    this.scale = Math.min(Math.max((this.scale + better) / 2, COARSEST), 1);
  }

  /** The same at full resolution, without holding anything up; resolves to false when something else was drawn meanwhile. */
  async drawFinely(scene: Scene): Promise<boolean> {
    const mine = ++this.strips;
    const { gl, canvas } = this;
    const step = 1 / Math.min(Math.max(1.2 * Math.max(...this.size), 120), 400);
    for (let row = 0; row < canvas.height; ) {
      await new Promise(requestAnimationFrame);
      if (mine !== this.strips || gl.isContextLost()) return false;
      const began = performance.now();
      const rows = Math.min(this.stripRows, canvas.height - row);
      this.prepare(scene, step, true);
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.enable(gl.SCISSOR_TEST);
      gl.scissor(0, row, canvas.width, rows);
      gl.drawArrays(gl.TRIANGLES, 0, 3);
      gl.disable(gl.SCISSOR_TEST);
      const strip: Rectangle = [0, row, canvas.width, row + rows];
      this.show(strip, strip, gl.NEAREST);
      this.wait();
      row += rows;
      const took = Math.max(performance.now() - began, 0.5);
      this.stripRows = Math.round(Math.min(Math.max((this.stripRows * STRIP_MS) / took, this.stripRows / 2, 4), this.stripRows * 2, 512));
    }
    return true;
  }

  dispose(): void {
    this.strips++;
    const { gl } = this;
    for (const texture of [this.volume, this.colors, this.target]) gl.deleteTexture(texture);
    gl.deleteFramebuffer(this.buffer);
  }

  private prepare({ rays, halfSize, opacity, threshold, maximum }: Scene, step: number, shaded: boolean): void {
    const { gl, where, canvas } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.buffer);
    gl.uniform3f(where.halfSize, ...halfSize);
    gl.uniform3f(where.eye, ...rays.eye);
    gl.uniform3f(where.right, ...rays.right);
    gl.uniform3f(where.up, ...rays.up);
    gl.uniform3f(where.forward, ...rays.forward);
    gl.uniform2f(where.tangent, (rays.tangent * canvas.width) / canvas.height, rays.tangent);
    gl.uniform1f(where.stepSize, step);
    gl.uniform1f(where.opacity, opacity);
    gl.uniform1f(where.threshold, threshold);
    gl.uniform1i(where.maximum, maximum ? 1 : 0);
    gl.uniform1i(where.shaded, shaded ? 1 : 0);
  }

  private show(from: Rectangle, to: Rectangle, filter: number): void {
    const { gl } = this;
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, this.buffer);
    gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, null);
    gl.blitFramebuffer(...from, ...to, gl.COLOR_BUFFER_BIT, filter);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.buffer);
  }

  /** Until the picture is there: how long that took decides how fine the next one is. */
  private wait(): void {
    this.gl.readPixels(0, 0, 1, 1, this.gl.RGBA, this.gl.UNSIGNED_BYTE, new Uint8Array(4));
  }
}

type Rectangle = [x0: number, y0: number, x1: number, y1: number];

function programOf(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [kind, text] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(kind);
    if (!shader) throw new NoWebGl('The graphics of this computer can’t draw volumes.');
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new NoWebGl(`The graphics of this computer can’t draw volumes: ${gl.getProgramInfoLog(program) ?? ''}`);
  }
  return program;
}

function textureOf(gl: WebGL2RenderingContext, kind: number, unit: number): WebGLTexture {
  const texture = gl.createTexture();
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(kind, texture);
  gl.texParameteri(kind, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
  gl.texParameteri(kind, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
  for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T, gl.TEXTURE_WRAP_R]) gl.texParameteri(kind, side, gl.CLAMP_TO_EDGE);
  return texture;
}
