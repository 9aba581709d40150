// Networks of 16-byte words, shuffled by pshufb.
#include "network.h"

#include "copy.h"

#include <algorithm>

#if defined(__GNUC__) && defined(__x86_64__)
#include <immintrin.h>

#if defined(__clang__)
#define FACECRYPT_UNROLL _Pragma("unroll")
#else
#define FACECRYPT_UNROLL _Pragma("GCC unroll 16")
#endif

namespace facecrypt {
namespace {

using Byte = std::uint8_t;

// ---- small blocks: rows of at most 16 bytes are words; two blocks side by side ------------------

#define FACECRYPT_AVX2 __attribute__((target("avx2")))

FACECRYPT_AVX2 inline __m128i load16(const Byte *p) noexcept {
    return _mm_loadu_si128(reinterpret_cast<const __m128i *>(p));
}

FACECRYPT_AVX2 inline void store16(Byte *p, __m128i v) noexcept {
    _mm_storeu_si128(reinterpret_cast<__m128i *>(p), v);
}

FACECRYPT_AVX2 inline __m128i load_row(const Byte *in, std::size_t columns,
                                       const Byte *end) noexcept {
    if (end - in >= 16) return load16(in);
    Byte row[16] = {};
    copy(in, row, columns);
    return load16(row);
}

// With `room` what is written too much is overwritten by the next blocks of the row.
FACECRYPT_AVX2 inline void store_row(__m128i v, Byte *out, std::size_t columns,
                                     bool room) noexcept {
    if (room) return store16(out, v);
    Byte row[16];
    store16(row, v);
    copy(row, out, columns);
}

template <bool one_key>
FACECRYPT_AVX2 inline __m256i load_pair(const Byte *a, const Byte *b) noexcept {
    if constexpr (one_key) return _mm256_broadcastsi128_si256(load16(a));
    return _mm256_inserti128_si256(_mm256_castsi128_si256(load16(a)), load16(b), 1);
}

// Four rows of twelve bytes, as of 4 x 4 RGB pixels, to three words and back.
FACECRYPT_AVX2 inline void pack(__m256i *v) noexcept {
    const __m256i a = v[0], b = v[1], c = v[2], d = v[3];
    v[0] = _mm256_alignr_epi8(b, _mm256_slli_si256(a, 4), 4);
    v[1] = _mm256_alignr_epi8(c, _mm256_slli_si256(b, 4), 8);
    v[2] = _mm256_alignr_epi8(d, _mm256_slli_si256(c, 4), 12);
}

FACECRYPT_AVX2 inline void unpack(__m256i *v) noexcept {
    v[3] = _mm256_srli_si256(v[2], 4);
    v[2] = _mm256_alignr_epi8(v[2], v[1], 8);
    v[1] = _mm256_alignr_epi8(v[1], v[0], 12);
}

// `words` of 16 bytes: that many rows, or where there are three, four rows of twelve bytes.
template <bool nibbles, int words, bool one_key>
FACECRYPT_AVX2 void small16(const Network &n, std::size_t first, const Byte *picture,
                            const Byte *end, Byte *row) noexcept {
    constexpr int sources = nibbles ? 2 * words : words, rows = words == 3 ? 4 : words;
    const Blocks &key = *n.key;
    const std::size_t columns = key.columns, across = key.across, width = across * columns;
    const Byte *terms = n.terms[0].at, *masks = n.masks[0].at;
    const __m256i low = _mm256_set1_epi8(15);
    for (std::size_t x = 0; x < across; x += 2) {
        const std::size_t a = first + x, b = x + 1 < across ? a + 1 : a;
        const Byte *in_a = picture + n.start[a];
        const Byte *in_b = picture + n.start[b];
        const std::size_t row_a = n.which[a], row_b = n.which[b];
        __m256i v[rows], source[sources];
        FACECRYPT_UNROLL
        for (int y = 0; y < rows; ++y)
            v[y] = _mm256_inserti128_si256(
                _mm256_castsi128_si256(load_row(in_a + y * width, columns, end)),
                load_row(in_b + y * width, columns, end), 1);
        if constexpr (words == 3) pack(v);
        FACECRYPT_UNROLL
        for (int w = 0; w < words; ++w) {
            source[w] = v[w];
            if constexpr (nibbles) {
                source[words + w] = _mm256_and_si256(_mm256_srli_epi16(v[w], 4), low);
                source[w] = _mm256_and_si256(v[w], low);
            }
        }
        const auto sum = [&](std::size_t out) FACECRYPT_AVX2 {
            const Byte *from_a = terms + 16 * sources * (row_a * sources + out);
            const Byte *from_b = terms + 16 * sources * (row_b * sources + out);
            __m256i v = _mm256_shuffle_epi8(source[0], load_pair<one_key>(from_a, from_b));
            FACECRYPT_UNROLL
            for (int s = 1; s < sources; ++s)
                v = _mm256_xor_si256(
                    v, _mm256_shuffle_epi8(source[s],
                                           load_pair<one_key>(from_a + 16 * s, from_b + 16 * s)));
            return v;
        };
        FACECRYPT_UNROLL
        for (int w = 0; w < words; ++w) {
            v[w] = sum(w);
            if constexpr (nibbles)
                v[w] = _mm256_or_si256(v[w], _mm256_slli_epi16(sum(words + w), 4));
            v[w] = _mm256_xor_si256(v[w], load_pair<one_key>(masks + 16 * (row_a * words + w),
                                                             masks + 16 * (row_b * words + w)));
        }
        if constexpr (words == 3) unpack(v);
        Byte *to = row + x * columns;
        const bool room_a = x * columns + 16 <= width, room_b = (x + 1) * columns + 16 <= width;
        FACECRYPT_UNROLL
        for (int y = 0; y < rows; ++y, to += width) {
            store_row(_mm256_castsi256_si128(v[y]), to, columns, room_a);
            if (b != a) store_row(_mm256_extracti128_si256(v[y], 1), to + columns, columns, room_b);
        }
    }
}

// ---- large blocks: packed, by way of memory ----------------------------------------------------

FACECRYPT_AVX2 inline __m128i sum16(const Network &n, std::size_t first, std::size_t each,
                                    const Byte *source) noexcept {
    __m128i sum = _mm_setzero_si128();
    const Byte *terms = n.terms[0].at;
    for (std::size_t i = first, end = first + each; i < end; ++i)
        sum = _mm_xor_si128(
            sum, _mm_shuffle_epi8(load16(source + 16 * n.from[i]), load16(terms + 16 * i)));
    return sum;
}

template <bool nibbles>
FACECRYPT_AVX2 void large16(const Network &n, std::size_t first, const Byte *picture, const Byte *,
                            Byte *row) noexcept {
    alignas(16) Byte source[2 * widest_block + 32], block[widest_block + 16];
    const Blocks &key = *n.key;
    const __m128i low = _mm_set1_epi8(15);
    const std::size_t width = key.across * key.columns, words = n.words;
    for (std::size_t x = 0; x < key.across; ++x) {
        const Byte *in = picture + n.start[first + x];
        n.prefetch(picture, first + x);
        for (std::size_t y = 0; y < key.rows; ++y)
            copy(in + y * width, source + y * key.columns, key.columns);
        if constexpr (nibbles)
            for (std::size_t w = 0; w < words; ++w) {
                const __m128i v = load16(source + 16 * w);
                store16(source + 16 * (words + w), _mm_and_si128(_mm_srli_epi16(v, 4), low));
                store16(source + 16 * w, _mm_and_si128(v, low));
            }
        const std::size_t key_row = n.which[first + x];
        const auto [begin, each] = n.rows[key_row];
        const Byte *masks = n.masks[0].at + 16 * key_row * words;
        for (std::size_t w = 0; w < words; ++w) {
            __m128i v = sum16(n, begin + w * each, each, source);
            if constexpr (nibbles)
                v = _mm_or_si128(
                    v, _mm_slli_epi16(sum16(n, begin + (words + w) * each, each, source), 4));
            store16(block + 16 * w, _mm_xor_si128(v, load16(masks + 16 * w)));
        }
        for (std::size_t y = 0; y < key.rows; ++y)
            copy(block + y * key.columns, row + x * key.columns + y * width, key.columns);
    }
}

template <bool nibbles, bool one_key> Run of_rows(std::size_t words) noexcept {
    constexpr Run runs[small_words] = {small16<nibbles, 1, one_key>, small16<nibbles, 2, one_key>,
                                       small16<nibbles, 3, one_key>, small16<nibbles, 4, one_key>};
    return runs[words - 1];
}

template <bool nibbles> Run run_of(const Network &n) noexcept {
    if (!n.dense) return large16<nibbles>;
    return n.rows.size() == 1 ? of_rows<nibbles, true>(n.words) : of_rows<nibbles, false>(n.words);
}

}  // namespace

Run run_avx2(const Network &network) noexcept {
    return network.key->nibbles ? run_of<true>(network) : run_of<false>(network);
}

}  // namespace facecrypt

#endif
