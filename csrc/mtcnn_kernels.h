// The networks, written once for all instruction sets. Included by one file for each of them, which
// defines before, in its anonymous namespace:
//   FACECRYPT_TARGET  the attribute that allows the instructions
//   Vector            a type of `lanes` floats, with load, store, all (a number in every lane),
//                     multiply_add (a * b + c), larger, prelu
//   Tiles             how many pixels and vectors of output channels are computed together
//
// Feature maps lie pixel by pixel: all channels of one, then of the next, each padded to whole
// vectors. A tile is some pixels of a row by some vectors of channels, whose sums stay in registers.
// The pixels that come in lie in planes.

#if defined(__clang__)
#define FACECRYPT_UNROLL _Pragma("clang loop unroll(full)")
#define FACECRYPT_TWICE _Pragma("clang loop unroll_count(2)")
#else
#define FACECRYPT_UNROLL _Pragma("GCC unroll 32")
#define FACECRYPT_TWICE _Pragma("GCC unroll 2")
#endif
#define FACECRYPT_INLINE FACECRYPT_TARGET __attribute__((always_inline)) inline

constexpr int lanes = Vector::lanes;
constexpr int padded(int channels) { return (channels + lanes - 1) / lanes * lanes; }

// Input of a layer: channel c of pixel x of a row is at row[c * plane + x * pitch].
template <int channels_, int pitch_, bool planar_> struct Input {
    static constexpr int channels = channels_, pitch = pitch_;
    static constexpr bool planar = planar_;
};
using Planes = Input<3, 1, true>;
template <int channels> using Pixels = Input<channels, padded(channels), false>;

struct Rows {
    const float *const *at;  // as many as the kernel has
    std::ptrdiff_t plane;
};

// Three weights of a row serve each number that is read three times.
template <class In, int pixels>
FACECRYPT_INLINE void slide(const Rows &rows, std::ptrdiff_t x, const float *weights,
                            typename Vector::Type *sum) {
    const std::ptrdiff_t plane = In::planar ? rows.plane : 1;
    for (int ky = 0; ky < 3; ++ky, weights += 2 * In::channels * lanes) {
        const float *in = rows.at[ky] + x * In::pitch;
        for (int c = 0; c < In::channels; ++c, in += plane, weights += lanes) {
            const auto left = Vector::load(weights);
            const auto middle = Vector::load(weights + In::channels * lanes);
            const auto right = Vector::load(weights + 2 * In::channels * lanes);
            FACECRYPT_UNROLL
            for (int p = 0; p < pixels + 2; ++p) {
                const auto value = Vector::all(in[p * In::pitch]);
                if (p < pixels) sum[p] = Vector::multiply_add(value, left, sum[p]);
                if (p >= 1 && p <= pixels)
                    sum[p - 1] = Vector::multiply_add(value, middle, sum[p - 1]);
                if (p >= 2) sum[p - 2] = Vector::multiply_add(value, right, sum[p - 2]);
            }
        }
    }
}

template <class In, int kernel, int pixels, int vectors>
FACECRYPT_INLINE void gather(const Rows &rows, std::ptrdiff_t x, const float *weights,
                             typename Vector::Type *sum) {
    static_assert(!In::planar, "planes are for kernels of 3");
    constexpr bool whole = In::channels == In::pitch;  // then a row's taps are one run of numbers
    constexpr int runs = whole ? 1 : kernel, length = whole ? kernel * In::channels : In::channels;
    for (int ky = 0; ky < kernel; ++ky)
        for (int run = 0; run < runs; ++run) {
            const float *in = rows.at[ky] + (x + run) * In::pitch;
            FACECRYPT_TWICE
            for (int c = 0; c < length; ++c, ++in, weights += vectors * lanes) {
                typename Vector::Type weight[vectors];
                FACECRYPT_UNROLL
                for (int v = 0; v < vectors; ++v) weight[v] = Vector::load(weights + v * lanes);
                FACECRYPT_UNROLL
                for (int p = 0; p < pixels; ++p) {
                    const auto value = Vector::all(in[p * In::pitch]);
                    FACECRYPT_UNROLL
                    for (int v = 0; v < vectors; ++v)
                        sum[p * vectors + v] = Vector::multiply_add(value, weight[v],
                                                                    sum[p * vectors + v]);
                }
            }
        }
}

