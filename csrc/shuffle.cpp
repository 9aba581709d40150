// The schemes: channels of pixels, items of pictures, samples and nibbles of blocks.
#include "network.h"
#include "pixels.h"

#include "copy.h"

#include <algorithm>
#include <cstring>

#if defined(__GNUC__) && defined(__x86_64__)
#define FACECRYPT_X86 1
#include <immintrin.h>
#endif

namespace facecrypt {
namespace {

using Byte = std::uint8_t;

// Pictures and parts of them, for threads to take turns at. A task has some 256 KiB to do.
struct Split {
    static constexpr std::size_t task = 1 << 18;
    std::size_t count, parts, together;  // pictures, parts of one, pictures a task

    Split(std::size_t pictures, std::size_t size, std::size_t part)
        : count(pictures), parts((size + part - 1) / part),
          together(std::max<std::size_t>(1, task / std::min(size, part))) {}
    std::size_t tasks() const { return (count + together - 1) / together * parts; }
    std::size_t part(std::size_t index) const { return index % parts; }
    std::size_t first(std::size_t index) const { return index / parts * together; }
    std::size_t last(std::size_t index) const { return std::min(count, first(index) + together); }
};

// ---- pixels ------------------------------------------------------------------------------------

// out is in, or apart from it.
void mix(const Byte *in, const Byte *mask, Byte *out, std::size_t n) noexcept {
    for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<Byte>(in[i] ^ mask[i]);
}

void reorder(const Byte *order, const Byte *mask, const Byte *in, Byte *out,
             std::size_t pixels) noexcept {
    for (std::size_t i = 0; i < pixels; ++i, in += 3, out += 3, mask += 3) {
        const Byte *source = channel_orders[order[i]];
        const Byte pixel[3] = {in[source[0]], in[source[1]], in[source[2]]};
        mix(pixel, mask, out, 3);
    }
}

#ifdef FACECRYPT_X86

// Five pixels in sixteen bytes; the sixteenth is written back as it was, for in may be out. A strip
// of them, 16 KiB, stays in the L1 cache.
struct Five {
    alignas(16) Byte from[16];
    Byte mask[16];
};

void prepare(const Pixels &key, std::size_t first, std::size_t groups, Five *fives) noexcept {
    for (std::size_t g = 0; g < groups; ++g) {
        for (std::size_t i = 0; i < 5; ++i)
            for (std::size_t j = 0; j < 3; ++j)
                fives[g].from[3 * i + j] = static_cast<Byte>(
                    3 * i + channel_orders[key.order[first + 5 * g + i]][j]);
        std::memcpy(fives[g].mask, key.mask + 3 * (first + 5 * g), 15);
        fives[g].from[15] = 15;
        fives[g].mask[15] = 0;
    }
}

__attribute__((target("avx2"))) void reorder_fives(const Five *fives, std::size_t groups,
                                                   const Byte *in, Byte *out) noexcept {
    for (std::size_t g = 0; g < groups; ++g, in += 15, out += 15) {
        const __m128i pixels = _mm_loadu_si128(reinterpret_cast<const __m128i *>(in));
        const __m128i from = _mm_load_si128(reinterpret_cast<const __m128i *>(fives[g].from));
        const __m128i mask = _mm_load_si128(reinterpret_cast<const __m128i *>(fives[g].mask));
        _mm_storeu_si128(reinterpret_cast<__m128i *>(out),
                         _mm_xor_si128(_mm_shuffle_epi8(pixels, from), mask));
    }
}

#endif

void pixel_strip(const Pixels &key, std::size_t first, std::size_t n, std::size_t from,
                 std::size_t to, const Byte *in, Byte *out) noexcept {
    const std::size_t bytes = key.pixels * key.channels, start = first * key.channels;
    std::size_t done = 0;
#ifdef FACECRYPT_X86
    Five fives[strip / 5];
    // The sixteenth byte belongs to the next pixel, which must be of this strip.
    const std::size_t groups = key.order && isa() != Isa::baseline ? (n - 1) / 5 : 0;
    if (groups) prepare(key, first, groups, fives);
    done = 5 * groups;
#endif
    for (std::size_t picture = from; picture < to; ++picture) {
        const std::size_t offset = picture * bytes + start;
#ifdef FACECRYPT_X86
        if (groups) reorder_fives(fives, groups, in + offset, out + offset);
#endif
        const std::size_t rest = offset + 3 * done;
        if (key.order)
            reorder(key.order + first + done, key.mask + start + 3 * done, in + rest, out + rest,
                    n - done);
        else
            mix(in + offset, key.mask + start, out + offset, n * key.channels);
    }
}

#ifdef FACECRYPT_X86

// From so many bytes on an output leaves the caches before anyone reads it.
constexpr std::size_t large = 16 << 20;

void pixel_lines(const Pixels &key, std::size_t first, std::size_t n, std::size_t from,
                 std::size_t to, std::size_t count, const Byte *in, Byte *out) noexcept {
    const std::size_t bytes = key.pixels * key.channels, start = first * key.channels;
    // Lines lie in all pictures as in the first.
    const bool aligned = bytes % 64 == 0;
    const bool past_caches = aligned && in != out && count * bytes >= large;
    const PixelLines lines(key, first, n,
                           aligned ? reinterpret_cast<std::uintptr_t>(out + start) % 64 : 0);
    for (std::size_t picture = from; picture < to; ++picture)
        lines.run(in + picture * bytes + start, out + picture * bytes + start, past_caches);
    if (past_caches) _mm_sfence();
}

#endif

// ---- gather ------------------------------------------------------------------------------------

// Pictures of so many bytes fit the L1 cache twice.
constexpr std::size_t few = 1 << 14;

// RGB pixels by way of four bytes: the fourth is the next pixel's, and is overwritten by it. Not
// for the last picture, behind which there may be no byte to read.
template <bool masked>
void gather_pixels(const Gather &key, const Byte *in, Byte *out) noexcept {
    const std::size_t last = key.items - 1;
    for (std::size_t k = 0; k < last; ++k) {
        std::uint32_t pixel, mask = 0;
        std::memcpy(&pixel, in + 3 * static_cast<std::size_t>(key.source[k]), 4);
        if constexpr (masked) std::memcpy(&mask, key.mask + 3 * k, 4);
        pixel ^= mask;
        std::memcpy(out + 3 * k, &pixel, 4);
    }
    const Byte *item = in + 3 * static_cast<std::size_t>(key.source[last]);
    for (std::size_t j = 0; j < 3; ++j)
        out[3 * last + j] = static_cast<Byte>(item[j] ^ (masked ? key.mask[3 * last + j] : 0));
}

// mix() without its start-up, for runs of some dozen bytes; out is apart from in.
void copy_mixed(const Byte *in, const Byte *mask, Byte *out, std::size_t n) noexcept {
    if (n < 8) return mix(in, mask, out, n);
    const auto eight = [&](std::size_t i) {
        std::uint64_t a, b;
        std::memcpy(&a, in + i, 8);
        std::memcpy(&b, mask + i, 8);
        a ^= b;
        std::memcpy(out + i, &a, 8);
    };
    for (std::size_t i = 0; i + 8 < n; i += 8) eight(i);
    eight(n - 8);
}

void gather_picture(const Gather &key, bool spare, const Byte *in, Byte *out) noexcept {
    if (key.length == 3 && spare)
        return key.mask ? gather_pixels<true>(key, in, out) : gather_pixels<false>(key, in, out);
    for (std::size_t k = 0; k < key.items; ++k) {
        const Byte *item = in + static_cast<std::size_t>(key.source[k]) * key.length;
        Byte *to = out + k * key.length;
        if (key.mask)
            copy_mixed(item, key.mask + k * key.length, to, key.length);
        else
            copy(item, to, key.length);
    }
}

// ---- blocks ------------------------------------------------------------------------------------

void block_scalar(const Blocks &key, std::size_t row, const Byte *in, Byte *out) noexcept {
    Byte vector[2 * widest_block];
    const std::size_t width = key.across * key.columns, size = key.rows * key.columns;
    const std::size_t entries = key.nibbles ? 2 * size : size;
    const std::int32_t *perm = key.perm + row * entries;
    const Byte *mask = key.mask + row * entries;
    for (std::size_t y = 0; y < key.rows; ++y)
        copy(in + y * width, vector + y * key.columns, key.columns);
    if (key.nibbles) {
        for (std::size_t j = 0; j < size; ++j) vector[size + j] = vector[j] >> 4;
        for (std::size_t j = 0; j < size; ++j) vector[j] &= 15;
    }
    for (std::size_t y = 0, j = 0; y < key.rows; ++y)
        for (std::size_t x = 0; x < key.columns; ++x, ++j) {
            unsigned value = vector[perm[j]] ^ mask[j];
            if (key.nibbles) value |= (vector[perm[size + j]] ^ mask[size + j]) << 4u;
            out[y * width + x] = static_cast<Byte>(value);
        }
}

// One row of blocks of a picture; the last picture ends at `end`.
void block_band(const Blocks &key, const Network &network, std::size_t band, const Byte *picture,
                const Byte *end, Byte *row) noexcept {
    if (network.run) return network.run(network, band * key.across, picture, end, row);
    for (std::size_t x = 0; x < key.across; ++x) {
        const std::size_t block = band * key.across + x;
        const std::size_t from = key.source_of(block);
        const std::size_t start = from / key.across * key.rows * key.across + from % key.across;
        block_scalar(key, key.row_of(block), picture + start * key.columns, row + x * key.columns);
    }
}

}  // namespace

void pixels(const Pixels &key, const Byte *in, Byte *out, std::size_t count,
            std::size_t threads) noexcept {
    struct Job {
        const Pixels &key;
        Split split;
        const Byte *in;
        Byte *out;
    } job{key, {count, key.pixels, strip}, in, out};
    const auto task = [](void *context, std::size_t index) {
        const Job &j = *static_cast<Job *>(context);
        const std::size_t first = j.split.part(index) * strip;
        const std::size_t n = std::min(strip, j.key.pixels - first);
        const std::size_t from = j.split.first(index), to = j.split.last(index);
#ifdef FACECRYPT_X86
        if (PixelLines::fit(j.key))
            return pixel_lines(j.key, first, n, from, to, j.split.count, j.in, j.out);
#endif
        pixel_strip(j.key, first, n, from, to, j.in, j.out);
    };
    parallel(job.split.tasks(), threads, task, &job);
}

void gather(const Gather &key, const Byte *in, Byte *out, std::size_t count,
            std::size_t threads) noexcept {
    struct Job {
        const Gather &key;
        Split split;
        const Byte *in;
        Byte *out;
    } job{key, {count, key.items * key.length, key.items * key.length}, in, out};
    const auto task = [](void *context, std::size_t index) {
        const Job &j = *static_cast<Job *>(context);
        const std::size_t bytes = j.key.items * j.key.length;
        for (std::size_t i = j.split.first(index); i < j.split.last(index); ++i) {
            // The next one comes by lines while this one is read in any order. Pixels take so long
            // one by one that a core keeps up by itself, and is only held up by this.
            if (j.key.length > 3 && bytes <= few) {
                prefetch(j.in + (i + 1) * bytes, bytes);
                prefetch(j.out + (i + 1) * bytes, bytes);
            }
            gather_picture(j.key, i + 1 < j.split.count, j.in + i * bytes, j.out + i * bytes);
        }
    };
    parallel(job.split.tasks(), threads, task, &job);
}

bool blocks(const Blocks &key, const Byte *in, Byte *out, std::size_t count,
            std::size_t threads) noexcept {
    // Small pictures whole, large ones by rows of blocks.
    const std::size_t band = key.rows * key.columns * key.across, bytes = band * key.down;
    struct Job {
        const Blocks &key;
        Network network;
        Split split;
        const Byte *in;
        Byte *out;
        std::size_t band, bands;  // bytes of a row of blocks; rows of blocks in a part
    } job{key,
          {},
          {count, bytes, bytes <= Split::task ? bytes : band},
          in,
          out,
          band,
          bytes <= Split::task ? key.down : 1};
    if (!job.network.build(key, count)) return false;
    const auto task = [](void *context, std::size_t index) {
        const Job &j = *static_cast<Job *>(context);
        const std::size_t first = j.split.part(index) * j.bands;
        for (std::size_t i = j.split.first(index); i < j.split.last(index); ++i)
            for (std::size_t band = first; band < first + j.bands; ++band) {
                const Byte *picture = j.in + i * j.band * j.key.down;
                Byte *row = j.out + (i * j.key.down + band) * j.band;
                // Blocks are read in any order; the next picture comes in by lines meanwhile.
                if (j.network.dense) prefetch(picture + (j.key.down + band) * j.band, j.band);
                prefetch(row + j.key.down * j.band, j.band);
                block_band(j.key, j.network, band, picture,
                           j.in + j.split.count * j.band * j.key.down, row);
            }
    };
    parallel(job.split.tasks(), threads, task, &job);
    return true;
}

}  // namespace facecrypt
