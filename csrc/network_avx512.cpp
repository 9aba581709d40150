// Networks of 64-byte words, shuffled by vpermb (VBMI); `per` rows of a block lie in a word.
#include "network.h"

#include "copy.h"

#include <algorithm>

#if defined(__GNUC__) && defined(__x86_64__)
#include <immintrin.h>

#if defined(__clang__)
#define FACECRYPT_UNROLL _Pragma("unroll")
#else
// gcc 12 warns of its own headers, where results begin as undefined registers.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#define FACECRYPT_UNROLL _Pragma("GCC unroll 16")
#endif

namespace facecrypt {
namespace {

using Byte = std::uint8_t;

#define FACECRYPT_VBMI __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi")))

FACECRYPT_VBMI inline __m128i load16(const Byte *p) noexcept {
    return _mm_loadu_si128(reinterpret_cast<const __m128i *>(p));
}

FACECRYPT_VBMI inline void store16(Byte *p, __m128i v) noexcept {
    _mm_storeu_si128(reinterpret_cast<__m128i *>(p), v);
}

// Up to `per` rows of a block, of which it has `left`, and what is behind each.
template <int per>
FACECRYPT_VBMI inline __m512i load64(const Byte *in, std::size_t width, std::size_t left) noexcept {
    if constexpr (per == 1) return _mm512_loadu_si512(in);
    if constexpr (per == 2) {
        const __m512i word = _mm512_zextsi256_si512(
            _mm256_loadu_si256(reinterpret_cast<const __m256i *>(in)));
        if (left < 2) return word;
        in += width;
        return _mm512_inserti64x4(word, _mm256_loadu_si256(reinterpret_cast<const __m256i *>(in)),
                                  1);
    }
    __m512i word = _mm512_zextsi128_si512(load16(in));
    if (left > 1) word = _mm512_inserti32x4(word, load16(in + width), 1);
    if (left > 2) word = _mm512_inserti32x4(word, load16(in + 2 * width), 2);
    if (left > 3) word = _mm512_inserti32x4(word, load16(in + 3 * width), 3);
    return word;
}

// The same, where nothing is behind.
template <int per>
FACECRYPT_VBMI inline __m512i load64_part(const Byte *in, std::size_t width, std::size_t left,
                                          std::size_t columns) noexcept {
    Line line{};
    for (std::size_t y = 0; y < per && y < left; ++y)
        copy(in + y * width, line.at + y * 64 / per, columns);
    return _mm512_load_si512(line.at);
}

template <int per>
FACECRYPT_VBMI inline void store64(__m512i word, Byte *out, std::size_t width,
                                   std::size_t left) noexcept {
    if constexpr (per == 1) {
        _mm512_storeu_si512(out, word);
    } else if constexpr (per == 2) {
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(out), _mm512_castsi512_si256(word));
        if (left < 2) return;
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(out + width),
                            _mm512_extracti64x4_epi64(word, 1));
    } else {
        store16(out, _mm512_castsi512_si128(word));
        if (left > 1) store16(out + width, _mm512_extracti32x4_epi32(word, 1));
        if (left > 2) store16(out + 2 * width, _mm512_extracti32x4_epi32(word, 2));
        if (left > 3) store16(out + 3 * width, _mm512_extracti32x4_epi32(word, 3));
    }
}

template <int per>
FACECRYPT_VBMI inline void store64_part(__m512i word, Byte *out, std::size_t width,
                                        std::size_t left, std::size_t columns) noexcept {
    Line line;
    _mm512_store_si512(line.at, word);
    for (std::size_t y = 0; y < per && y < left; ++y)
        copy(line.at + y * 64 / per, out + y * width, columns);
}