template <class In, int kernel, int pixels, int vectors, bool sloped>
FACECRYPT_INLINE void tile(const Rows &rows, std::ptrdiff_t x, const Packed &layer, float *out,
                           std::ptrdiff_t pitch) {
    typename Vector::Type sum[pixels * vectors];
    FACECRYPT_UNROLL
    for (int p = 0; p < pixels; ++p) FACECRYPT_UNROLL
    for (int v = 0; v < vectors; ++v) sum[p * vectors + v] = Vector::load(layer.bias + v * lanes);
    if constexpr (kernel == 3 && vectors == 1)
        slide<In, pixels>(rows, x, layer.weights, sum);
    else
        gather<In, kernel, pixels, vectors>(rows, x, layer.weights, sum);
    FACECRYPT_UNROLL
    for (int v = 0; v < vectors; ++v) {
        const auto slope = Vector::load(layer.slopes + v * lanes);
        FACECRYPT_UNROLL
        for (int p = 0; p < pixels; ++p) {
            auto value = sum[p * vectors + v];
            if constexpr (sloped) value = Vector::prelu(value, slope);
            Vector::store(out + (x + p) * pitch + v * lanes, value);
        }
    }
}

// One group of channels of a row of `count` pixels. The last tile overlaps the one before.
template <class In, int kernel, int pixels, int vectors, bool sloped>
FACECRYPT_TARGET void convolve(const Rows &rows, std::ptrdiff_t count, const Packed &layer,
                               float *out, std::ptrdiff_t pitch) {
    if (count < pixels) {
        for (std::ptrdiff_t x = 0; x < count; ++x)
            tile<In, kernel, 1, vectors, sloped>(rows, x, layer, out, pitch);
        return;
    }
    for (std::ptrdiff_t x = 0; x < count; x += pixels)
        tile<In, kernel, pixels, vectors, sloped>(rows, x < count - pixels ? x : count - pixels,
                                                  layer, out, pitch);
}

template <class In, int kernel> Packed group_of(const Packed &layer, int channel) {
    return {layer.weights + channel * In::channels * kernel * kernel, layer.bias + channel,
            layer.slopes + channel};
}

// All channels of a row.
template <class In, int kernel, int outs, int pixels, int vectors, bool sloped = true>
FACECRYPT_TARGET void convolve_all(const Rows &rows, std::ptrdiff_t count, const Packed &layer,
                                   float *out) {
    static_assert(padded(outs) % (vectors * lanes) == 0, "groups are whole");
    for (int channel = 0; channel < padded(outs); channel += vectors * lanes)
        convolve<In, kernel, pixels, vectors, sloped>(
            rows, count, group_of<In, kernel>(layer, channel), out + channel, padded(outs));
}

// The largest of size x size windows, 2 apart, cut at the end; `rows` of them.
template <int channels, int size>
FACECRYPT_TARGET void pool(const float *const *rows, int height, std::ptrdiff_t width,
                           std::ptrdiff_t count, float *out, std::ptrdiff_t pitch) {
    for (std::ptrdiff_t x = 0; x < count; ++x) {
        const std::ptrdiff_t end = 2 * x + size < width ? 2 * x + size : width;
        for (int c = 0; c < channels; c += lanes) {
            auto most = Vector::load(rows[0] + 2 * x * channels + c);
            if (height == size && end == 2 * x + size) {
                FACECRYPT_UNROLL
                for (int y = 0; y < size; ++y) FACECRYPT_UNROLL
                for (int k = 0; k < size; ++k)
                    most = Vector::larger(most, Vector::load(rows[y] + (2 * x + k) * channels + c));
            } else {
                for (int y = 0; y < height; ++y)
                    for (std::ptrdiff_t k = 2 * x; k < end; ++k)
                        most = Vector::larger(most, Vector::load(rows[y] + k * channels + c));
            }
            Vector::store(out + x * pitch + c, most);
        }
    }
}

class Scratch {
public:
    explicit Scratch(std::size_t count) : floats_(count), next_(floats_.data()) {}
    float *take(std::size_t count) {
        float *taken = next_;
        next_ += (count + 15) / 16 * 16;
        return taken;
    }

private:
    Floats floats_;
    float *next_;
};

// ---- P-Net: row by row, in rings of the few rows that are needed -------------------------------

constexpr int p1 = padded(10), p2 = padded(16), p3 = padded(32), heads = padded(5);

struct Ring {
    float *row[3];
    Ring(Scratch &scratch, std::size_t size) {
        for (float *&one : row) one = scratch.take(size);
    }
    float *at(std::ptrdiff_t y) const { return row[y % 3]; }
};

