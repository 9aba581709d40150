// Building networks, and running them with pshufb (16-byte words) or vpermb (64-byte words).
#include "network.h"

#include "copy.h"

#include <algorithm>
#include <cstring>
#include <new>

#if defined(__GNUC__) && defined(__x86_64__)
#define FACECRYPT_X86 1
#include <immintrin.h>
#endif

namespace facecrypt {
namespace {

using Byte = std::uint8_t;
using Run = decltype(Network::run);

constexpr std::size_t small = 4;  // words, of blocks that stay in registers

#ifdef FACECRYPT_X86

#if defined(__clang__)
#define FACECRYPT_UNROLL _Pragma("unroll")
#else
#define FACECRYPT_UNROLL _Pragma("GCC unroll 16")
#endif

// ---- AVX2, small blocks: rows of at most 16 bytes are words; two blocks side by side ------------

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

FACECRYPT_AVX2 inline __m256i pair(const Byte *a, const Byte *b) noexcept {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(load16(a)), load16(b), 1);
}

template <bool nibbles, int words>
FACECRYPT_AVX2 void small16(const Network &n, std::size_t first, const Byte *picture,
                            const Byte *end, Byte *row) noexcept {
    constexpr int sources = nibbles ? 2 * words : words;
    const Blocks &key = *n.key;
    const std::size_t columns = key.columns, across = key.across, width = across * columns;
    const std::size_t rows = key.rows;
    const Byte *terms = n.terms[0].at, *masks = n.masks[0].at;
    const __m256i low = _mm256_set1_epi8(15);
    for (std::size_t x = 0; x < across; x += 2) {
        const std::size_t a = first + x, b = x + 1 < across ? a + 1 : a;
        const Byte *in_a = picture + n.start[static_cast<std::size_t>(key.source[a])];
        const Byte *in_b = picture + n.start[static_cast<std::size_t>(key.source[b])];
        const auto row_a = static_cast<std::size_t>(key.which[a]) * sources;
        const auto row_b = static_cast<std::size_t>(key.which[b]) * sources;
        __m256i source[sources];
        FACECRYPT_UNROLL
        for (int w = 0; w < words; ++w) {
            source[w] = _mm256_setzero_si256();
            if (static_cast<std::size_t>(w) < rows)
                source[w] = _mm256_inserti128_si256(
                    _mm256_castsi128_si256(load_row(in_a + w * width, columns, end)),
                    load_row(in_b + w * width, columns, end), 1);
        }
        if constexpr (nibbles) {
            FACECRYPT_UNROLL
            for (int w = 0; w < words; ++w) {
                source[words + w] = _mm256_and_si256(_mm256_srli_epi16(source[w], 4), low);
                source[w] = _mm256_and_si256(source[w], low);
            }
        }
        const auto sum = [&](std::size_t out) FACECRYPT_AVX2 {
            __m256i v = pair(masks + 16 * (row_a + out), masks + 16 * (row_b + out));
            FACECRYPT_UNROLL
            for (int s = 0; s < sources; ++s)
                v = _mm256_xor_si256(
                    v, _mm256_shuffle_epi8(source[s],
                                           pair(terms + 16 * ((row_a + out) * sources + s),
                                                terms + 16 * ((row_b + out) * sources + s))));
            return v;
        };
        Byte *to = row + x * columns;
        for (std::size_t w = 0; w < words && w < rows; ++w, to += width) {
            __m256i v = sum(w);
            if constexpr (nibbles)
                v = _mm256_or_si256(v, _mm256_slli_epi16(sum(words + w), 4));
            store_row(_mm256_castsi256_si128(v), to, columns, x * columns + 16 <= width);
            if (b != a)
                store_row(_mm256_extracti128_si256(v, 1), to + columns, columns,
                          (x + 1) * columns + 16 <= width);
        }
    }
}

// ---- AVX2, large blocks: packed, by way of memory ----------------------------------------------

FACECRYPT_AVX2 inline __m128i sum16(const Network &n, std::size_t out,
                                    const Byte *source) noexcept {
    __m128i sum = load16(n.masks[0].at + 16 * out);
    const Byte *terms = n.terms[0].at;
    for (std::size_t i = n.begin[out], end = n.begin[out + 1]; i < end; ++i)
        sum = _mm_xor_si128(
            sum, _mm_shuffle_epi8(load16(source + 16 * n.from[i]), load16(terms + 16 * i)));
    return sum;
}

template <bool nibbles>
FACECRYPT_AVX2 void large16(const Network &n, std::size_t first, const Byte *picture,
                            const Byte *, Byte *row) noexcept {
    alignas(16) Byte source[2 * widest_block + 32], block[widest_block + 16];
    const Blocks &key = *n.key;
    const __m128i low = _mm_set1_epi8(15);
    const std::size_t width = key.across * key.columns, words = n.words;
    for (std::size_t x = 0; x < key.across; ++x) {
        const Byte *in = picture + n.start[static_cast<std::size_t>(key.source[first + x])];
        for (std::size_t y = 0; y < key.rows; ++y)
            copy(in + y * width, source + y * key.columns, key.columns);
        if constexpr (nibbles)
            for (std::size_t w = 0; w < words; ++w) {
                const __m128i v = load16(source + 16 * w);
                store16(source + 16 * (words + w), _mm_and_si128(_mm_srli_epi16(v, 4), low));
                store16(source + 16 * w, _mm_and_si128(v, low));
            }
        const std::size_t base = static_cast<std::size_t>(key.which[first + x]) * n.total();
        for (std::size_t w = 0; w < words; ++w) {
            __m128i v = sum16(n, base + w, source);
            if constexpr (nibbles)
                v = _mm_or_si128(v, _mm_slli_epi16(sum16(n, base + words + w, source), 4));
            store16(block + 16 * w, v);
        }
        for (std::size_t y = 0; y < key.rows; ++y)
            copy(block + y * key.columns, row + x * key.columns + y * width, key.columns);
    }
}

// ---- AVX-512 with VBMI: rows 16, 32 or 64 bytes apart, `per` to a word -----------------------------

#define FACECRYPT_VBMI __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi")))

constexpr std::uint64_t bytes(std::size_t n) { return n ? ~std::uint64_t{0} >> (64 - n) : 0; }

// `per` rows of a block, and what is behind them.
template <int per>
FACECRYPT_VBMI inline __m512i load64(const Byte *in, std::size_t width) noexcept {
    if constexpr (per == 1) return _mm512_loadu_si512(in);
    if constexpr (per == 2)
        return _mm512_inserti64x4(
            _mm512_zextsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(in))),
            _mm256_loadu_si256(reinterpret_cast<const __m256i *>(in + width)), 1);
    __m512i word = _mm512_zextsi128_si512(load16(in));
    word = _mm512_inserti32x4(word, load16(in + width), 1);
    word = _mm512_inserti32x4(word, load16(in + 2 * width), 2);
    return _mm512_inserti32x4(word, load16(in + 3 * width), 3);
}

