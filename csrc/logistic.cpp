// Keystreams of the logistic map: one orbit, many lanes, one orbit a row.
#include "groups.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>

#ifdef __FAST_MATH__
#error "facecrypt needs IEEE arithmetic: build without -ffast-math and -Ofast"
#endif
static_assert(FLT_EVAL_METHOD == 0, "facecrypt needs binary64 arithmetic without excess precision");

namespace facecrypt {
namespace {

constexpr std::size_t panel_lanes = 256;

inline double step(double mu, double d) noexcept { return (mu * d) * (1.0 - d); }

template <Quantiser quantiser> inline std::uint8_t quantise(double d) noexcept {
    if constexpr (quantiser == Quantiser::eq4)
        return static_cast<std::uint8_t>(static_cast<std::int64_t>(d * 5e13));
    if constexpr (quantiser == Quantiser::floor255) return static_cast<std::uint8_t>(255.0 * d);
    if constexpr (quantiser == Quantiser::round255)
        return static_cast<std::uint8_t>(255.0 * d + 0.5);
    return static_cast<std::uint8_t>(std::min(static_cast<int>(256.0 * d), 255));
}

template <Quantiser quantiser>
void sequence_as(double mu, double d, const std::uint8_t *in, std::uint8_t *out,
                 std::size_t n) noexcept {
    for (std::size_t i = 0; i < n; ++i) {
        d = step(mu, d);
        const std::uint8_t key = quantise<quantiser>(d);
        out[i] = in ? static_cast<std::uint8_t>(in[i] ^ key) : key;
    }
}

const std::uint8_t *at(const std::uint8_t *in, std::size_t offset) noexcept {
    return in ? in + offset : nullptr;
}

void apply(const std::uint8_t *key, const std::uint8_t *in, std::uint8_t *out,
           std::size_t n) noexcept {
    if (!in) {
        std::memcpy(out, key, n);
        return;
    }
    for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<std::uint8_t>(in[i] ^ key[i]);
}

// A group with its lanes in it. Where they are fewer than its slots, the rest iterate 0, and
// live() tells how many bytes of a row are real.
struct Loaded {
    const Group *group;
    std::size_t lanes;
    int bytes;
    alignas(64) double mu[widest], state[widest];

    void load(const Group *g, const double *key_mu, const double *d0, std::size_t count,
              int bytes_each, std::uint64_t discard) noexcept {
        group = g;
        lanes = std::min(count, g->width);
        bytes = bytes_each;
        for (std::size_t slot = 0; slot < g->width; ++slot) {
            const std::size_t lane = g->lane_of_slot[bytes - 1][slot];
            mu[slot] = lane < lanes ? key_mu[lane] : 0.0;
            state[slot] = lane < lanes ? d0[lane] : 0.0;
        }
        g->advance(mu, state, discard);
    }

    std::size_t live() const noexcept { return lanes * static_cast<std::size_t>(bytes); }

    void emit(const std::uint8_t *in, std::uint8_t *out, std::size_t stride,
              std::size_t rows) noexcept {
        group->emit[bytes - 1][in != nullptr](mu, state, in, out, stride, rows);
    }

