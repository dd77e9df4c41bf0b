/* The C library's functions that form factors call, declared here so that they compile where no C headers are installed.
 * The functions themselves are found in the running Python, which has the C and mathematics libraries loaded. */
#ifndef PANDAAS_MATH_H
#define PANDAAS_MATH_H

#define NAN __builtin_nan_()
#define INFINITY __builtin_inf_()

double acos(double), acosh(double), asin(double), asinh(double), atan(double), atan2(double, double), atanh(double);
double cbrt(double), ceil(double), copysign(double, double), cos(double), cosh(double), erf(double), erfc(double);
double exp(double), exp2(double), expm1(double), fabs(double), floor(double), fmax(double, double), fmin(double, double);
double fmod(double, double), frexp(double, int *), hypot(double, double), ldexp(double, int), lgamma(double);
double log(double), log10(double), log1p(double), log2(double), modf(double, double *), pow(double, double);
double rint(double), round(double), sin(double), sinh(double), sqrt(double), tan(double), tanh(double);
double tgamma(double), trunc(double), j0(double), j1(double), jn(int, double);

static double __builtin_inf_(void) { return 1e308 * 10.0; }
static double __builtin_nan_(void) { double x = __builtin_inf_(); return x - x; }
#define isnan(x) ((x) != (x))
#define isinf(x) (!isnan(x) && isnan((x) - (x)))
#define isfinite(x) (!isnan((x) - (x)))

#endif