// The same, where fewer rows are left or nothing is behind them.
template <int per>
FACECRYPT_VBMI inline __m512i load64_part(const Byte *in, std::size_t width, std::size_t left,
                                          std::size_t columns) noexcept {
    Line line{};
    for (std::size_t y = 0; y < per && y < left; ++y)
        copy(in + y * width, line.at + y * 64 / per, columns);
    return _mm512_load_si512(line.at);
}

template <int per>
FACECRYPT_VBMI inline void store64(__m512i word, Byte *out, std::size_t width) noexcept {
    if constexpr (per == 1) {
        _mm512_storeu_si512(out, word);
    } else if constexpr (per == 2) {
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(out), _mm512_castsi512_si256(word));
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(out + width),
                            _mm512_extracti64x4_epi64(word, 1));
    } else {
        store16(out, _mm512_castsi512_si128(word));
        store16(out + width, _mm512_extracti32x4_epi32(word, 1));
        store16(out + 2 * width, _mm512_extracti32x4_epi32(word, 2));
        store16(out + 3 * width, _mm512_extracti32x4_epi32(word, 3));
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
    const std::size_t reach = (words * per - 1) * width + n.pitch;
    const bool full = rows == words * per;
    const std::uint64_t *live = n.live.data();
    const Line *terms = n.terms.data(), *masks = n.masks.data();
    const __m512i low = _mm512_set1_epi8(15);
    for (std::size_t x = 0; x < key.across; ++x) {
        const Byte *in = picture + n.start[static_cast<std::size_t>(key.source[first + x])];
        const auto base = static_cast<std::size_t>(key.which[first + x]) * sources;
        __m512i source[2 * pairs];
        if (full && static_cast<std::size_t>(end - in) >= reach) {
            FACECRYPT_UNROLL
            for (int w = 0; w < words; ++w) source[w] = load64<per>(in + w * per * width, width);
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
            __m512i v = _mm512_load_si512(masks[out].at);
            FACECRYPT_UNROLL
            for (int p = 0; p < pairs; ++p) {
                const std::size_t i = out * pairs + static_cast<std::size_t>(p);
                v = _mm512_xor_si512(v, _mm512_maskz_permutex2var_epi8(
                                            live[i], source[2 * p],
                                            _mm512_load_si512(terms[i].at), source[2 * p + 1]));
            }
            return v;
        };
        Byte *out = row + x * columns;
        // What is stored too much is overwritten by the next blocks of the row, where there are.
        const bool room = full && x * columns + n.pitch <= width;
        FACECRYPT_UNROLL
        for (int w = 0; w < words; ++w, out += per * width) {
            __m512i v = sum(base + w);
            if constexpr (nibbles)
                v = _mm512_or_si512(v, _mm512_slli_epi16(sum(base + words + w), 4));
            if (room)
                store64<per>(v, out, width);
            else
                store64_part<per>(v, out, width, rows - w * per, columns);
        }
    }
}

