// Shrinking pictures, and parts of them, for the networks of the detector.
#include "kernels.h"

#include <new>
#include <vector>

namespace facecrypt {
namespace {

using Byte = std::uint8_t;

// The windows [begin, end) of `size` outputs that share `length` inputs, one after another:
// begin = floor(i * length / size), end = ceil((i + 1) * length / size), without a division each.
class Windows {
public:
    Windows(std::size_t length, std::size_t size, std::size_t first)
        : size_(size), whole_(length / size), part_(length % size), begin_(first * length / size),
          rest_(first * length % size) {}
    std::size_t begin() const { return begin_; }
    std::size_t end() const {
        const std::size_t rest = rest_ + part_;
        return begin_ + whole_ + (rest > 0) + (rest > size_);
    }
    void next() {
        begin_ += whole_;
        rest_ += part_;
        if (rest_ >= size_) {
            rest_ -= size_;
            ++begin_;
        }
    }

private:
    std::size_t size_, whole_, part_, begin_, rest_;
};

// Sum: wide enough for the bytes of a column of a window.
template <class Sum>
void shrink(const Area &job, const Byte *corner, std::size_t height, std::size_t width,
            std::vector<Sum> &sums, float *out) {
    if (sums.size() < 3 * width) sums.resize(3 * width);
    const std::size_t plane = job.rows * job.across, samples = 3 * width;
    Windows y(height, job.down, job.first);
    for (std::size_t row = 0; row < job.rows; ++row, y.next(), out += job.across) {
        const Byte *line = corner + y.begin() * job.pitch;
        for (std::size_t i = 0; i < samples; ++i) sums[i] = line[i];
        for (std::size_t k = y.begin() + 1; k < y.end(); ++k) {
            line += job.pitch;
            for (std::size_t i = 0; i < samples; ++i) sums[i] = static_cast<Sum>(sums[i] + line[i]);
        }
        Windows x(width, job.across, 0);
        for (std::size_t column = 0; column < job.across; ++column, x.next()) {
            std::int64_t red = 0, green = 0, blue = 0;
            for (std::size_t k = x.begin(); k < x.end(); ++k) {
                red += sums[3 * k];
                green += sums[3 * k + 1];
                blue += sums[3 * k + 2];
            }
            const auto pixels = static_cast<float>((y.end() - y.begin()) * (x.end() - x.begin()));
            out[column] = static_cast<float>(red) / pixels;
            out[plane + column] = static_cast<float>(green) / pixels;
            out[2 * plane + column] = static_cast<float>(blue) / pixels;
        }
    }
}

}  // namespace

bool area_means(const Area &job, const std::int32_t *boxes, float *out, std::size_t count) noexcept
    try {
    std::vector<std::uint16_t> narrow;
    std::vector<std::uint32_t> wide;
    for (std::size_t n = 0; n < count; ++n, boxes += 4, out += 3 * job.rows * job.across) {
        const auto width = static_cast<std::size_t>(boxes[2] - boxes[0]);
        const auto height = static_cast<std::size_t>(boxes[3] - boxes[1]);
        const Byte *corner = job.pixels + static_cast<std::size_t>(boxes[1]) * job.pitch +
                             3 * static_cast<std::size_t>(boxes[0]);
        // A window has at most two rows more than height / down, and 257 * 255 < 2^16.
        if (height / job.down <= 255)
            shrink(job, corner, height, width, narrow, out);
        else
            shrink(job, corner, height, width, wide, out);
    }
    return true;
} catch (const std::bad_alloc &) {
    return false;
}

}  // namespace facecrypt