template <bool nibbles, int per, int words>
FACECRYPT_VBMI void small64(const Network &n, std::size_t first, const Byte *picture,
                            const Byte *end, Byte *row) noexcept {
    constexpr int sources = nibbles ? 2 * words : words, pairs = (sources + 1) / 2;
    const Blocks &key = *n.key;
    const std::size_t columns = key.columns, width = key.across * columns, rows = key.rows;
    const std::size_t reach = (rows - 1) * width + n.pitch;
    const std::uint64_t *live = n.live.data();
    const Line *terms = n.terms.data(), *masks = n.masks.data();
    const __m512i low = _mm512_set1_epi8(15);
    for (std::size_t x = 0; x < key.across; ++x) {
        const Byte *in = picture + n.start[first + x];
        const std::size_t key_row = n.which[first + x];
        __m512i source[2 * pairs];
        if (static_cast<std::size_t>(end - in) >= reach) {
            FACECRYPT_UNROLL
            for (int w = 0; w < words; ++w)
                source[w] = load64<per>(in + w * per * width, width, rows - w * per);
        } else {
            for (int w = 0; w < words; ++w)
                source[w] = load64_part<per>(in + w * per * width, width, rows - w * per, columns);
        }
        if constexpr (nibbles) {
            FACECRYPT_UNROLL
            for (int w = 0; w < words; ++w) {
                source[words + w] = _mm512_and_si512(_mm512_srli_epi16(source[w], 4), low);
                source[w] = _mm512_and_si512(source[w], low);
            }
        }
        if constexpr (sources % 2) source[sources] = source[0];
        const auto sum = [&](std::size_t out) FACECRYPT_VBMI {
            const std::size_t i = (key_row * sources + out) * pairs;
            const auto term = [&](int p) FACECRYPT_VBMI {
                return _mm512_load_si512(terms[i + static_cast<std::size_t>(p)].at);
            };
            // One term needs no zeros where it has nothing to provide: nobody looks there.
            if constexpr (sources == 1) return _mm512_permutexvar_epi8(term(0), source[0]);
            if constexpr (pairs == 1)
                return _mm512_permutex2var_epi8(source[0], term(0), source[1]);
            __m512i v = _mm512_setzero_si512();
            FACECRYPT_UNROLL
            for (int p = 0; p < pairs; ++p)
                v = _mm512_xor_si512(
                    v, _mm512_maskz_permutex2var_epi8(live[i + static_cast<std::size_t>(p)],
                                                      source[2 * p], term(p), source[2 * p + 1]));
            return v;
        };
        Byte *out = row + x * columns;
        // What is stored too much is overwritten by the next blocks of the row, where there are.
        const bool room = x * columns + n.pitch <= width;
        FACECRYPT_UNROLL
        for (int w = 0; w < words; ++w, out += per * width) {
            __m512i v = sum(w);
            if constexpr (nibbles) v = _mm512_or_si512(v, _mm512_slli_epi16(sum(words + w), 4));
            v = _mm512_xor_si512(v, _mm512_load_si512(masks[key_row * words + w].at));
            if (room)
                store64<per>(v, out, width, rows - w * per);
            else
                store64_part<per>(v, out, width, rows - w * per, columns);
        }
    }
}

FACECRYPT_VBMI inline __m512i sum64(const Network &n, std::size_t first, std::size_t each,
                                    const Line *source) noexcept {
    __m512i sum = _mm512_setzero_si512();
    for (std::size_t i = first, end = first + each; i < end; ++i) {
        const Line *pair = source + 2 * n.from[i];
        sum = _mm512_xor_si512(
            sum, _mm512_maskz_permutex2var_epi8(n.live[i], _mm512_load_si512(pair[0].at),
                                                _mm512_load_si512(n.terms[i].at),
                                                _mm512_load_si512(pair[1].at)));
    }
    return sum;
}

// Rows of any length: their words begin 64 bytes apart.
template <bool nibbles>
FACECRYPT_VBMI void large64(const Network &n, std::size_t first, const Byte *picture, const Byte *,
                            Byte *row) noexcept {
    Line source[2 * widest_block / 8];
    source[n.total()] = Line{};  // the second of the last pair, where words are odd in number
    const Blocks &key = *n.key;
    const __m512i low = _mm512_set1_epi8(15);
    const std::size_t width = key.across * key.columns, words = n.words, each = n.pitch / 64;
    const auto part = [&](std::size_t w) {
        return std::min<std::size_t>(64, key.columns - w % each * 64);
    };
    const auto offset = [&](std::size_t w) { return w / each * width + w % each * 64; };
    for (std::size_t x = 0; x < key.across; ++x) {
        const Byte *in = picture + n.start[first + x];
        n.prefetch(picture, first + x);
        for (std::size_t w = 0; w < words; ++w) {
            __m512i v = _mm512_maskz_loadu_epi8(~std::uint64_t{0} >> (64 - part(w)),
                                                in + offset(w));
            if constexpr (nibbles) {
                _mm512_store_si512(source[words + w].at,
                                   _mm512_and_si512(_mm512_srli_epi16(v, 4), low));
                v = _mm512_and_si512(v, low);
            }
            _mm512_store_si512(source[w].at, v);
        }
        const std::size_t key_row = n.which[first + x];
        const auto [begin, each] = n.rows[key_row];
        Byte *out = row + x * key.columns;
        for (std::size_t w = 0; w < words; ++w) {
            __m512i v = sum64(n, begin + w * each, each, source);
            if constexpr (nibbles)
                v = _mm512_or_si512(
                    v, _mm512_slli_epi16(sum64(n, begin + (words + w) * each, each, source), 4));
            v = _mm512_xor_si512(v, _mm512_load_si512(n.masks[key_row * words + w].at));
            store64_part<1>(v, out + offset(w), width, 1, part(w));
        }
    }
}