FACECRYPT_VBMI inline __m512i sum64(const Network &n, std::size_t out,
                                    const Line *source) noexcept {
    __m512i sum = _mm512_load_si512(n.masks[out].at);
    const Line *terms = n.terms.data();
    const std::uint64_t *live = n.live.data();
    for (std::size_t i = n.begin[out], end = n.begin[out + 1]; i < end; ++i)
        sum = _mm512_xor_si512(
            sum, _mm512_maskz_permutexvar_epi8(live[i], _mm512_load_si512(terms[i].at),
                                               _mm512_load_si512(source[n.from[i]].at)));
    return sum;
}

// Rows of any length: their words begin 64 bytes apart.
template <bool nibbles>
FACECRYPT_VBMI void large64(const Network &n, std::size_t first, const Byte *picture,
                            const Byte *, Byte *row) noexcept {
    Line source[2 * widest_block / 8];
    const Blocks &key = *n.key;
    const __m512i low = _mm512_set1_epi8(15);
    const std::size_t width = key.across * key.columns, words = n.words, each = n.pitch / 64;
    const auto part = [&](std::size_t w) {
        return bytes(std::min<std::size_t>(64, key.columns - w % each * 64));
    };
    for (std::size_t x = 0; x < key.across; ++x) {
        const Byte *in = picture + n.start[static_cast<std::size_t>(key.source[first + x])];
        for (std::size_t w = 0; w < words; ++w) {
            __m512i v = _mm512_maskz_loadu_epi8(part(w), in + w / each * width + w % each * 64);
            if constexpr (nibbles) {
                _mm512_store_si512(source[words + w].at,
                                   _mm512_and_si512(_mm512_srli_epi16(v, 4), low));
                v = _mm512_and_si512(v, low);
            }
            _mm512_store_si512(source[w].at, v);
        }
        const std::size_t base = static_cast<std::size_t>(key.which[first + x]) * n.total();
        Byte *out = row + x * key.columns;
        for (std::size_t w = 0; w < words; ++w) {
            __m512i v = sum64(n, base + w, source);
            if constexpr (nibbles)
                v = _mm512_or_si512(v, _mm512_slli_epi16(sum64(n, base + words + w, source), 4));
            _mm512_mask_storeu_epi8(out + w / each * width + w % each * 64, part(w), v);
        }
    }
}

template <bool nibbles, int per> Run of_words(std::size_t words) noexcept {
    constexpr Run runs[small] = {small64<nibbles, per, 1>, small64<nibbles, per, 2>,
                                 small64<nibbles, per, 3>, small64<nibbles, per, 4>};
    return runs[words - 1];
}

template <bool nibbles> Run wide_run(std::size_t pitch, std::size_t words, bool dense) noexcept {
    if (!dense) return large64<nibbles>;
    return pitch == 16   ? of_words<nibbles, 4>(words)
           : pitch == 32 ? of_words<nibbles, 2>(words)
                         : of_words<nibbles, 1>(words);
}

