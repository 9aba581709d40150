#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace facecrypt {

// memcpy without a call: rows of blocks are a dozen bytes.
inline void copy(const std::uint8_t *in, std::uint8_t *out, std::size_t n) noexcept {
    if (n >= 16) {
        std::size_t i = 0;
        for (; i + 16 < n; i += 16) std::memcpy(out + i, in + i, 16);
        std::memcpy(out + n - 16, in + n - 16, 16);
    } else if (n >= 8) {
        std::memcpy(out, in, 8);
        std::memcpy(out + n - 8, in + n - 8, 8);
    } else if (n >= 4) {
        std::memcpy(out, in, 4);
        std::memcpy(out + n - 4, in + n - 4, 4);
    } else {
        for (std::size_t i = 0; i < n; ++i) out[i] = in[i];
    }
}

}  // namespace facecrypt
