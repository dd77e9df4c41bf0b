// What the viewer's frame worker has compiled for it: decoders and the reduction of frames to the screen.

export { decode } from './bitshuffle';
export { pool } from './pool';
export { WORK } from './zstd';
