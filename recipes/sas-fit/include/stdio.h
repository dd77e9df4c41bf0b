/* Named by form factors for debugging only. */
#ifndef PANDAAS_STDIO_H
#define PANDAAS_STDIO_H
int printf(const char *, ...);
#endif
