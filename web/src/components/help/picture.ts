/** Pictures for a request: looked at, made smaller where they are too large, freed of what a camera adds. */
import type { SentPicture } from './queries';

const LARGEST = 2 * 1024 * 1024;
const WIDEST = 2560;
export const MOST_PICTURES = 2;
const TAKEN = new Set(['image/png', 'image/jpeg', 'image/webp', 'image/gif']);

export interface Picture {
  name: string;
  blob: Blob;
  /** For showing it here. */
  address: string;
}

/** The width and height of a picture drawn within `WIDEST`, unchanged where it fits. */
export function fitted(width: number, height: number): [number, number] {
  const scale = Math.min(1, WIDEST / Math.max(width, height));
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

/** Draws the picture anew, so that nothing but its pixels is sent: PNG, or JPEG where that is too large. */
export async function prepared(name: string, file: Blob): Promise<Picture> {
  if (!TAKEN.has(file.type)) throw new Error(`“${name}” is no picture that can be sent. Use PNG or JPEG.`);
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error(`“${name}” can't be read as a picture. Take it again, or save it as PNG.`);
  }
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = fitted(bitmap.width, bitmap.height);
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return pictureOf(canvas, name);
}

/** What a canvas shows now. */
export async function pictureOf(canvas: HTMLCanvasElement, name: string): Promise<Picture> {
  for (const [type, quality] of [['image/png', 1], ['image/jpeg', 0.9], ['image/jpeg', 0.6]] as const) {
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, type, quality));
    if (blob && blob.size <= LARGEST) {
      const stem = name.replace(/\.[a-z]+$/iu, '');
      return { name: `${stem}.${type === 'image/png' ? 'png' : 'jpg'}`, blob, address: URL.createObjectURL(blob) };
    }
  }
  throw new Error(`“${name}” stays larger than 2 MB. Cut out the part that matters.`);
}

export async function sent(pictures: readonly Picture[]): Promise<SentPicture[]> {
  return Promise.all(pictures.map(async ({ name, blob }) => ({ name, content: base64(new Uint8Array(await blob.arrayBuffer())) })));
}

export function base64(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += 32_768) text += String.fromCharCode(...bytes.subarray(start, start + 32_768));
  return btoa(text);
}
