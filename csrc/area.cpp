// Shrinking pictures, and parts of them, for the networks of the detector.
#include "kernels.h"

#include <cstring>
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

// Sums of columns of `rows` rows, 1 or more; Sum is wide enough for them.
template <class Sum>
void add_rows(const Byte *line, std::size_t pitch, std::size_t rows, std::size_t samples,
              Sum *sums) {
    const auto of = [](auto sum) { return static_cast<Sum>(sum); };
    std::size_t done = rows < 3 ? rows : 3;  // most windows have two or three
    if (done == 1)
        for (std::size_t i = 0; i < samples; ++i) sums[i] = line[i];
    else if (done == 2)
        for (std::size_t i = 0; i < samples; ++i) sums[i] = of(line[i] + line[pitch + i]);
    else
        for (std::size_t i = 0; i < samples; ++i)
            sums[i] = of(line[i] + line[pitch + i] + line[2 * pitch + i]);
    // Of many rows four at a time: sums are read and written less often.
    for (; rows - done >= 4; done += 4) {
        const Byte *more = line + done * pitch;
        for (std::size_t i = 0; i < samples; ++i)
            sums[i] = of(sums[i] + more[i] + more[pitch + i] + more[2 * pitch + i] +
                         more[3 * pitch + i]);
    }
    for (; done < rows; ++done) {
        const Byte *more = line + done * pitch;
        for (std::size_t i = 0; i < samples; ++i) sums[i] = of(sums[i] + more[i]);
    }
}

// The source pixels of a column: its first sample, and how many.
struct Window {
    std::size_t begin, count;
};

// A row of means, of sums of any size.
void divide(const std::uint32_t *sums, const std::vector<Window> &windows, std::size_t rows,
            std::size_t plane, float *out) {
    for (const Window &window : windows) {
        std::int64_t total[3] = {};
        for (std::size_t k = 0; k < 3 * window.count; ++k) total[k % 3] += sums[window.begin + k];
        const auto pixels = static_cast<float>(rows * window.count);
        for (std::size_t c = 0; c < 3; ++c) out[c * plane] = static_cast<float>(total[c]) / pixels;
        ++out;
    }
}

using Four16 = std::uint16_t __attribute__((vector_size(8)));
using Four32 = std::int32_t __attribute__((vector_size(16)));
using Four = float __attribute__((vector_size(16)));

inline Four32 four(const std::uint16_t *sums) {
    Four16 v;
    std::memcpy(&v, sums, sizeof v);
    return __builtin_convertvector(v, Four32);
}

// The same of windows so small that a total is below 2^31: one pixel's three at a time, with a
// fourth that nobody reads.
void divide(const std::uint16_t *sums, const std::vector<Window> &windows, std::size_t rows,
            std::size_t plane, float *out) {
    for (const Window &window : windows) {
        const std::uint16_t *at = sums + window.begin;
        Four32 total = four(at);
        for (std::size_t k = 1; k < window.count; ++k) total += four(at += 3);
        const auto pixels = static_cast<float>(static_cast<std::int32_t>(rows * window.count));
        const Four mean = __builtin_convertvector(total, Four) / pixels;
        for (std::size_t c = 0; c < 3; ++c) out[c * plane] = mean[c];
        ++out;
    }
}

template <class Sum>
void shrink(const Area &job, const Byte *corner, std::size_t height, std::size_t width,
            std::vector<Sum> &sums, std::vector<Window> &windows, float *out) {
    const std::size_t samples = 3 * width;
    if (sums.size() < samples + 1) sums.resize(samples + 1);
    Windows x(width, job.across, 0), y(height, job.down, job.first);
    for (Window &window : windows) {
        window = {3 * x.begin(), x.end() - x.begin()};
        x.next();
    }
    for (std::size_t row = 0; row < job.rows; ++row, y.next(), out += job.across) {
        const std::size_t rows = y.end() - y.begin();
        add_rows(corner + y.begin() * job.pitch, job.pitch, rows, samples, sums.data());
        divide(sums.data(), windows, rows, job.rows * job.across, out);
    }
}

}  // namespace

bool area_means(const Area &job, const std::int32_t *boxes, float *out, std::size_t count) noexcept
    try {
    std::vector<std::uint16_t> narrow;
    std::vector<std::uint32_t> wide;
    std::vector<Window> windows(job.across);
    for (std::size_t n = 0; n < count; ++n, boxes += 4, out += 3 * job.rows * job.across) {
        const auto width = static_cast<std::size_t>(boxes[2] - boxes[0]);
        const auto height = static_cast<std::size_t>(boxes[3] - boxes[1]);
        const Byte *corner = job.pixels + static_cast<std::size_t>(boxes[1]) * job.pitch +
                             3 * static_cast<std::size_t>(boxes[0]);
        // A window has at most two rows more than height / down, and two columns: 257 * 255 < 2^16,
        // and 257 times that < 2^31.
        if (height / job.down <= 255 && width / job.across <= 255)
            shrink(job, corner, height, width, narrow, windows, out);
        else
            shrink(job, corner, height, width, wide, windows, out);
    }
    return true;
} catch (const std::bad_alloc &) {
    return false;
}

}  // namespace facecrypt
