// Blocks of coefficients, 64 each in zigzag order.
#pragma once

#include "layout.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace facecrypt::jpeg {

constexpr std::size_t block_size = 64;

struct Plane {
    std::int16_t *at = nullptr;
    std::size_t pitch = 0;  // blocks

    std::int16_t *block(std::size_t x, std::size_t y) const noexcept {
        return at + (y * pitch + x) * block_size;
    }
};
using Planes = std::array<Plane, 4>;  // of each component

// Of some rows of cells, all zero at first.
class Coefficients {
public:
    Coefficients(const Frame &frame, std::uint32_t rows) {
        std::array<std::size_t, 4> sizes{};
        std::size_t blocks = 0;
        for (std::size_t i = 0; i < frame.components.size(); ++i) {
            const Component &one = frame.components[i];
            sizes[i] = std::size_t{one.across} * static_cast<std::size_t>(one.v) * rows;
            blocks += sizes[i];
        }
        at_.reset(static_cast<std::int16_t *>(std::calloc(blocks, sizeof(std::int16_t[64]))));
        if (!at_) throw std::bad_alloc();
        std::int16_t *at = at_.get();
        for (std::size_t i = 0; i < frame.components.size(); at += sizes[i++] * block_size)
            planes_[i] = {at, frame.components[i].across};
    }

    const Planes &planes() const noexcept { return planes_; }

private:
    struct Free {
        void operator()(std::int16_t *at) const noexcept { std::free(at); }
    };
    std::unique_ptr<std::int16_t, Free> at_;
    Planes planes_{};
};

// A row of cells.
inline Planes row_of(const Frame &frame, Planes planes, std::uint32_t y) noexcept {
    for (std::size_t i = 0; i < frame.components.size(); ++i)
        planes[i].at = planes[i].block(
            0, std::size_t{y} * static_cast<std::size_t>(frame.components[i].v));
    return planes;
}

// Bit i is set where coefficient i is not zero.
inline std::uint64_t nonzero(const std::int16_t *block) noexcept {
#if defined(__SSE2__)
    const __m128i zero = _mm_setzero_si128();
    std::uint64_t zeros = 0;
    for (int i = 0; i < 4; ++i) {
        const auto *at = reinterpret_cast<const __m128i *>(block + 16 * i);
        const __m128i low = _mm_cmpeq_epi16(_mm_loadu_si128(at), zero);
        const __m128i high = _mm_cmpeq_epi16(_mm_loadu_si128(at + 1), zero);
        const int mask = _mm_movemask_epi8(_mm_packs_epi16(low, high));
        zeros |= static_cast<std::uint64_t>(static_cast<unsigned>(mask)) << (16 * i);
    }
    return ~zeros;
#else
    std::uint64_t mask = 0;
    for (int i = 0; i < 64; ++i) mask |= static_cast<std::uint64_t>(block[i] != 0) << i;
    return mask;
#endif
}

inline int lowest(std::uint64_t mask) noexcept { return __builtin_ctzll(mask); }

// Calls visit(component of the scan, block) in the order of the scan, for unit x of row y of it.
template <class Visit>
FACECRYPT_ALWAYS inline void visit_unit(const Frame &frame, const Scan &scan, const Planes &planes,
                                        std::size_t x, std::size_t y, Visit &&visit) {
    if (!scan.interleaved()) {
        visit(std::size_t{0}, planes[scan.components[0]].block(x, y));
        return;
    }
    for (std::size_t k = 0; k < scan.components.size(); ++k) {
        const std::size_t which = scan.components[k];
        const auto h = static_cast<std::size_t>(frame.components[which].h);
        const auto v = static_cast<std::size_t>(frame.components[which].v);
        for (std::size_t j = 0; j < v; ++j) {
            std::int16_t *block = planes[which].block(x * h, y * v + j);
            for (std::size_t i = 0; i < h; ++i, block += block_size) visit(k, block);
        }
    }
}

// Units in a row of a scan, and its rows: cells, or blocks that hold pixels.
inline std::uint32_t units_across(const Frame &frame, const Scan &scan) noexcept {
    return scan.interleaved() ? frame.across : frame.components[scan.components[0]].wide;
}
inline std::uint32_t units_down(const Frame &frame, const Scan &scan) noexcept {
    return scan.interleaved() ? frame.down : frame.components[scan.components[0]].high;
}

}  // namespace facecrypt::jpeg