template <bool nibbles> Run narrow_run(std::size_t words, bool dense) noexcept {
    constexpr Run runs[small] = {small16<nibbles, 1>, small16<nibbles, 2>, small16<nibbles, 3>,
                                 small16<nibbles, 4>};
    return dense ? runs[words - 1] : large16<nibbles>;
}

#endif  // FACECRYPT_X86

}  // namespace

bool Network::build(const Blocks &blocks, std::size_t count) noexcept {
    // Preparing a row of perm costs as much as some ten blocks one by one.
    if (blocks.down * blocks.across * count < 10 * blocks.keys) return true;
#ifdef FACECRYPT_X86
    if (isa() == Isa::baseline) return true;
    key = &blocks;
    const bool wide = isa() == Isa::avx512 && __builtin_cpu_supports("avx512vbmi");
    word = wide ? 64 : 16;
    // First as a small block; a large one packs its rows, or gives each some words of its own.
    pitch = !wide || blocks.columns <= 16 ? 16 : blocks.columns <= 32 ? 32 : 64;
    words = (blocks.rows * pitch + word - 1) / word;
    dense = words <= small && blocks.columns <= pitch;
    span = dense && wide ? 128 : word;
    if (!dense) {
        pitch = wide ? (blocks.columns + 63) / 64 * 64 : blocks.columns;
        words = (blocks.rows * pitch + word - 1) / word;
    }
    try {
        prepare();
    } catch (const std::bad_alloc &) {
        return false;
    }
    if (wide)
        run = blocks.nibbles ? wide_run<true>(pitch, words, dense)
                             : wide_run<false>(pitch, words, dense);
    else
        run = blocks.nibbles ? narrow_run<true>(words, dense) : narrow_run<false>(words, dense);
#endif
    return true;
}

// Where an entry of a block's vector lies among the words: high nibbles begin a new one.
std::size_t Network::place(std::size_t entry) const noexcept {
    const std::size_t size = key->rows * key->columns, sample = entry % size;
    return entry / size * words * word + sample / key->columns * pitch + sample % key->columns;
}

void Network::prepare() {
    const std::size_t size = key->rows * key->columns, entries = key->nibbles ? 2 * size : size;
    for (std::size_t b = 0; b < key->down * key->across; ++b)
        start.push_back(b / key->across * key->across * size + b % key->across * key->columns);
    masks.assign((key->keys * total() * word + 63) / 64, Line{});
    begin.push_back(0);
    std::vector<std::uint32_t> term_of((total() * word + span - 1) / span);
    for (std::size_t row = 0, entry = 0; row < key->keys; ++row)
        for (std::size_t out = 0, end = (row + 1) * entries; out < total(); ++out) {
            std::fill(term_of.begin(), term_of.end(), UINT32_MAX);
            for (std::size_t source = 0; dense && source < term_of.size(); ++source) {
                term_of[source] = static_cast<std::uint32_t>(from.size());
                add_term(source);
            }
            for (; entry < end && place(entry % entries) / word == out; ++entry)
                add_entry(entry, term_of);
            begin.push_back(static_cast<std::uint32_t>(from.size()));
        }
}

void Network::add_term(std::size_t source) {
    from.push_back(static_cast<std::uint32_t>(source));
    live.push_back(0);
    Line dead;
    std::memset(dead.at, 0x80, sizeof dead.at);  // pshufb writes 0 for these
    if (terms.size() * 64 < from.size() * word) terms.push_back(dead);
}

// `entry` counts through all rows of perm.
void Network::add_entry(std::size_t entry, std::vector<std::uint32_t> &term_of) {
    const std::size_t size = key->rows * key->columns, entries = key->nibbles ? 2 * size : size;
    const std::size_t source = place(static_cast<std::size_t>(key->perm[entry]));
    const std::size_t target = place(entry % entries), slot = target % word;
    std::uint32_t &term = term_of[source / span];
    if (term == UINT32_MAX) {
        term = static_cast<std::uint32_t>(from.size());
        add_term(source / span);
    }
    terms[0].at[term * word + slot] = static_cast<Byte>(source % span);
    live[term] |= std::uint64_t{1} << slot;
    masks[0].at[(entry / entries * total() + target / word) * word + slot] = key->mask[entry];
}

}  // namespace facecrypt
