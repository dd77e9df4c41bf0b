/**
 * n-dimensional views on flat arrays, for @h5web/lib. The package `ndarray` that it names compiles its accessors with
 * `new Function`, which our content security policy forbids (no 'unsafe-eval'); this offers the same interface without.
 * `vite.config.ts` puts it in the place of `ndarray`; types are those of @types/ndarray.
 */

interface Indexable {
  [index: number]: unknown;
  readonly length: number;
}

interface Accessors {
  get(index: number): unknown;
  set(index: number, value: unknown): void;
}

class View {
  public readonly data: Indexable;
  public readonly shape: number[];
  public readonly stride: number[];
  public readonly offset: number;

  public constructor(data: Indexable, shape: number[], stride: number[], offset: number) {
    this.data = data;
    this.shape = shape;
    this.stride = stride;
    this.offset = offset;
  }

  public get dimension(): number {
    return this.shape.length;
  }

  public get size(): number {
    return this.shape.reduce((product, length) => product * length, 1);
  }

  public get dtype(): string {
    return dtypeOf(this.data);
  }

  /** Axes from the fastest to the slowest. */
  public get order(): number[] {
    const steps = this.stride.map(Math.abs);
    return steps.map((_, axis) => axis).sort((a, b) => (steps[a] ?? 0) - (steps[b] ?? 0));
  }

  public get T(): View {
    return this.transpose(...this.shape.map((_, axis) => axis).reverse());
  }

  public index(...indices: number[]): number {
    let position = this.offset;
    for (let axis = 0; axis < this.shape.length; axis += 1) {
      position += (this.stride[axis] ?? 0) * (indices[axis] ?? 0);
    }
    return position;
  }

  public get(...indices: number[]): unknown {
    const position = this.index(...indices);
    return hasAccessors(this.data) ? this.data.get(position) : this.data[position];
  }

  public set(...indicesAndValue: unknown[]): unknown {
    const value = indicesAndValue.at(-1);
    const position = this.index(...(indicesAndValue.slice(0, -1) as number[]));
    if (hasAccessors(this.data)) {
      this.data.set(position, value);
    } else {
      this.data[position] = value;
    }
    return value;
  }

  /** Without the elements before the given ones. */
  public lo(...starts: number[]): View {
    const shape = this.shape.map((length, axis) => length - (starts[axis] ?? 0));
    return new View(this.data, shape, this.stride, this.index(...starts));
  }

  /** Only so many elements of each axis. */
  public hi(...lengths: number[]): View {
    const shape = this.shape.map((length, axis) => lengths[axis] ?? length);
    return new View(this.data, shape, this.stride, this.offset);
  }

  /** Every n-th element of each axis; a negative step counts backwards. */
  public step(...steps: number[]): View {
    let { offset } = this;
    const shape: number[] = [];
    const stride: number[] = [];
    this.shape.forEach((length, axis) => {
      const step = steps[axis] ?? 1;
      if (step < 0) {
        offset += (this.stride[axis] ?? 0) * (length - 1);
      }
      shape.push(Math.ceil(length / Math.abs(step)));
      stride.push((this.stride[axis] ?? 0) * step);
    });
    return new View(this.data, shape, stride, offset);
  }

  public transpose(...axes: number[]): View {
    const order = this.shape.map((_, axis) => axes[axis] ?? axis);
    return new View(
      this.data,
      order.map((axis) => this.shape[axis] ?? 0),
      order.map((axis) => this.stride[axis] ?? 0),
      this.offset,
    );
  }

  /** Fixes the axes that are given a number; `null` or -1 keeps an axis. */
  public pick(...indices: (number | null)[]): View {
    let { offset } = this;
    const shape: number[] = [];
    const stride: number[] = [];
    this.shape.forEach((length, axis) => {
      const index = indices[axis];
      if (typeof index === 'number' && index >= 0) {
        offset += (this.stride[axis] ?? 0) * index;
      } else {
        shape.push(length);
        stride.push(this.stride[axis] ?? 0);
      }
    });
    return new View(this.data, shape, stride, offset);
  }
}

/** A view on `data`; without a shape it is one axis, without strides the last axis is the fastest. */
export default function ndarray(data: Indexable, shape?: number[], stride?: number[], offset?: number): View {
  const lengths = shape ?? [data.length];
  const steps = stride ?? contiguous(lengths);
  return new View(data, lengths, steps, offset ?? backwardsOffset(lengths, steps));
}

function contiguous(shape: number[]): number[] {
  const stride = new Array<number>(shape.length);
  let size = 1;
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    stride[axis] = size;
    size *= shape[axis] ?? 0;
  }
  return stride;
}

function backwardsOffset(shape: number[], stride: number[]): number {
  return shape.reduce((offset, length, axis) => {
    const step = stride[axis] ?? 0;
    return step < 0 ? offset - (length - 1) * step : offset;
  }, 0);
}

function hasAccessors(data: Indexable): data is Indexable & Accessors {
  return !ArrayBuffer.isView(data) && 'get' in data && 'set' in data && typeof data.get === 'function';
}

function dtypeOf(data: Indexable): string {
  if (ArrayBuffer.isView(data)) {
    const name = data.constructor.name.replace(/Array$/u, '');
    return name === 'Uint8Clamped' ? 'uint8_clamped' : name.toLowerCase();
  }
  return Array.isArray(data) ? 'array' : 'generic';
}
