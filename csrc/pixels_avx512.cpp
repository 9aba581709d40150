// Pixels by vpermt2b (VBMI), which picks 64 bytes out of 128.
#include "pixels.h"

#if defined(__GNUC__) && defined(__x86_64__)
#include <immintrin.h>

namespace facecrypt {
namespace {

using Byte = std::uint8_t;

#define FACECRYPT_VBMI __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi")))

constexpr std::ptrdiff_t line = 64;
constexpr std::size_t least = 256;  // bytes of a picture: below, most lines are cut by an end

// The bytes of a line that begins at `start` which lie in [0, n).
inline std::uint64_t within(std::ptrdiff_t start, std::ptrdiff_t n) noexcept {
    const std::ptrdiff_t low = start < 0 ? -start : 0, high = n - start;
    if (low >= line || high <= low) return 0;
    const std::uint64_t below = high >= line ? ~std::uint64_t{0} : (std::uint64_t{1} << high) - 1;
    return below & (~std::uint64_t{0} << low);
}

FACECRYPT_VBMI inline __m512i load(const Byte *from, std::ptrdiff_t start,
                                   std::ptrdiff_t n) noexcept {
    return _mm512_maskz_loadu_epi8(within(start, n), from + start);
}

// Where the bytes of a line come from, for a line that begins with channel `phase` of a pixel.
struct Pattern {
    alignas(64) Byte pixel[64];    // which of the pixels that the line touches
    alignas(64) Byte channel[64];  // of the output
    alignas(64) Byte base[64];     // of the pixel, in the source lines

    constexpr explicit Pattern(int phase) : pixel{}, channel{}, base{} {
        for (int b = 0; b < 64; ++b) {
            pixel[b] = static_cast<Byte>((b + phase) / 3);
            channel[b] = static_cast<Byte>((b + phase) % 3);
            base[b] = static_cast<Byte>(b - channel[b] + 2);
        }
    }
};

constexpr Pattern patterns[3] = {Pattern(0), Pattern(1), Pattern(2)};

// channel_orders as a table of one register.
struct Orders {
    alignas(64) Byte at[64];

    constexpr Orders() : at{} {
        for (int i = 0; i < 18; ++i) at[i] = channel_orders[i / 3][i % 3];
    }
};

constexpr Orders orders;

FACECRYPT_VBMI __m512i places(const Byte *order, std::ptrdiff_t pixels,
                              std::ptrdiff_t start) noexcept {
    // Rounded down, for a negative start too.
    const std::ptrdiff_t first = (start + 3 * line) / 3 - line;
    const Pattern &pattern = patterns[start - 3 * first];
    const __m512i each = _mm512_maskz_permutexvar_epi8(
        ~std::uint64_t{0}, _mm512_load_si512(pattern.pixel), load(order, first, pixels));
    const __m512i entry = _mm512_add_epi8(
        _mm512_add_epi8(each, each), _mm512_add_epi8(each, _mm512_load_si512(pattern.channel)));
    return _mm512_add_epi8(
        _mm512_load_si512(pattern.base),
        _mm512_maskz_permutexvar_epi8(~std::uint64_t{0}, entry, _mm512_load_si512(orders.at)));
}

FACECRYPT_VBMI void prepare(const Byte *order, std::size_t pixels, std::size_t early,
                            std::size_t lines, Byte (*from)[64]) noexcept {
    for (std::size_t k = 0; k < lines; ++k) {
        const auto start = static_cast<std::ptrdiff_t>(64 * k) - static_cast<std::ptrdiff_t>(early);
        _mm512_store_si512(from[k], places(order, static_cast<std::ptrdiff_t>(pixels), start));
    }
}

template <bool ordered, bool past_caches>
FACECRYPT_VBMI void run_lines(const Byte (*from)[64], const Byte *mask, std::ptrdiff_t early,
                              std::ptrdiff_t n, const Byte *in, Byte *out) noexcept {
    constexpr std::ptrdiff_t before = ordered ? 2 : 0;
    std::ptrdiff_t start = -early;
    __m512i source = load(in, start - before, n);
    for (; start < n; start += line, ++from) {
        // Before the store, for out may be in.
        const std::ptrdiff_t next = start + line - before;
        const __m512i following = next + line <= n && next >= 0 ? _mm512_loadu_si512(in + next)
                                                                : load(in, next, n);
        if constexpr (past_caches) __builtin_prefetch(in + next + 2048);
        __m512i value = source;
        if constexpr (ordered)
            value = _mm512_permutex2var_epi8(source, _mm512_load_si512(*from), following);
        if (start >= 0 && start + line <= n) {
            value = _mm512_xor_si512(value, _mm512_loadu_si512(mask + start));
            if constexpr (past_caches)
                _mm512_stream_si512(reinterpret_cast<__m512i *>(out + start), value);
            else
                _mm512_storeu_si512(out + start, value);
        } else {
            const std::uint64_t live = within(start, n);
            value = _mm512_xor_si512(value, _mm512_maskz_loadu_epi8(live, mask + start));
            _mm512_mask_storeu_epi8(out + start, live, value);
        }
        source = following;
    }
}

}  // namespace

bool PixelLines::fit(const Pixels &key) noexcept {
    return isa() == Isa::avx512 && __builtin_cpu_supports("avx512vbmi") && key.channels <= 3 &&
           key.pixels * key.channels >= least;
}

PixelLines::PixelLines(const Pixels &key, std::size_t first, std::size_t pixels,
                       std::size_t early) noexcept
    : mask_(key.mask + first * key.channels), bytes_(pixels * key.channels), early_(early),
      ordered_(key.order != nullptr) {
    if (ordered_) prepare(key.order + first, pixels, early, (bytes_ + early + 63) / 64, from_);
}

void PixelLines::run(const Byte *in, Byte *out, bool past_caches) const noexcept {
    const auto early = static_cast<std::ptrdiff_t>(early_), n = static_cast<std::ptrdiff_t>(bytes_);
    const auto call = [&](auto *lines) { lines(from_, mask_, early, n, in, out); };
    if (ordered_)
        past_caches ? call(run_lines<true, true>) : call(run_lines<true, false>);
    else
        past_caches ? call(run_lines<false, true>) : call(run_lines<false, false>);
}

}  // namespace facecrypt

#endif