    // As emit, but only the first `limit` bytes of each row.
    void emit_part(const std::uint8_t *in, std::uint8_t *out, std::size_t stride, std::size_t rows,
                   std::size_t limit) noexcept {
        constexpr std::size_t tall = 32;
        std::uint8_t tile[tall * 2 * widest];
        const std::size_t pitch = group->width * static_cast<std::size_t>(bytes);
        for (std::size_t r = 0; r < rows; ++r) {
            if (r % tall == 0) emit(nullptr, tile, pitch, std::min(tall, rows - r));
            apply(tile + r % tall * pitch, at(in, r * stride), out + r * stride, limit);
        }
    }
};

// The wide group pays from 17 lanes on: it takes the time of two narrow ones.
const Group *fitting(std::size_t lanes) noexcept {
    const Groups sizes = groups();
    return sizes.wide && lanes > sizes.narrow->width ? sizes.wide : sizes.narrow;
}

// Lanes [first, first + panel_lanes) of one chunk, whose bytes are in/out[0, n).
void panel(const Lanes &keys, std::size_t chunk_index, std::size_t first, const std::uint8_t *in,
           std::uint8_t *out, std::size_t n) noexcept {
    const std::size_t bytes = static_cast<std::size_t>(keys.bytes), stride = keys.lanes * bytes;
    const std::size_t end = std::min(first + panel_lanes, keys.lanes);
    if (stride == 1) {  // one chain is faster alone than among idle lanes
        sequence(keys.mu[chunk_index], keys.d0[chunk_index], keys.discard, Quantiser::eq4, in, out,
                 n);
        return;
    }
    Loaded part[panel_lanes / 16];
    std::size_t parts = 0;
    for (std::size_t lane = first; lane < end; lane += part[parts++].lanes) {
        const std::size_t offset = chunk_index * keys.lanes + lane;
        part[parts].load(fitting(end - lane), keys.mu + offset, keys.d0 + offset, end - lane,
                         keys.bytes, keys.discard);
    }
    const std::size_t whole = n / stride, tail = n % stride;
    // Groups take turns in blocks that stay in the L1 cache; a lone group needs no turns.
    const std::size_t turn = parts == 1 ? whole
                                        : std::max<std::size_t>(8, 4096 / ((end - first) * bytes));
    for (std::size_t row = 0; row < whole; row += turn) {
        const std::size_t rows = std::min(turn, whole - row);
        std::size_t offset = row * stride + first * bytes;
        for (std::size_t i = 0; i < parts; offset += part[i++].live()) {
            if (part[i].lanes == part[i].group->width)
                part[i].emit(at(in, offset), out + offset, stride, rows);
            else
                part[i].emit_part(at(in, offset), out + offset, stride, rows, part[i].live());
        }
    }
    std::size_t column = first * bytes;
    for (std::size_t i = 0; i < parts && column < tail; column += part[i++].live()) {
        const std::size_t offset = whole * stride + column;
        part[i].emit_part(at(in, offset), out + offset, 0, 1,
                          std::min(part[i].live(), tail - column));
    }
}

// tile[t*pitch + l] is byte t of row l: apply it to `count` rows, `steps` bytes each.
void apply_columns(const std::uint8_t *tile, std::size_t pitch, std::size_t count,
                   std::size_t steps, const std::uint8_t *in, std::uint8_t *out,
                   std::size_t stride) noexcept {
    std::size_t lane = 0;
    if (const Columns columns = groups().columns; columns && steps == widest)
        for (; lane + 16 <= count; lane += 16)
            columns(tile + lane, pitch, at(in, lane * stride), out + lane * stride, stride);
    for (; lane < count; ++lane) {
        for (std::size_t t = 0; t < steps; ++t) {
            const std::size_t offset = lane * stride + t;
            const std::uint8_t key = tile[t * pitch + lane];
            out[offset] = in ? static_cast<std::uint8_t>(in[offset] ^ key) : key;
        }
    }
}

// The next 64 bytes of each row, as key bytes in columns. The rows are more streams than the
// processor's own prefetchers follow: ask for their lines, a few between slices of the work, for
// all at once would wait for each other. The last byte it is: rows begin anywhere in a line.
void emit_tile(Loaded &part, std::uint8_t *tile, std::size_t steps, const std::uint8_t *in,
               const std::uint8_t *out, std::size_t stride) noexcept {
    constexpr std::size_t slice = 8;
    const std::size_t pitch = part.group->width;
    for (std::size_t t = 0; t < steps; t += slice) {
#if defined(__GNUC__)
        const std::size_t end = std::min(part.lanes, (t + slice) * pitch / widest);
        for (std::size_t row = t * pitch / widest; row < end; ++row) {
            if (in && in != out) __builtin_prefetch(in + row * stride + widest - 1);
            __builtin_prefetch(out + row * stride + widest - 1, 1);
        }
#endif
        part.emit(nullptr, tile + t * pitch, pitch, std::min(slice, steps - t));
    }
}

// Rows [first, end), at most `widest` of them.
void row_group(const Rows &keys, const std::uint8_t *in, std::uint8_t *out, std::size_t first,
               std::size_t end) noexcept {
    for (std::size_t row = first; row < end;) {
        const std::size_t base = row * keys.width;
        if (end - row == 1) {  // as above
            sequence(keys.mu[row], keys.d0[row], keys.discard, Quantiser::eq4, at(in, base),
                     out + base, keys.width);
            return;
        }
        Loaded part;
        part.load(fitting(end - row), keys.mu + row, keys.d0 + row, end - row, 1, keys.discard);
        std::uint8_t tile[widest * widest];
        for (std::size_t t = 0; t < keys.width; t += widest) {
            const std::size_t steps = std::min(widest, keys.width - t);
            const std::uint8_t *source = at(in, base + t);
            emit_tile(part, tile, steps, source, out + base + t, keys.width);
            apply_columns(tile, part.group->width, part.lanes, steps, source, out + base + t,
                          keys.width);
        }
        row += part.lanes;
    }
}

}  // namespace

bool in_domain(double mu, double d0) noexcept {
    return mu >= 0.0 && mu <= 4.0 && d0 >= 0.0 && d0 <= 1.0;
}

void sequence(double mu, double d0, std::uint64_t discard, Quantiser quantiser,
              const std::uint8_t *in, std::uint8_t *out, std::size_t n) noexcept {
    double d = d0;
    for (std::uint64_t t = 0; t < discard; ++t) d = step(mu, d);
    switch (quantiser) {
    case Quantiser::eq4: return sequence_as<Quantiser::eq4>(mu, d, in, out, n);
    case Quantiser::floor255: return sequence_as<Quantiser::floor255>(mu, d, in, out, n);
    case Quantiser::round255: return sequence_as<Quantiser::round255>(mu, d, in, out, n);
    case Quantiser::floor256: return sequence_as<Quantiser::floor256>(mu, d, in, out, n);
    }
}

void lanes(const Lanes &keys, const std::uint8_t *in, std::uint8_t *out, std::size_t n,
           std::size_t threads) noexcept {
    struct Job {
        const Lanes &keys;
        const std::uint8_t *in;
        std::uint8_t *out;
        std::size_t n, panels;
    } job{keys, in, out, n, (keys.lanes + panel_lanes - 1) / panel_lanes};
    const std::size_t chunks = n / keys.chunk + (n % keys.chunk != 0);
    const auto task = [](void *context, std::size_t index) {
        const Job &j = *static_cast<Job *>(context);
        const std::size_t chunk = index / j.panels, start = chunk * j.keys.chunk;
        panel(j.keys, chunk, index % j.panels * panel_lanes, at(j.in, start), j.out + start,
              std::min(j.keys.chunk, j.n - start));
    };
    parallel(chunks * job.panels, threads, task, &job);
}

void rows(const Rows &keys, const std::uint8_t *in, std::uint8_t *out,
          std::size_t threads) noexcept {
    struct Job {
        const Rows &keys;
        const std::uint8_t *in;
        std::uint8_t *out;
    } job{keys, in, out};
    const auto task = [](void *context, std::size_t index) {
        const Job &j = *static_cast<Job *>(context);
        row_group(j.keys, j.in, j.out, index * widest,
                  std::min((index + 1) * widest, j.keys.count));
    };
    parallel(keys.width ? (keys.count + widest - 1) / widest : 0, threads, task, &job);
}

Orbit examine(double mu, double d0, std::uint64_t discard) noexcept {
    double d = d0, sum = 0.0;
    for (std::uint64_t t = 0; t < discard;) {
        // One logarithm for sixteen factors: each is at most 4, and seldom below 1e-16.
        double product = 1.0;
        for (const std::uint64_t end = std::min(t + 16, discard); t < end; ++t) {
            d = step(mu, d);
            product *= std::fabs(mu * (1.0 - 2.0 * d));
        }
        sum += std::log(product);
    }
    Orbit found{sum / static_cast<double>(discard), 0};
    for (std::uint32_t power = 1; power <= 1u << 14 && !found.cycle; power *= 2) {
        const double mark = d;
        for (std::uint32_t length = 1; length <= power; ++length) {
            d = step(mu, d);
            if (d == mark) {
                found.cycle = length;
                break;
            }
        }
    }
    return found;
}

}  // namespace facecrypt
