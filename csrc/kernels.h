// Contracts of the native kernels. No Python here: facecrypt/_native.pyx checks every argument first.
//
// Those of keystreams compute S. Ahmad and Shin's Algorithm 2 (2022): d = (mu*d)*(1-d) in IEEE
// binary64, rounded to nearest, associated left to right, never fused; a byte is
// floor((d/2)*1e14) mod 256. They write d*5e13 for (d/2)*1e14, which is the same number: halving is
// exact. The bytes are the same on every instruction set, compiler and machine; that is a promise of
// the file format.
//
// Common to these:
//   0 <= mu <= 4 and 0 <= d0 <= 1 (see in_domain), so that every state stays in [0, 1] and every
//   integer below 5e13 < 2^53, where truncation and the conversions are exact.
//   `in` is null (write the keystream), equal to `out` (XOR in place) or disjoint from it.
//   No alignment is needed. n may be 0. Nothing outside out[0, n) is written.
#pragma once

#include <cstddef>
#include <cstdint>

namespace facecrypt {

enum class Isa { baseline, avx2, avx512 };

// Of what the machine and this build support, the best until select_isa() is called.
Isa isa() noexcept;
bool isa_supported(Isa which) noexcept;
// Not thread safe: called once, at import. False, and no change, where `which` is unsupported.
bool select_isa(Isa which) noexcept;

// Calls task(context, i) once for each i in [0, count) on up to `threads` threads, the caller
// being one of them. Tasks run in any order; none may throw. Short of threads, fewer do the work.
void parallel(std::size_t count, std::size_t threads, void (*task)(void *, std::size_t),
              void *context) noexcept;

// eq4: Algorithm 2. The others are floor(255 d), floor(255 d + 0.5) and min(floor(256 d), 255).
enum class Quantiser { eq4, floor255, round255, floor256 };

// True where mu is in [0, 4] and d0 in [0, 1]; false for NaN.
bool in_domain(double mu, double d0) noexcept;

// One orbit, one byte an iterate, after `discard` iterates that give none. Bound by latency:
// three dependent operations, two of them in parallel.
void sequence(double mu, double d0, std::uint64_t discard, Quantiser quantiser,
              const std::uint8_t *in, std::uint8_t *out, std::size_t n) noexcept;

// Chunk k covers bytes [k*chunk, (k+1)*chunk) of the data and has the lanes
// mu[k*lanes ... ), d0[k*lanes ... ): ceil(n / chunk) times `lanes` of each.
struct Lanes {
    const double *mu;
    const double *d0;
    std::size_t lanes;  // >= 1
    std::uint64_t discard;
    int bytes;          // 1, or 2: the low 16 bits of the integer, little-endian
    std::size_t chunk;  // >= 1
};

// Iterate t of lane l is byte(s) (t*lanes + l)*bytes of its chunk; the last chunk is cut at n.
// Chunks, and groups of 256 lanes of one chunk, go to different threads.
void lanes(const Lanes &keys, const std::uint8_t *in, std::uint8_t *out, std::size_t n,
           std::size_t threads) noexcept;

// `count` rows of `width` bytes, row i with its own orbit mu[i], d0[i]: sequence() for each,
// eq4. Groups of 64 rows go to different threads.
struct Rows {
    const double *mu;
    const double *d0;
    std::size_t count;
    std::size_t width;
    std::uint64_t discard;
};
void rows(const Rows &keys, const std::uint8_t *in, std::uint8_t *out,
          std::size_t threads) noexcept;

// What a key's orbit is like. `lyapunov`: mean of ln|mu (1 - 2d)| over the discarded states, -inf
// where a state is exactly 1/2. `cycle`: length of the cycle that Brent's algorithm (1980) finds
// in the 2^15 - 1 iterates that follow, 0 where none of length <= 2^14 shows.
struct Orbit {
    double lyapunov;
    std::uint32_t cycle;
};
Orbit examine(double mu, double d0, std::uint64_t discard) noexcept;  // discard >= 1

// ---- the schemes: `count` pictures one behind the other, all under one key --------------------
//
// What is computed is defined in facecrypt/backends/operands.py. Indices are in range, no picture
// is empty, `in` is disjoint from `out` unless it says that they may be equal. Pictures, or parts
// of large ones, go to different threads.

// in == out allowed. order is null or has `pixels` entries 0..5, then channels is 3.
struct Pixels {
    const std::uint8_t *order;
    const std::uint8_t *mask;  // pixels * channels
    std::size_t pixels;
    std::size_t channels;
};
void pixels(const Pixels &key, const std::uint8_t *in, std::uint8_t *out, std::size_t count,
            std::size_t threads) noexcept;

// Pictures of `items` items of `length` bytes each.
struct Gather {
    const std::int32_t *source;  // items
    const std::uint8_t *mask;    // null, or items * length
    std::size_t items;
    std::size_t length;
};
void gather(const Gather &key, const std::uint8_t *in, std::uint8_t *out, std::size_t count,
            std::size_t threads) noexcept;

constexpr std::size_t widest_block = 64 * 64 * 3;  // bytes

// Pictures of across * down blocks, each `rows` rows of `columns` bytes; rows * columns is at most
// widest_block. perm and mask have rows of rows*columns entries, twice as many for nibbles.
struct Blocks {
    std::size_t rows, columns, down, across;
    bool nibbles;
    const std::int32_t *perm;
    const std::uint8_t *mask;
    const std::int32_t *which;   // down * across, or null: row 0 serves every block
    const std::int32_t *source;  // down * across, or null: blocks stay where they are
    std::size_t keys;            // rows of perm