FACECRYPT_TARGET void propose(const Packed *layers, const float *pixels, std::ptrdiff_t height,
                              std::ptrdiff_t width, float *const *outputs, Scratch scratch) {
    const std::ptrdiff_t plane = height * width, first = width - 2, pooled = (first + 1) / 2;
    const std::ptrdiff_t second = pooled - 2, cells = pooled - 4, down = (height - 1) / 2;
    float *raw[2];
    for (float *&row : raw) row = scratch.take(static_cast<std::size_t>(first * p1));
    const Ring ones(scratch, static_cast<std::size_t>(pooled * p1));
    const Ring twos(scratch, static_cast<std::size_t>(second * p2));
    float *three = scratch.take(static_cast<std::size_t>(cells * p3));
    float *four = scratch.take(static_cast<std::size_t>(cells * heads));
    for (std::ptrdiff_t y = 0; y < down; ++y) {
        const int count = 2 * y + 1 < height - 2 ? 2 : 1;
        for (int k = 0; k < count; ++k) {
            const float *row = pixels + (2 * y + k) * width;
            const float *at[] = {row, row + width, row + 2 * width};
            convolve_all<Planes, 3, 10, Tiles::wide, 1>({at, plane}, first, layers[0], raw[k]);
        }
        pool<p1, 2>(raw, count, first, pooled, ones.at(y), p1);
        if (y < 2) continue;
        const float *near[] = {ones.at(y - 2), ones.at(y - 1), ones.at(y)};
        convolve_all<Pixels<10>, 3, 16, Tiles::wide, 1>({near, 1}, second, layers[1],
                                                        twos.at(y - 2));
        if (y < 4) continue;
        const float *far[] = {twos.at(y - 4), twos.at(y - 3), twos.at(y - 2)};
        convolve_all<Pixels<16>, 3, 32, Tiles::p3, Tiles::p3_vectors>({far, 1}, cells, layers[2],
                                                                      three);
        const float *last[] = {three};
        convolve_all<Pixels<32>, 1, 5, Tiles::wide, 1, false>({last, 1}, cells, layers[3], four);
        const std::ptrdiff_t size = (down - 4) * cells, at = (y - 4) * cells;
        for (std::ptrdiff_t x = 0; x < cells; ++x) {
            outputs[0][at + x] = four[x * heads];
            for (int k = 0; k < 4; ++k) outputs[1][k * size + at + x] = four[x * heads + k + 1];
        }
    }
}

void run_pnet(const Packed *layers, const Pictures &in, float *const *outputs) {
    const auto height = static_cast<std::ptrdiff_t>(in.height);
    const auto width = static_cast<std::ptrdiff_t>(in.width);
    const std::size_t cells = ((in.height - 1) / 2 - 4) * ((in.width - 1) / 2 - 4);
    const std::size_t room = in.width * (2 * p1 + 3 * p1 + 3 * p2 + p3 + heads) + 16 * 10;
    for (std::size_t i = 0; i < in.count; ++i) {
        float *const out[] = {outputs[0] + i * cells, outputs[1] + i * 4 * cells};
        propose(layers, in.pixels + i * 3 * in.height * in.width, height, width, out,
                Scratch(room));
    }
}

// ---- R- and O-Net: crop by crop, the dense layers for some crops together -----------------------

// A 3 x 3 convolution of a square map and its pooling, one group of channels after another.
template <class In, int side, int outs, int pixels, int vectors, int size>
FACECRYPT_TARGET void convolve_and_pool(const float *in, const Packed &layer, float *ring,
                                        float *out) {
    constexpr int width = side - 2, pooled = (width - size + 1) / 2 + 1, group = vectors * lanes;
    constexpr int step = In::planar ? side : side * In::pitch;
    static_assert(padded(outs) % group == 0, "groups are whole");
    for (int channel = 0; channel < padded(outs); channel += group) {
        const Packed part = group_of<In, 3>(layer, channel);
        int done = 0;
        for (int y = 0; y < pooled; ++y) {
            const float *rows[size] = {};
            int height = 0;
            for (int line = 2 * y; line < 2 * y + size && line < width; ++line) {
                float *row = ring + line % 3 * width * group;
                if (line >= done) {
                    const float *at[] = {in + line * step, in + (line + 1) * step,
                                         in + (line + 2) * step};
                    convolve<In, 3, pixels, vectors, true>({at, side * side}, width, part, row,
                                                           group);
                    done = line + 1;
                }
                rows[height++] = row;
            }
            pool<group, size>(rows, height, width, pooled,
                              out + y * pooled * padded(outs) + channel, padded(outs));
        }
    }
}

// A 2 x 2 convolution of a 4 x 4 map.
template <int ins, int outs>
FACECRYPT_TARGET void convolve_last(const float *in, const Packed &layer, float *out) {
    for (int y = 0; y < 3; ++y) {
        const float *at[] = {in + y * 4 * padded(ins), in + (y + 1) * 4 * padded(ins)};
        convolve_all<Pixels<ins>, 2, outs, 3, Tiles::last_vectors>({at, 1}, 3, layer,
                                                                   out + y * 3 * padded(outs));
    }
}

