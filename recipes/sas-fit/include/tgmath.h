/* Form factors are compiled in double precision: type-generic mathematics is the plain one. */
#include <math.h>