// One of the four steps that transpose 16 rows of 16 pixels.
template <int step>
FACECRYPT_VBMI inline void transpose_step(__m512i *v, const Line *weave) noexcept {
    const __m512i first = _mm512_load_si512(weave[0].at), second = _mm512_load_si512(weave[1].at);
    FACECRYPT_UNROLL
    for (int i = 0; i < 8; ++i) {
        const int a = i / step * 2 * step + i % step, b = a + step;
        const __m512i kept = _mm512_permutex2var_epi8(v[a], first, v[b]);
        v[b] = _mm512_permutex2var_epi8(v[a], second, v[b]);
        v[a] = kept;
    }
}

// Blocks of up to 16 rows of up to 64 bytes, each in a register.
FACECRYPT_VBMI void turned64(const Network &n, std::size_t first, const Byte *picture, const Byte *,
                             Byte *row) noexcept {
    const Blocks &key = *n.key;
    const std::size_t width = key.across * key.columns, rows = key.rows;
    const std::uint64_t live = ~std::uint64_t{0} >> (64 - key.columns);
    for (std::size_t x = 0; x < key.across; ++x) {
        const Byte *in = picture + n.start[first + x];
        Byte *out = row + x * key.columns;
        n.prefetch(picture, first + x);
        const std::size_t key_row = n.which[first + x];
        const Network::Turn &turn = n.turns[key_row];
        const Line *masks = n.masks.data() + key_row * n.words;
        __m512i v[16];
        FACECRYPT_UNROLL
        for (std::size_t y = 0; y < 16; ++y)
            v[y] = y < rows ? _mm512_maskz_loadu_epi8(live, in + y * width)
                            : _mm512_setzero_si512();
        if (turn.transposed) {
            transpose_step<1>(v, n.weave.data());
            transpose_step<2>(v, n.weave.data() + 2);
            transpose_step<4>(v, n.weave.data() + 4);
            transpose_step<8>(v, n.weave.data() + 6);
        }
        const __m512i column = _mm512_load_si512(turn.column.at);
        FACECRYPT_UNROLL
        for (std::size_t y = 0; y < 16; ++y) {
            if (y >= rows) break;
            const std::size_t to = turn.target[y];
            _mm512_mask_storeu_epi8(out + to * width, live,
                                    _mm512_xor_si512(_mm512_permutexvar_epi8(column, v[y]),
                                                     _mm512_load_si512(masks[to].at)));
        }
    }
}

template <bool nibbles, int per> Run of_words(std::size_t words) noexcept {
    constexpr Run runs[small_words] = {small64<nibbles, per, 1>, small64<nibbles, per, 2>,
                                       small64<nibbles, per, 3>, small64<nibbles, per, 4>};
    return runs[words - 1];
}

template <bool nibbles> Run run_of(const Network &n) noexcept {
    if (!n.turns.empty()) return turned64;
    if (!n.dense) return large64<nibbles>;
    return n.pitch == 16   ? of_words<nibbles, 4>(n.words)
           : n.pitch == 32 ? of_words<nibbles, 2>(n.words)
                           : of_words<nibbles, 1>(n.words);
}

}  // namespace

Run run_avx512(const Network &network) noexcept {
    return network.key->nibbles ? run_of<true>(network) : run_of<false>(network);
}

}  // namespace facecrypt

#endif
