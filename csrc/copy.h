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

// Asks for the lines of what will be read or written soon; it need not be there. A store in part of
// a line waits for it, too.
inline void prefetch(const std::uint8_t *from, std::size_t n) noexcept {
#if defined(__GNUC__)
    for (std::size_t i = 0; i < n; i += 64) __builtin_prefetch(from + i);
#else
    static_cast<void>(from), static_cast<void>(n);
#endif
}

}  // namespace facecrypt
