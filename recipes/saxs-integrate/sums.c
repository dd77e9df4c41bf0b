/* Sums of a frame's counts over bins. Two kernels for 16 and for 32 bits; words of zeros, most of a photon-counting image,
 * are passed over at once. Counts outside lowest ... highest don't count: their share of the normalisation is added to
 * `missing`. pyFAI's variance of a count is the count, and 1 for none: so pixels with counts are counted too. Compiled by the Tiny C Compiler of the environment (see fast.py), the same everywhere. */
typedef unsigned long long word;

/* Each pixel in one bin, whose places in `sums` (counts, pixels with counts) and `missing` (normalisation, pixels) are
 * `bin` and `bin` + 1; a spare bin is for pixels that are left out. */
#define PIXEL(I)                                                                                    \
    value = frame[I];                                                                               \
    if (value - lowest > width) { missing[bin[I]] += norm[I]; missing[bin[I] + 1] += 1; }           \
    else { place = sums + bin[I]; place[0] += value; place[1] += value != 0; }

#define WHOLE(NAME, COUNT, EACH, PIXELS)                                                            \
    void NAME(const COUNT *frame, long pixels, const int *bin, const float *norm, unsigned lowest,  \
              unsigned highest, word *sums, double *missing) {                                      \
        const COUNT *end = frame + pixels, *last = end - EACH;                                      \
        unsigned width = highest - lowest, value;                                                   \
        int every = lowest != 0;                                                                    \
        word *place;                                                                                \
        for (; frame <= last; frame += EACH, bin += EACH, norm += EACH)                             \
            if (*(const word *)frame || every) { PIXELS }                                           \
        for (; frame < end; frame++, bin++, norm++) { PIXEL(0) }                                    \
    }

/* Each pixel shared among bins: those and their shares stand at places[i] ... places[i + 1]. `squares` is the variance
 * beyond that of a frame of zeros. */
#define SHARED(NAME, COUNT)                                                                         \
    void NAME(const COUNT *frame, long pixels, const int *places, const int *bins,                  \
              const float *shares, const float *norm, unsigned lowest, unsigned highest,            \
              double *sums, double *squares, double *missing) {                                     \
        const COUNT *end = frame + pixels, *start = frame;                                          \
        unsigned width = highest - lowest, value;                                                   \
        int first = lowest == 0, last = sizeof(word) / sizeof(COUNT) - 1;                           \
        const int *bin, *bound;                                                                     \
        const float *share;                                                                         \
        double part, counts;                                                                        \
        while (frame < end) {                                                                       \
            value = *frame;                                                                         \
            if (value == 0 && first) {                                                              \
                if (frame + last < end && *(const word *)frame == 0) { frame += last + 1; places += last + 1; continue; } \
                frame++; places++;                                                                  \
                continue;                                                                           \
            }                                                                                       \
            bin = bins + places[0];                                                                 \
            bound = bins + places[1];                                                               \
            share = shares + places[0];                                                             \
            if (value - lowest > width) {                                                           \
                counts = norm[frame - start];                                                       \
                while (bin < bound) {                                                               \
                    missing[*bin] += counts * *share;                                               \
                    squares[*bin] -= (double)*share * *share;                                       \
                    bin++; share++;                                                                 \
                }           \
            } else {                                                                                \
                counts = value;                                                                     \
                while (bin < bound) {                                                               \
                    part = counts * *share;                                                         \
                    sums[*bin] += part;                                                             \
                    if (value) squares[*bin] += (part - *share) * *share;                           \
                    bin++; share++;                                                                 \
                }                                                                                   \
            }                                                                                       \
            frame++; places++;                                                                      \
        }                                                                                           \
    }

WHOLE(whole_16, unsigned short, 4, PIXEL(0) PIXEL(1) PIXEL(2) PIXEL(3))
WHOLE(whole_32, unsigned, 2, PIXEL(0) PIXEL(1))
SHARED(shared_16, unsigned short)
SHARED(shared_32, unsigned)
