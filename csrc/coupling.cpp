// Additive coupling through a small integer convolution network.
#include "kernels.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <new>

namespace facecrypt {
namespace {

#if defined(__GNUC__)
#define FACECRYPT_INLINE inline __attribute__((always_inline))
#else
#define FACECRYPT_INLINE inline
#endif

// Planes of one picture with a frame of zeros, one behind the other.
struct Planes {
    std::int32_t *at;
    std::size_t height, width;

    std::size_t pitch() const noexcept { return width + 2; }
    std::size_t size() const noexcept { return (height + 2) * pitch(); }
    std::int32_t *row(std::size_t plane, std::size_t y) const noexcept {
        return at + plane * size() + (y + 1) * pitch() + 1;
    }
};

// sums[x] += the 3x3 window of `plane` around (y, x), weighted.
FACECRYPT_INLINE void correlate(const Planes &planes, std::size_t plane, std::size_t y,
                                const std::int8_t *weights, std::int32_t *sums) noexcept {
    for (std::size_t dy = 0; dy < 3; ++dy) {
        const std::int32_t *from = planes.row(plane, y) + dy * planes.pitch() - planes.pitch() - 1;
        const std::int32_t a = weights[3 * dy], b = weights[3 * dy + 1], c = weights[3 * dy + 2];
        for (std::size_t x = 0; x < planes.width; ++x)
            sums[x] += a * from[x] + b * from[x + 1] + c * from[x + 2];
    }
}

FACECRYPT_INLINE void round_of(const Coupling &key, std::size_t r, const Planes &stay,
                               const Planes &active, std::uint8_t *picture) noexcept {
    const std::size_t channels = key.channels, hidden = key.hidden, width = key.width;
    for (std::size_t y = 0; y < key.height; ++y)
        for (std::size_t x = 0; x < width; ++x)
            for (std::size_t c = 0; c < channels; ++c)
                stay.row(c, y)[x] = (y + x + c + r) % 2 ? 0
                                                        : picture[(y * width + x) * channels + c];
    for (std::size_t k = 0; k < hidden; ++k)
        for (std::size_t y = 0; y < key.height; ++y) {
            std::int32_t *sums = active.row(k, y);
            std::fill_n(sums, width, key.first_bias[r * hidden + k]);
            for (std::size_t c = 0; c < channels; ++c)
                correlate(stay, c, y, key.first + ((r * hidden + k) * channels + c) * 9, sums);
            for (std::size_t x = 0; x < width; ++x)
                sums[x] = std::min(std::max(sums[x], 0) >> 5, 255);
        }
    for (std::size_t c = 0; c < channels; ++c)
        for (std::size_t y = 0; y < key.height; ++y) {
            std::int32_t *sums = stay.row(c, y);  // no longer needed
            std::fill_n(sums, width, key.second_bias[r * channels + c]);
            for (std::size_t k = 0; k < hidden; ++k)
                correlate(active, k, y, key.second + ((r * channels + c) * hidden + k) * 9, sums);
            for (std::size_t x = (y + c + r + 1) % 2; x < width; x += 2) {
                std::uint8_t &sample = picture[(y * width + x) * channels + c];
                const std::int32_t sum = key.inverse ? sample - sums[x] : sample + sums[x];
                sample = static_cast<std::uint8_t>(sum);
            }
        }
}

FACECRYPT_INLINE void picture_of(const Coupling &key, std::int32_t *scratch,
                                 std::uint8_t *picture) noexcept {
    const Planes stay{scratch, key.height, key.width};
    const Planes active{scratch + key.channels * stay.size(), key.height, key.width};
    for (std::size_t i = 0; i < key.rounds; ++i)
        round_of(key, key.inverse ? key.rounds - 1 - i : i, stay, active, picture);
}

using Run = void (*)(const Coupling &, std::int32_t *, std::uint8_t *) noexcept;

void portable(const Coupling &key, std::int32_t *scratch, std::uint8_t *picture) noexcept {
    picture_of(key, scratch, picture);
}

#if defined(__GNUC__) && defined(__x86_64__)
__attribute__((target("avx2"))) void avx2(const Coupling &key, std::int32_t *scratch,
                                          std::uint8_t *picture) noexcept {
    picture_of(key, scratch, picture);
}

Run best() noexcept { return isa() == Isa::baseline ? portable : avx2; }
#else
Run best() noexcept { return portable; }
#endif

}  // namespace

bool coupling(const Coupling &key, const std::uint8_t *in, std::uint8_t *out, std::size_t count,
              std::size_t threads) noexcept {
    struct Job {
        const Coupling &key;
        const std::uint8_t *in;
        std::uint8_t *out;
        std::size_t bytes;
        Run run;
        std::atomic<bool> done;
    } job{key, in, out, key.height * key.width * key.channels, best(), {true}};
    const auto task = [](void *context, std::size_t index) {
        Job &j = *static_cast<Job *>(context);
        const std::size_t plane = (j.key.height + 2) * (j.key.width + 2);
        const std::size_t size = plane * (j.key.channels + j.key.hidden);
        // Zeroed: the frames stay so.
        const std::unique_ptr<std::int32_t[]> scratch(new (std::nothrow) std::int32_t[size]());
        if (!scratch) {
            j.done = false;
            return;
        }
        std::uint8_t *picture = j.out + index * j.bytes;
        if (j.in != j.out) std::copy_n(j.in + index * j.bytes, j.bytes, picture);
        j.run(j.key, scratch.get(), picture);
    };
    parallel(job.bytes ? count : 0, threads, task, &job);
    return job.done;
}

}  // namespace facecrypt
