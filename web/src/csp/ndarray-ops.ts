/** @h5web/lib imports `ndarray-ops` without using it; the package compiles code at run time (see ./ndarray.ts). */
export {};