    std::size_t row_of(std::size_t block) const noexcept {
        return which ? static_cast<std::size_t>(which[block]) : 0;
    }
    std::size_t source_of(std::size_t block) const noexcept {
        return source ? static_cast<std::size_t>(source[block]) : block;
    }
};
// False, and nothing useful in out, where memory ran out.
bool blocks(const Blocks &key, const std::uint8_t *in, std::uint8_t *out, std::size_t count,
            std::size_t threads) noexcept;

// in == out allowed.
struct Coupling {
    std::size_t height, width, channels, rounds, hidden;
    const std::int8_t *first;         // rounds, hidden, channels, 3, 3
    const std::int8_t *first_bias;    // rounds, hidden
    const std::int8_t *second;        // rounds, channels, hidden, 3, 3
    const std::uint8_t *second_bias;  // rounds, channels
    bool inverse;
};
// False, and nothing useful in out, where memory ran out.
bool coupling(const Coupling &key, const std::uint8_t *in, std::uint8_t *out, std::size_t count,
              std::size_t threads) noexcept;

// ---- training samples ---------------------------------------------------------------------------
//
// Boxes are x1, y1, x2, y2. One thread: callers have many pictures.

// best: the largest intersection over union of each box with any face, which: that face, the first
// of several. Without faces 0 and -1. Sides are x2 - x1 + 1, as the scripts that accompany
// MTCNN have them; coordinates are within 2^22 of 0, so the one rounding is that of the division.
struct Overlaps {
    const std::int32_t *boxes;  // count, 4
    std::size_t count;
    const std::int32_t *faces;  // known, 4
    std::size_t known;          // below 2^31
};
void overlaps(const Overlaps &job, double *best, std::int32_t *which) noexcept;

// count squares of side x side RGB pixels: bilinear, samples at the middle of their share of the
// box, borders repeated; in whole numbers, so exact, half rounded up. Boxes are half-open, inside
// the picture, not empty, at most 2^20 a side.
struct Crops {
    const std::uint8_t *image;  // RGB
    std::size_t width;          // of the picture, in pixels
    const std::int32_t *boxes;  // count, 4
    std::size_t count;
    std::size_t side;  // 12, 24 or 48
};
void crops(const Crops &job, std::uint8_t *out) noexcept;

// ---- the detector ------------------------------------------------------------------------------

// Boxes of one RGB picture, each shrunk to down x across pixels of which `rows` from `first` on are
// wanted. An output pixel is the mean of all source pixels it touches, rounded to float.
struct Area {
    const std::uint8_t *pixels;
    std::size_t pitch;         // bytes from one row to the next
    std::size_t down, across;  // >= 1
    std::size_t first, rows;   // first + rows <= down
};
// boxes: x0, y0, x1, y1 of each, half-open, not empty, inside the picture. out: for each, three
// planes of rows * across. False, and nothing useful in out, where memory ran out.
bool area_means(const Area &job, const std::int32_t *boxes, float *out, std::size_t count) noexcept;

// Of boxes that share more than `threshold`, only the one with the best score is kept. What two
// boxes share is their intersection over their union, or, where `nested`, over the smaller of the
// two, edges inclusive. Of equal scores the first counts as the better, where `nested` the last.
// A box without area shares nothing.
struct Suppression {
    const float *boxes;   // count, 4: x0, y0, x1, y1 within 2^30 of 0
    const float *scores;  // no NaN
    std::size_t count;    // below 2^31
    float threshold;      // in (0, 1)
    bool nested;
};
// How many are kept: their indices, best first, are in kept[0, that); -1 where memory ran out.
std::ptrdiff_t suppress(const Suppression &job, std::int32_t *kept) noexcept;

}  // namespace facecrypt
