// What the viewer's frame worker has compiled for it: decoders and the reduction of frames to the screen.

export { decode } from './bitshuffle';
export { TABLES, unfilter } from './filters';
export { pool } from './pool';
export { WORK } from './zstd';