// The two dense layers of `count` crops, and the heads' channels to where they are wanted.
template <int features, int hidden, int outs>
FACECRYPT_TARGET void decide(const float *in, std::ptrdiff_t count, const Packed *layers,
                             float *middle, float *last, float *const *outputs, std::size_t first) {
    const float *at[] = {in};
    convolve_all<Pixels<features>, 1, hidden, Tiles::dense, Tiles::dense_vectors>(
        {at, 1}, count, layers[0], middle);
    const float *then[] = {middle};
    convolve_all<Pixels<hidden>, 1, outs, Tiles::dense, 1, false>({then, 1}, count, layers[1],
                                                                  last);
    for (std::ptrdiff_t i = 0; i < count; ++i) {
        const float *from = last + i * padded(outs);
        const std::size_t to = first + static_cast<std::size_t>(i);
        outputs[0][to] = from[0];
        for (std::size_t k = 0; k < 4; ++k) outputs[1][4 * to + k] = from[1 + k];
        if constexpr (outs == 15)
            for (std::size_t k = 0; k < 10; ++k) outputs[2][10 * to + k] = from[5 + k];
    }
}

constexpr std::size_t batch = 2 * Tiles::dense;  // crops whose features are kept

void run_rnet(const Packed *layers, const Pictures &in, float *const *outputs) {
    constexpr std::size_t sizes[] = {3 * 22 * 32, 11 * 11 * 32, 4 * 4 * 48,
                                     batch * 576, batch * 128,  batch * 16};
    Scratch scratch(sizes[0] + sizes[1] + sizes[2] + sizes[3] + sizes[4] + sizes[5] + 6 * 16);
    float *ring = scratch.take(sizes[0]), *one = scratch.take(sizes[1]);
    float *two = scratch.take(sizes[2]), *features = scratch.take(sizes[3]);
    float *middle = scratch.take(sizes[4]), *last = scratch.take(sizes[5]);
    for (std::size_t first = 0; first < in.count; first += batch) {
        const std::size_t count = in.count - first < batch ? in.count - first : batch;
        for (std::size_t i = 0; i < count; ++i) {
            const float *crop = in.pixels + (first + i) * 3 * 24 * 24;
            convolve_and_pool<Planes, 24, 28, Tiles::r1, 1, 3>(crop, layers[0], ring, one);
            convolve_and_pool<Pixels<28>, 11, 48, Tiles::r2, Tiles::r2_vectors, 3>(one, layers[1],
                                                                                   ring, two);
            convolve_last<48, 64>(two, layers[2], features + i * 576);
        }
        decide<576, 128, 5>(features, static_cast<std::ptrdiff_t>(count), layers + 3, middle, last,
                            outputs, first);
    }
}

void run_onet(const Packed *layers, const Pictures &in, float *const *outputs) {
    constexpr std::size_t sizes[] = {3 * 46 * 32,  23 * 23 * 32, 10 * 10 * 64, 4 * 4 * 64,
                                     batch * 1152, batch * 256,  batch * 16};
    Scratch scratch(sizes[0] + sizes[1] + sizes[2] + sizes[3] + sizes[4] + sizes[5] + sizes[6] +
                    7 * 16);
    float *ring = scratch.take(sizes[0]), *one = scratch.take(sizes[1]);
    float *two = scratch.take(sizes[2]), *three = scratch.take(sizes[3]);
    float *features = scratch.take(sizes[4]), *middle = scratch.take(sizes[5]);
    float *last = scratch.take(sizes[6]);
    for (std::size_t first = 0; first < in.count; first += batch) {
        const std::size_t count = in.count - first < batch ? in.count - first : batch;
        for (std::size_t i = 0; i < count; ++i) {
            const float *crop = in.pixels + (first + i) * 3 * 48 * 48;
            convolve_and_pool<Planes, 48, 32, Tiles::o1, 1, 3>(crop, layers[0], ring, one);
            convolve_and_pool<Pixels<32>, 23, 64, Tiles::o2, 1, 3>(one, layers[1], ring, two);
            convolve_and_pool<Pixels<64>, 10, 64, Tiles::o3, Tiles::o3_vectors, 2>(two, layers[2],
                                                                                   ring, three);
            convolve_last<64, 128>(three, layers[3], features + i * 1152);
        }
        decide<1152, 256, 15>(features, static_cast<std::ptrdiff_t>(count), layers + 4, middle,
                              last, outputs, first);
    }
}

constexpr std::size_t pnet_groups[] = {lanes, lanes, Tiles::p3_vectors * lanes, lanes};
constexpr std::size_t rnet_groups[] = {lanes, Tiles::r2_vectors * lanes,
                                       Tiles::last_vectors * lanes, Tiles::dense_vectors * lanes,
                                       lanes};
constexpr std::size_t onet_groups[] = {lanes,
                                       lanes,
                                       Tiles::o3_vectors * lanes,
                                       Tiles::last_vectors * lanes,
                                       Tiles::dense_vectors * lanes,
                                       lanes};
constexpr Kernel kernels[] = {
    {pnet_groups, run_pnet}, {rnet_groups, run_rnet}, {onet_groups, run_onet}};
