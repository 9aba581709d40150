// Pixels: their channel orders, and by whole lines of 64 bytes of the output, on x86-64 alone. Used by
// shuffle.cpp.
#pragma once

#include "copy.h"
#include "kernels.h"

namespace facecrypt {

// Pixels that are prepared together: 2560 of three bytes are 120 lines.
constexpr std::size_t strip = 2560;

// Channel c of the output is channel channel_orders[order][c] of the source.
constexpr std::uint8_t channel_orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                               {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

// A strip of pixels of a key. Line k of its output begins 64 k - `early` bytes behind that of the
// strip, and takes its bytes from source lines k and k + 1, which lie two bytes before: a pixel
// reaches two bytes over either end.
class PixelLines {
public:
    // Whether this machine has the instructions, and the key is of a kind that gains by them.
    static bool fit(const Pixels &key) noexcept;

    PixelLines(const Pixels &key, std::size_t first, std::size_t pixels,
               std::size_t early) noexcept;

    // in and out are those of the strip; in == out allowed. Where `past_caches`, whole lines, which
    // then must be aligned, are written past the caches: _mm_sfence() before another thread reads them.
    void run(const std::uint8_t *in, std::uint8_t *out, bool past_caches) const noexcept;

private:
    const std::uint8_t *mask_;
    std::size_t bytes_, early_;
    bool ordered_;
    // Of each byte of a line, its place in its two source lines.
    alignas(64) std::uint8_t from_[3 * strip / 64 + 1][64];
};

}  // namespace facecrypt
