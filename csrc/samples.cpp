// Training samples: how much boxes overlap faces, and boxes of a picture as small squares.
#include "kernels.h"

#include <algorithm>

namespace facecrypt {
namespace {

std::int64_t area(const std::int32_t *box) noexcept {
    return (std::int64_t{box[2]} - box[0] + 1) * (std::int64_t{box[3]} - box[1] + 1);
}

double overlap(const std::int32_t *box, const std::int32_t *face) noexcept {
    const std::int64_t width = std::int64_t{std::min(box[2], face[2])} - std::max(box[0], face[0]) +
                               1;
    const std::int64_t height = std::int64_t{std::min(box[3], face[3])} -
                                std::max(box[1], face[1]) + 1;
    if (width <= 0 || height <= 0) return 0.0;
    const std::int64_t common = width * height;
    return static_cast<double>(common) / static_cast<double>(area(box) + area(face) - common);
}

// Where the samples of one side of a square lie between the pixels of a side of a box. In units
// of 1 / (2 side), so that all is exact: sample i is at ((2 i + 1) length - side) / (2 side).
template <std::uint32_t side>
struct Taps {
    std::uint32_t first[side], second[side], weight[side];  // weight: of the second, over 2 side

    explicit Taps(std::uint32_t length, std::uint32_t step) noexcept {
        for (std::uint32_t i = 0; i < side; ++i) {
            const std::int64_t at = std::max<std::int64_t>(
                0, (2 * std::int64_t{i} + 1) * length - std::int64_t{side});
            const auto pixel = static_cast<std::uint32_t>(at / (2 * side));
            first[i] = pixel * step;
            second[i] = std::min(pixel + 1, length - 1) * step;
            weight[i] = static_cast<std::uint32_t>(at % (2 * side));
        }
    }
};

template <std::uint32_t side>
void crop(const std::uint8_t *image, std::size_t width, const std::int32_t *box,
          std::uint8_t *out) noexcept {
    constexpr std::uint32_t one = 2 * side;
    const Taps<side> x(static_cast<std::uint32_t>(box[2] - box[0]), 3);
    const Taps<side> y(static_cast<std::uint32_t>(box[3] - box[1]), 1);
    const std::size_t row = 3 * width;
    const std::uint8_t *corner = image + static_cast<std::size_t>(box[1]) * row +
                                 3 * static_cast<std::size_t>(box[0]);
    for (std::uint32_t j = 0; j < side; ++j) {
        const std::uint8_t *above = corner + y.first[j] * row, *below = corner + y.second[j] * row;
        const std::uint32_t low = y.weight[j], high = one - low;
        for (std::uint32_t i = 0; i < side; ++i, out += 3) {
            const std::uint32_t right = x.weight[i], left = one - right;
            const std::uint8_t *a = above + x.first[i], *b = above + x.second[i];
            const std::uint8_t *c = below + x.first[i], *d = below + x.second[i];
            for (std::uint32_t k = 0; k < 3; ++k)
                out[k] = static_cast<std::uint8_t>((high * (left * a[k] + right * b[k]) +
                                                    low * (left * c[k] + right * d[k]) +
                                                    one * one / 2) /
                                                   (one * one));
        }
    }
}

template <std::uint32_t side>
void all_crops(const Crops &job, std::uint8_t *out) noexcept {
    for (std::size_t i = 0; i < job.count; ++i)
        crop<side>(job.image, job.width, job.boxes + 4 * i, out + i * 3 * side * side);
}

}  // namespace

void overlaps(const Overlaps &job, double *best, std::int32_t *which) noexcept {
    for (std::size_t i = 0; i < job.count; ++i) {
        best[i] = 0.0;
        which[i] = -1;
        for (std::size_t j = 0; j < job.known; ++j) {
            const double value = overlap(job.boxes + 4 * i, job.faces + 4 * j);
            if (which[i] < 0 || value > best[i]) {
                best[i] = value;
                which[i] = static_cast<std::int32_t>(j);
            }
        }
    }
}

void crops(const Crops &job, std::uint8_t *out) noexcept {
    switch (job.side) {
    case 12: return all_crops<12>(job, out);
    case 24: return all_crops<24>(job, out);
    default: return all_crops<48>(job, out);
    }
}

}  // namespace facecrypt
