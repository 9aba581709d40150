// How the scans of a JPEG were written, beyond what coefficients, headers and tables say.
#pragma once

#include "bytes.h"

#include <vector>

namespace facecrypt::jpeg {

struct Recipe {
    // When a run of blocks without coefficients ends early in a progressive scan: as in libjpeg
    // when more than 937 correction bits wait, never, or before the blocks in `breaks`.
    enum Runs { libjpeg = 0, unlimited = 1, listed = 2 };
    enum Padding { zeros = 0, ones = 1, each = 2 };
    // Codes of 16 zeros before the end of a block.
    struct Zeros {
        std::uint32_t block, codes;
    };

    int runs = libjpeg, padding = ones;
    std::vector<std::uint32_t> breaks;
    std::vector<std::uint8_t> paddings;  // of each restart interval
    std::vector<Zeros> zeros_before_end;
    std::vector<std::uint8_t> tail;  // coded bytes after the last MCU
};

Bytes pack(const std::vector<Recipe> &recipes);
std::vector<Recipe> unpack(View packed);  // throws Damaged

}  // namespace facecrypt::jpeg
