/** Saving and copying in the browser. */

const PRINT_SCALE = 2;

/** Starts a download of an address of this origin or of a blob. */
export function saveUrl(url: string | Blob, name: string): void {
  const address = typeof url === 'string' ? url : URL.createObjectURL(url);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  if (typeof url !== 'string') setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export function saveText(text: string, name: string, type: string): void {
  saveUrl(new Blob([text], { type }), name);
}

export async function copyText(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
}

/** Twice the figure's size, for print. */
export async function svgToPng(svg: string): Promise<Blob> {
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.naturalWidth * PRINT_SCALE;
    canvas.height = image.naturalHeight * PRINT_SCALE;
    const context = canvas.getContext('2d');
    context?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The figure could not be painted.'))), 'image/png');
    });
  } finally {
    URL.revokeObjectURL(address);
  }
}

export async function copyPng(svg: string): Promise<void> {
  await navigator.clipboard.write([new ClipboardItem({ 'image/png': svgToPng(svg) })]);
}
