/* The one fixed-width type that form factors use. */
#ifndef PANDAAS_INTTYPES_H
#define PANDAAS_INTTYPES_H
typedef int int32_t;
#endif
