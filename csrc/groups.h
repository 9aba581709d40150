// The inner loops of the lanes, one set for each instruction set. Used by logistic.cpp alone.
#pragma once

#include "kernels.h"

#include <array>

namespace facecrypt {

constexpr std::size_t widest = 64;

// Lanes iterated side by side. mu and state are 64-byte aligned and in *slot* order, the order of the registers;
// slot s holds lane lane_of_slot[bytes - 1][s], chosen so that packing leaves the bytes of a row
// in lane order without a permutation.
struct Group {
    std::size_t width;  // slots, and lanes
    std::array<std::array<std::uint8_t, widest>, 2> lane_of_slot;
    void (*advance)(const double *mu, double *state, std::uint64_t steps) noexcept;
    // Row r takes width*bytes bytes at in/out + r*stride. [bytes - 1][XOR with in, or write]
    void (*emit[2][2])(const double *mu, double *state, const std::uint8_t *in, std::uint8_t *out,
                       std::size_t stride, std::size_t rows) noexcept;
};

// tile[t*pitch + l] is byte t of row l: 64 bytes of 16 rows at in/out + l*stride.
using Columns = void (*)(const std::uint8_t *tile, std::size_t pitch, const std::uint8_t *in,
                         std::uint8_t *out, std::size_t stride) noexcept;

struct Groups {
    const Group *wide;    // 64 lanes; null where the registers are too few for it to pay
    const Group *narrow;  // 16 lanes
    Columns columns;      // null: a plain loop will do
};

Groups groups() noexcept;  // those of isa()

}  // namespace facecrypt
