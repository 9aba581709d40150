// Lanes side by side: portable, AVX2 and AVX-512.
#include "groups.h"

#include <cstring>

#if defined(__GNUC__) && defined(__x86_64__)
#define FACECRYPT_X86 1
#include <immintrin.h>
#endif

namespace facecrypt {
namespace {

constexpr double scale = 5e13;  // (d/2)*1e14 == d*5e13, exactly
constexpr double two52 =
    4503599627370496;  // its ulp is 1: x + two52 holds x rounded in its low bits

constexpr std::array<std::uint8_t, widest> in_order() {
    std::array<std::uint8_t, widest> lanes{};
    for (std::size_t slot = 0; slot < widest; ++slot) lanes[slot] = static_cast<std::uint8_t>(slot);
    return lanes;
}

// ---- portable: loops of a constant count, for the compiler to make vectors of -----------------

void advance16(const double *mu, double *state, std::uint64_t steps) noexcept {
    // Eight chains at a time stay in registers on the smallest machine (SSE2, NEON).
    for (int half = 0; half < 16; half += 8) {
        double d[8];
        std::memcpy(d, state + half, sizeof d);
        for (std::uint64_t t = 0; t < steps; ++t)
            for (int i = 0; i < 8; ++i) d[i] = (mu[half + i] * d[i]) * (1.0 - d[i]);
        std::memcpy(state + half, d, sizeof d);
    }
}

template <int bytes, bool mix>
void emit16(const double *mu, double *state, const std::uint8_t *in, std::uint8_t *out,
            std::size_t stride, std::size_t rows) noexcept {
    double d[16];
    std::memcpy(d, state, sizeof d);
    for (std::size_t r = 0; r < rows; ++r, out += stride) {
        std::uint64_t q[16];
        for (int i = 0; i < 16; ++i) {
            d[i] = (mu[i] * d[i]) * (1.0 - d[i]);
            // Truncation without a 64-bit conversion, which SSE2 lacks: round to an integer by
            // adding 2^52, and take one off where that rounded up.
            const double x = d[i] * scale, rounded = x + two52;
            std::memcpy(&q[i], &rounded, sizeof rounded);
            q[i] -= (rounded - two52) > x;
        }
        std::uint8_t row[16 * bytes];
        for (int i = 0; i < 16; ++i)
            for (int b = 0; b < bytes; ++b)
                row[i * bytes + b] = static_cast<std::uint8_t>(q[i] >> (8 * b));
        if constexpr (mix) {
            for (int i = 0; i < 16 * bytes; ++i) row[i] ^= in[i];
            in += stride;
        }
        std::memcpy(out, row, sizeof row);
    }
    std::memcpy(state, d, sizeof d);
}

constexpr Group portable16{
    16,
    {in_order(), in_order()},
    advance16,
    {{emit16<1, false>, emit16<1, true>}, {emit16<2, false>, emit16<2, true>}}};

#ifdef FACECRYPT_X86

// Unrolled early, or gcc 12 copies the keys through the stack in halves, and every call of a
// kernel waits for that to reach the registers: a quarter of the speed of short blocks.
#if defined(__clang__)
#define FACECRYPT_UNROLL _Pragma("unroll")
#else
#define FACECRYPT_UNROLL _Pragma("GCC unroll 8")
#endif

// Four registers R0..R3 of 64-bit integers become one of 16-bit values by
// blend16(shufps(R0, R1), shufps(R2, R3) << 16). This is the place there of slot q of register r.
constexpr std::size_t packed(std::size_t r, std::size_t q) {
    return 2 * (4 * (q / 2) + 2 * (r % 2) + q % 2) + r / 2;
}

// Rows between what is written and what is asked for: a store waits for its line, and a processor
// by itself asks for lines of stores late.
constexpr std::size_t rows_ahead = 16;

// ---- AVX2: 4 registers of 4 lanes fill the two multipliers and leave room for the packing -------

#define FACECRYPT_AVX2 __attribute__((target("avx2")))

constexpr std::array<std::uint8_t, widest> order16() {
    std::array<std::uint8_t, widest> lanes{};
    for (std::size_t slot = 0; slot < 16; ++slot)
        lanes[slot] = static_cast<std::uint8_t>(packed(slot / 4, slot % 4));
    return lanes;
}

FACECRYPT_AVX2 void advance16_avx2(const double *mu, double *state, std::uint64_t steps) noexcept {
    const __m256d one = _mm256_set1_pd(1.0);
    __m256d m[4], d[4];
    FACECRYPT_UNROLL
    for (int v = 0; v < 4; ++v) {
        m[v] = _mm256_load_pd(mu + 4 * v);
        d[v] = _mm256_load_pd(state + 4 * v);
    }
    for (std::uint64_t t = 0; t < steps; ++t)
        for (int v = 0; v < 4; ++v)
            d[v] = _mm256_mul_pd(_mm256_mul_pd(m[v], d[v]), _mm256_sub_pd(one, d[v]));
    for (int v = 0; v < 4; ++v) _mm256_store_pd(state + 4 * v, d[v]);
}

template <int bytes, bool mix>
FACECRYPT_AVX2 void emit16_avx2(const double *mu, double *state, const std::uint8_t *in,
                                std::uint8_t *out, std::size_t stride, std::size_t rows) noexcept {
    const __m256d one = _mm256_set1_pd(1.0);
    __m256d m[4], d[4];
    FACECRYPT_UNROLL
    for (int v = 0; v < 4; ++v) {
        m[v] = _mm256_load_pd(mu + 4 * v);
        d[v] = _mm256_load_pd(state + 4 * v);
    }
    for (std::size_t r = 0; r < rows; ++r, out += stride) {
        __builtin_prefetch(out + rows_ahead * stride, 1);
        __m256 q[4];
        for (int v = 0; v < 4; ++v) {
            d[v] = _mm256_mul_pd(_mm256_mul_pd(m[v], d[v]), _mm256_sub_pd(one, d[v]));
            const __m256d x = _mm256_mul_pd(d[v], _mm256_set1_pd(scale));
            const __m256d whole = _mm256_round_pd(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
            q[v] = _mm256_castpd_ps(_mm256_add_pd(whole, _mm256_set1_pd(two52)));
        }
        const __m256i a = _mm256_castps_si256(_mm256_shuffle_ps(q[0], q[1], 0x88));
        const __m256i b = _mm256_castps_si256(_mm256_shuffle_ps(q[2], q[3], 0x88));
        __m256i words = _mm256_blend_epi16(a, _mm256_slli_epi32(b, 16), 0xAA);
        if constexpr (bytes == 2) {
            if constexpr (mix) {
                words = _mm256_xor_si256(words,
                                         _mm256_loadu_si256(reinterpret_cast<const __m256i *>(in)));
                in += stride;
            }
            _mm256_storeu_si256(reinterpret_cast<__m256i *>(out), words);
        } else {
            words = _mm256_and_si256(words, _mm256_set1_epi16(0xFF));
            __m128i low = _mm_packus_epi16(_mm256_castsi256_si128(words),
                                           _mm256_extracti128_si256(words, 1));
            if constexpr (mix) {
                low = _mm_xor_si128(low, _mm_loadu_si128(reinterpret_cast<const __m128i *>(in)));
                in += stride;
            }
            _mm_storeu_si128(reinterpret_cast<__m128i *>(out), low);
        }
    }
    for (int v = 0; v < 4; ++v) _mm256_store_pd(state + 4 * v, d[v]);
}

constexpr Group avx2_16{
    16,
    {order16(), order16()},
    advance16_avx2,
    {{emit16_avx2<1, false>, emit16_avx2<1, true>}, {emit16_avx2<2, false>, emit16_avx2<2, true>}}};

// The perfect shuffle of 32 bytes, applied four times to 16 registers of one row of the tile
// each (t in the low half, t + 16 in the high one), leaves one column in each.
FACECRYPT_AVX2 void columns_avx2(const std::uint8_t *tile, std::size_t pitch,
                                 const std::uint8_t *in, std::uint8_t *out,
                                 std::size_t stride) noexcept {
    for (std::size_t t = 0; t < widest; t += 32) {
        __m256i x[16], y[16];
        for (std::size_t i = 0; i < 16; ++i) {
            const std::uint8_t *row = tile + (t + i) * pitch;
            x[i] = _mm256_inserti128_si256(
                _mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i *>(row))),
                _mm_loadu_si128(reinterpret_cast<const __m128i *>(row + 16 * pitch)), 1);
        }
        for (int round = 0; round < 2; ++round) {
            for (int i = 0; i < 8; ++i) {
                y[2 * i] = _mm256_unpacklo_epi8(x[i], x[i + 8]);
                y[2 * i + 1] = _mm256_unpackhi_epi8(x[i], x[i + 8]);
            }
            for (int i = 0; i < 8; ++i) {
                x[2 * i] = _mm256_unpacklo_epi8(y[i], y[i + 8]);
                x[2 * i + 1] = _mm256_unpackhi_epi8(y[i], y[i + 8]);
            }
        }
        for (std::size_t l = 0; l < 16; ++l) {
            const std::size_t offset = l * stride + t;
            if (in)
                x[l] = _mm256_xor_si256(
                    x[l], _mm256_loadu_si256(reinterpret_cast<const __m256i *>(in + offset)));
            _mm256_storeu_si256(reinterpret_cast<__m256i *>(out + offset), x[l]);
        }
    }
}

// ---- AVX-512: 8 registers of 8 lanes ------------------------------------------------------------

#define FACECRYPT_AVX512 __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl")))

constexpr std::array<std::uint8_t, widest> order64(int bytes) {
    std::array<std::uint8_t, widest> lanes{};
    for (std::size_t slot = 0; slot < 64; ++slot) {
        const std::size_t half = slot / 32, place = packed(slot / 8 % 4, slot % 8);
        // Two bytes: the halves follow each other. One byte: they alternate (even, odd).
        lanes[slot] = static_cast<std::uint8_t>(bytes == 2 ? 32 * half + place : 2 * place + half);
    }
    return lanes;
}

FACECRYPT_AVX512 void advance64_avx512(const double *mu, double *state,
                                       std::uint64_t steps) noexcept {
    const __m512d one = _mm512_set1_pd(1.0);
    __m512d m[8], d[8];
    FACECRYPT_UNROLL
    for (int v = 0; v < 8; ++v) {
        m[v] = _mm512_load_pd(mu + 8 * v);
        d[v] = _mm512_load_pd(state + 8 * v);
    }
    for (std::uint64_t t = 0; t < steps; ++t)
        for (int v = 0; v < 8; ++v)
            d[v] = _mm512_mul_pd(_mm512_mul_pd(m[v], d[v]), _mm512_sub_pd(one, d[v]));
    for (int v = 0; v < 8; ++v) _mm512_store_pd(state + 8 * v, d[v]);
}

template <bool mix>
FACECRYPT_AVX512 inline void store64(__m512i value, const std::uint8_t *in,
                                     std::uint8_t *out) noexcept {
    if constexpr (mix) value = _mm512_xor_si512(value, _mm512_loadu_si512(in));
    _mm512_storeu_si512(out, value);
}

template <int bytes, bool mix>
FACECRYPT_AVX512 void emit64_avx512(const double *mu, double *state, const std::uint8_t *in,
                                    std::uint8_t *out, std::size_t stride,
                                    std::size_t rows) noexcept {
    const __m512d one = _mm512_set1_pd(1.0);
    __m512d m[8], d[8];
    FACECRYPT_UNROLL
    for (int v = 0; v < 8; ++v) {
        m[v] = _mm512_load_pd(mu + 8 * v);
        d[v] = _mm512_load_pd(state + 8 * v);
    }
    for (std::size_t r = 0; r < rows; ++r, out += stride) {
        for (int line = 0; line < bytes; ++line)
            __builtin_prefetch(out + rows_ahead * stride + 64 * line, 1);
        __m512 q[8];
        for (int v = 0; v < 8; ++v) {
            d[v] = _mm512_mul_pd(_mm512_mul_pd(m[v], d[v]), _mm512_sub_pd(one, d[v]));
            const __m512d x = _mm512_mul_pd(d[v], _mm512_set1_pd(scale));
            q[v] = _mm512_castsi512_ps(_mm512_cvttpd_epi64(x));
        }
        __m512i half[2];
        for (int h = 0; h < 2; ++h) {
            const __m512i a = _mm512_castps_si512(_mm512_shuffle_ps(q[4 * h], q[4 * h + 1], 0x88));
            const __m512i b = _mm512_castps_si512(
                _mm512_shuffle_ps(q[4 * h + 2], q[4 * h + 3], 0x88));
            // maskz, for gcc 12 warns of its own plain _mm512_slli_epi32.
            half[h] = _mm512_mask_blend_epi16(0xAAAAAAAA, a,
                                              _mm512_maskz_slli_epi32(0xFFFF, b, 16));
        }
        if constexpr (bytes == 2) {
            store64<mix>(half[0], in, out);
            store64<mix>(half[1], mix ? in + 64 : nullptr, out + 64);
        } else {
            // (half[0] & 0x00FF) | (half[1] << 8)
            store64<mix>(_mm512_ternarylogic_epi32(half[0], _mm512_set1_epi16(0xFF),
                                                   _mm512_slli_epi16(half[1], 8), 0xEA),
                         in, out);
        }
        if constexpr (mix) in += stride;
    }
    for (int v = 0; v < 8; ++v) _mm512_store_pd(state + 8 * v, d[v]);
}

constexpr Group avx512_64{64,
                          {order64(1), order64(2)},
                          advance64_avx512,
                          {{emit64_avx512<1, false>, emit64_avx512<1, true>},
                           {emit64_avx512<2, false>, emit64_avx512<2, true>}}};

#endif  // FACECRYPT_X86

}  // namespace

Groups groups() noexcept {
#ifdef FACECRYPT_X86
    if (isa() == Isa::avx512) return {&avx512_64, &avx2_16, columns_avx2};
    if (isa() == Isa::avx2) return {nullptr, &avx2_16, columns_avx2};
#endif
    return {nullptr, &portable16, nullptr};
}

}  // namespace facecrypt
